//! The rules for documents: the real one keeps all of them, and each rule finds the violation that it is there for.

use orgd_contract::{Finding, lint};
use serde_json::{Value, json};

use crate::change::Change::{self, Append, Remove, Rename, ReplaceEverywhere, Set};
use crate::{documented, folder};

const GET: &str = "/paths/~1organizations~1{organization}/get";

fn published() -> String {
    std::fs::read_to_string(folder().join("operations.txt")).expect("the list is there")
}

fn found(change: &Change) -> Vec<Finding> {
    lint(&change.apply(&documented()), &published())
}

#[test]
fn the_documented_contract_keeps_every_rule() {
    let found: Vec<String> = lint(&documented(), &published()).iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n\n"));
}

#[track_caller]
fn assert_finds(rows: Vec<(Change, Option<&str>, &str, &str)>) {
    for (change, operation, pointer, words) in rows {
        let found = found(&change);
        let told = found.iter().any(|finding| {
            let text = finding.to_string();
            finding.operation.as_deref() == operation && finding.pointer == pointer && text.contains(words)
        });
        assert!(told, "{change:?}: nobody says {words:?} of {operation:?} at {pointer}: {found:#?}");
    }
}

#[test]
fn what_an_operation_lacks_is_found() {
    let id = Some("getOrganizationByID");
    assert_finds(vec![
        (
            Remove("/paths/~1organizations~1{organization}/get/operationId"),
            Some("GET /organizations/{organization}"),
            "/paths/~1organizations~1{organization}/get/operationId",
            "an operation has an `operationId`",
        ),
        (
            Set("/paths/~1organizations~1{organization}/get/summary", json!(" ")),
            id,
            "/paths/~1organizations~1{organization}/get/summary",
            "an operation has a `summary`",
        ),
        (
            Remove("/paths/~1organizations~1{organization}/get/description"),
            id,
            "/paths/~1organizations~1{organization}/get/description",
            "an operation has a `description`",
        ),
        (
            Set("/paths/~1organizations~1{organization}/get/tags", json!(["Organizations", "Users"])),
            id,
            "/paths/~1organizations~1{organization}/get/tags",
            "exactly one tag",
        ),
        (
            Set("/paths/~1organizations~1{organization}/get/tags", json!(["Undeclared"])),
            id,
            "/paths/~1organizations~1{organization}/get/tags",
            "which is declared",
        ),
        (
            Remove("/paths/~1organizations~1{organization}/get/security"),
            id,
            "/paths/~1organizations~1{organization}/get/security",
            "an empty list where it is open to everybody",
        ),
        (
            Set("/paths/~1organizations~1{organization}/get/operationId", json!("getOrganizations")),
            Some("getOrganizations"),
            "/paths/~1organizations~1{organization}/get/operationId",
            "GET /organizations has it",
        ),
        (
            Remove("/paths/~1organizations~1{organization}/get/parameters/0/description"),
            id,
            "/paths/~1organizations~1{organization}/get/parameters/0/description",
            "a parameter has a `description`",
        ),
        (
            Set("/paths/~1organizations~1{organization}/get/responses", json!({})),
            id,
            "/paths/~1organizations~1{organization}/get/responses",
            "an operation documents its answers",
        ),
    ]);
}

#[test]
fn what_a_body_lacks_is_found() {
    assert_finds(vec![
        (
            Remove("/paths/~1organizations/post/requestBody/description"),
            Some("createOrganization"),
            "/paths/~1organizations/post/requestBody/description",
            "a request body has a `description`",
        ),
        (
            Remove("/paths/~1organizations/post/requestBody/content/application~1json/example"),
            Some("createOrganization"),
            "/paths/~1organizations/post/requestBody/content/application~1json",
            "a body has an example",
        ),
        (
            Set(
                "/paths/~1organizations/post/responses/201/content/application~1json/schema",
                json!({"type": "object"}),
            ),
            Some("createOrganization"),
            "/paths/~1organizations/post/responses/201/content/application~1json/schema",
            "a JSON body has a named schema",
        ),
        (
            Set(
                "/paths/~1organizations/get/responses/200/content/application~1json/schema/items",
                json!({"type": "string"}),
            ),
            Some("getOrganizations"),
            "/paths/~1organizations/get/responses/200/content/application~1json/schema",
            "or is an array of one",
        ),
        (
            Remove("/paths/~1organizations/post/responses/201/description"),
            Some("createOrganization"),
            "/paths/~1organizations/post/responses/201/description",
            "an answer has a `description`",
        ),
        (
            Remove("/paths/~1organizations/post/responses/201/headers/Idempotent-Replayed/description"),
            Some("createOrganization"),
            "/paths/~1organizations/post/responses/201/headers/Idempotent-Replayed/description",
            "a header has a `description`",
        ),
        (
            Remove("/components/responses/NotFound/content/application~1json/example"),
            None,
            "/components/responses/NotFound/content/application~1json",
            "a body has an example",
        ),
        (
            Set(
                "/paths/~1organizations~1{organization}~1provisionerjobs~1{job}~1logs/get/responses/200/content/text~1event-stream/schema",
                json!({"type": "object"}),
            ),
            Some("getProvisionerJobLogs"),
            "/paths/~1organizations~1{organization}~1provisionerjobs~1{job}~1logs/get/responses/200/content/text~1event-stream/schema",
            "a body that is not JSON is no object",
        ),
    ]);
}

#[test]
fn schemas_that_generators_stumble_over_are_found() {
    const NAME: &str = "/components/schemas/codersdk.Organization/properties/name";
    assert_finds(vec![
        (
            Rename("/components/schemas/codersdk.Feature", "Feature"),
            None,
            "/components/schemas/Feature",
            "a schema is called `codersdk.Name`",
        ),
        (
            Remove("/components/schemas/codersdk.Organization/description"),
            None,
            "/components/schemas/codersdk.Organization/description",
            "each of its properties has a `description`",
        ),
        (
            Remove("/components/schemas/codersdk.Organization/properties/name/description"),
            None,
            &format!("{NAME}/description"),
            "each of its properties has a `description`",
        ),
        (
            Set(NAME, json!({"type": "object", "description": "d", "properties": {"first": {"type": "string"}}})),
            None,
            NAME,
            "a schema of its own in `components.schemas`",
        ),
        (
            Set("/components/schemas/codersdk.Organization/properties/name/default", json!("")),
            None,
            &format!("{NAME}/default"),
            "has no `default`",
        ),
        (
            Set("/paths/~1organizations/post/requestBody/content/application~1json/schema/default", json!(50)),
            Some("createOrganization"),
            "/paths/~1organizations/post/requestBody/content/application~1json/schema/default",
            "has no `default`",
        ),
        (
            Set("/components/schemas/codersdk.Organization/properties/name/type", json!(["string", "null"])),
            None,
            NAME,
            "no answer holds null",
        ),
        (
            Append("/components/schemas/codersdk.JobErrorCode/enum", Value::Null),
            None,
            "/components/schemas/codersdk.JobErrorCode",
            "no answer holds null",
        ),
    ]);
}

#[test]
fn examples_that_are_none_are_found() {
    const EXAMPLE: &str = "/paths/~1organizations~1{organization}/get/responses/200/content/application~1json/example";
    let id = Some("getOrganizationByID");
    let rows = |key: &'static str, value: Value, words: &'static str| {
        let at: &'static str = format!("{EXAMPLE}/{key}").leak();
        (Set(at, value), id, at, words)
    };
    assert_finds(vec![
        rows("is_default", json!("no"), "not of type \"boolean\""),
        rows("id", json!("7c60d51f"), "is not a \"uuid\""),
        rows("created_at", json!("2026-01-02 03:04"), "is not a \"date-time\""),
        rows("name", json!("string"), "write a real value instead of \"string\""),
        rows("description", json!("Lorem ipsum dolor"), "write a real value"),
        rows("display_name", json!("foo"), "write a real value"),
        rows("updated_at", json!("2025-12-31T00:00:00Z"), "so `updated_at` cannot be"),
        rows("name", json!("other-team"), "or take another ID"),
        (
            Set(
                "/paths/~1organizations~1{organization}/get/responses/200/content/application~1json/example/colour",
                json!("red"),
            ),
            id,
            EXAMPLE,
            "Additional properties are not allowed",
        ),
        (
            Remove(
                "/paths/~1organizations~1{organization}/get/responses/200/content/application~1json/example/created_at",
            ),
            id,
            EXAMPLE,
            "\"created_at\" is a required property",
        ),
        (
            Set("/paths/~1organizations/post/requestBody/content/application~1json/example/name", json!("not valid")),
            Some("createOrganization"),
            "/paths/~1organizations/post/requestBody/content/application~1json/example/name",
            "does not match",
        ),
        (
            Set("/paths/~1organizations~1{organization}/get/parameters/0/example", json!("coder")),
            id,
            "/paths/~1organizations~1{organization}/get/parameters/0/example",
            "is not a \"uuid\"",
        ),
        (
            ReplaceEverywhere("c6d67e98-83ea-49f0-8812-e4abae2b68bc", "7c60d51f-b44e-4682-87d6-449835ea4de6"),
            Some("getProvisionerJobs"),
            "/paths/~1organizations~1{organization}~1provisionerjobs/get/responses/200/content/application~1json/example/0/metadata/template_id",
            "is the ID of one organization",
        ),
        (
            Set("/components/schemas/codersdk.Organization/properties/name/pattern", json!("(")),
            id,
            "/paths/~1organizations~1{organization}/get/responses/200/content/application~1json/schema",
            "a schema of JSON Schema 2020-12",
        ),
    ]);
}

#[test]
fn published_operations_stay() {
    let document = documented();
    let told = |list: &str| lint(&document, list).iter().map(ToString::to_string).collect::<Vec<_>>();
    let list = published();
    let line = "getOrganizationByID GET /organizations/{organization} Organizations";
    assert!(list.lines().any(|one| one == line));

    let new = told(&list.replace(&format!("{line}\n"), ""));
    assert!(new.len() == 1 && new[0].contains(&format!("add the line `{line}`")), "{new:?}");
    let gone = told(&format!("{list}getTeam GET /team Organizations\n"));
    assert!(gone.len() == 1 && gone[0].contains("give `GET /team Organizations` its id `getTeam` back"), "{gone:?}");
    let moved = told(&list.replace("getOrganizationByID GET /organizations/", "getOrganizationByID GET /orgs/"));
    assert!(moved.len() == 1 && moved[0].starts_with(&format!("getOrganizationByID at {GET}\n")), "{moved:?}");
    let twice = told(&format!("{list}{line}\n"));
    assert!(twice.len() == 1 && twice[0].contains("remove one of the lines of getOrganizationByID"), "{twice:?}");
    let half = told(&format!("{list}# A comment.\n\ngetTeam\n"));
    assert!(half.len() == 1 && half[0].contains("complete the line `getTeam`"), "{half:?}");
}

/// A renamed operation is gone under its old id and new under the other.
#[test]
fn a_renamed_operation_is_found() {
    let renamed = Set("/paths/~1organizations~1{organization}/get/operationId", json!("readOrganization"));
    let found = found(&renamed);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].advice.contains("its id `getOrganizationByID` back"), "{found:#?}");
    assert!(
        found[1].advice.contains("`readOrganization GET /organizations/{organization} Organizations`"),
        "{found:#?}"
    );
}
