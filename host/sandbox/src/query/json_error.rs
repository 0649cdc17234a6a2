//! Explains JSON that cannot be read, in the words of the controller.

/// Explains a JSON error in the words of the controller's decoder.
pub(crate) fn go_json_error(text: &str, error: &serde_json::Error) -> String {
    if error.is_eof() {
        return "unexpected end of JSON input".to_owned();
    }
    if let Some(words) = broken_literal(text) {
        return words;
    }
    let line = text
        .lines()
        .nth(error.line().saturating_sub(1))
        .unwrap_or_default();
    let character = line
        .char_indices()
        .map(|(_, character)| character)
        .nth(error.column().saturating_sub(1))
        .unwrap_or(' ');
    format!("invalid character {character:?} looking for beginning of value")
}

/// Explains a word that begins like `true`, `false` or `null` and goes on otherwise.
fn broken_literal(text: &str) -> Option<String> {
    let text = text.trim_start();
    let literal = ["true", "false", "null"]
        .into_iter()
        .find(|literal| text.starts_with(&literal[..1]))?;
    let (found, expected) = text
        .chars()
        .zip(literal.chars())
        .find(|(found, expected)| found != expected)?;
    Some(format!(
        "invalid character {found:?} in literal {literal} (expecting {expected:?})"
    ))
}
