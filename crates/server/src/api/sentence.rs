//! Errors in the words of a person.

/// What an error says, as a sentence.
pub(super) fn sentence(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let mut characters = text.chars();
    let first = characters.next().map(char::to_uppercase);
    let first = first.into_iter().flatten();
    first.chain(characters).chain(['.']).collect()
}
