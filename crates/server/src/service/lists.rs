//! JSON arrays put together from ready elements.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use bytes::Bytes;

use crate::model::organizations::Organizations;

/// The array of these elements with the line feed that ends every answer.
pub fn array_of<'a>(elements: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = vec![b'['];
    for (index, element) in elements.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(element);
    }
    out.extend_from_slice(b"]\n");
    out
}

/// The answer to whoever may read all organizations, kept until one of them changes.
#[derive(Default)]
pub struct AllOrganizations {
    kept: ArcSwapOption<(u64, Bytes)>,
}

impl AllOrganizations {
    /// The JSON of all of them.
    pub fn get_or_assemble(&self, organizations: &Organizations) -> Bytes {
        let version = organizations.version();
        if let Some(kept) = self.kept.load().as_deref().filter(|(kept, _)| *kept == version) {
            return kept.1.clone();
        }
        let json = Bytes::from(array_of(organizations.iter().map(|cached| cached.fragment())));
        self.kept.store(Some(Arc::new((version, json.clone()))));
        json
    }
}

#[cfg(test)]
mod tests {
    use super::array_of;

    #[test]
    fn an_empty_array_is_an_array() {
        assert_eq!(array_of(std::iter::empty()), b"[]\n");
        assert_eq!(array_of([b"1".as_slice(), b"{}"].into_iter()), b"[1,{}]\n");
    }
}
