//! From the failures of the `validator` crate to the wire's list of fields.

use std::collections::HashMap;

use orgd_api_types::ValidationError;
use validator::{ValidationErrors, ValidationErrorsKind};

/// One entry per field that breaks a rule, with the message of its first broken rule.
///
/// Fields come in `field_order`, fields that are not in it after them by name. A field within a field is named by its path,
/// for example `roles[2].name`.
pub fn validations_of(errors: &ValidationErrors, field_order: &[&str]) -> Vec<ValidationError> {
    let mut fields: Vec<_> = errors.errors().iter().collect();
    fields.sort_by_key(|(name, _)| (field_order.iter().position(|field| field == name).unwrap_or(usize::MAX), *name));
    let mut found = Vec::new();
    for (name, kind) in fields {
        collect(name, kind, &mut found);
    }
    found
}

fn collect(path: &str, kind: &ValidationErrorsKind, found: &mut Vec<ValidationError>) {
    match kind {
        ValidationErrorsKind::Field(rules) => {
            if let Some(rule) = rules.first() {
                let detail = match &rule.message {
                    Some(message) => message.to_string(),
                    None => format!("breaks the rule {:?}", rule.code),
                };
                found.push(ValidationError::new(path, detail));
            }
        }
        ValidationErrorsKind::Struct(fields) => collect_fields(path, fields, found),
        ValidationErrorsKind::List(items) => {
            for (index, fields) in items {
                collect_fields(&format!("{path}[{index}]"), fields, found);
            }
        }
    }
}

fn collect_fields(path: &str, errors: &ValidationErrors, found: &mut Vec<ValidationError>) {
    let fields: &HashMap<_, _> = errors.errors();
    let mut names: Vec<_> = fields.iter().collect();
    names.sort_by_key(|(name, _)| *name);
    for (name, kind) in names {
        collect(&format!("{path}.{name}"), kind, found);
    }
}

#[cfg(test)]
mod tests {
    use orgd_api_types::{CreateOrganizationRequest, ValidationError};
    use validator::Validate;

    use super::validations_of;

    #[derive(Validate)]
    struct Outer {
        #[validate(length(min = 1))]
        unnamed: String,
        #[validate(nested)]
        list: Vec<Inner>,
        #[validate(nested)]
        one: Inner,
    }

    #[derive(Validate)]
    struct Inner {
        #[validate(length(min = 2, message = "is too short"), contains(pattern = "z", message = "has no z"))]
        text: String,
    }

    fn inner(text: &str) -> Inner {
        Inner { text: text.into() }
    }

    #[test]
    fn every_failing_field_once_and_in_order() {
        let request = CreateOrganizationRequest {
            name: Some("a b".into()),
            display_name: Some(" ".into()),
            description: Some("fine".into()),
            icon: Some("\0".into()),
        };
        let errors = request.validate().unwrap_err();
        let fields = |order: &[&str]| -> Vec<_> {
            validations_of(&errors, order).into_iter().map(|error| error.field).collect()
        };
        assert_eq!(fields(&["name", "display_name", "description", "icon"]), ["name", "display_name", "icon"]);
        assert_eq!(fields(&["icon", "name"]), ["icon", "name", "display_name"]);
        assert_eq!(fields(&[]), ["display_name", "icon", "name"]);
        assert_eq!(
            validations_of(&errors, &["icon"])[0],
            ValidationError::new("icon", "must not contain the NUL character")
        );
    }

    #[test]
    fn nested_fields_have_a_path_and_the_first_rule_wins() {
        let outer = Outer { unnamed: String::new(), list: vec![inner(""), inner("x")], one: inner("") };
        assert_eq!(
            validations_of(&outer.validate().unwrap_err(), &["one", "list"]),
            [
                ValidationError::new("one.text", "is too short"),
                ValidationError::new("list[0].text", "is too short"),
                ValidationError::new("list[1].text", "is too short"),
                ValidationError::new("unnamed", "breaks the rule \"length\""),
            ]
        );
    }
}
