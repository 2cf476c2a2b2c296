//! The tag sets that exist, by id and by content. Knows no database: ids are given by whoever stored the tag set.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{TagSet, matches_filter};

/// The small number that stands for a tag set in the database and in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TagSetId(pub i32);

/// Every tag set that is stored. A clone is O(1) and does not change with the original.
///
/// Tag sets are never deleted and never change, so an answer of the registry stays true for good; only "not found" may
/// turn into something else.
#[derive(Debug, Clone, Default)]
pub struct TagSetRegistry {
    by_id: imbl::OrdMap<TagSetId, Arc<TagSet>>,
    by_tags: imbl::HashMap<Arc<TagSet>, TagSetId>,
}

impl TagSetRegistry {
    /// Adds a stored tag set. An id that is known already keeps its tags.
    pub fn insert(&mut self, id: TagSetId, tags: TagSet) {
        if self.by_id.contains_key(&id) {
            return;
        }
        let tags = Arc::new(tags);
        self.by_id.insert(id, Arc::clone(&tags));
        self.by_tags.insert(tags, id);
    }

    /// The tags that `id` stands for.
    pub fn get(&self, id: TagSetId) -> Option<&Arc<TagSet>> {
        self.by_id.get(&id)
    }

    /// The id of these tags, if they are stored.
    pub fn id_of(&self, tags: &TagSet) -> Option<TagSetId> {
        self.by_tags.get(tags).copied()
    }

    /// The ids of the tag sets whose jobs pass the `tags` filter of the job list, ascending.
    pub fn ids_matching_filter(&self, filter: &BTreeMap<String, String>) -> Vec<TagSetId> {
        self.by_id.iter().filter(|(_, tags)| matches_filter(tags, filter)).map(|(id, _)| *id).collect()
    }

    /// How many tag sets are stored.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether no tag set is stored.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }
}
