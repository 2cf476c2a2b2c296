//! The limits of a schema in words, for the column of restrictions.

use serde_json::Value;

use super::markdown::code;

/// What a value must keep to besides its type; empty when nothing.
pub(super) fn restrictions(schema: &Value) -> String {
    let mut found = Vec::new();
    for (key, word) in [("readOnly", "read-only"), ("writeOnly", "write-only"), ("uniqueItems", "no element twice")] {
        if schema.get(key).is_some_and(|set| set == true) {
            found.push(word.to_owned());
        }
    }
    let pairs = [
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " elements"),
        ("minProperties", "maxProperties", " entries"),
    ];
    for (least, most, of) in pairs {
        found.extend(range(schema.get(least), schema.get(most)).map(|range| range + of));
    }
    for (key, word) in
        [("exclusiveMinimum", "more than"), ("exclusiveMaximum", "less than"), ("multipleOf", "a multiple of")]
    {
        found.extend(schema.get(key).map(|limit| format!("{word} {limit}")));
    }
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
        found.push(format!("matches {}", code(pattern)));
    }
    if let Some(default) = schema.get("default") {
        found.push(format!("{} when absent", code(&default.to_string())));
    }
    found.join("; ")
}

fn range(least: Option<&Value>, most: Option<&Value>) -> Option<String> {
    match (least, most) {
        (None, None) => None,
        (Some(least), Some(most)) if least == most => Some(least.to_string()),
        (Some(least), Some(most)) => Some(format!("{least} to {most}")),
        (Some(least), None) => Some(format!("at least {least}")),
        (None, Some(most)) => Some(format!("at most {most}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::restrictions;

    #[test]
    fn every_limit_is_said() {
        for (schema, words) in [
            (json!({ "type": "string" }), ""),
            (json!({ "minimum": 0, "maximum": 9, "default": 5 }), "0 to 9; `5` when absent"),
            (json!({ "minLength": 1, "pattern": "^a|b$" }), "at least 1 characters; matches `^a|b$`"),
            (json!({ "minItems": 1, "maxItems": 1000, "uniqueItems": true }), "no element twice; 1 to 1000 elements"),
            (json!({ "readOnly": true, "maxProperties": 3 }), "read-only; at most 3 entries"),
            (json!({ "minLength": 4, "maxLength": 4 }), "4 characters"),
            (json!({ "exclusiveMinimum": 0 }), "more than 0"),
        ] {
            assert_eq!(restrictions(&schema), words, "{schema}");
        }
    }
}
