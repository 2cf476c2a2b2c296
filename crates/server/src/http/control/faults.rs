//! Faults that are to be arranged for: whether they can happen.

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::http::header::{HeaderName, HeaderValue};

use super::Refusal;
use super::shapes::{answers_with_enum, check_pointer};
use crate::config::nearest;
use crate::operations::Operation;
use crate::test_double::faults::{ANY, Fault, LONGEST_DELAY, NewFault};

/// Which moments there are is not in what the parser says of one that is missing.
pub(super) fn with_choices(refusal: Refusal) -> Refusal {
    let Refusal::Validation(mut fields) = refusal else { return refusal };
    for one in fields.iter_mut().filter(|one| one.field == "fault.at") {
        one.detail = format!("{}: \"before\", \"after\" or \"body\"", one.detail);
    }
    Refusal::Validation(fields)
}

/// The operation with this ID.
pub(super) fn operation(id: &str) -> Result<Operation, Refusal> {
    let known = Operation::ALL.iter().find(|operation| operation.id() == id);
    known.copied().ok_or_else(|| {
        let closest = nearest(id, Operation::ALL.iter().map(|operation| operation.id()));
        let rule = format!("there is no operation {id:?}; did you mean {closest:?}?");
        Refusal::field("operation", rule)
    })
}

/// What makes no sense would never happen, and the test that waits for it would not know why.
pub(super) fn check_fault(new: &NewFault) -> Result<(), Refusal> {
    let known = if new.operation == ANY { None } else { Some(operation(&new.operation)?) };
    match &new.fault {
        Fault::Status { status, headers, undocumented, .. } => check_status(known, *status, headers, *undocumented),
        Fault::Delay { milliseconds } | Fault::SlowBody { milliseconds }
            if Duration::from_millis(*milliseconds) > LONGEST_DELAY =>
        {
            Err(Refusal::field("fault.milliseconds", format!("must be at most {}", LONGEST_DELAY.as_millis())))
        }
        Fault::UnknownEnumValue { pointer: Some(pointer), .. }
        | Fault::ExtraField { pointer: Some(pointer), .. }
        | Fault::MissingField { pointer }
        | Fault::Replace { pointer, .. }
            if !pointer.is_empty() && !pointer.starts_with('/') =>
        {
            Err(Refusal::field("fault.pointer", "must be a JSON pointer, such as /0/status"))
        }
        Fault::MissingField { pointer } if pointer.is_empty() => {
            Err(Refusal::field("fault.pointer", "must name a key, such as /0/status"))
        }
        Fault::UnknownEnumValue { pointer: None, .. } if known.is_some_and(|known| !answers_with_enum(known)) => {
            let rule = format!("{} answers with no value of an enumeration", new.operation);
            Err(Refusal::field("fault.kind", rule))
        }
        Fault::UnknownEnumValue { pointer: Some(pointer), .. }
        | Fault::ExtraField { pointer: Some(pointer), .. }
        | Fault::MissingField { pointer }
        | Fault::Replace { pointer, .. } => {
            let checked = known.map_or(Ok(()), |known| check_pointer(known, pointer));
            checked.map_err(|rule| Refusal::field("fault.pointer", rule))
        }
        Fault::ContentType { value } if HeaderValue::from_str(value).is_err() => {
            Err(Refusal::field("fault.value", "must be text that a header can hold"))
        }
        _ => Ok(()),
    }
}

fn check_status(
    operation: Option<Operation>,
    status: u16,
    headers: &BTreeMap<String, String>,
    undocumented: bool,
) -> Result<(), Refusal> {
    if !(200..=599).contains(&status) {
        return Err(Refusal::field("fault.status", "must be from 200 to 599"));
    }
    if let Some(operation) = operation.filter(|operation| !undocumented && !operation.statuses().contains(&status)) {
        let statuses: Vec<_> = operation.statuses().iter().map(ToString::to_string).collect();
        let rule = format!(
            "{} is documented to answer {}; to see what a client does with another one, add \"undocumented\": true",
            operation.id(),
            statuses.join(", ")
        );
        return Err(Refusal::field("fault.status", rule));
    }
    for (name, value) in headers {
        if HeaderName::try_from(name.as_str()).is_err() || HeaderValue::from_str(value).is_err() {
            return Err(Refusal::field(&format!("fault.headers.{name}"), "is no header that can be sent"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::check_fault;
    use crate::http::control::document;

    fn refused(fault: serde_json::Value) -> String {
        match check_fault(&serde_json::from_value(fault).unwrap()) {
            Err(super::Refusal::Validation(list)) => format!("{}: {}", list[0].field, list[0].detail),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn faults_that_could_not_happen_are_refused_with_a_way_out() {
        let typo = refused(json!({"operation": "createOrganisation", "fault": {"kind": "malformed_json"}}));
        assert_eq!(
            typo,
            r#"operation: there is no operation "createOrganisation"; did you mean "createOrganization"?"#
        );
        let status = refused(json!({"operation": "getOrganizations", "fault": {"kind": "status", "status": 418}}));
        assert!(status.starts_with("fault.status: getOrganizations is documented to answer 200, 401"), "{status}");
        let pointer = refused(json!({"operation": "*", "fault": {"kind": "missing_field", "pointer": "id"}}));
        assert!(pointer.starts_with("fault.pointer"), "{pointer}");
        let at =
            refused(json!({"operation": "getOrganizations", "fault": {"kind": "missing_field", "pointer": "/0/nmae"}}));
        assert!(at.starts_with("fault.pointer: no answer of getOrganizations has /0/nmae: /0 has "), "{at}");
        let none = refused(json!({"operation": "createOrganization", "fault": {"kind": "unknown_enum_value"}}));
        assert_eq!(none, "fault.kind: createOrganization answers with no value of an enumeration");
        let anywhere = json!({"operation": "*", "fault": {"kind": "unknown_enum_value"}});
        assert!(check_fault(&serde_json::from_value(anywhere).unwrap()).is_ok());
        let allowed =
            json!({"operation": "getOrganizations", "fault": {"kind": "status", "status": 418, "undocumented": true}});
        assert!(check_fault(&serde_json::from_value(allowed).unwrap()).is_ok());
        assert!(document::example_of(None, 500).is_none());
    }
}
