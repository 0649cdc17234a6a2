//! Lines of text broken to the width of a terminal.

/// In less room than this, breaking lines makes nothing easier to read.
const LEAST: usize = 24;

/// Breaks a line so that it fits `width`. Its first `before` columns are taken already; the lines that follow are
/// indented by `hang`.
///
/// It is broken at blanks alone, so that what people copy stays whole: UUIDs, addresses, and what stands between
/// backquotes, which is a command as a rule. Such a piece may be wider than the terminal; a line that the terminal
/// breaks itself is still copied as one. A line with several blanks in a row is laid out, and stays as it is.
#[must_use]
pub fn wrapped(line: &str, width: usize, before: usize, hang: usize) -> String {
    let text = line.trim_start_matches(' ');
    let indent = line.len() - text.len();
    let fits = before + line.chars().count() <= width;
    if fits || width < LEAST.max(2 * hang) || text.contains("  ") {
        return line.to_owned();
    }
    let mut broken = " ".repeat(indent);
    let mut column = before + indent;
    for (place, piece) in pieces(text).into_iter().enumerate() {
        let length = piece.chars().count();
        if place > 0 && column + 1 + length > width {
            broken.push('\n');
            broken.push_str(&" ".repeat(hang));
            column = hang;
        } else if place > 0 {
            broken.push(' ');
            column += 1;
        }
        broken.push_str(piece);
        column += length;
    }
    broken
}

/// Returns the parts of a text between which it may be broken.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut is_quoted = false;
    for (at, character) in text.char_indices() {
        match character {
            // One without its fellow quotes nothing.
            '`' => is_quoted = !is_quoted && text[at + 1..].contains('`'),
            ' ' if !is_quoted => {
                pieces.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    pieces.push(&text[start..]);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_broken_at_blanks_and_hangs() {
        assert_eq!(
            wrapped("the cluster has no image of this name", 30, 7, 7),
            "the cluster has no\n       image of this name"
        );
        assert_eq!(
            wrapped("  said by another program of this machine", 30, 0, 4),
            "  said by another program of\n    this machine"
        );
    }

    #[test]
    fn what_is_copied_stays_whole() {
        for whole in [
            "`keepdocker upload --from docker-archive:FILE lab/tool:1`",
            "zzzzz-4zz18-0123456789abcde",
            "https://workbench.zzzzz.example.org/collections/zzzzz-4zz18-0123456789abcde",
        ] {
            for width in 0..100 {
                let text = format!("one or two words, then {whole}, and a few after it");
                let broken = wrapped(&text, width, 6, 6);
                assert!(broken.contains(whole), "{width}: {broken}");
                let joined = broken.replace("\n      ", " ");
                assert_eq!(joined, text, "{width}");
            }
        }
    }

    #[test]
    fn a_quote_without_its_fellow_keeps_nothing_together() {
        let text = "the name ` has no fellow, and so it quotes nothing";
        assert_eq!(
            wrapped(text, 30, 0, 2),
            "the name ` has no fellow, and\n  so it quotes nothing"
        );
    }

    #[test]
    fn what_is_laid_out_or_fits_or_has_no_room_stays() {
        for (text, width) in [
            ("name     value     and some more of it", 30),
            ("it fits", 30),
            ("there is no room for any of these words", 20),
        ] {
            assert_eq!(wrapped(text, width, 0, 2), text);
        }
    }
}
