//! Patterns of names.

/// What a listing shows in place of the middle of a long name. What is shown can be typed back.
const ELLIPSIS: char = '…';

/// Tells whether a text is a pattern rather than a name.
#[must_use]
pub fn is_pattern(text: &str) -> bool {
    text.contains(['*', ELLIPSIS])
}

/// Tells whether a name matches a pattern, in which `*` stands for any characters, and so does what a listing cuts
/// names with.
#[must_use]
pub fn matches(pattern: &str, name: &str) -> bool {
    if !is_pattern(pattern) {
        // The whole repository or the whole name is meant.
        let rest = name.strip_prefix(pattern);
        return rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'));
    }
    let (mut pattern, mut name) = (pattern.chars(), name.chars());
    // Where to go on if what came after the last `*` does not fit: there it stands for one character more.
    let mut again = None;
    loop {
        let mut rest = pattern.clone();
        match (rest.next(), name.clone().next()) {
            (Some('*' | ELLIPSIS), _) => {
                again = Some((rest.clone(), name.clone()));
                pattern = rest;
                continue;
            }
            (None, None) => return true,
            (Some(wanted), Some(found)) if wanted == found => {
                pattern = rest;
                name.next();
                continue;
            }
            _ => {}
        }
        let Some((after, from)) = &mut again else {
            return false;
        };
        if from.next().is_none() {
            return false;
        }
        (pattern, name) = (after.clone(), from.clone());
    }
}

/// Tells whether a short text stands somewhere in another.
///
/// What the standard library has for that is meant for long ones, and costs the components three kilobytes.
#[must_use]
pub fn holds(text: &str, part: &str) -> bool {
    place(text, part).is_some()
}

/// Puts a short text in the place of another, wherever that stands.
#[must_use]
pub fn replaced(text: &str, part: &str, with: &str) -> String {
    let (mut done, mut rest) = (String::new(), text);
    while let Some(place) = place(rest, part) {
        done.push_str(&rest[..place]);
        done.push_str(with);
        rest = &rest[place + part.len()..];
    }
    done + rest
}

/// Returns where the part begins; an empty one is nowhere.
fn place(text: &str, part: &str) -> Option<usize> {
    let mut windows = text.as_bytes().windows(part.len().max(1));
    windows.position(|window| window == part.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_shells_have_them() {
        for (pattern, name, expected) in [
            ("lab/*", "lab/tool:1", true),
            ("lab/*", "laboratory/tool:1", false),
            ("*tool:1", "lab/tool:1", true),
            ("*:1*", "lab/tool:1.2", true),
            ("lab/*ol:*", "lab/tool:1", true),
            ("lab/tool", "lab/tool:1", true),
            ("lab/tool", "lab/tools:1", false),
            ("lab/tool:1", "lab/tool:1", true),
            ("*", "", true),
            ("a*a", "a", false),
            ("a*ab*b", "aababb", true),
            ("*é*", "caféx", true),
            ("**a", "ba", true),
            ("a*b", "abc", false),
            ("quay.i…ools:1", "quay.io/lab/tools:1", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_part_is_found_wherever_it_stands() {
        for (text, part, expected) in [
            ("abc", "bc", true),
            ("abc", "abcd", false),
            ("abc", "", false),
            ("", "a", false),
            ("aab", "ab", true),
        ] {
            assert_eq!(holds(text, part), expected, "{text} {part}");
            assert_eq!(
                replaced(text, part, "é"),
                if expected {
                    text.replace(part, "é")
                } else {
                    text.into()
                }
            );
        }
        assert_eq!(replaced("aéaéb", "é", "xy"), "axyaxyb");
    }
}
