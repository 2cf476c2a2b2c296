//! The OpenAPI document of the control routes: written by hand in `openapi/control/`, served with the schemas of the API that it refers to.

use std::sync::LazyLock;

use serde_json::Value;

use super::document;

/// The document as it is written.
const WRITTEN: &str = include_str!("../../../../../openapi/control/control.yaml");
/// Where schemas are.
const SCHEMAS: &str = "#/components/schemas/";

static WHOLE: LazyLock<Result<Value, String>> = LazyLock::new(whole);

/// The document, with every schema that it refers to.
///
/// # Errors
/// The document that was built in is no YAML, or refers to a schema that there is not; a test holds that neither is so.
pub fn openapi() -> Result<&'static Value, String> {
    WHOLE.as_ref().map_err(Clone::clone)
}

fn whole() -> Result<Value, String> {
    let mut whole: Value = serde_saphyr::from_str(WRITTEN).map_err(|error| error.to_string())?;
    let mut wanted = Vec::new();
    references(&whole, &mut wanted);
    let schemas = whole.pointer_mut("/components/schemas").and_then(Value::as_object_mut).ok_or("no schemas")?;
    while let Some(name) = wanted.pop() {
        if !schemas.contains_key(&name) {
            let schema = document::schema(&name).ok_or_else(|| format!("there is no schema {name}"))?;
            references(schema, &mut wanted);
            schemas.insert(name, schema.clone());
        }
    }
    Ok(whole)
}

/// The names of the schemas that are referred to.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let target = members.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix(SCHEMAS));
            found.extend(target.map(str::to_owned));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(elements) => elements.iter().for_each(|element| references(element, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::openapi;

    #[test]
    fn schemas_of_the_api_come_with_those_that_they_refer_to() {
        let schemas = openapi().unwrap()["components"]["schemas"].as_object().unwrap();
        for name in ["orgd.Fault", "codersdk.Response", "codersdk.ProvisionerJob", "codersdk.ProvisionerJobMetadata"] {
            assert!(schemas.contains_key(name), "{name}");
        }
        assert!(!schemas.contains_key("codersdk.Organization"));
    }
}
