"""An orgd for the tests of a session, as new for each test. Set ORGD to the binary where it is not on the path."""

import json
import os
import subprocess
import urllib.request

import pytest


@pytest.fixture(scope="session")
def server():
    command = [os.environ.get("ORGD", "orgd"), "serve", "--ephemeral", "--exit-with-stdin", "--control", "127.0.0.1:0", "--clock", "frozen"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        if not line:  # it has said why on standard error
            raise RuntimeError(f"orgd ended with exit code {process.wait()}")
        yield json.loads(line)  # url, token, user, control_url
        process.stdin.close()


@pytest.fixture
def orgd(server):
    """The server in its first state."""
    control(server, "POST", "/reset")
    return server


def control(server, method, path, body=None):
    """What a control route answers. A test whose control route refuses would test something else."""
    status, answer = call(method, server["control_url"] + "/_test" + path, body)
    if status >= 400:
        raise RuntimeError(f"{method} /_test{path}: status {status}: {answer}")
    return answer


def call(method, url, body=None, **headers):
    """Status and JSON of an answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers}, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.loads(answer.read() or "null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or "null")
