"""The exact requests that Coder's command line, its Go SDK, its web interface and its Terraform provider send, byte for byte in
target and headers, against a running server.

They are written out here because the clients themselves cannot be installed from a package index. Needs ORGD_URL and
ORGD_TOKEN (an owner's), ORGD_USER (the name of somebody in no organization), and the project's example jobs in the default
organization.
"""

import base64
import gzip
import http.client
import json
import os
import uuid
from urllib.parse import quote, urlsplit

BASE = urlsplit(os.environ["ORGD_URL"])
NIL_UUID = "00000000-0000-0000-0000-000000000000"

USER = os.environ["ORGD_USER"]
TOKEN = {"Coder-Session-Token": os.environ["ORGD_TOKEN"]}
TELEMETRY = base64.b64encode(json.dumps({"command": "organizations list", "options": [{"name": "url"}]}).encode()).decode()
CLI = {
    **TOKEN,
    "User-Agent": "coder-cli/v2.32.0 (linux/amd64; coder organizations list)",
    "Coder-CLI-Telemetry": TELEMETRY,
    "Accept-Encoding": "gzip",
}
TERRAFORM = {**TOKEN, "User-Agent": "Go-http-client/1.1", "Accept-Encoding": "gzip"}
BROWSER = {**TOKEN, "Accept": "application/json, text/plain, */*", "Accept-Encoding": "gzip, deflate, br, zstd"}


class Answer:
    """A status, headers and what the body says."""

    def __init__(self, response):
        self.status, self.headers = response.status, response.headers
        data = response.read()
        if self.headers.get("Content-Encoding") == "gzip":
            data = gzip.decompress(data)
        self.text = data.decode()
        self.json = json.loads(self.text) if self.text else None


def send(method, target, headers, body=None, expected=200):
    """Sends one request below /api/v2 and checks what every client relies on: the status, the media type, the version."""
    connection = http.client.HTTPConnection(BASE.hostname, BASE.port, timeout=30)
    connection.putrequest(method, "/api/v2" + target, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    data = None if body is None else body.encode()
    if data is not None:
        connection.putheader("Content-Length", str(len(data)))
    connection.endheaders(data)
    answer = Answer(connection.getresponse())
    what = f"{method} {target}"
    expect(answer.status, expected, f"{what}: {answer.text}")
    if answer.text:
        expect(answer.headers["Content-Type"], "application/json; charset=utf-8", f"{what}: Content-Type")
    for header in ("X-Coder-Build-Version", "X-Coder-Request-Id"):
        if not answer.headers[header]:
            raise SystemExit(f"{what}: no {header}")
    connection.close()
    return answer


def expect(actual, expected, what):
    """Fails with both values when they differ."""
    if actual != expected:
        raise SystemExit(f"{what}: expected {expected!r}, got {actual!r}")


def organizations_by_command_line():
    """`organizations list`, `show`, `create` and `delete`. The SDK encodes bodies with a trailing line feed."""
    name = "cli-" + uuid.uuid4().hex[:8]
    default = next(found for found in send("GET", "/organizations", CLI).json if found["is_default"])
    expect(send("GET", "/organizations/" + default["name"], CLI).json, default, "organizations show")

    missing = send("GET", "/organizations/" + name, CLI, expected=404)
    expect(missing.json, {"message": "Resource not found or you do not have access to this resource"}, "before create")
    made = send("POST", "/organizations", CLI, json.dumps({"name": name}) + "\n", expected=201).json
    expect((made["name"], made["display_name"], made["is_default"]), (name, name, False), "organizations create")

    found = send("GET", "/organizations/" + name, CLI).json
    deleted = send("DELETE", "/organizations/" + found["id"], CLI).json
    expect(deleted, {"message": "Organization has been deleted."}, "organizations delete")


def jobs_by_command_line():
    """`provisioner jobs list` and the look-up before `provisioner jobs cancel`. The SDK joins lists with commas, which Go
    writes as %2C, sorts the keys, and always appends a question mark."""
    default = send("GET", "/organizations/default", CLI).json["id"]
    jobs = f"/organizations/{default}/provisionerjobs"

    everything = send("GET", jobs + "?", CLI).json
    if len(everything) < 2:
        raise SystemExit(f"the example jobs are not there: {everything}")
    created = [job["created_at"] for job in everything]
    expect(created, sorted(created, reverse=True), "newest first")

    def ids(query):
        return [job["id"] for job in send("GET", f"{jobs}?{query}", CLI).json]

    all_ids = [job["id"] for job in everything]
    expect(ids("limit=50"), all_ids, "the default limit of the command line")
    expect(ids("limit=1"), all_ids[:1], "limit=1")
    two = quote(",".join(all_ids[:2]), safe="")
    expect(ids(f"ids={two}&limit=50"), all_ids[:2], "ids joined by commas")
    wanted = [job["id"] for job in everything if job["status"] in ("pending", "failed")]
    expect(ids("limit=50&status=pending%2Cfailed"), wanted, "status joined by commas")
    initiator = everything[0]["initiator_id"]
    mine = [job["id"] for job in everything if job["initiator_id"] == initiator]
    expect(ids(f"initiator={initiator}&limit=50&status="), mine, "initiator")
    tags = quote(json.dumps(everything[0]["tags"], separators=(",", ":")))
    tagged = [job["id"] for job in everything if job["tags"] == everything[0]["tags"]]
    expect(ids(f"limit=50&tags={tags}"), tagged, "tags as JSON")

    expect(send("GET", f"{jobs}/{all_ids[0]}", CLI).json, everything[0], "one job")
    send("GET", f"{jobs}/{uuid.uuid4()}", CLI, expected=404)


def jobs_by_web_interface():
    """The jobs page leaves the keys of unused filters in, without a value."""
    answer = send("GET", "/organizations/default/provisionerjobs?status=&ids=&limit=100", BROWSER).json
    expect(answer, send("GET", "/organizations/default/provisionerjobs?", CLI).json, "empty filters")
    pending = send("GET", "/organizations/default/provisionerjobs?status=pending&ids=&limit=100", BROWSER).json
    expect([job for job in pending if job["status"] != "pending"], [], "the filter of the jobs page")


def organizations_by_terraform():
    """`coderd_organization`: create without the empty fields, update with all of them, read by ID or name."""
    name = "tf-" + uuid.uuid4().hex[:8]
    body = {"name": name, "display_name": "From Terraform", "description": "Kept as code.", "icon": "/icon/tf.png"}
    made = send("POST", "/organizations", TERRAFORM, json.dumps(body) + "\n", expected=201).json
    path = "/organizations/" + made["id"]
    expect(send("GET", path, TERRAFORM).json, made, "read after create")
    expect(send("GET", "/organizations/" + name, TERRAFORM).json, made, "read after import by name")

    # The provider sends "" for what the configuration leaves out: it clears the two fields that can be empty.
    cleared = {"name": name, "display_name": "Renamed", "description": "", "icon": ""}
    changed = send("PATCH", path, TERRAFORM, json.dumps(cleared) + "\n").json
    expect({key: changed[key] for key in cleared}, cleared, "update with empty strings")
    expect((changed["id"], changed["created_at"]), (made["id"], made["created_at"]), "what an update leaves alone")
    kept = send("PATCH", path, TERRAFORM, json.dumps({**cleared, "name": "", "display_name": ""}) + "\n").json
    expect((kept["name"], kept["display_name"]), (name, "Renamed"), "empty names in an update")

    for reference in ("default", NIL_UUID):
        expect(send("GET", "/organizations/" + reference, TERRAFORM).json["is_default"], True, reference)
    send("DELETE", path, TERRAFORM)
    send("GET", path, TERRAFORM, expected=404)


def members_by_command_line():
    """`organizations show me`, `organizations members list`, `add`, `edit-roles` and `remove`, and `organizations roles show`. The
    owner of the token is `me`; the SDK sends no body where there is none."""
    mine = send("GET", "/users/me/organizations", CLI).json
    if not any(found["is_default"] for found in mine):
        raise SystemExit(f"the owner is in no default organization: {mine}")
    name = "members-" + uuid.uuid4().hex[:8]
    made = send("POST", "/organizations", CLI, json.dumps({"name": name}) + "\n", expected=201).json
    members = f"/organizations/{made['id']}/members"
    expect(made in send("GET", "/users/me/organizations", CLI).json, True, "organizations show selected")
    expect([role["name"] for role in send("GET", members + "/roles", CLI).json if role["assignable"]][:1],
           ["organization-admin"], "organizations roles show")
    listed = send("GET", members, CLI).json
    expect([member["roles"] for member in listed], [[]], "organizations members list")

    added = send("POST", f"{members}/{USER}", CLI).json
    expect((added["organization_id"], added["roles"]), (made["id"], []), "organizations members add")
    again = send("POST", f"{members}/{USER}", CLI, expected=400).json
    expect(again["message"], "Organization member already exists in this organization", "members add, twice")
    body = json.dumps({"roles": ["organization-auditor"]}) + "\n"
    changed = send("PUT", f"{members}/{USER}/roles", CLI, body).json
    expect([role["name"] for role in changed["roles"]], ["organization-auditor"], "organizations members edit-roles")
    send("DELETE", f"{members}/{USER}", CLI, expected=204)
    send("DELETE", "/organizations/" + made["id"], CLI)


def what_clients_ask_first():
    """`GET /buildinfo` without a token when the versions differ; `GET /entitlements` when Terraform's provider is configured,
    and the workspace sharing of an organization, whose 404 it takes for an older server."""
    anonymous = {key: value for key, value in CLI.items() if key != "Coder-Session-Token"}
    info = send("GET", "/buildinfo", anonymous)
    expect(info.json["version"], info.headers["X-Coder-Build-Version"], "buildinfo")
    features = send("GET", "/entitlements", TERRAFORM).json["features"]
    expect(features["multiple_organizations"], {"entitlement": "entitled", "enabled": True}, "entitlements")
    default = send("GET", "/organizations/default", TERRAFORM).json["id"]
    send("GET", f"/organizations/{default}/settings/workspace-sharing", TERRAFORM, expected=404)
    send("GET", f"/organizations/{default}/members", TERRAFORM)


def a_signed_out_command_line():
    """The command line shows the message and adds `Try logging in`; the SDK demands JSON for every error."""
    headers = {**CLI, "Coder-Session-Token": "0000000000-0000000000000000000000"}
    answer = send("GET", "/organizations", headers, expected=401).json
    message = "You are signed out or your session has expired. Please sign in again to continue."
    expect((answer["message"], answer["detail"]), (message, "API key is invalid."), "an unknown token")


CHECKS = (
    organizations_by_command_line,
    jobs_by_command_line,
    jobs_by_web_interface,
    organizations_by_terraform,
    members_by_command_line,
    what_clients_ask_first,
    a_signed_out_command_line,
)

if __name__ == "__main__":
    for check in CHECKS:
        check()
        print(check.__name__.replace("_", " ") + ": works")
