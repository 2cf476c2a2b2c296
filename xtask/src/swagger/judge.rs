//! What must come of each operation that is executed on the page. Knows the page's report, not the browser.

use serde_json::Value;

use super::browser::Report;

/// The job of the sample files that the document's example names.
const SAMPLE_JOB: &str = "0198f5a0-7c1e-7d11-a3a4-1b0c4f1d2e3f";

/// Collects what is wrong.
#[derive(Debug, Default)]
pub(super) struct Judge {
    faults: Vec<String>,
}

impl Judge {
    /// What was wrong so far, one sentence each.
    pub(super) fn faults(&self) -> &[String] {
        &self.faults
    }

    /// The page as a whole: it offers exactly these operations, stays on its host and throws nothing.
    pub(super) fn page(&mut self, report: &Report, mut operations: Vec<&str>) {
        self.expect(report.badge.contains("OAS 3.1"), || format!("the badge reads {:?}, not OAS 3.1", report.badge));
        let mut offered: Vec<_> = report.operations.iter().map(String::as_str).collect();
        offered.sort_unstable();
        operations.sort_unstable();
        self.expect(offered == operations, || {
            format!("the page offers {offered:?} and this check knows {operations:?}; add what is missing to it")
        });
        for url in &report.foreign {
            self.faults.push(format!("the page asked another host: {url}"));
        }
        for error in &report.errors {
            self.faults.push(format!("the page reported an error: {error}"));
        }
    }

    /// The operations on organizations.
    pub(super) fn organizations(&mut self, report: &Report) {
        self.answer(report, "createOrganization", 201, |body| {
            body["name"] == "platform-team" && body["is_default"] == false
        });
        self.answer(report, "getOrganizations", 200, |body| {
            let names = body.as_array().into_iter().flatten().map(|organization| &organization["name"]);
            names.eq(["coder", "platform-team", "research"])
        });
        self.answer(report, "getOrganizationByID", 200, |body| body["is_default"] == true);
        self.answer(report, "updateOrganization", 200, |body| body["display_name"] == "Head Office");
        self.answer(report, "deleteOrganization", 200, |body| body["message"] == "Organization has been deleted.");
    }

    /// The operations on jobs.
    pub(super) fn jobs(&mut self, report: &Report) {
        self.answer(report, "getProvisionerJobs", 200, |body| {
            let mut jobs = body.as_array().into_iter().flatten();
            jobs.any(|job| job["id"] == SAMPLE_JOB)
        });
        self.answer(report, "createProvisionerJob", 201, |body| {
            body["status"] == "pending" && body["tags"]["gpu"] == "yes"
        });
        self.answer(report, "cancelProvisionerJob", 200, |body| {
            body["message"] == "Job has been marked as canceled..."
        });
        self.answer(report, "getProvisionerJob", 200, |body| body["id"] == SAMPLE_JOB && body["status"] == "failed");
        let fields = &report.executed["getProvisionerJobs"]["fields"];
        for (field, filled_in) in [("limit", "50"), ("ids", ""), ("status", ""), ("tags", "{}"), ("initiator", "")] {
            self.expect(fields[field] == filled_in, || {
                format!("getProvisionerJobs: {field} is filled in with {}, not {filled_in:?}", fields[field])
            });
        }
    }

    /// The operations on provisioner keys and workers.
    pub(super) fn workers(&mut self, report: &Report) {
        self.answer(report, "createProvisionerKey", 201, |body| {
            body["key"].as_str().is_some_and(|key| key.len() == 43)
        });
        self.answer(report, "listProvisionerKeys", 200, |body| body[0]["name"] == "build-farm");
        let deleted = &report.executed["deleteProvisionerKey"]["status"];
        self.expect(*deleted == 204, || format!("deleteProvisionerKey: the page shows {deleted}, not 204"));
        self.answer(report, "getProvisionerDaemons", 200, Value::is_array);
    }

    /// The operations on members and roles.
    pub(super) fn members(&mut self, report: &Report) {
        let has_role = |member: &Value| member["roles"][0]["name"] == "organization-user-admin";
        self.answer(report, "addOrganizationMember", 200, |body| body["roles"].as_array().is_some_and(Vec::is_empty));
        self.answer(report, "assignRoleToOrganizationMember", 200, has_role);
        self.answer(report, "listOrganizationMembers", 200, |body| body[0]["username"] == "ana" && has_role(&body[0]));
        self.answer(report, "paginatedOrganizationMembers", 200, |body| body["count"] == 2);
        self.answer(report, "getMemberRolesByOrganization", 200, |body| body[0]["assignable"] == true);
        let removed = &report.executed["removeOrganizationMember"]["status"];
        self.expect(*removed == 204, || format!("removeOrganizationMember: the page shows {removed}, not 204"));
        self.answer(report, "getSiteMemberRoles", 200, |body| body[0]["name"] == "owner");
        self.answer(report, "getOrganizationsByUser", 200, |body| body[0]["is_default"] == true);
        self.answer(report, "getOrganizationByUserAndOrganizationName", 200, |body| body["name"] == "coder");
    }

    /// The operations on users, and the audit log.
    pub(super) fn users(&mut self, report: &Report) {
        self.answer(report, "checkInitialUserCreated", 200, |body| body["message"].is_string());
        self.answer(report, "getUsers", 200, |body| body["count"].as_u64() >= Some(1));
        self.answer(report, "getUserByName", 200, |body| body["username"] == "owner");
        self.answer(report, "getUserRoles", 200, |body| body["roles"][0]["name"] == "owner");
        self.answer(report, "getUserTokens", 200, serde_json::Value::is_array);
        self.answer(report, "getTokenConfig", 200, |body| body["max_token_lifetime"].is_number());
        // The example looks for deletions of organizations, of which this run made one.
        self.answer(report, "getAuditLogs", 200, |body| body["audit_logs"][0]["resource_target"] == "platform-team");
    }

    /// What the server says of itself.
    pub(super) fn general(&mut self, report: &Report) {
        self.answer(report, "getAPIRoot", 200, |body| body["message"] == "👋");
        self.answer(report, "getBuildInfo", 200, |body| body["deployment_id"].is_string());
        self.answer(report, "getEntitlements", 200, |body| {
            body["features"]["multiple_organizations"]["enabled"] == true
        });
    }

    fn answer(&mut self, report: &Report, operation: &str, status: u16, is_right: impl Fn(&Value) -> bool) {
        let executed = report.executed.get(operation).unwrap_or(&Value::Null);
        let text = executed["body"].as_str().unwrap_or_default();
        let shown = serde_json::from_str::<Value>(text).is_ok_and(|body| is_right(&body));
        self.expect(executed["status"] == status, || {
            format!(
                "{operation}: the page shows {} instead of {status}, for {}",
                executed["status"], executed["request_url"]
            )
        });
        self.expect(shown, || format!("{operation}: the page does not show the right answer but:\n{text}"));
    }

    fn expect(&mut self, is_so: bool, fault: impl FnOnce() -> String) {
        if !is_so {
            self.faults.push(fault());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Judge, Report};

    fn report(status: u16, body: &str) -> Report {
        serde_json::from_value(json!({
            "badge": "0.1.0 OAS 3.1",
            "operations": ["b", "a"],
            "executed": { "a": { "status": status, "body": body } },
            "foreign": [],
            "errors": [],
        }))
        .unwrap()
    }

    fn faults(report: &Report) -> usize {
        let mut judge = Judge::default();
        judge.page(report, vec!["a", "b"]);
        judge.answer(report, "a", 200, |body| body["name"] == "x");
        judge.faults().len()
    }

    #[test]
    fn each_thing_that_is_wrong_is_a_fault() {
        let right = || report(200, r#"{"name":"x"}"#);
        assert_eq!(faults(&right()), 0);
        assert_eq!(faults(&report(201, r#"{"name":"x"}"#)), 1);
        assert_eq!(faults(&report(200, r#"{"name":"y"}"#)), 1);
        assert_eq!(faults(&report(200, "not JSON")), 1);
        assert_eq!(faults(&Report { badge: "0.1.0".to_owned(), ..right() }), 1);
        assert_eq!(faults(&Report { operations: vec!["a".to_owned()], ..right() }), 1);
        assert_eq!(faults(&Report { foreign: vec!["http://elsewhere/".to_owned()], ..right() }), 1);
        assert_eq!(faults(&Report { errors: vec!["TypeError".to_owned()], ..right() }), 1);
        assert_eq!(faults(&Report { executed: serde_json::Map::new(), ..right() }), 2);
    }
}
