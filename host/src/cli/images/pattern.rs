//! Patterns of names.

/// What a listing shows in place of the middle of a long name. What is shown can be typed back.
const ELLIPSIS: char = '…';

/// Tells whether a text is a pattern rather than a name.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', ELLIPSIS])
}

/// Tells whether a name matches a pattern, in which `*` stands for any characters, and so does what a listing cuts
/// names with.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split(['*', ELLIPSIS]);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        // Without a `*`, the whole repository or the whole name is meant.
        return rest.is_empty() || rest.starts_with(':');
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
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
            ("quay.i…ools:1", "quay.io/lab/tools:1", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
