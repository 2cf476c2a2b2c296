//! Which operation a request is, told from its method and path before it is handled.

use crate::http::routes::BASE;
use crate::operations::Operation;

/// The operation; `None` where the router would find none either. Of several whose paths match, the one with the most fixed segments.
pub fn operation_of(method: &str, path: &str) -> Option<Operation> {
    let path = path.strip_prefix(BASE)?;
    let method = if method == "HEAD" { "GET" } else { method };
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let fitting = Operation::ALL.iter().copied().filter(|operation| operation.method() == method);
    fitting
        .filter_map(|operation| Some((fixed_segments(operation.path(), &segments)?, operation)))
        .max_by_key(|(fixed, _)| *fixed)
        .map(|(_, operation)| operation)
}

/// How many segments of the template stand in the path as they are; `None` when it does not match.
fn fixed_segments(template: &str, segments: &[&str]) -> Option<usize> {
    let parts: Vec<&str> = template.split('/').filter(|part| !part.is_empty()).collect();
    if parts.len() != segments.len() {
        return None;
    }
    let mut fixed = 0;
    for (part, segment) in parts.iter().zip(segments) {
        if part == segment {
            fixed += 1;
        } else if !part.starts_with('{') {
            return None;
        }
    }
    Some(fixed)
}

#[cfg(test)]
mod tests {
    use super::operation_of;

    fn id(method: &str, path: &str) -> Option<&'static str> {
        operation_of(method, path).map(|operation| operation.id())
    }

    #[test]
    fn every_operation_is_found_by_its_own_path() {
        for operation in crate::operations::Operation::ALL {
            let path = format!("/api/v2{}", operation.path().replace(['{', '}'], ""));
            assert_eq!(id(operation.method(), &path), Some(operation.id()), "{path}");
        }
    }

    #[test]
    fn fixed_segments_win_and_what_is_no_operation_is_none() {
        assert_eq!(id("GET", "/api/v2/users/roles"), Some("getSiteMemberRoles"));
        assert_eq!(id("GET", "/api/v2/users/ana"), Some("getUserByName"));
        assert_eq!(id("HEAD", "/api/v2/organizations/"), id("GET", "/api/v2/organizations"));
        assert_eq!(id("GET", "/api/v2/nothing"), None);
        assert_eq!(id("GET", "/organizations"), None);
        assert_eq!(id("BREW", "/api/v2/organizations"), None);
    }
}
