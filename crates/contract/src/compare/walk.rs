//! Walks both documents side by side and notes where they part.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::advice::Site;
use super::difference::Difference;
use super::equality::{same_scalar, same_set, same_words};
use crate::place::Place;
use crate::pointer::Pointer;
use crate::reference;

/// The comparison of two documents.
pub(super) struct Comparison<'a> {
    documented: &'a Value,
    generated: &'a Value,
    /// What `$ref`s of each document lead to, as `#/…`.
    used_in_documented: HashSet<String>,
    used_in_generated: HashSet<String>,
    site: Site,
    found: Vec<Difference>,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(documented: &'a Value, generated: &'a Value) -> Self {
        let used = |document| reference::all(document).into_iter().map(|(_, target)| target).collect();
        Self {
            documented,
            generated,
            used_in_documented: used(documented),
            used_in_generated: used(generated),
            site: Site::Document,
            found: Vec::new(),
        }
    }

    pub(super) fn run(mut self) -> Vec<Difference> {
        self.values(Place::Document, &Pointer::ROOT, self.documented, self.generated);
        self.found
    }

    /// Two values that are both there.
    fn values(&mut self, place: Place, at: &Pointer<'_>, documented: &Value, generated: &Value) {
        let (documented, generated) =
            if place.is_referable() { self.resolved(documented, generated) } else { (documented, generated) };
        let has_references = place == Place::Schema || place.is_referable();
        let same = match place {
            Place::Text => Some(same_words(documented, generated)),
            Place::Set | Place::Type => Some(same_set(documented, generated)),
            // A reference, here to a schema or to nothing, and an object share no keys worth comparing.
            _ if has_references
                && reference::target(documented).is_some() != reference::target(generated).is_some() =>
            {
                Some(false)
            }
            _ => None,
        };
        match (documented, generated) {
            _ if same == Some(true) => {}
            _ if same == Some(false) => self.note(place, at, Some(documented), Some(generated)),
            (Value::Object(documented), Value::Object(generated)) => self.objects(place, at, documented, generated),
            (Value::Array(documented), Value::Array(generated)) => match place {
                Place::Parameters => self.matched_lists(place, at, documented, generated, &["in", "name"]),
                Place::Tags => self.matched_lists(place, at, documented, generated, &["name"]),
                _ => self.lists(place, at, documented, generated),
            },
            _ if same_scalar(documented, generated) => {}
            _ => self.note(place, at, Some(documented), Some(generated)),
        }
    }

    /// What two objects stand for. The same reference on both sides is not followed: its target is compared once, among
    /// the components, and not at every use.
    fn resolved<'b>(&self, documented: &'b Value, generated: &'b Value) -> (&'b Value, &'b Value)
    where
        'a: 'b,
    {
        if reference::target(documented) == reference::target(generated) {
            (documented, generated)
        } else {
            (reference::resolve(self.documented, documented), reference::resolve(self.generated, generated))
        }
    }

    fn objects(
        &mut self,
        place: Place,
        at: &Pointer<'_>,
        documented: &Map<String, Value>,
        generated: &Map<String, Value>,
    ) {
        let only_generated = generated.keys().filter(|key| !documented.contains_key(*key));
        for key in documented.keys().chain(only_generated) {
            let (in_documented, in_generated) = (documented.get(key), generated.get(key));
            let is_implied = match (in_documented, in_generated) {
                (Some(alone), None) => place.is_default(generated, key, alone),
                (None, Some(alone)) => place.is_default(documented, key, alone),
                _ => false,
            };
            if !is_implied {
                let entered = Site::entered(place, key, in_documented.or(in_generated));
                let outer = entered.map(|inner| std::mem::replace(&mut self.site, inner));
                self.members(place, &at.member(key), key, in_documented, in_generated);
                if let Some(outer) = outer {
                    self.site = outer;
                }
            }
        }
    }

    /// Two members of the same name, either of which may be absent.
    fn members(
        &mut self,
        place: Place,
        at: &Pointer<'_>,
        key: &str,
        documented: Option<&Value>,
        generated: Option<&Value>,
    ) {
        let inner = place.member(key);
        let nothing = Value::Object(Map::new());
        match (documented, generated) {
            (Some(documented), Some(generated)) => self.values(inner, at, documented, generated),
            (Some(alone), None) if lists_its_members(place, inner, alone) => self.values(inner, at, alone, &nothing),
            (None, Some(alone)) if lists_its_members(place, inner, alone) => self.values(inner, at, &nothing, alone),
            (Some(_), None)
                if inner.is_referable() && is_written_out(at, &self.used_in_documented, &self.used_in_generated) => {}
            (None, Some(_))
                if inner.is_referable() && is_written_out(at, &self.used_in_generated, &self.used_in_documented) => {}
            (None, None) => {}
            _ => self.note(inner, at, documented, generated),
        }
    }

    /// Lists whose order means something.
    fn lists(&mut self, place: Place, at: &Pointer<'_>, documented: &[Value], generated: &[Value]) {
        if documented.len() == generated.len() {
            for (index, (documented, generated)) in documented.iter().zip(generated).enumerate() {
                self.values(place.element(), &at.element(index), documented, generated);
            }
        } else {
            let whole = |list: &[Value]| Value::Array(list.to_vec());
            self.note(place, at, Some(&whole(documented)), Some(&whole(generated)));
        }
    }

    /// Lists whose elements are matched by some of their keys.
    fn matched_lists(
        &mut self,
        place: Place,
        at: &Pointer<'_>,
        documented: &[Value],
        generated: &[Value],
        keys: &[&str],
    ) {
        let element = place.element();
        let mut rest: Vec<(usize, &Value)> = generated.iter().enumerate().collect();
        for (index, wanted) in documented.iter().enumerate() {
            let at = at.element(index);
            let shown = reference::resolve(self.documented, wanted);
            let is_wanted = |(_, found): &(usize, &Value)| {
                let found = reference::resolve(self.generated, found);
                keys.iter().all(|key| found.get(key) == shown.get(key))
            };
            match rest.iter().position(is_wanted) {
                Some(position) => self.values(element, &at, wanted, rest.remove(position).1),
                None => self.note(element, &at, Some(shown), None),
            }
        }
        for (index, extra) in rest {
            self.note(element, &at.element(index), None, Some(reference::resolve(self.generated, extra)));
        }
    }

    fn note(&mut self, place: Place, at: &Pointer<'_>, documented: Option<&Value>, generated: Option<&Value>) {
        let moved_to = match (place, documented, generated) {
            (Place::Operation, Some(_), None) => self.site.find_in(self.generated),
            (Place::Operation, None, Some(_)) => self.site.find_in(self.documented),
            _ => None,
        };
        self.found.push(Difference {
            operation: self.site.name().to_owned(),
            pointer: at.to_string(),
            documented: documented.cloned(),
            generated: generated.cloned(),
            next_step: self.site.next_step(place, at, documented.is_some(), generated.is_some(), moved_to),
        });
    }
}

/// True for a component that only one document has and that only this document leads to: the other one writes it out, or
/// leads to something else, and that is compared where it is used.
fn is_written_out(at: &Pointer<'_>, used_here: &HashSet<String>, used_there: &HashSet<String>) -> bool {
    let target = format!("#{at}");
    used_here.contains(&target) && !used_there.contains(&target)
}

/// True for maps whose members are reported one by one although the other document lacks the map itself.
fn lists_its_members(place: Place, inner: Place, map: &Value) -> bool {
    let has_members = map.as_object().is_some_and(|members| !members.is_empty());
    match place {
        Place::Document => has_members && matches!(inner, Place::Paths | Place::Components),
        Place::Components | Place::Paths => has_members,
        _ => false,
    }
}
