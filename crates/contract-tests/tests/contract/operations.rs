//! The operations of the real contract.

use orgd_contract::{Contract, OperationSpec};

use crate::folder;

fn operation(contract: &Contract, id: &str) -> OperationSpec {
    contract.operations().iter().find(|operation| operation.id == id).expect(id).clone()
}

#[test]
fn are_listed_in_the_order_of_the_document() {
    let contract = Contract::load(&folder()).expect("the contract loads");
    let found: Vec<_> = contract
        .operations()
        .iter()
        .filter(|operation| operation.tag == "Organizations" && !operation.is_extension)
        .map(|operation| (operation.id.as_str(), operation.method.as_str(), operation.path.as_str()))
        .collect();
    let expected = [
        ("getOrganizations", "GET", "/organizations"),
        ("createOrganization", "POST", "/organizations"),
        ("getOrganizationByID", "GET", "/organizations/{organization}"),
        ("deleteOrganization", "DELETE", "/organizations/{organization}"),
        ("updateOrganization", "PATCH", "/organizations/{organization}"),
        ("getProvisionerJobs", "GET", "/organizations/{organization}/provisionerjobs"),
        ("getProvisionerJob", "GET", "/organizations/{organization}/provisionerjobs/{job}"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn have_what_the_document_says_of_them() {
    let contract = Contract::load(&folder()).expect("the contract loads");
    let create = operation(&contract, "createOrganization");
    assert_eq!(create.summary, "Create organization");
    assert_eq!(create.statuses, [201, 400, 401, 403, 409, 413, 415, 422, 428, 429, 500, 503]);
    assert_eq!(create.security, ["CoderSessionToken"]);
    assert_eq!(create.query_parameters, [""; 0]);
    assert!(create.has_request_body);

    let jobs = operation(&contract, "getProvisionerJobs");
    assert_eq!(jobs.query_parameters, ["limit", "ids", "status", "tags", "initiator"]);
    assert!(!jobs.has_request_body);
}

#[test]
fn come_from_the_files_of_the_folder_the_frame_first() {
    let contract = Contract::load(&folder()).expect("the contract loads");
    let names: Vec<_> =
        contract.files().iter().map(|file| file.file_name().expect("a name").to_string_lossy().into_owned()).collect();
    assert_eq!(names.first().map(String::as_str), Some("openapi.yaml"));
    assert!(names.contains(&"organizations.yaml".to_owned()), "{names:?}");
    assert!(names[1..].is_sorted(), "{names:?}");
}

#[test]
fn keep_the_order_of_their_keys() {
    let contract = Contract::load(&folder()).expect("the contract loads");
    let keys: Vec<_> = contract.document().as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(keys, ["openapi", "info", "servers", "tags", "paths", "components"]);
}
