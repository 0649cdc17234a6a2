//! Checks, hashes, signs and measures manifests by the server's rules.

use md5::{Digest, Md5};

use crate::signature::{Signer, hex};

/// The locator of the block without bytes, which needs no signature.
pub(crate) const EMPTY_BLOCK: &str = "d41d8cd98f00b204e9800998ecf8427e";

/// What a well-formed manifest holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    /// The number of distinct files, not counting empty-directory placeholders.
    pub(crate) file_count: i64,
    /// The bytes of all files.
    pub(crate) file_size_total: i64,
    /// The names of all files with their directories, each with an end of line.
    pub(crate) file_names: String,
}

/// Checks a manifest and counts its files.
///
/// A file segment beyond the end of the data is accepted, as on the real server.
///
/// # Errors
///
/// Returns the server's words for what is wrong.
pub(crate) fn check(text: &str) -> Result<Summary, String> {
    let mut files: Vec<String> = Vec::new();
    let mut summary = Summary::default();
    if text.is_empty() {
        return Ok(summary);
    }
    let Some(body) = text.strip_suffix('\n') else {
        return Err("Invalid manifest: does not end with newline".to_owned());
    };
    for (index, line) in body.split('\n').enumerate() {
        check_stream(line, &mut files, &mut summary)
            .map_err(|reason| format!("Manifest invalid for stream {}: {reason}", index + 1))?;
    }
    files.sort_unstable();
    files.dedup();
    summary.file_count = i64::try_from(files.len()).unwrap_or(i64::MAX);
    summary.file_names = files.iter().flat_map(|name| [name, "\n"]).collect();
    Ok(summary)
}

/// Checks one line and adds its files.
fn check_stream(line: &str, files: &mut Vec<String>, summary: &mut Summary) -> Result<(), String> {
    let mut words = line.split(' ').peekable();
    let stream = words.next().unwrap_or_default();
    if !is_stream_name(stream) {
        return Err(format!("missing or invalid stream name {}", quoted(stream)));
    }
    let mut locators = 0;
    while words.peek().is_some_and(|word| is_locator(word)) {
        words.next();
        locators += 1;
    }
    if locators == 0 {
        return Err(format!(
            "missing or invalid locator {}",
            quoted(words.peek().copied().unwrap_or_default())
        ));
    }
    if words.peek().is_none() {
        return Err("no file tokens".to_owned());
    }
    for word in words {
        let Some((size, name)) = file_token(word) else {
            if word.is_empty() {
                return Err("trailing space".to_owned());
            }
            return Err(format!("invalid file token {}", quoted(word)));
        };
        if name == "." {
            continue;
        }
        let directory = unescape(stream.strip_prefix("./").unwrap_or(""));
        let path = if directory.is_empty() {
            name
        } else {
            format!("{directory}/{name}")
        };
        files.push(path);
        summary.file_size_total = summary.file_size_total.saturating_add(size);
    }
    Ok(())
}

/// Says whether the text is `.` or `./a/b` without empty, `.` or `..` parts.
fn is_stream_name(text: &str) -> bool {
    let mut parts = text.split('/');
    parts.next() == Some(".") && parts.all(is_name_part) && has_valid_escapes(text)
}

/// Says whether the text can be one step of a path.
fn is_name_part(part: &str) -> bool {
    let plain = unescape(part);
    !plain.is_empty() && plain != "." && plain != ".." && !part.contains(char::is_control)
}

/// Says whether every backslash starts three octal digits, the first of them 0 to 3.
fn has_valid_escapes(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut index = 0;
    while index < bytes.len() {
        if bytes[index] != b'\\' {
            index += 1;
            continue;
        }
        match bytes.get(index + 1..index + 4) {
            Some([b'0'..=b'3', b'0'..=b'7', b'0'..=b'7']) => index += 4,
            _ => return false,
        }
    }
    true
}

/// Says whether the text is `<32 hex>[+size][+hints]`.
pub(crate) fn is_locator(text: &str) -> bool {
    let mut parts = text.split('+');
    let hash = parts.next().unwrap_or_default();
    if hash.len() != 32
        || !hash
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    {
        return false;
    }
    parts.enumerate().all(|(index, part)| {
        let mut characters = part.chars();
        match characters.next() {
            Some(first) if first.is_ascii_uppercase() => {
                characters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '@' | '_' | '-'))
            }
            Some(first) if index == 0 && first.is_ascii_digit() => {
                characters.all(|c| c.is_ascii_digit())
            }
            _ => false,
        }
    })
}

/// Splits `position:size:name` into the size and the unescaped name.
fn file_token(word: &str) -> Option<(i64, String)> {
    let mut parts = word.splitn(3, ':');
    let position = parts.next()?;
    let size = parts.next()?;
    let name = parts.next()?;
    let decimal = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !decimal(position) || !decimal(size) || !has_valid_escapes(name) {
        return None;
    }
    let plain = unescape(name);
    let is_placeholder = plain == "." && size.trim_start_matches('0').is_empty();
    if !is_placeholder && !name.split('/').all(is_name_part) {
        return None;
    }
    Some((size.parse().ok()?, plain))
}

/// Replaces `\ooo` by the byte it stands for.
pub(crate) fn unescape(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        if let (b'\\', Some([a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7'])) =
            (bytes[index], bytes.get(index + 1..index + 4))
        {
            plain.push((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'));
            index += 4;
        } else {
            plain.push(bytes[index]);
            index += 1;
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// Writes a string the way the server's messages quote it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Rewrites every locator of a manifest; the first word of each line is never touched.
pub(crate) fn map_locators(text: &str, mut rewrite: impl FnMut(&str) -> String) -> String {
    let mut result = String::with_capacity(text.len() + text.len() / 2);
    for (line_index, line) in text.split('\n').enumerate() {
        if line_index > 0 {
            result.push('\n');
        }
        for (word_index, word) in line.split(' ').enumerate() {
            if word_index > 0 {
                result.push(' ');
            }
            if word_index > 0 && is_locator(word) {
                result.push_str(&rewrite(word));
            } else {
                result.push_str(word);
            }
        }
    }
    result
}

/// Returns every locator of a manifest.
pub(crate) fn locators(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n')
        .flat_map(|line| line.split(' ').skip(1))
        .filter(|word| is_locator(word))
}

/// Removes the `+A` hints; other hints stay.
pub(crate) fn strip_signatures(text: &str) -> String {
    map_locators(text, |locator| {
        keep_hints(locator, |hint| !hint.starts_with('A'))
    })
}

/// Returns the portable data hash: the MD5 and length of the manifest without any hint.
pub(crate) fn portable_data_hash(text: &str) -> String {
    let plain = map_locators(text, |locator| {
        keep_hints(locator, |hint| {
            hint.starts_with(|c: char| c.is_ascii_digit())
        })
    });
    format!("{}+{}", hex(&Md5::digest(plain.as_bytes())), plain.len())
}

/// Signs every locator for a token.
pub(crate) fn sign(text: &str, signer: &Signer, token: &str, expiry: i64) -> String {
    map_locators(text, |locator| {
        signer.sign(
            &keep_hints(locator, |hint| !hint.starts_with('A')),
            token,
            expiry,
        )
    })
}

/// Keeps the hash and the hints that the test accepts.
fn keep_hints(locator: &str, keep: impl Fn(&str) -> bool) -> String {
    let mut parts = locator.split('+');
    let mut result = parts.next().unwrap_or_default().to_owned();
    for hint in parts.filter(|hint| keep(hint)) {
        result.push('+');
        result.push_str(hint);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOO: &str = "acbd18db4cc2f85cedef654fccc4a4d8+3";

    #[test]
    fn the_hash_counts_no_hints() {
        let plain = format!(". {FOO} 0:3:foo\n");
        assert_eq!(
            portable_data_hash(&plain),
            "1f4b0bc7583c2a7f9102c395f4ffc5e3+45"
        );
        let hinted = format!(". {FOO}+Kzzzzz+A{}@7fffffff 0:3:foo\n", "0".repeat(40));
        assert_eq!(
            portable_data_hash(&hinted),
            "1f4b0bc7583c2a7f9102c395f4ffc5e3+45"
        );
        assert_eq!(portable_data_hash(""), "d41d8cd98f00b204e9800998ecf8427e+0");
    }

    #[test]
    fn both_spellings_of_a_colon_are_valid_and_differ() {
        let blocks =
            "d21353cfe035e3e384563ee55eadbb2f+67108864 5c77a43e329b9838cbec18ff42790e57+55605760";
        let name = "d8309758b8fe2c81034ffc8a10c36460b77db7bc5e7b448c4e5b684f9d95a678.tar";
        let raw = format!(". {blocks} 0:122714624:sha256:{name}\n");
        let escaped = format!(". {blocks} 0:122714624:sha256\\072{name}\n");
        assert_eq!(
            portable_data_hash(&raw),
            "d740a57097711e08eb9b2a93518f20ab+174"
        );
        assert_eq!(
            portable_data_hash(&escaped),
            "344cd6ad5629f90f7b681a0229e06722+177"
        );
        assert_eq!(check(&raw).unwrap(), check(&escaped).unwrap());
    }

    #[test]
    fn malformed_manifests_are_named() {
        let cases = [
            (
                format!(". {FOO} 0:3:foo"),
                "Invalid manifest: does not end with newline",
            ),
            (
                ". 0:3:foo\n".into(),
                "Manifest invalid for stream 1: missing or invalid locator \"0:3:foo\"",
            ),
            (
                format!("foo {FOO} 0:3:foo\n"),
                "Manifest invalid for stream 1: missing or invalid stream name \"foo\"",
            ),
            (
                format!(".  {FOO} 0:3:foo\n"),
                "Manifest invalid for stream 1: missing or invalid locator \"\"",
            ),
            (
                format!(". {FOO}\n"),
                "Manifest invalid for stream 1: no file tokens",
            ),
            (
                format!(". {FOO} 0:3:foo \n"),
                "Manifest invalid for stream 1: trailing space",
            ),
            (
                format!(". {FOO} 0:3:foo\n./.. {FOO} 0:3:a\n"),
                "Manifest invalid for stream 2: missing or invalid stream name \"./..\"",
            ),
            (
                format!(". {FOO} 0:3:a//b\n"),
                "Manifest invalid for stream 1: invalid file token \"0:3:a//b\"",
            ),
            (
                format!(". {FOO} 0:3:a\\9\n"),
                "Manifest invalid for stream 1: invalid file token \"0:3:a\\\\9\"",
            ),
        ];
        for (text, reason) in cases {
            assert_eq!(check(&text).unwrap_err(), reason, "{text}");
        }
    }

    #[test]
    fn files_are_counted_once() {
        let text = format!(
            ". {FOO} 0:1:a 1:2:a 0:9:b\n./d d41d8cd98f00b204e9800998ecf8427e+0 0:0:\\056\n"
        );
        let summary = check(&text).unwrap();
        assert_eq!((summary.file_count, summary.file_size_total), (2, 12));
        assert_eq!(summary.file_names, "a\nb\n");
    }

    #[test]
    fn signatures_go_and_other_hints_stay() {
        let signature = format!("+A{}@7fffffff", "0".repeat(40));
        let text = format!(". {FOO}{signature}+Kzzzzz 0:3:foo\n");
        assert_eq!(strip_signatures(&text), format!(". {FOO}+Kzzzzz 0:3:foo\n"));
        assert_eq!(locators(&text).count(), 1);
    }
}
