//! A sorted set that knows the rank of each key: a persistent B+ tree whose branches count what lies before each child.
//!
//! A clone is O(1) and shares all nodes with the original. A change copies the nodes on one path, O(log n); a rank is one
//! descent. `imbl::Vector` with a binary search would be less code, but its `insert` and `remove` in the middle split and
//! join the whole tree: some fifty times the cost of a change here, at half a million keys.

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;

/// A sorted set of keys. No node holds more than `WIDTH` keys or children.
#[derive(Debug, Clone)]
pub(super) struct RankedSet<K, const WIDTH: usize = 64> {
    root: Node<K>,
}

#[derive(Debug, Clone)]
enum Node<K> {
    /// Sorted keys. Only the root may be an empty leaf.
    Leaf(Arc<[K]>),
    /// At least one child. All children are of the same height.
    Branch(Arc<[Child<K>]>),
}

#[derive(Debug, Clone)]
struct Child<K> {
    /// The smallest key below.
    first: K,
    /// How many keys lie below the earlier children of the same branch.
    before: usize,
    node: Node<K>,
}

/// The place of a key in a set: where the next search starts.
#[derive(Debug)]
pub(super) struct Finger<'set, K> {
    leaf: &'set [K],
    /// How many keys lie in the leaves before.
    before: usize,
    /// The first key of the leaf after; the last leaf has no limit.
    limit: Option<K>,
    /// How many keys of the leaf are smaller.
    at: usize,
}

/// What a node became when a key was added: one node, or two when it was full.
enum Grown<K> {
    One(Node<K>),
    Two([Node<K>; 2]),
}

impl<K: Ord + Copy, const WIDTH: usize> RankedSet<K, WIDTH> {
    /// Neighbours that together are no wider than this are joined. Less than the full width, so that a join is not undone
    /// by the next key.
    const JOIN: usize = WIDTH * 3 / 4;

    /// The set of these keys, in any order and with repetitions. O(n) when they are sorted already.
    pub(super) fn from_keys(mut keys: Vec<K>) -> Self {
        if !keys.is_sorted_by(|one, next| one < next) {
            keys.sort_unstable();
            keys.dedup();
        }
        let mut level: Vec<Node<K>> = keys.chunks(WIDTH).map(|keys| Node::Leaf(keys.into())).collect();
        while level.len() > 1 {
            level = level.chunks(WIDTH).map(|nodes| Node::Branch(with_counts(nodes).into())).collect();
        }
        Self { root: level.pop().unwrap_or_else(|| Node::Leaf(Arc::new([]))) }
    }

    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        self.root.len()
    }

    /// The smallest key.
    pub(super) fn first(&self) -> Option<&K> {
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(keys) => return keys.first(),
                Node::Branch(children) => node = &children.first()?.node,
            }
        }
    }

    /// The keys from `start` on, in order, up to `limit` and only as long as `wanted` is true of them.
    pub(super) fn run_from(&self, start: &K, limit: usize, wanted: impl Fn(&K) -> bool) -> Vec<K> {
        let mut found = Vec::new();
        let mut open = vec![&self.root];
        while let Some(node) = open.pop() {
            match node {
                Node::Leaf(keys) => {
                    for key in keys.iter().filter(|key| *key >= start) {
                        if found.len() == limit || !wanted(key) {
                            return found;
                        }
                        found.push(*key);
                    }
                }
                Node::Branch(children) => {
                    open.extend(children[child_for(children, start)..].iter().rev().map(|child| &child.node));
                }
            }
        }
        found
    }

    pub(super) fn is_empty(&self) -> bool {
        self.root.width() == 0
    }

    /// How many keys are smaller, and whether the key itself is there. Looks near the place where `finger` was left by the
    /// search before this one: neighbours cost a few comparisons, and any other key one descent, as does the first.
    pub(super) fn rank<'set>(&'set self, finger: &mut Option<Finger<'set, K>>, key: &K) -> (usize, bool) {
        let finger = match finger {
            Some(finger) if finger.reaches(key) => {
                finger.walk_to(key);
                finger
            }
            _ => finger.insert(self.descend(key)),
        };
        (finger.before + finger.at, finger.leaf.get(finger.at) == Some(key))
    }

    fn descend(&self, key: &K) -> Finger<'_, K> {
        let mut node = &self.root;
        let (mut before, mut limit) = (0, None);
        loop {
            match node {
                Node::Leaf(leaf) => {
                    return Finger { leaf, before, limit, at: leaf.partition_point(|other| other < key) };
                }
                Node::Branch(children) => {
                    let number = child_for(children, key);
                    let child = &children[number];
                    before += child.before;
                    limit = children.get(number + 1).map(|next| next.first).or(limit);
                    node = &child.node;
                }
            }
        }
    }

    /// Adds a key. Answers whether it is new.
    pub(super) fn insert(&mut self, key: K) -> bool {
        match Self::grow(&self.root, key) {
            None => return false,
            Some(Grown::One(root)) => self.root = root,
            Some(Grown::Two(halves)) => self.root = Node::Branch(with_counts(&halves).into()),
        }
        true
    }

    /// Takes a key out. Answers whether it was there.
    pub(super) fn remove(&mut self, key: &K) -> bool {
        let Some(root) = Self::shrink(&self.root, key) else { return false };
        self.root = root;
        while let Node::Branch(children) = &self.root
            && let [only] = &**children
        {
            self.root = only.node.clone();
        }
        true
    }

    /// The node with `key` added; `None` when it was there.
    fn grow(node: &Node<K>, key: K) -> Option<Grown<K>> {
        match node {
            Node::Leaf(keys) => {
                let at = keys.binary_search(&key).err()?;
                Some(Self::fitted(spliced(keys, at..at, [key]), at == keys.len(), |keys| Node::Leaf(keys.into())))
            }
            Node::Branch(children) => {
                let at = child_for(children, &key);
                let children_now = match Self::grow(&children[at].node, key)? {
                    Grown::One(node) => recounted(children, at..at + 1, &[node]),
                    Grown::Two(halves) => recounted(children, at..at + 1, &halves),
                };
                Some(Self::fitted(children_now, at + 1 == children.len(), |children| Node::Branch(rebased(children))))
            }
        }
    }

    /// One node of `items`, or two when they are too many for one. Jobs mostly arrive at the end, so a node that overflows
    /// there stays full, and the next starts with the new item alone.
    fn fitted<T>(items: Vec<T>, at_end: bool, node: impl Fn(&[T]) -> Node<K>) -> Grown<K> {
        if items.len() <= WIDTH {
            return Grown::One(node(&items));
        }
        let (left, right) = items.split_at(if at_end { items.len() - 1 } else { items.len() / 2 });
        Grown::Two([node(left), node(right)])
    }

    /// The node without `key`, maybe empty; `None` when the key was not there.
    fn shrink(node: &Node<K>, key: &K) -> Option<Node<K>> {
        match node {
            Node::Leaf(keys) => {
                let at = keys.binary_search(key).ok()?;
                Some(Node::Leaf(spliced(keys, at..at + 1, []).into()))
            }
            Node::Branch(children) => {
                let at = child_for(children, key);
                let child = Self::shrink(&children[at].node, key)?;
                Some(Node::Branch(Self::with_smaller_child(children, at, child).into()))
            }
        }
    }

    /// The children with `child` in the place of the one at `at`: left out when it is empty, joined with a neighbour when
    /// both are narrow.
    fn with_smaller_child(children: &[Child<K>], at: usize, child: Node<K>) -> Vec<Child<K>> {
        if child.width() == 0 {
            return recounted(children, at..at + 1, &[]);
        }
        let joins = |neighbour: &Child<K>| neighbour.node.width() + child.width() <= Self::JOIN;
        if let Some(left) = at.checked_sub(1).map(|left| &children[left]).filter(|left| joins(left)) {
            return recounted(children, at - 1..at + 1, &[joined(&left.node, &child)]);
        }
        if let Some(right) = children.get(at + 1).filter(|right| joins(right)) {
            return recounted(children, at..at + 2, &[joined(&child, &right.node)]);
        }
        recounted(children, at..at + 1, &[child])
    }
}

impl<K: Ord> Finger<'_, K> {
    /// Whether the place of `key` is in this leaf.
    fn reaches(&self, key: &K) -> bool {
        self.leaf.first().is_some_and(|first| first <= key) && self.limit.as_ref().is_none_or(|limit| key < limit)
    }

    fn walk_to(&mut self, key: &K) {
        while self.at > 0 && self.leaf[self.at - 1] >= *key {
            self.at -= 1;
        }
        while self.leaf.get(self.at).is_some_and(|other| other < key) {
            self.at += 1;
        }
    }
}

impl<K: Copy> Node<K> {
    /// How many keys or children the node itself holds.
    fn width(&self) -> usize {
        match self {
            Self::Leaf(keys) => keys.len(),
            Self::Branch(children) => children.len(),
        }
    }

    /// How many keys lie below.
    fn len(&self) -> usize {
        match self {
            Self::Leaf(keys) => keys.len(),
            Self::Branch(children) => children.last().map_or(0, |last| last.before + last.node.len()),
        }
    }

    /// The smallest key below; `None` for an empty leaf.
    fn first(&self) -> Option<K> {
        match self {
            Self::Leaf(keys) => keys.first().copied(),
            Self::Branch(children) => children.first().map(|child| child.first),
        }
    }
}

/// The child that holds `key`, if any does.
fn child_for<K: Ord>(children: &[Child<K>], key: &K) -> usize {
    children.partition_point(|child| child.first <= *key).saturating_sub(1)
}

/// `items` with `with` in the place of `range`.
fn spliced<T: Clone, const N: usize>(items: &[T], range: Range<usize>, with: [T; N]) -> Vec<T> {
    let mut spliced = Vec::with_capacity(items.len() + N);
    spliced.extend_from_slice(&items[..range.start]);
    spliced.extend(with);
    spliced.extend_from_slice(&items[range.end..]);
    spliced
}

/// The children of one branch, out of nodes that are not empty.
fn with_counts<K: Copy>(nodes: &[Node<K>]) -> Vec<Child<K>> {
    recounted(&[], 0..0, nodes)
}

/// `children` with `nodes` in the place of `range`, and the counts of all that follow put right.
fn recounted<K: Copy>(children: &[Child<K>], range: Range<usize>, nodes: &[Node<K>]) -> Vec<Child<K>> {
    let mut all = Vec::with_capacity(children.len() + nodes.len());
    all.extend_from_slice(&children[..range.start]);
    let mut before = children.get(range.start).map_or(0, |child| child.before);
    for node in nodes {
        if let Some(first) = node.first() {
            all.push(Child { first, before, node: node.clone() });
            before += node.len();
        }
    }
    let following = &children[range.end..];
    let base = following.first().map_or(0, |child| child.before);
    all.extend(following.iter().map(|child| Child { before: before + (child.before - base), ..child.clone() }));
    all
}

/// A part of a branch as a branch of its own: its counts start at 0.
fn rebased<K: Clone>(children: &[Child<K>]) -> Arc<[Child<K>]> {
    let base = children.first().map_or(0, |child| child.before);
    children.iter().map(|child| Child { before: child.before - base, ..child.clone() }).collect()
}

/// One node of two neighbours of the same height.
fn joined<K: Copy>(left: &Node<K>, right: &Node<K>) -> Node<K> {
    match (left, right) {
        (Node::Leaf(left), Node::Leaf(right)) => Node::Leaf(left.iter().chain(&**right).copied().collect()),
        (Node::Branch(left_children), Node::Branch(right)) => {
            let left_len = left.len();
            let moved = right.iter().map(|child| Child { before: left_len + child.before, ..child.clone() });
            Node::Branch(left_children.iter().cloned().chain(moved).collect())
        }
        // All children of a branch are of the same height.
        (Node::Leaf(_), Node::Branch(_)) | (Node::Branch(_), Node::Leaf(_)) => {
            Node::Branch(with_counts(&[left.clone(), right.clone()]).into())
        }
    }
}
