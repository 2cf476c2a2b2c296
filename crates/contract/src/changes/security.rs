//! Changes of who may call: schemes, and which of them an operation asks for.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{BUMP, Class, KEEP_BESIDE, Walk, members};

/// What a scheme is on the wire.
const ON_THE_WIRE: &[&str] = &["type", "in", "name", "scheme", "flows", "openIdConnectUrl"];

impl<'d> Walk<'d> {
    pub(super) fn security_schemes(&mut self) {
        let schemes = |document: &'d Value| members(document.pointer("/components/securitySchemes"));
        let (old, new) = (schemes(self.old), schemes(self.new));
        for (name, before) in &old {
            let place = format!("security scheme {name}");
            let Some(after) = new.get(name) else {
                // Whether an operation asked for it shows there.
                self.note(Class::Additive, &place, "is gone", "");
                continue;
            };
            for key in ON_THE_WIRE.iter().filter(|key| before.get(**key) != after.get(**key)) {
                self.note(Class::BreaksRequests, &place, format!("its {key} changed"), KEEP_BESIDE);
            }
            if before.get("description") != after.get("description") {
                self.note(Class::Wording, &place, "its description changed", "");
            }
        }
        for name in new.keys().filter(|name| !old.contains_key(*name)) {
            self.note(Class::Additive, &format!("security scheme {name}"), "is new", "");
        }
    }

    /// Whoever got in before must get in.
    pub(super) fn security(&mut self, before: &'d Value, after: &'d Value) {
        let (old, new) = (alternatives(self.old, before), alternatives(self.new, after));
        let still_enough = |had: &BTreeSet<String>| new.iter().any(|needed| needed.is_subset(had));
        for had in old.iter().filter(|had| !still_enough(had)) {
            let had = if had.is_empty() { "no credentials".to_owned() } else { words(had) };
            self.note(Class::BreaksRequests, "security", format!("{had} used to be enough and is not any more"), BUMP);
        }
        for needed in new.iter().filter(|needed| !old.contains(needed)) {
            let needed = if needed.is_empty() { "no credentials".to_owned() } else { words(needed) };
            self.note(Class::Additive, "security", format!("{needed} is enough now"), "");
        }
    }
}

fn words(needed: &BTreeSet<String>) -> String {
    needed.iter().cloned().collect::<Vec<_>>().join(" with ")
}

/// The sets of schemes and scopes that each let a caller in. Nothing at all is one empty set.
fn alternatives(document: &Value, operation: &Value) -> Vec<BTreeSet<String>> {
    let stated = operation.get("security").or_else(|| document.get("security")).and_then(Value::as_array);
    let sets: Vec<BTreeSet<String>> = stated
        .into_iter()
        .flatten()
        .map(|requirement| {
            let schemes = requirement.as_object().into_iter().flatten();
            let scoped = schemes.flat_map(|(name, scopes)| {
                let scopes = scopes.as_array().into_iter().flatten().filter_map(Value::as_str);
                std::iter::once(name.clone()).chain(scopes.map(move |scope| format!("{name} {scope}")))
            });
            scoped.collect()
        })
        .collect();
    if sets.is_empty() { vec![BTreeSet::new()] } else { sets }
}
