//! Which operation a path and a method are, and what stands in the path's parameters.
//!
//! A tree of the documented paths, made once for the process. Actix's own router compiles a regular expression for every path
//! and tries one after the other; it did so anew in every worker thread, which was the longest part of a start.

use std::sync::LazyLock;

use actix_web::dev::ServiceRequest;
use actix_web::{HttpMessage, HttpRequest};
use matchit::Router;

use crate::operations::Operation;

/// Where the API begins.
pub const BASE: &str = "/api/v2";

/// The one GET path that the reference does not also answer with a slash at its end.
const EXACT: &str = "/organizations/{organization}/provisionerjobs/{job}";

/// Most parameters that a documented path has; a test holds it.
const MOST_PARAMETERS: usize = 4;

static PATHS: LazyLock<Router<Place>> = LazyLock::new(|| {
    let mut paths = Router::new();
    for (path, operations) in places() {
        // Documented paths do not contradict one another; the tests ask for every one of them.
        let inserted = paths.insert(path, Place::new(operations));
        debug_assert!(inserted.is_ok(), "{inserted:?}");
    }
    paths
});

/// Every path that is answered, below [`BASE`], with what may be done there.
fn places() -> Vec<(String, Vec<Operation>)> {
    let mut places: Vec<(String, Vec<Operation>)> = Vec::new();
    for operation in Operation::ALL.iter().copied() {
        let path = operation.path();
        let reads = operation.method() == "GET";
        // The root is also what is left when nothing stands behind the base; other paths may be read with a slash at their end.
        let alias = match path {
            "/" => Some(String::new()),
            EXACT => None,
            _ if reads => Some(format!("{path}/")),
            _ => None,
        };
        for path in [Some(path.to_owned()), alias].into_iter().flatten() {
            match places.iter_mut().find(|place| place.0 == path) {
                Some(place) => place.1.push(operation),
                None => places.push((path, vec![operation])),
            }
        }
    }
    places
}

/// The operations of one path.
#[derive(Debug)]
struct Place {
    operations: Vec<Operation>,
    allow: String,
}

impl Place {
    fn new(operations: Vec<Operation>) -> Self {
        let mut methods: Vec<&str> = operations.iter().map(|operation| operation.method()).collect();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods.sort_unstable();
        Self { allow: methods.join(", "), operations }
    }
}

/// What a path and a method are.
#[derive(Debug, Clone, Copy)]
pub enum Found {
    /// An operation.
    Operation(Routed),
    /// A documented path with another method; the value of `Allow`.
    OtherMethod(&'static str),
    /// Nothing.
    Nothing,
}

/// The operation that a request is, and where its parameters stand in the path. Kept with the request.
#[derive(Debug, Clone, Copy)]
pub struct Routed {
    /// The operation.
    pub operation: Operation,
    parameters: [Parameter; MOST_PARAMETERS],
}

/// A name, and from where to where in the path that Actix hands on.
type Parameter = (&'static str, u16, u16);

/// What this path, as Actix hands it on, is with this method.
pub fn find(method: &str, path: &str) -> Found {
    let Some(below) = path.strip_prefix(BASE) else { return Found::Nothing };
    let Ok(matched) = PATHS.at(below) else { return Found::Nothing };
    let method = if method == "HEAD" { "GET" } else { method };
    let place: &'static Place = matched.value;
    let Some(operation) = place.operations.iter().copied().find(|operation| operation.method() == method) else {
        return Found::OtherMethod(&place.allow);
    };
    let mut parameters = [("", 0, 0); MOST_PARAMETERS];
    for (slot, (name, value)) in parameters.iter_mut().zip(matched.params.iter()) {
        *slot = parameter(name, value, path);
    }
    Found::Operation(Routed { operation, parameters })
}

/// `value` is a part of `path`. No request has a path that is longer than a `u16` can say: Actix refuses it.
fn parameter(name: &'static str, value: &str, path: &str) -> Parameter {
    let begin = value.as_ptr().addr().saturating_sub(path.as_ptr().addr());
    let place = |at: usize| u16::try_from(at).unwrap_or(u16::MAX);
    (name, place(begin), place(begin + value.len()))
}

impl Routed {
    /// Finds the operation of a request and leaves it with the request.
    pub fn note(request: &ServiceRequest) -> Found {
        let found = find(request.method().as_str(), request.match_info().as_str());
        if let Found::Operation(routed) = found {
            request.extensions_mut().insert(routed);
        }
        found
    }

    /// What was left with the request.
    pub fn of(request: &HttpRequest) -> Option<Self> {
        request.extensions().get::<Self>().copied()
    }
}

/// The operation that a request is, once it was found.
pub fn operation_of(request: &HttpRequest) -> Option<Operation> {
    Routed::of(request).map(|routed| routed.operation)
}

/// A segment of the path as it was sent; empty when the operation's path has no such parameter.
pub fn segment<'a>(request: &'a HttpRequest, name: &str) -> &'a str {
    let Some(routed) = Routed::of(request) else { return "" };
    let found = routed.parameters.iter().find(|parameter| parameter.0 == name);
    let Some((_, begin, end)) = found else { return "" };
    request.match_info().as_str().get(usize::from(*begin)..usize::from(*end)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(method: &str, path: &str) -> Option<&'static str> {
        match find(method, path) {
            Found::Operation(routed) => Some(routed.operation.id()),
            Found::OtherMethod(_) | Found::Nothing => None,
        }
    }

    fn allow(method: &str, path: &str) -> Option<&'static str> {
        match find(method, path) {
            Found::OtherMethod(allow) => Some(allow),
            Found::Operation(_) | Found::Nothing => None,
        }
    }

    #[test]
    fn every_operation_is_found_by_its_own_path_with_its_parameters() {
        for operation in Operation::ALL {
            let names: Vec<&str> = operation.path().split('/').filter_map(|part| part.strip_prefix('{')).collect();
            assert!(names.len() <= MOST_PARAMETERS, "{}", operation.path());
            let path = format!("{BASE}{}", operation.path().replace('{', "a-").replace('}', ""));
            let Found::Operation(routed) = find(operation.method(), &path) else { panic!("{path} is not found") };
            assert_eq!(routed.operation.id(), operation.id(), "{path}");
            let found: Vec<String> = routed.parameters[..names.len()]
                .iter()
                .map(|(name, begin, end)| format!("{name}={}", &path[usize::from(*begin)..usize::from(*end)]))
                .collect();
            let expected: Vec<String> =
                names.iter().map(|name| name.trim_end_matches('}')).map(|name| format!("{name}=a-{name}")).collect();
            assert_eq!(found, expected, "{path}");
        }
    }

    #[test]
    fn no_two_paths_contradict_one_another() {
        let mut paths = Router::new();
        for (path, _) in places() {
            paths.insert(path.clone(), ()).unwrap_or_else(|error| panic!("{path}: {error}"));
        }
    }

    #[test]
    fn fixed_segments_win_wherever_they_stand() {
        assert_eq!(id("GET", "/api/v2/users/roles"), Some("getSiteMemberRoles"));
        assert_eq!(id("GET", "/api/v2/users/ana"), Some("getUserByName"));
        assert_eq!(id("GET", "/api/v2/users/roles/roles"), Some("getUserRoles"), "a user may be called roles");
        assert_eq!(id("GET", "/api/v2/organizations/acme/members/roles"), Some("getMemberRolesByOrganization"));
        assert_eq!(id("PUT", "/api/v2/organizations/acme/members/roles/roles"), Some("assignRoleToOrganizationMember"));
    }

    #[test]
    fn reading_bears_a_slash_at_the_end_and_nothing_else_does() {
        assert_eq!(id("HEAD", "/api/v2/organizations/"), id("GET", "/api/v2/organizations"));
        assert_eq!(allow("POST", "/api/v2/organizations/"), Some("GET, HEAD"));
        assert_eq!(id("GET", &format!("{BASE}{}/", EXACT.replace(['{', '}'], ""))), None);
        assert_eq!(id("GET", "/api/v2"), id("GET", "/api/v2/"));
        assert!(id("GET", "/api/v2").is_some());
    }

    #[test]
    fn other_methods_and_other_paths_are_told_apart() {
        assert_eq!(allow("BREW", "/api/v2/organizations"), Some("GET, HEAD, POST"));
        for path in ["/api/v2/nothing", "/organizations", "/api/v2organizations", "/api/v2/users//roles", ""] {
            assert!(matches!(find("GET", path), Found::Nothing), "{path}");
        }
    }
}
