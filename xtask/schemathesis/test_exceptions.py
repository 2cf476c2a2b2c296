"""That the exceptions drop what they are for and nothing beside it. `cargo xtask ci` runs this before Schemathesis.

Needs ORGD_DOCUMENT, the OpenAPI document as a JSON file.
"""

import json
import os
from pathlib import Path
from types import SimpleNamespace

import exceptions
import pytest

DOCUMENT = json.loads(Path(os.environ["ORGD_DOCUMENT"]).read_text())
ID = "7c60d51f-b44e-4682-87d6-449835ea4de6"
LIST = "/organizations"
ONE = "/organizations/{organization}"
JOBS = "/organizations/{organization}/provisionerjobs"
OF_ONE = f"/organizations/{ID}/provisionerjobs"
KEYS = "/organizations/{organization}/provisionerkeys"
KEYS_OF_ONE = f"/organizations/{ID}/provisionerkeys"

FIRST = "/users/first"
USERS = "/users"


def user(**changes):
    """A new user as JSON, with these changes."""
    return json.dumps({"username": "ana", "email": "ana@example.com", "password": "correct horse", **changes})


ACCEPTED = type("AcceptedNegativeData", (Exception,), {})
REJECTED = type("RejectedPositiveData", (Exception,), {})


def is_dropped(kind, method, path, target, body=None, status=200, answer=None):
    """Whether a finding of this kind is dropped for this request, whose body is JSON text."""
    operation = SimpleNamespace(
        method=method.lower(),
        path=path,
        definition=SimpleNamespace(raw=DOCUMENT["paths"][path][method.lower()]),
        schema=SimpleNamespace(raw_schema=DOCUMENT),
    )
    request = SimpleNamespace(url="http://127.0.0.1:1/api/v2" + target, body=body)
    response = SimpleNamespace(request=request, status_code=status, json=lambda: answer)
    return not exceptions.filter_failure(None, kind(), SimpleNamespace(operation=operation), response)


def refusal(*fields):
    """An answer that names these fields."""
    return {"message": "…", "validations": [{"field": field, "detail": "…"} for field in fields]}


TAKEN = [
    ("GET", ONE, "/organizations/Acme", None, {"name": "acme"}),
    ("GET", JOBS, "/organizations/acme/provisionerjobs", None, []),
    ("GET", JOBS, OF_ONE + "?initiator=&status=", None, []),
    ("GET", JOBS, OF_ONE + "?tags=null&status=", None, []),
    ("PATCH", ONE, "/organizations/acme", "null", {}),
    ("POST", LIST, "/organizations", '{"name": "a", "icon": null}', {}),
    ("POST", KEYS, KEYS_OF_ONE, '{"name": "a", "tags": null}', {}),
    ("POST", USERS, USERS, user(organization_ids=None), {}),
]
DEFECTS = [
    ("GET", ONE, "/organizations/acme", None, {"name": "other"}),
    ("GET", ONE, "/organizations/a_b", None, {"name": "a_b"}),
    ("GET", JOBS, OF_ONE + "?initiator=me", None, []),
    ("GET", JOBS, OF_ONE + "?initiator=&limit=x", None, []),
    ("GET", JOBS, OF_ONE + "?tags=null&ids=x", None, []),
    ("GET", JOBS, OF_ONE + "?tags=%5B%5D", None, []),
    ("PATCH", ONE, "/organizations/acme", None, {}),
    ("PATCH", ONE, "/organizations/acme", "[]", {}),
    ("PATCH", ONE, "/organizations/acme", '{"name": 1}', {}),
    ("POST", LIST, "/organizations", '{"name": null}', {}),
    ("POST", LIST, "/organizations", '{"name": "a", "icon": 1}', {}),
    ("POST", LIST, "/organizations", '{"name": "a_b", "icon": null}', {}),
    ("POST", LIST, "/organizations", "null", {}),
    ("POST", KEYS, KEYS_OF_ONE, '{"name": null, "tags": null}', {}),
    ("POST", USERS, USERS, user(organization_ids=None, username=None), {}),
]
REFUSED = [
    ("DELETE", ONE, "/organizations/default", None, {"message": "Default organization cannot be deleted."}),
    ("GET", JOBS, OF_ONE + "?tags=%7B%22a%22:%22%5Cu0000%22%7D", None, refusal("tags")),
    ("POST", LIST, "/organizations", '{"name": "new"}', refusal("name")),
    ("POST", LIST, "/organizations", '{"name": "default"}', {"message": 'Organization name "default" is reserved.'}),
    ("PATCH", ONE, "/organizations/a", '{"display_name": " a", "icon": "\\u0000"}', refusal("display_name", "icon")),
    ("POST", JOBS, OF_ONE, '{"tags": {"": "a"}}', refusal("tags")),
    ("POST", KEYS, KEYS_OF_ONE, '{"name": " a"}', refusal("name")),
    ("POST", KEYS, KEYS_OF_ONE, '{"name": "PSK", "tags": {"a": "\\u0000"}}', refusal("name", "tags")),
    ("POST", JOBS, OF_ONE, '{"tags": {"a": "\\u0000"}, "metadata": {"template_name": "\\u0000"}}', refusal("tags", "metadata")),
    ("POST", FIRST, FIRST, user(email="__main__", username="Me", name=" a"), refusal("email", "username", "name")),
    ("POST", FIRST, FIRST, user(email="a@b@c"), refusal("email")),
    ("POST", USERS, USERS, user(password="aaaaaaaaaa", email="a@b."), refusal("email", "password")),
    ("PUT", "/users/{user}/profile", "/users/me/profile", '{"username": "login"}', refusal("username")),
    ("PUT", "/users/{user}/password", "/users/ana/password", '{"password": "' + "ab" * 257 + '"}', refusal("password")),
    ("DELETE", "/users/{user}", "/users/me", None, {"message": "You cannot delete yourself."}),
]
WRONGLY_REFUSED = [
    ("DELETE", ONE, "/organizations/acme", None, {"message": "No."}),
    ("GET", JOBS, OF_ONE + "?tags=%7B%22a%22:%22b%22%7D", None, refusal("tags")),
    ("GET", JOBS, OF_ONE + "?tags=%7B%22a%22:%22%5Cu0000%22%7D", None, refusal("status", "tags")),
    ("POST", LIST, "/organizations", '{"name": "a"}', refusal("name")),
    ("POST", LIST, "/organizations", '{"name": "a", "display_name": "A"}', refusal("display_name")),
    ("PATCH", ONE, "/organizations/a", '{"display_name": " a"}', refusal("name", "display_name")),
    ("PATCH", ONE, "/organizations/a", '{"description": "a\\n "}', refusal("description")),
    ("POST", JOBS, OF_ONE, '{"tags": {"a": "b"}}', refusal("tags")),
    ("POST", KEYS, KEYS_OF_ONE, '{"name": "a"}', refusal("name")),
    ("POST", KEYS, KEYS_OF_ONE, '{"name": "a/b"}', refusal("tags")),
    ("POST", JOBS, OF_ONE, '{"tags": {"": "b"}}', refusal("tags", "input")),
    ("POST", FIRST, FIRST, user(), refusal("email")),
    ("POST", FIRST, FIRST, user(email="__main__"), refusal("username")),
    ("POST", USERS, USERS, user(email="a@b."), refusal("email", "password")),
    ("DELETE", "/users/{user}", "/users/me", None, {"message": "No."}),
]


@pytest.mark.parametrize("request_and_answer", TAKEN)
def test_drops_what_is_taken_on_purpose(request_and_answer):
    method, path, target, body, answer = request_and_answer
    assert is_dropped(ACCEPTED, method, path, target, body, answer=answer)


@pytest.mark.parametrize("request_and_answer", DEFECTS)
def test_keeps_what_must_not_be_taken(request_and_answer):
    method, path, target, body, answer = request_and_answer
    assert not is_dropped(ACCEPTED, method, path, target, body, answer=answer)


@pytest.mark.parametrize("request_and_answer", REFUSED)
def test_drops_what_is_refused_on_purpose(request_and_answer):
    method, path, target, body, answer = request_and_answer
    assert is_dropped(REJECTED, method, path, target, body, status=400, answer=answer)
    assert not is_dropped(REJECTED, method, path, target, body, status=422, answer=answer)


@pytest.mark.parametrize("request_and_answer", WRONGLY_REFUSED)
def test_keeps_what_must_not_be_refused(request_and_answer):
    method, path, target, body, answer = request_and_answer
    assert not is_dropped(REJECTED, method, path, target, body, status=400, answer=answer)


def test_keeps_every_other_kind_of_finding():
    for kind in ("ServerError", "UndefinedStatusCode", "JsonSchemaError", "IgnoredAuth", "UseAfterFree"):
        finding = type(kind, (Exception,), {})
        assert not is_dropped(finding, "PATCH", ONE, "/organizations/acme", "null", answer={})


@pytest.mark.parametrize(("wait", "sent"), [(60, 1), (2, 1), (1, 1), (0, 0), (61, 61), ("a", "a")])
def test_no_worker_waits_longer_than_a_second(wait, sent):
    path = "/organizations/{organization}/provisionerdaemons/{provisionerdaemon}/acquire"
    case = SimpleNamespace(operation=SimpleNamespace(path=path), body={"wait_seconds": wait})
    exceptions.before_call(None, case, {})
    assert case.body == {"wait_seconds": sent}


def test_a_worker_that_does_not_say_how_long_waits_a_second():
    case = SimpleNamespace(operation=SimpleNamespace(path="/acquire"), body={})
    exceptions.before_call(None, case, {})
    assert case.body == {"wait_seconds": 1}
