"""The organizations functions of `coder-api`, a client that others wrote for Coder, against a running server.

Needs ORGD_URL and ORGD_TOKEN (an owner's).
"""

import os
import uuid

import coder
from coder.core import Organization

KEYS = ["id", "name", "display_name", "icon", "description", "created_at", "updated_at", "is_default"]


def expect(actual, expected, what):
    """Fails with both values when they differ."""
    if actual != expected:
        raise SystemExit(f"{what}: expected {expected!r}, got {actual!r}")


def main():
    coder.api_domain = os.environ["ORGD_URL"] + "/api/v2/"
    coder.token = os.environ["ORGD_TOKEN"]

    listed = Organization.list()
    expect(listed.status_code, 200, "list")
    expect([list(found) for found in listed.json()], [KEYS] * len(listed.json()), "keys of the list")
    expect([found["is_default"] for found in listed.json()].count(True), 1, "number of default organizations")

    name = "Team-" + uuid.uuid4().hex[:8]
    created = Organization.create(name, "The Team", "What it does.", "/icon/team.png")
    expect(created.status_code, 201, "create")
    organization = created.json()
    expect(list(organization), KEYS, "keys of the new organization")
    given = {"name": name, "display_name": "The Team", "description": "What it does.", "icon": "/icon/team.png"}
    expect({key: organization[key] for key in given}, given, "what was given")
    expect(organization["is_default"], False, "is_default")

    # The client sends every key, with "" for what its caller left out.
    plain = Organization.create("plain-" + uuid.uuid4().hex[:8])
    expect(plain.status_code, 201, "create with empty fields")
    expect(plain.json()["display_name"], plain.json()["name"], "display name of an organization without one")

    for reference in (organization["id"], name, name.lower(), name.upper()):
        found = Organization.get(reference)
        expect(found.status_code, 200, f"get {reference}")
        expect(found.json(), organization, f"get {reference}")
    for reference in ("default", str(uuid.UUID(int=0))):
        expect(Organization.get(reference).json()["is_default"], True, f"get {reference}")

    taken = Organization.create(name.lower())
    expect(taken.status_code, 409, "create with a taken name")
    expect([item["field"] for item in taken.json()["validations"]], ["name"], "the field of a taken name")
    expect(Organization.create("not a name").status_code, 400, "create with a bad name")

    for made in (organization["id"], plain.json()["name"]):
        deleted = Organization.delete(made)
        expect(deleted.status_code, 200, f"delete {made}")
        expect(deleted.json(), {"message": "Organization has been deleted."}, f"delete {made}")
        expect(Organization.get(made).status_code, 404, f"get {made} after its deletion")
    expect(Organization.delete("default").status_code, 400, "delete the default organization")
    ids = {found["id"] for found in Organization.list().json()}
    expect(ids & {organization["id"], plain.json()["id"]}, set(), "deleted organizations in the list")

    coder.token = "0000000000-0000000000000000000000"
    expect(Organization.list().status_code, 401, "list with an unknown token")


if __name__ == "__main__":
    main()
    print("coder-api: list, create, get and delete work.")
