from conftest import call, control


def api(orgd, method, path, body=None):
    return call(method, orgd["url"] + "/api/v2" + path, body, **{"Coder-Session-Token": orgd["token"]})


def test_creates_an_organization(orgd):
    status, made = api(orgd, "POST", "/organizations", {"name": "new-team"})
    assert (status, made["created_at"]) == (201, "2026-03-01T12:00:00Z")  # the clock stands


def test_sees_nothing_of_the_test_before(orgd):
    assert api(orgd, "GET", "/organizations/new-team")[0] == 404


def test_survives_an_outage(orgd):
    fault = {"operation": "getOrganizations", "times": 2, "fault": {"kind": "status", "status": 503}}
    control(orgd, "POST", "/faults", fault)
    statuses = [api(orgd, "GET", "/organizations")[0] for _ in range(3)]
    assert statuses == [503, 503, 200]
