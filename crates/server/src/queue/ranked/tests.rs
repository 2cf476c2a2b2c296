//! Tests of the ranked set against a sorted vector, in nodes so narrow that every split and join happens.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::{Node, RankedSet};

impl<K: Ord + Copy + std::fmt::Debug, const WIDTH: usize> RankedSet<K, WIDTH> {
    /// Checks what the tree promises, and returns its keys in order.
    fn checked_keys(&self) -> Vec<K> {
        let mut keys = Vec::new();
        let heights = check(&self.root, WIDTH, &mut keys);
        assert!(heights <= 20, "{heights} levels");
        assert!(keys.is_sorted_by(|one, next| one < next), "{keys:?}");
        assert_eq!((self.len(), self.is_empty()), (keys.len(), keys.is_empty()));
        keys
    }

    fn nodes(&self) -> usize {
        fn count<K>(node: &Node<K>) -> usize {
            match node {
                Node::Leaf(_) => 1,
                Node::Branch(children) => 1 + children.iter().map(|child| count(&child.node)).sum::<usize>(),
            }
        }
        count(&self.root)
    }
}

/// Checks widths and counts below `node`, adds its keys to `keys`, and returns its height.
fn check<K: Ord + Copy + std::fmt::Debug>(node: &Node<K>, width: usize, keys: &mut Vec<K>) -> usize {
    assert!(node.width() <= width);
    match node {
        Node::Leaf(own) => {
            keys.extend_from_slice(own);
            1
        }
        Node::Branch(children) => {
            let start = keys.len();
            let mut heights = BTreeSet::new();
            for child in children.iter() {
                assert_eq!(child.before, keys.len() - start);
                assert_eq!(Some(child.first), child.node.first());
                assert!(child.node.width() > 0);
                heights.insert(check(&child.node, width, keys));
            }
            assert_eq!(heights.len(), 1, "children of different heights");
            1 + heights.into_iter().sum::<usize>()
        }
    }
}

fn check_against<const WIDTH: usize>(start: &[u16], changes: &[(bool, u16)]) {
    let mut set = RankedSet::<u16, WIDTH>::from_keys(start.to_vec());
    let mut model: BTreeSet<u16> = start.iter().copied().collect();
    let mut kept = Vec::new();
    for (step, &(add, key)) in changes.iter().enumerate() {
        let changed = if add { set.insert(key) } else { set.remove(&key) };
        assert_eq!(changed, if add { model.insert(key) } else { model.remove(&key) });
        if step % 32 == 0 {
            kept.push((set.clone(), model.clone()));
        }
    }
    kept.push((set, model));
    for (set, model) in kept {
        assert_eq!(set.checked_keys(), model.iter().copied().collect::<Vec<_>>());
        let mut finger = None;
        // Up in small steps, down in small steps, then to and fro.
        for key in (0..=310).step_by(7).chain((0..=310).rev().step_by(7)).chain((0..=310).map(|key| key * 97 % 311)) {
            let expected = (model.range(..key).count(), model.contains(&key));
            assert_eq!(set.rank(&mut finger, &key), expected);
            assert_eq!(set.rank(&mut None, &key), expected);
        }
    }
}

fn changes() -> impl Strategy<Value = Vec<(bool, u16)>> {
    // Runs of growth and of shrinking, so that trees become tall and small again.
    let run =
        (0.1..0.9f64).prop_flat_map(|share| prop::collection::vec((prop::bool::weighted(share), 0..300u16), 0..150));
    prop::collection::vec(run, 0..5).prop_map(|runs| runs.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn behaves_as_a_sorted_vector(start in prop::collection::vec(0..300u16, 0..300), changes in changes()) {
        check_against::<4>(&start, &changes);
        check_against::<64>(&start, &changes);
    }
}

#[test]
fn keys_that_arrive_in_order_fill_the_nodes() {
    let mut set = RankedSet::<u32, 4>::from_keys(Vec::new());
    assert!(set.is_empty());
    for key in 0..4096 {
        assert!(set.insert(key));
        assert_eq!(set.rank(&mut None, &key), (key as usize, true));
    }
    assert_eq!(set.nodes(), RankedSet::<u32, 4>::from_keys((0..4096).collect()).nodes());
    assert_eq!(set.checked_keys().len(), 4096);
}

#[test]
fn keys_that_arrive_elsewhere_leave_the_nodes_half_full_at_least() {
    let mut set = RankedSet::<u32, 8>::from_keys(Vec::new());
    for key in (0..4096).rev() {
        assert!(set.insert(key));
    }
    let packed = RankedSet::<u32, 8>::from_keys((0..4096).collect()).nodes();
    assert!(set.nodes() < packed * 5 / 2, "{} nodes, {packed} would do", set.nodes());
    assert_eq!(set.checked_keys().len(), 4096);
}

#[test]
fn a_set_that_is_thinned_out_gives_its_nodes_back() {
    let mut set = RankedSet::<u32, 8>::from_keys((0..8000).rev().collect());
    let full = set.nodes();
    for key in (0..8000).filter(|key| key % 20 != 0) {
        assert!(set.remove(&key));
    }
    assert_eq!(set.checked_keys().len(), 400);
    assert!(set.nodes() * 6 < full, "{} of {full} nodes are left for a twentieth of the keys", set.nodes());
    for key in (0..8000).step_by(20) {
        assert!(set.remove(&key));
    }
    assert_eq!((set.len(), set.nodes()), (0, 1));
}

#[test]
fn a_change_copies_one_path_and_shares_the_rest() {
    let set = RankedSet::<u32>::from_keys((0..10_000).map(|key| key * 2).collect());
    let mut changed = set.clone();
    assert!(changed.insert(9_999));
    let leaves = |set: &RankedSet<u32>| {
        fn collect<'set>(node: &'set Node<u32>, leaves: &mut Vec<&'set Arc<[u32]>>) {
            match node {
                Node::Leaf(keys) => leaves.push(keys),
                Node::Branch(children) => children.iter().for_each(|child| collect(&child.node, leaves)),
            }
        }
        let mut leaves = Vec::new();
        collect(&set.root, &mut leaves);
        leaves.into_iter().map(|leaf| leaf.as_ptr()).collect::<BTreeSet<_>>()
    };
    assert_eq!(leaves(&set).difference(&leaves(&changed)).count(), 1);
    assert_eq!(leaves(&changed).difference(&leaves(&set)).count(), 2);
    assert_eq!((set.len(), changed.len()), (10_000, 10_001));
}
