//! The OpenAPI document of the control routes: written by hand in `openapi/control/`, served with the schemas of the API that it refers to.

use std::sync::LazyLock;

use serde_json::Value;

use super::document;

/// The document as it is written.
const WRITTEN: &str = include_str!("../../../../../openapi/control/control.yaml");

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
    orgd_contract::complete(&mut whole, document::whole()).map_err(|target| format!("{target} leads nowhere"))?;
    Ok(whole)
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
