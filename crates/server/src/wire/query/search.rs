//! How the searches of lists are taken apart: words and `key:value` pairs between white space, and double quotes around what has
//! white space in it.

/// The parts between white space that is not in double quotes, with their quotes; `None` when a quote is not closed.
pub(super) fn terms(text: &str) -> Option<Vec<String>> {
    let mut terms = vec![String::new()];
    let mut in_quotes = false;
    for character in text.chars() {
        in_quotes ^= character == '"';
        match terms.last_mut() {
            Some(term) if in_quotes || !character.is_whitespace() => term.push(character),
            _ => terms.push(String::new()),
        }
    }
    terms.retain(|term| !term.is_empty());
    (!in_quotes).then_some(terms)
}

/// A part without its quotes.
pub(super) fn unquoted(text: &str) -> String {
    text.replace('"', "")
}
