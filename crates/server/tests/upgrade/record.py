#!/usr/bin/env python3
"""Writes the database of a release into this folder, with what that release answers from it.

    record.py ORGD VERSION [POSTGRES_URL]

ORGD is the binary of the release. With POSTGRES_URL, that of an empty database, a dump of the same is written, too (pg_dump is needed).
To be run once for each release, before it is published; the test `upgrade` opens every database here with the newest binary.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

# Read back by the test; nothing in them depends on when they are asked for.
READ = [
    "/organizations",
    "/users?limit=100",
    "/users/me/organizations",
    "/users/ana/roles",
    "/users/ana/keys/tokens",
    "/organizations/acme",
    "/organizations/acme/members",
    "/organizations/acme/provisionerjobs?limit=0&status=succeeded,failed,canceled",
    "/organizations/acme/provisionerkeys",
    "/audit?limit=500",
]


class Server:
    def __init__(self, orgd, database):
        listen = ["--listen", "127.0.0.1:0", "--log", "info", "--log-format", "json"]
        command = [orgd, "serve", "--database-url", database, *listen]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while '"serving"' not in (line := self.process.stderr.readline()):
            assert line, "the server ended"
        self.url = "http://" + re.search(r"127\.0\.0\.1:\d+", line)[0] + "/api/v2"
        self.token = None
        while not self.token:
            line = self.process.stdout.readline().strip()
            self.token = line if re.fullmatch(r"[a-zA-Z0-9]{10}-[a-zA-Z0-9]{22}", line) else None

    def call(self, method, path, body=None, token=None, key=None):
        headers = {"Coder-Provisioner-Key": key} if key else {"Coder-Session-Token": token or self.token}
        headers["Content-Type"] = "application/json"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            sys.exit(f"{method} {path}: {error.code} {error.read().decode()}")
        return json.loads(text) if text else None

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate()


def fill(server):
    """A little of everything that a database can hold."""
    call = server.call
    acme = call("POST", "/organizations", {"name": "acme", "display_name": "Acme ☃", "icon": "/icon/k8s.png"})
    call("POST", "/organizations", {"name": "renamed-soon"})
    call("PATCH", "/organizations/renamed-soon", {"name": "apex", "description": "It's \"quoted\"; and more."})
    call("POST", "/organizations", {"name": "gone"})
    call("DELETE", "/organizations/gone")
    default = call("GET", "/organizations/default")["id"]
    for name in ["ana", "ben", "cleo", "dora"]:
        person = {"username": name, "email": f"{name}@example.com", "password": f"{name}-knows-it", "organization_ids": [default]}
        call("POST", "/users", person)
    call("PUT", "/users/ana/roles", {"roles": ["auditor"]})
    call("PUT", "/users/ben/status/suspend")
    call("DELETE", "/users/dora")
    for name in ["ana", "cleo"]:
        call("POST", f"/organizations/acme/members/{name}")
    call("PUT", "/organizations/acme/members/cleo/roles", {"roles": ["organization-admin"]})
    token = call("POST", "/users/ana/keys/tokens", {"token_name": "laptop", "lifetime": 0})["key"]
    key = call("POST", "/organizations/acme/provisionerkeys", {"name": "farm", "tags": {"region": "eu"}})["key"]
    jobs = "/organizations/acme/provisionerjobs"
    job = {"type": "template_version_import", "tags": {"scope": "organization", "owner": "", "region": "eu"}}
    ids = [call("POST", jobs, job)["id"] for _ in range(5)]
    call("PATCH", f"{jobs}/{ids[4]}/cancel")
    daemons = "/organizations/acme/provisionerdaemons"
    worker = call("POST", daemons, {"name": "robot", "provisioners": ["terraform"]}, key=key)["id"]
    for number, end in enumerate(["complete", "fail"]):
        held = call("POST", f"{daemons}/{worker}/acquire", {"wait_seconds": 0}, key=key)["job"]
        lines = [{"output": f"line {line} of job {number}"} for line in range(3)]
        at = f"{daemons}/{worker}/jobs/{held['job']['id']}"
        attempt = {"attempt": held["attempt"]}
        call("POST", f"{at}/progress", {**attempt, "logs_offset": 0, "logs": lines}, key=key)
        call("POST", f"{at}/{end}", {**attempt, **({"error": "it broke"} if end == "fail" else {})}, key=key)
    call("POST", f"{daemons}/{worker}/acquire", {"wait_seconds": 0}, key=key)
    ended = call("GET", jobs + "?limit=0&status=succeeded,failed")
    return {
        "acme": acme["id"],
        "tokens": {"owner": server.token, "ana": token},
        "provisioner_key": key,
        "worker": worker,
        "statuses": {one["id"]: one["status"] for one in call("GET", jobs + "?limit=0")},
        "read": {path: call("GET", path) for path in READ},
        "logs": {one["id"]: call("GET", f"{jobs}/{one['id']}/logs") for one in ended},
    }


def main():
    orgd, version, *postgres = sys.argv[1:]
    folder = pathlib.Path(__file__).parent / version
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        database = os.path.join(scratch, "orgd.db")
        record(orgd, f"sqlite://{database}", folder / "sqlite.json")
        # What is still in its log is taken into the file when its last connection closes.
        log = sqlite3.connect(database)
        log.execute("SELECT count(*) FROM organizations").fetchone()
        log.close()
        assert not os.path.exists(database + "-wal"), "the log is still there"
        shutil.copyfile(database, folder / "sqlite.db")
    for url in postgres:
        record(orgd, url, folder / "postgres.json")
        arguments = ["--no-owner", "--no-privileges", "--inserts", "--rows-per-insert=50"]
        dump = subprocess.run(["pg_dump", *arguments, url], check=True, capture_output=True, text=True).stdout
        # What is for psql alone, and names no version of PostgreSQL.
        lines = [line for line in dump.splitlines() if line and not line.startswith(("\\", "--"))]
        (folder / "postgres.sql").write_text("\n".join(lines) + "\n")


def record(orgd, database, file):
    server = Server(orgd, database)
    told = fill(server)
    server.stop()
    file.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
