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
}
