//! Text from outside, made harmless for a terminal.
//!
//! Names, server answers and engine messages may hold sequences that move the cursor, rename the
//! window or reorder text.

use std::borrow::Cow;

/// Replaces control and invisible formatting characters by visible escapes.
///
/// Line breaks are escaped too: a message is one line.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        push(&mut escaped, character);
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

/// Escapes text, and cuts it to at most `limit` characters and a mark that it goes on.
#[must_use]
pub fn excerpt(text: &str, limit: usize) -> String {
    let mut shown = String::new();
    let mut length = 0;
    for character in text.chars() {
        let before = shown.len();
        push(&mut shown, character);
        length += shown[before..].chars().count();
        if length > limit {
            shown.truncate(before);
            shown.push('…');
            break;
        }
    }
    shown
}

/// Returns an excerpt of text that was laid out for something else: white space around it is dropped,
/// and line breaks and tabs within become blanks.
#[must_use]
pub fn one_line(text: &str, limit: usize) -> String {
    excerpt(&text.trim().replace(['\n', '\r', '\t'], " "), limit)
}

fn push(text: &mut String, character: char) {
    if is_harmful(character) {
        text.extend(character.escape_default());
    } else {
        text.push(character);
    }
}

fn is_harmful(character: char) -> bool {
    // Bidirectional overrides and isolates, zero-width characters, and the tag block.
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
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

    #[test]
    fn an_excerpt_is_cut_at_a_character_and_never_within_an_escape() {
        assert_eq!(excerpt("äöüäöü", 3), "äöü…");
        assert_eq!(excerpt("ab\u{1b}c", 6), "ab…");
        assert_eq!(excerpt("ab\u{1b}c", 9), "ab\\u{1b}c");
        assert_eq!(excerpt(" a\nb", 9), " a\\nb");
    }

    #[test]
    fn hostile_text_is_tamed_in_one_line() {
        assert_eq!(one_line(" a\nb\tc ", 9), "a b c");
        assert_eq!(one_line("\u{1b}[2J\u{202e}x", 99), "\\u{1b}[2J\\u{202e}x");
    }
}
