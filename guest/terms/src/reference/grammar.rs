//! The characters and lengths that the parts of a reference may have.

use crate::hex;

pub(super) use crate::digest::{ALGORITHM, DIGITS as ALL_DIGITS};

/// The longest repository with its host, as registries have it.
pub(super) const LONGEST_REPOSITORY: usize = 255;
pub(super) const LONGEST_TAG: usize = 128;
/// With fewer digits a prefix stops being a practical name for one image.
pub(super) const FEWEST_DIGITS: usize = 12;

/// Tells whether the text before the first `/` names a host, not a part of the path.
pub(super) fn looks_like_host(text: &str) -> bool {
    text == "localhost"
        || text.contains(['.', ':', '['])
        || text.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// Tells whether the text is a registry's host, with a port if it is not the usual one.
pub fn is_host(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) => {
                let is_address = !address.is_empty()
                    && address
                        .bytes()
                        .all(|byte| byte.is_ascii_hexdigit() || byte == b':');
                if !is_address {
                    return false;
                }
                match port.strip_prefix(':') {
                    Some(port) => (None, Some(port)),
                    None if port.is_empty() => (None, None),
                    None => return false,
                }
            }
            None => return false,
        },
        None => match text.split_once(':') {
            Some((host, port)) => (Some(host), Some(port)),
            None => (Some(text), None),
        },
    };
    host.is_none_or(is_host_name) && port.is_none_or(is_port)
}

/// Tells whether the text is a host's name: labels with a dot between two.
pub fn is_host_name(text: &str) -> bool {
    text.split('.').all(is_label)
}

/// Tells whether the text is a port, in the one way to write it. With leading zeros one server would
/// have many names, none of which is like another.
fn is_port(text: &str) -> bool {
    !text.starts_with('0')
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && text.parse::<u16>().is_ok()
}

/// Tells whether the text is one part of a host's name.
fn is_label(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Tells whether the text is runs of lower-case letters and digits, with one separator between
/// two runs: `.`, `_`, `__`, or any number of `-`.
pub(super) fn is_path_component(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else {
        return false;
    };
    if !is_plain(first) || !is_plain(last) {
        return false;
    }
    bytes.split(|&byte| is_plain(byte)).all(|separator| {
        matches!(separator, b"" | b"." | b"_" | b"__") || separator.iter().all(|&byte| byte == b'-')
    })
}

pub(super) fn is_tag(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= LONGEST_TAG
        && text.bytes().next().is_some_and(is_word)
        && text
            .bytes()
            .all(|byte| is_word(byte) || byte == b'.' || byte == b'-')
}

pub(super) fn is_digest(text: &str) -> bool {
    let Some((algorithm, digits)) = text.split_once(':') else {
        return false;
    };
    let is_algorithm = algorithm
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic())
        && algorithm
            .split(['+', '.', '_', '-'])
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let is_hex = hex::are_digits(digits, digits.len());
    // A digest of the usual algorithm has one length; of others the grammar knows only the least.
    let is_long_enough = match algorithm {
        "sha256" => digits.len() == ALL_DIGITS,
        _ => (32..=256).contains(&digits.len()),
    };
    is_algorithm && is_hex && is_long_enough
}
