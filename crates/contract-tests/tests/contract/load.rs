//! What a contract must have to be loaded, and what the message says when it has not.

use std::path::Path;

use orgd_contract::{Contract, ContractError};
use serde_json::json;

const FRAME: &str = "\
openapi: 3.1.0
info: {title: t, version: '1'}
tags: [{name: Things}]
components: {securitySchemes: {Token: {type: http, scheme: bearer}}}
";

/// A whole operation; rows change one line of it.
const THINGS: &str = "\
paths:
  /things:
    get:
      operationId: getThings
      summary: Get things
      tags: [Things]
      security: [{Token: []}]
      responses: {'200': {description: OK}}
";

fn load(files: &[(&str, &str)]) -> (tempfile::TempDir, Result<Contract, ContractError>) {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).expect(name);
    }
    let loaded = Contract::load(dir.path());
    (dir, loaded)
}

/// The message, with the folder taken out.
#[track_caller]
fn refusal(files: &[(&str, &str)]) -> String {
    let (dir, loaded) = load(files);
    let message = loaded.expect_err("the contract is refused").to_string();
    message.replace(&format!("{}/", dir.path().display()), "").replace(&*dir.path().to_string_lossy(), "DIR")
}

#[test]
fn the_examples_here_are_accepted() {
    let (_dir, loaded) = load(&[("openapi.yaml", FRAME), ("things.yaml", THINGS)]);
    let contract = loaded.expect("the contract loads");
    assert_eq!(contract.operations()[0].id, "getThings");
    assert_eq!(contract.operations()[0].statuses, [200]);
}

#[test]
fn an_operation_lacks_nothing() {
    let rows = [
        ("operationId: getThings", "deprecated: false", "/paths/~1things/get: `operationId` is missing"),
        (
            "operationId: getThings",
            "operationId: get-things",
            "/paths/~1things/get/operationId: must be letters and digits, a letter first",
        ),
        ("summary: Get things", "description: d", "/paths/~1things/get: `summary` is missing"),
        ("summary: Get things", "summary: ' '", "/paths/~1things/get/summary: must be a text that is not empty"),
        ("tags: [Things]", "deprecated: false", "/paths/~1things/get: `tags` is missing"),
        (
            "tags: [Things]",
            "tags: []",
            "/paths/~1things/get/tags: must be a list of exactly one tag, named in letters, digits and spaces",
        ),
        (
            "tags: [Things]",
            "tags: [Things, Others]",
            "/paths/~1things/get/tags: must be a list of exactly one tag, named in letters, digits and spaces",
        ),
        (
            "tags: [Things]",
            "tags: [Others]",
            "/paths/~1things/get/tags: `Others` is not declared in `tags` of any file",
        ),
        ("security: [{Token: []}]", "deprecated: false", "/paths/~1things/get: `security` is missing"),
        (
            "security: [{Token: []}]",
            "security: Token",
            "/paths/~1things/get/security: must be a list of security requirements; an empty list for an operation that is open to everybody",
        ),
        (
            "security: [{Token: []}]",
            "security: [{Key: []}]",
            "/paths/~1things/get/security: `Key` is not declared in `components.securitySchemes` of any file",
        ),
        ("responses: {'200': {description: OK}}", "deprecated: false", "/paths/~1things/get: `responses` is missing"),
        (
            "responses: {'200': {description: OK}}",
            "responses: {default: {description: OK}}",
            "/paths/~1things/get/responses: must be a mapping from status numbers (100 to 599) to responses, one at least",
        ),
        (
            "responses: {'200': {description: OK}}",
            "responses: {'200': {$ref: '#/components/responses/None'}}",
            "/paths/~1things/get/responses/200/$ref: `#/components/responses/None` is not declared in `components` of any file",
        ),
        (
            "summary: Get things",
            "summary: s\n      x-extension: 1",
            "/paths/~1things/get/x-extension: must be true or false",
        ),
    ];
    for (line, changed, expected) in rows {
        let things = THINGS.replace(line, changed);
        assert_ne!(things, THINGS, "{line}");
        let message = refusal(&[("openapi.yaml", FRAME), ("things.yaml", &things)]);
        assert_eq!(message, format!("things.yaml: {expected}"));
    }
}

#[test]
fn an_operation_id_is_taken_once() {
    // The second differs in case only, and would have the same name in Rust.
    for id in ["getThings", "GetThings"] {
        let others = THINGS.replace("/things", "/others").replace("getThings", id);
        let message = refusal(&[("openapi.yaml", FRAME), ("others.yaml", &others), ("things.yaml", THINGS)]);
        assert_eq!(message, "things.yaml: /paths/~1things/get: operationId `getThings` is taken by GET /others");
    }
}

#[test]
fn no_key_is_in_two_files() {
    let again = "components: {securitySchemes: {Token: {type: apiKey}}}";
    let rows = [
        ("a.yaml", THINGS, "/paths/~1things/get is in both a.yaml and things.yaml; keep one"),
        ("z.yaml", again, "/components/securitySchemes/Token is in both openapi.yaml and z.yaml; keep one"),
        ("z.yaml", "info: {}", "/info is in both openapi.yaml and z.yaml; keep one"),
    ];
    for (name, text, expected) in rows {
        assert_eq!(refusal(&[("openapi.yaml", FRAME), (name, text), ("things.yaml", THINGS)]), expected);
    }
}

#[test]
fn a_key_twice_in_one_file_is_named_with_its_line() {
    let things = format!("{THINGS}      summary: Again\n");
    let message = refusal(&[("openapi.yaml", FRAME), ("things.yaml", &things)]);
    assert!(message.starts_with("things.yaml: "), "{message}");
    assert!(message.contains("line 9") && message.contains("summary"), "{message}");
}

#[test]
fn a_file_that_is_not_yaml_is_named_with_its_line() {
    let message = refusal(&[("openapi.yaml", FRAME), ("things.yaml", "paths:\n  /things: [\n")]);
    assert!(message.starts_with("things.yaml: ") && message.contains("line 2"), "{message}");
}

#[test]
fn files_are_mappings() {
    assert_eq!(refusal(&[("openapi.yaml", "- a")]), "openapi.yaml: the file: must be a mapping");
    assert_eq!(refusal(&[("openapi.yaml", "paths: {/a: 1}")]), "openapi.yaml: /paths/~1a: must be a mapping");
}

#[test]
fn the_folder_has_a_frame() {
    assert_eq!(refusal(&[("things.yaml", THINGS)]), "DIR: the document: `openapi` is missing");
    assert_eq!(refusal(&[("openapi.yaml", "openapi: 3.1.0")]), "DIR: the document: `info` is missing");
    assert_eq!(refusal(&[]), "DIR has no .yaml file");
    assert_eq!(
        refusal(&[("openapi.yaml", FRAME), ("things.yml", THINGS)]),
        "things.yml: the files of the contract end in .yaml; rename it"
    );
    let missing = Contract::load(Path::new("/nonexistent")).expect_err("there is no such folder").to_string();
    assert!(missing.starts_with("cannot list /nonexistent: "), "{missing}");
}

#[test]
fn other_folders_and_files_are_passed_over() {
    let dir = tempfile::tempdir().expect("a folder");
    let released = dir.path().join("released");
    std::fs::create_dir(&released).expect("a folder in it");
    for (file, text) in [
        (dir.path().join("openapi.yaml"), FRAME),
        (released.join("1.0.0.yaml"), FRAME),
        (dir.path().join("README.md"), "Not YAML: ["),
        (dir.path().join(".things.yaml"), "Not YAML: ["),
    ] {
        std::fs::write(file, text).expect("a file");
    }
    let contract = Contract::load(dir.path()).expect("the contract loads");
    assert_eq!(contract.files(), [dir.path().join("openapi.yaml")]);
}

#[test]
fn methods_of_one_path_may_be_in_two_files() {
    let others = THINGS.replace("get:", "post:").replace("getThings", "createThing");
    let (_dir, loaded) = load(&[("openapi.yaml", FRAME), ("others.yaml", &others), ("things.yaml", THINGS)]);
    let contract = loaded.expect("the contract loads");
    let methods: Vec<_> =
        contract.operations().iter().map(|operation| (operation.method.as_str(), operation.path.as_str())).collect();
    assert_eq!(methods, [("POST", "/things"), ("GET", "/things")]);
}

#[test]
fn query_parameters_are_found_wherever_they_are_written() {
    let things = THINGS.replace(
        "    get:\n",
        "    parameters: [{name: shared, in: query}, {name: own, in: query}]\n    get:\n      parameters: [{name: own, in: query}, {name: id, in: header}, {$ref: '#/components/parameters/Limit'}]\n",
    ) + "components: {parameters: {Limit: {name: limit, in: query}}}\n";
    let (_dir, loaded) = load(&[("openapi.yaml", FRAME), ("things.yaml", &things)]);
    assert_eq!(loaded.expect("the contract loads").operations()[0].query_parameters, ["shared", "own", "limit"]);
}

#[test]
fn words_of_yaml_1_1_stay_words() {
    let frame = FRAME.replace("title: t", "title: yes");
    let (_dir, loaded) = load(&[("openapi.yaml", &frame)]);
    assert_eq!(loaded.expect("the contract loads").document()["info"]["title"], json!("yes"));
}
