//! The form of identifiers.

/// Tells whether the text has the form of the UUID of such an object; `infix` is what stands in its
/// middle, such as `4zz18` for a collection.
pub(super) fn is_uuid(text: &str, infix: &str) -> bool {
    let are = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    match text.split('-').collect::<Vec<_>>()[..] {
        [cluster, middle, rest] => are(cluster, 5) && middle == infix && are(rest, 15),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_a_uuid_of_the_kind_passes() {
        assert!(is_uuid("zzzzz-j7d0g-000000000000000", "j7d0g"));
        for text in [
            "zzzzz-4zz18-000000000000000",
            "zzzzz-j7d0g-00000000000000",
            "zzzz-j7d0g-0000000000000000",
            "zzzzz-j7d0g-00000000000000%",
            "zzzzz-j7d0g-000000000000000-",
            "zzzzz-j7d0g-000000000000000/x",
            "zzzzz-j7d0g",
            "../groups",
            "",
        ] {
            assert!(!is_uuid(text, "j7d0g"), "{text}");
        }
    }
}
