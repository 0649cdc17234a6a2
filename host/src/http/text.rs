//! Text that came from outside, made fit for people.

/// Returns `text` in one line of at most `limit` characters, with what could harm a terminal
/// written as an escape.
pub fn printable(text: &str, limit: usize) -> String {
    let mut shown = String::new();
    let mut length = 0;
    for c in text.trim().chars() {
        let piece: String = if matches!(c, '\n' | '\r' | '\t') {
            " ".to_owned()
        } else if c.is_control() || is_invisible(c) {
            c.escape_unicode().collect()
        } else {
            c.to_string()
        };
        length += piece.chars().count();
        if length > limit {
            shown.push('…');
            break;
        }
        shown.push_str(&piece);
    }
    shown
}

/// Tells whether a character changes how others look: a direction mark, a byte order mark.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_tamed() {
        assert_eq!(printable(" a\nb\tc ", 9), "a b c");
        assert_eq!(printable("\u{1b}[2J\u{202e}x", 99), "\\u{1b}[2J\\u{202e}x");
        assert_eq!(printable("äöüäöü", 3), "äöü…");
    }
}
