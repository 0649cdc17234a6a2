//! Text from outside, made harmless for a terminal.

use std::borrow::Cow;

/// Replaces control and invisible formatting characters by visible escapes.
///
/// Names, server answers and engine messages may hold sequences that move the cursor, rename the
/// window or reorder text. Line breaks are escaped too: a message is one line.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_harmful(character) {
            escaped.extend(character.escape_default());
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

/// Does the same line by line, for text that may have several.
#[must_use]
pub fn escape_lines(text: &str) -> String {
    text.lines()
        .map(|line| escape(line.trim_end()))
        .collect::<Vec<_>>()
        .join("\n")
}

fn is_harmful(character: char) -> bool {
    // Bidirectional overrides and isolates, zero-width characters, and the tag block.
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays() {
        assert!(matches!(escape("lab/tool:1 – größer"), Cow::Borrowed(_)));
    }

    #[test]
    fn escape_sequences_become_visible() {
        assert_eq!(escape("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\n");
        assert_eq!(escape("x\u{202e}y"), "x\\u{202e}y");
    }
}
