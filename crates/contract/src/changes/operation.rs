//! Changes of operations: their paths, parameters, bodies and answers.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{BUMP, Class, Direction, KEEP_BESIDE, KEEP_GIVING, KEEP_TAKING, MAKE_OPTIONAL, Walk, flag, members, shown};

const METHODS: &[&str] = &["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// An operation with the parameters of its path.
struct Found<'d> {
    path: &'d str,
    item: &'d Value,
    operation: &'d Value,
}

/// Parameters by place and name; header names in lower case.
type Parameters<'d> = BTreeMap<(String, String), &'d Value>;

impl<'d> Walk<'d> {
    pub(super) fn operations(&mut self) {
        let (old, new) = (found(self.old), found(self.new));
        for (key, before) in &old {
            self.operation = format!("{} {}", key.0.to_uppercase(), before.path);
            match new.get(key) {
                None => self.note(Class::BreaksRequests, "", "is gone", KEEP_BESIDE),
                Some(after) => self.operation(before, after),
            }
        }
        for (key, after) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
            self.operation = format!("{} {}", key.0.to_uppercase(), after.path);
            self.note(Class::Additive, "", "is new", "");
        }
        "document".clone_into(&mut self.operation);
    }

    fn operation(&mut self, before: &Found<'d>, after: &Found<'d>) {
        let (old, new) = (before.operation, after.operation);
        if old.get("operationId") != new.get("operationId") {
            let (old, new) =
                (old.get("operationId").unwrap_or(&Value::Null), new.get("operationId").unwrap_or(&Value::Null));
            let what =
                format!("the operationId {} is {} now: generated methods have another name", shown(old), shown(new));
            self.note(Class::BreaksRequests, "", what, "keep the operationId: nobody sees it on the wire");
        }
        if before.path != after.path {
            self.note(Class::Wording, "", format!("parameters of the path have other names: {}", after.path), "");
        }
        if old.get("tags") != new.get("tags") {
            self.note(Class::Additive, "", "its tags changed: some generators make other classes of them", "");
        }
        if !flag(old, "deprecated") && flag(new, "deprecated") {
            self.note(Class::Additive, "", "is deprecated", "");
        }
        if ["summary", "description"].iter().any(|key| old.get(*key) != new.get(*key)) {
            self.note(Class::Wording, "", "its description changed", "");
        }
        self.security(old, new);
        self.parameters(before, after);
        self.request_body(old.get("requestBody"), new.get("requestBody"));
        self.responses(old.get("responses"), new.get("responses"));
    }

    fn parameters(&mut self, before: &Found<'d>, after: &Found<'d>) {
        let old = parameters(self.old, before);
        let new = parameters(self.new, after);
        for ((kind, name), earlier) in &old {
            let place = format!("{kind} parameter {name}");
            match new.get(&(kind.clone(), name.clone())) {
                Some(later) => self.parameter(&place, earlier, later),
                None => self.note(Class::BreaksRequests, &place, "is gone", KEEP_BESIDE),
            }
        }
        for ((kind, name), later) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
            let place = format!("{kind} parameter {name}");
            if flag(later, "required") {
                self.note(Class::BreaksRequests, &place, "is new and required", MAKE_OPTIONAL);
            } else {
                self.note(Class::Additive, &place, "is new", "");
            }
        }
    }

    fn parameter(&mut self, place: &str, old: &'d Value, new: &'d Value) {
        match (flag(old, "required"), flag(new, "required")) {
            (false, true) => self.note(Class::BreaksRequests, place, "is required now", MAKE_OPTIONAL),
            (true, false) => self.note(Class::Additive, place, "is optional now", ""),
            _ => {}
        }
        let form = |parameter: &Value, key: &str| {
            let kind = parameter.get("in").and_then(Value::as_str).unwrap_or_default();
            let style = if matches!(kind, "query" | "cookie") { "form" } else { "simple" };
            let style = parameter.get("style").and_then(Value::as_str).unwrap_or(style).to_owned();
            if key == "style" {
                style
            } else {
                parameter.get("explode").and_then(Value::as_bool).unwrap_or(style == "form").to_string()
            }
        };
        for key in ["style", "explode"] {
            // A value that is no list and no object is written alike.
            let matters = key == "style" || has_parts(self.was(old.get("schema").unwrap_or(&Value::Null)));
            if matters && form(old, key) != form(new, key) {
                let what =
                    format!("its {key} {} is {} now: lists are written otherwise", form(old, key), form(new, key));
                self.note(Class::BreaksRequests, place, what, KEEP_TAKING);
            }
        }
        if !flag(old, "deprecated") && flag(new, "deprecated") {
            self.note(Class::Additive, place, "is deprecated", "");
        }
        if ["description", "example", "examples"].iter().any(|key| old.get(*key) != new.get(*key)) {
            self.note(Class::Wording, place, "its description or example changed", "");
        }
        match (old.get("schema"), new.get("schema")) {
            (Some(old), Some(new)) => self.schema(Direction::Request, place, old, new),
            (None, None) => {}
            _ => self.note(Class::BreaksRequests, place, "is written otherwise", KEEP_TAKING),
        }
        if old.get("content").is_some() || new.get("content").is_some() {
            self.content(Direction::Request, place, old.get("content"), new.get("content"));
        }
    }

    fn request_body(&mut self, old: Option<&'d Value>, new: Option<&'d Value>) {
        let place = "request body";
        let (old, new) = (old.map(|body| self.was(body)), new.map(|body| self.is(body)));
        match (old, new) {
            (None, None) => {}
            (Some(_), None) => self.note(Class::BreaksRequests, place, "is gone", KEEP_TAKING),
            (None, Some(body)) if flag(body, "required") => {
                self.note(Class::BreaksRequests, place, "is new and required", MAKE_OPTIONAL);
            }
            (None, Some(_)) => self.note(Class::Additive, place, "is new", ""),
            (Some(old), Some(new)) => {
                match (flag(old, "required"), flag(new, "required")) {
                    (false, true) => self.note(Class::BreaksRequests, place, "is required now", MAKE_OPTIONAL),
                    (true, false) => self.note(Class::Additive, place, "is optional now", ""),
                    _ => {}
                }
                if old.get("description") != new.get("description") {
                    self.note(Class::Wording, place, "its description changed", "");
                }
                self.content(Direction::Request, place, old.get("content"), new.get("content"));
            }
        }
    }

    fn responses(&mut self, old: Option<&'d Value>, new: Option<&'d Value>) {
        let (old, new) = (members(old), members(new));
        for (status, before) in &old {
            let is_success = status.starts_with('2');
            match new.get(status) {
                Some(after) => self.response(status, self.was(before), self.is(after)),
                None if is_success => {
                    self.note(Class::BreaksResponses, status, "is not answered any more", KEEP_GIVING)
                }
                None => self.note(Class::Additive, status, "is not answered any more", ""),
            }
        }
        for status in new.keys().filter(|status| !old.contains_key(*status)) {
            self.note(Class::Additive, status, "is a new answer", "");
        }
    }

    fn response(&mut self, status: &str, old: &'d Value, new: &'d Value) {
        if old.get("description") != new.get("description") {
            self.note(Class::Wording, status, "its description changed", "");
        }
        let (before, after) = (members(old.get("headers")), members(new.get("headers")));
        for (name, earlier) in &before {
            let place = format!("{status} header {name}");
            let earlier = self.was(earlier);
            match after.get(name).map(|later| self.is(later)) {
                None => self.note(Class::BreaksResponses, &place, "is gone", KEEP_GIVING),
                Some(later) => {
                    if flag(earlier, "required") && !flag(later, "required") {
                        self.note(Class::BreaksResponses, &place, "need not come any more", KEEP_GIVING);
                    }
                    if let (Some(old), Some(new)) = (earlier.get("schema"), later.get("schema")) {
                        self.schema(Direction::Response, &place, old, new);
                    }
                }
            }
        }
        for name in after.keys().filter(|name| !before.contains_key(*name)) {
            self.note(Class::Additive, &format!("{status} header {name}"), "is new", "");
        }
        self.content(Direction::Response, &format!("{status} body"), old.get("content"), new.get("content"));
    }

    fn content(&mut self, direction: Direction, place: &str, old: Option<&'d Value>, new: Option<&'d Value>) {
        let (old, new) = (members(old), members(new));
        for (kind, before) in &old {
            let Some(after) = new.get(kind) else {
                self.note(
                    direction.broken(),
                    place,
                    format!("is not {kind} any more"),
                    if direction == Direction::Request { KEEP_TAKING } else { KEEP_GIVING },
                );
                continue;
            };
            match (before.get("schema"), after.get("schema")) {
                (Some(old), Some(new)) => self.schema(direction, place, old, new),
                (None, Some(_)) => self.note(direction.narrowed(), place, "has a schema now", BUMP),
                (Some(_), None) => self.note(direction.widened(), place, "has no schema any more", BUMP),
                (None, None) => {}
            }
            if ["example", "examples"].iter().any(|key| before.get(*key) != after.get(*key)) {
                self.note(Class::Wording, place, "its example changed", "");
            }
        }
        for kind in new.keys().filter(|kind| !old.contains_key(*kind)) {
            self.note(Class::Additive, place, format!("may be {kind}, too"), "");
        }
    }
}

/// Operations by method and path, whose parameters may have any name.
fn found(document: &Value) -> BTreeMap<(String, String), Found<'_>> {
    let mut all = BTreeMap::new();
    for (path, item) in members(document.get("paths")) {
        let shape: Vec<_> = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect();
        for method in METHODS {
            if let Some(operation) = item.get(*method) {
                all.insert(((*method).to_owned(), shape.join("/")), Found { path, item, operation });
            }
        }
    }
    all
}

fn parameters<'d>(document: &'d Value, found: &Found<'d>) -> Parameters<'d> {
    let places: Vec<&str> =
        found.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
    let mut all = Parameters::new();
    // Those of the operation win.
    for list in [found.item.get("parameters"), found.operation.get("parameters")] {
        for parameter in list.and_then(Value::as_array).into_iter().flatten() {
            let parameter = Walk::resolve(document, parameter);
            let text = |key: &str| parameter.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let (kind, name) = (text("in"), text("name"));
            let name = match kind.as_str() {
                // Known by their place, whatever they are called.
                "path" => {
                    places.iter().position(|place| *place == name).map_or(name, |index| format!("number {}", index + 1))
                }
                "header" => name.to_lowercase(),
                _ => name,
            };
            all.insert((kind, name), parameter);
        }
    }
    all
}

fn has_parts(schema: &Value) -> bool {
    let is = |wanted: &str| match schema.get("type") {
        Some(Value::String(kind)) => kind == wanted,
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == wanted),
        _ => false,
    };
    is("array") || is("object")
}
