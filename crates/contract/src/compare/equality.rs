//! When two values that are compared as a whole mean the same.

use serde_json::Value;

/// Equal texts, whatever white space stands between their words and at their ends.
pub(super) fn same_words(left: &Value, right: &Value) -> bool {
    match (left.as_str(), right.as_str()) {
        (Some(left), Some(right)) => left.split_whitespace().eq(right.split_whitespace()),
        _ => left == right,
    }
}

/// Equal members, in whatever order; one value alone is a set of one.
pub(super) fn same_set(left: &Value, right: &Value) -> bool {
    let mut rest: Vec<&Value> = elements(right).iter().collect();
    let all_found = elements(left).iter().all(|wanted| {
        rest.iter().position(|found| same_scalar(found, wanted)).map(|position| rest.swap_remove(position)).is_some()
    });
    all_found && rest.is_empty()
}

fn elements(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

/// Equal values. JSON has one kind of number, so 1 and 1.0 are equal.
pub(super) fn same_scalar(left: &Value, right: &Value) -> bool {
    let whole = |number: &Value| number.is_i64() || number.is_u64();
    match (left.as_f64(), right.as_f64()) {
        (Some(left_number), Some(right_number)) if !(whole(left) && whole(right)) => left_number == right_number,
        _ => left == right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sets_count_repeated_members() {
        assert!(same_set(&json!(["a", "b", "a"]), &json!(["a", "a", "b"])));
        assert!(!same_set(&json!(["a", "b", "b"]), &json!(["a", "a", "b"])));
        assert!(!same_set(&json!(["a"]), &json!(["a", "a"])));
        assert!(same_set(&json!("string"), &json!(["string"])));
        assert!(!same_set(&json!("string"), &json!(["string", "null"])));
    }

    #[test]
    fn numbers_are_compared_by_value_without_loss() {
        assert!(same_scalar(&json!(50), &json!(50.0)));
        assert!(!same_scalar(&json!(50), &json!(50.5)));
        assert!(!same_scalar(&json!(9_007_199_254_740_993_i64), &json!(9_007_199_254_740_992_i64)));
        assert!(!same_scalar(&json!(1), &json!("1")));
    }

    #[test]
    fn texts_are_compared_word_by_word() {
        assert!(same_words(&json!("a  b\nc\n"), &json!("a b c")));
        assert!(!same_words(&json!("a b"), &json!("ab")));
        assert!(!same_words(&json!("a b"), &json!(null)));
    }
}
