//! The request of each operation as a command for curl, with the example values of the document in it.

use serde_json::Value;

use super::{Operation, example, text};

/// Where a server listens that was started without settings.
const SERVER: &str = "http://127.0.0.1:8080/api/v2";

/// The command. `parameters` are those of the operation, references followed.
pub(super) fn curl(document: &Value, operation: &Operation<'_>, parameters: &[&Value]) -> String {
    let mut lines = vec![format!("curl -X {} {}", operation.method, url(operation.path, parameters))];
    if operation.value.get("requestBody").is_some() {
        lines.push("-H 'Content-Type: application/json'".to_owned());
    }
    lines.push("-H 'Accept: application/json'".to_owned());
    // One credential is enough; the first is the usual one.
    if let Some(scheme) = operation.schemes().first() {
        let name =
            document.pointer(&format!("/components/securitySchemes/{scheme}")).map(|scheme| text(scheme, "name"));
        lines.extend(name.map(|name| format!("-H \"{name}: ${}\"", variable(name))));
    }
    for parameter in parameters.iter().filter(|parameter| is_needed(parameter, "header")) {
        lines.push(format!("-H '{}: {}'", text(parameter, "name"), value(parameter).unwrap_or_default()));
    }
    if operation.value.get("requestBody").is_some() {
        lines.push("-d @body.json".to_owned());
    }
    lines.join(" \\\n  ")
}

/// The variable of the shell that holds the value of a header.
pub(super) fn variable(header: &str) -> String {
    header.to_uppercase().replace('-', "_")
}

fn is_needed(parameter: &Value, place: &str) -> bool {
    text(parameter, "in") == place && parameter.get("required").is_some_and(|required| required == true)
}

fn url(path: &str, parameters: &[&Value]) -> String {
    let mut path = path.to_owned();
    for parameter in parameters.iter().filter(|parameter| text(parameter, "in") == "path") {
        if let Some(value) = value(parameter) {
            path = path.replace(&format!("{{{}}}", text(parameter, "name")), &escaped(&value));
        }
    }
    let query: Vec<String> = parameters
        .iter()
        .filter(|parameter| is_needed(parameter, "query"))
        .map(|parameter| format!("{}={}", text(parameter, "name"), escaped(&value(parameter).unwrap_or_default())))
        .collect();
    if query.is_empty() {
        return format!("{SERVER}{path}");
    }
    format!("'{SERVER}{path}?{}'", query.join("&"))
}

/// The example value of a parameter; none when the document gives none.
fn value(parameter: &Value) -> Option<String> {
    let value = example::given(parameter).or_else(|| parameter.get("schema")?.get("example"))?;
    Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// As it stands in a URL: whatever is not unreserved is percent-encoded.
fn escaped(value: &str) -> String {
    let spell = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    value.bytes().map(spell).collect()
}
