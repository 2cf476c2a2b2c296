//! Which version a set of changes asks for, by the rules of semantic versioning.

use super::{ApiChange, Class};

/// How far the version must go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bump {
    /// It may stay.
    None,
    /// 1.2.3 to 1.2.4.
    Patch,
    /// 1.2.3 to 1.3.0.
    Minor,
    /// 1.2.3 to 2.0.0.
    Major,
}

/// The text is not a version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no version: it must be three numbers, such as 0.2.0")]
pub struct VersionError(String);

/// The lowest version that may have these changes since `released`. Before 1.0 a breaking change takes a minor version and an addition a
/// patch; from there on a major one and a minor one. Words alone may keep the version.
///
/// # Errors
/// One of the versions is none.
pub fn required_version(released: &str, changes: &[ApiChange]) -> Result<(u64, u64, u64), VersionError> {
    let (major, minor, patch) = parse(released)?;
    let worst = changes.iter().map(|change| change.class).min();
    let bump = match worst {
        Some(class) if class.is_breaking() => {
            if major == 0 {
                Bump::Minor
            } else {
                Bump::Major
            }
        }
        Some(Class::Additive) => {
            if major == 0 {
                Bump::Patch
            } else {
                Bump::Minor
            }
        }
        _ => Bump::None,
    };
    Ok(match bump {
        Bump::None => (major, minor, patch),
        Bump::Patch => (major, minor, patch + 1),
        Bump::Minor => (major, minor + 1, 0),
        Bump::Major => (major + 1, 0, 0),
    })
}

/// The three numbers of a version.
///
/// # Errors
/// There are not three.
pub fn parse(version: &str) -> Result<(u64, u64, u64), VersionError> {
    let numbers: Option<Vec<u64>> = version.split('.').map(|part| part.parse().ok()).collect();
    match numbers.as_deref() {
        Some([major, minor, patch]) => Ok((*major, *minor, *patch)),
        _ => Err(VersionError(version.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::{ApiChange, Class, required_version};

    fn change(class: Class) -> ApiChange {
        ApiChange { class, operation: String::new(), place: String::new(), what: String::new(), way_out: "" }
    }

    #[test]
    fn versions_follow_the_worst_change() {
        use Class::{Additive, BreaksRequests, BreaksResponses, Wording};
        for (released, classes, wanted) in [
            ("0.1.0", &[][..], (0, 1, 0)),
            ("0.1.0", &[Wording], (0, 1, 0)),
            ("0.1.0", &[Wording, Additive], (0, 1, 1)),
            ("0.1.7", &[Additive, BreaksResponses], (0, 2, 0)),
            ("1.4.2", &[Additive], (1, 5, 0)),
            ("1.4.2", &[BreaksRequests], (2, 0, 0)),
        ] {
            let changes: Vec<_> = classes.iter().map(|class| change(*class)).collect();
            assert_eq!(required_version(released, &changes), Ok(wanted), "{released} {classes:?}");
        }
        assert!(required_version("1.0", &[]).is_err() && required_version("v1.0.0", &[]).is_err());
    }
}
