//! The cases, one module for each subject. Each is written against the documented contract only; what Coder's server does
//! otherwise is known to `differences.yaml`.

/// Writes a case down in one line.
macro_rules! case {
    ($operation:literal, $name:literal, $needs:ident, $doing:path, $rule:literal) => {
        crate::case::Case {
            operation: $operation,
            name: $name,
            rule: $rule,
            needs: crate::case::Needs::$needs,
            run: |run| Box::pin($doing(run)),
        }
    };
}

mod common;
mod create;
mod delete;
mod general;
mod job_filters;
mod job_list;
mod job_one;
mod left_out;
mod members;
mod organizations;
mod provisioning;
mod queue;
mod update;
mod users;

use crate::case::Case;

/// The seven operations of Coder's published reference, which come first.
pub(crate) const REFERENCE: [&str; 7] = [
    "getOrganizations",
    "createOrganization",
    "getOrganizationByID",
    "deleteOrganization",
    "updateOrganization",
    "getProvisionerJobs",
    "getProvisionerJob",
];

/// Every case.
pub(crate) fn all() -> impl Iterator<Item = &'static Case> {
    [
        organizations::CASES,
        create::CASES,
        update::CASES,
        delete::CASES,
        job_list::CASES,
        job_filters::CASES,
        job_one::CASES,
        common::CASES,
        members::CASES,
        users::CASES,
        provisioning::CASES,
        queue::CASES,
        general::CASES,
        left_out::CASES,
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::all;
    use crate::contract::Contract;

    #[test]
    fn every_operation_has_a_case_and_every_case_an_operation() {
        let contract = Contract::load().unwrap();
        let known: BTreeSet<&str> = contract.operations().iter().map(|one| one.id.as_str()).collect();
        let covered: BTreeSet<&str> = all().map(|case| case.operation).collect();
        assert_eq!(known, covered);
        let names: BTreeSet<_> = all().map(|case| (case.operation, case.name)).collect();
        assert_eq!(names.len(), all().count(), "two cases of one operation have the same name");
    }
}
