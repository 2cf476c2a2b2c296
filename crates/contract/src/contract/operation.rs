//! One operation of the contract, and the rules that every documented operation keeps.

use std::collections::BTreeMap;

use heck::ToUpperCamelCase;
use serde_json::{Map, Value};

use super::merge::Merged;
use crate::error::ContractError;
use crate::place::METHODS;
use crate::pointer::member_of;
use crate::reference;

/// An operation as it is documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationSpec {
    /// `operationId`: letters and digits, unique also as a Rust name.
    pub id: String,
    /// Method in capitals, for example `GET`.
    pub method: String,
    /// Path below the server's URL, for example `/organizations/{organization}`.
    pub path: String,
    /// Its one tag.
    pub tag: String,
    /// One line for people.
    pub summary: String,
    /// Names of the query parameters, in the order of the document.
    pub query_parameters: Vec<String>,
    /// True when the operation takes a request body.
    pub has_request_body: bool,
    /// Names of the security schemes that it accepts; empty when it is open to everybody.
    pub security: Vec<String>,
    /// Documented statuses, in the order of the document.
    pub statuses: Vec<u16>,
    /// `x-extension: true`: the operation is not one of Coder's.
    pub is_extension: bool,
}

/// Reads every operation of the document.
pub(super) fn read_all(merged: &Merged) -> Result<Vec<OperationSpec>, ContractError> {
    let mut operations = Vec::new();
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    for (path, item) in merged.document.get("paths").and_then(Value::as_object).into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            if !METHODS.contains(&method.as_str()) {
                continue;
            }
            let at = member_of(&member_of("/paths", path), method);
            let reader = Reader { merged, at: &at, item, operation };
            let operation = reader.read(path, method)?;
            let place = format!("{} {path}", operation.method);
            if let Some(first) = taken.insert(operation.id.to_upper_camel_case(), place) {
                let file = merged.origin(&at).to_owned();
                return Err(ContractError::OperationIdTaken { file, place: at, id: operation.id, first });
            }
            operations.push(operation);
        }
    }
    Ok(operations)
}

/// One operation in its document.
struct Reader<'a> {
    merged: &'a Merged,
    at: &'a str,
    item: &'a Value,
    operation: &'a Value,
}

impl Reader<'_> {
    fn read(&self, path: &str, method: &str) -> Result<OperationSpec, ContractError> {
        Ok(OperationSpec {
            id: self.id()?,
            method: method.to_uppercase(),
            path: path.to_owned(),
            tag: self.tag()?,
            summary: self.text("summary")?.to_owned(),
            query_parameters: self.query_parameters(),
            has_request_body: self.operation.get("requestBody").is_some(),
            security: self.security()?,
            statuses: self.statuses()?,
            is_extension: self.is_extension()?,
        })
    }

    fn id(&self) -> Result<String, ContractError> {
        let id = self.text("operationId")?;
        let named = id.starts_with(|first: char| first.is_ascii_alphabetic())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if named { Ok(id.to_owned()) } else { Err(self.rule("operationId", "letters and digits, a letter first")) }
    }

    fn tag(&self) -> Result<String, ContractError> {
        const RULE: &str = "a list of exactly one tag, named in letters, digits and spaces";
        let tags = self.member("tags")?.as_array().ok_or_else(|| self.rule("tags", RULE))?;
        let [Value::String(tag)] = tags.as_slice() else { return Err(self.rule("tags", RULE)) };
        let named = tag.starts_with(|first: char| first.is_ascii_alphabetic())
            && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b' ');
        if !named {
            return Err(self.rule("tags", RULE));
        }
        let declared = self.merged.document.get("tags").and_then(Value::as_array);
        let mut names = declared.into_iter().flatten().filter_map(|declared| declared.get("name"));
        if names.any(|name| name == tag) { Ok(tag.clone()) } else { Err(self.undeclared("tags", tag, "`tags`")) }
    }

    fn security(&self) -> Result<Vec<String>, ContractError> {
        const RULE: &str = "a list of security requirements; an empty list for an operation that is open to everybody";
        let requirements = self.member("security")?.as_array().ok_or_else(|| self.rule("security", RULE))?;
        let mut names: Vec<String> = Vec::new();
        for requirement in requirements {
            let requirement = requirement.as_object().ok_or_else(|| self.rule("security", RULE))?;
            for name in requirement.keys() {
                if reference::look_up(&self.merged.document, "#/components/securitySchemes")
                    .is_none_or(|schemes| schemes.get(name).is_none())
                {
                    return Err(self.undeclared("security", name, "`components.securitySchemes`"));
                }
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
        }
        Ok(names)
    }

    fn query_parameters(&self) -> Vec<String> {
        let shared = self.item.get("parameters").and_then(Value::as_array);
        let own = self.operation.get("parameters").and_then(Value::as_array);
        let mut names: Vec<String> = Vec::new();
        for parameter in shared.into_iter().chain(own).flatten() {
            let parameter = reference::resolve(&self.merged.document, parameter);
            let name = parameter.get("name").and_then(Value::as_str).unwrap_or_default();
            // An operation may write a parameter of its path anew.
            if parameter.get("in").is_some_and(|place| place == "query") && !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        names
    }

    fn statuses(&self) -> Result<Vec<u16>, ContractError> {
        const RULE: &str = "a mapping from status numbers (100 to 599) to responses, one at least";
        let responses = self.member("responses")?.as_object().filter(|responses| !responses.is_empty());
        let responses: &Map<String, Value> = responses.ok_or_else(|| self.rule("responses", RULE))?;
        responses
            .keys()
            .map(|status| status.parse().ok().filter(|status| (100..600).contains(status)))
            .collect::<Option<_>>()
            .ok_or_else(|| self.rule("responses", RULE))
    }

    fn is_extension(&self) -> Result<bool, ContractError> {
        match self.operation.get("x-extension") {
            None => Ok(false),
            Some(Value::Bool(extension)) => Ok(*extension),
            Some(_) => Err(self.rule("x-extension", "true or false")),
        }
    }

    fn text(&self, key: &'static str) -> Result<&str, ContractError> {
        let text = self.member(key)?.as_str().filter(|text| !text.trim().is_empty());
        text.ok_or_else(|| self.rule(key, "a text that is not empty"))
    }

    fn member(&self, key: &'static str) -> Result<&Value, ContractError> {
        self.operation.get(key).ok_or_else(|| ContractError::Missing {
            file: self.merged.origin(self.at).to_owned(),
            place: self.at.to_string(),
            key,
        })
    }

    fn rule(&self, key: &str, rule: &'static str) -> ContractError {
        let file = self.merged.origin(self.at).to_owned();
        ContractError::Rule { file, place: member_of(self.at, key), rule }
    }

    fn undeclared(&self, key: &str, name: &str, declared_in: &'static str) -> ContractError {
        let file = self.merged.origin(self.at).to_owned();
        ContractError::Undeclared { file, place: member_of(self.at, key), name: name.to_owned(), declared_in }
    }
}
