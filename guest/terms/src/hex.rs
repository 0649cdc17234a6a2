//! Hexadecimal digits.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Writes bytes as lower-case digits, two for each.
#[must_use]
pub fn of(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|nibble| char::from(DIGITS[usize::from(nibble)]))
        .collect()
}

/// Reads as many bytes as the array has from lower-case digits; none for any other text.
#[must_use]
pub fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(bytes)
}

/// Tells whether the text is digits of either case, as many as are wanted.
#[must_use]
pub fn are_digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Tells whether the text is digits of lower case, as many as are wanted.
#[must_use]
pub(crate) fn are_lower_digits(text: &str, count: usize) -> bool {
    let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.len() == count && text.bytes().all(is_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_from_their_digits_and_from_no_other_text() {
        assert_eq!(of(&[0, 15, 16, 255]), "000f10ff");
        assert_eq!(of(&[]), "");
        assert_eq!(bytes("000f10ff"), Some([0, 15, 16, 255]));
        for wrong in [
            "",
            "000f10f",
            "000f10ff0",
            "000F10FF",
            "000f10fg",
            "+00f10ff",
        ] {
            assert_eq!(bytes::<4>(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn digits_are_counted_and_their_case_matters_where_it_is_to() {
        for (text, are, are_lower) in [
            ("0af", true, true),
            ("0aF", true, false),
            ("0ag", false, false),
            ("0a", false, false),
            ("0é", false, false),
        ] {
            let found = (are_digits(text, 3), are_lower_digits(text, 3));
            assert_eq!(found, (are, are_lower), "{text}");
        }
    }
}
