//! The manifest of a collection: which blocks, one after the other, make which file.
//!
//! An image's collection holds exactly one file. Its manifest is one line: the stream's name
//! `.`, the locators of the blocks in the file's order, and one file token that spans them all.
//! The dispatchers estimate an image's size from this shape, and the portable data hash depends
//! on each of its bytes, so there is one way to write it. Reading accepts all that servers do.

use md5::{Digest, Md5};
use std::collections::BTreeMap;
use std::fmt;

/// The locator of the block without data, which stands where a stream has no other.
const EMPTY_BLOCK: &str = "d41d8cd98f00b204e9800998ecf8427e+0";

/// Why a text is no manifest, or why none can be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ManifestError {
    /// The text does not end with a newline.
    Unfinished,
    /// This token stands for a block and is no locator.
    Locator(String),
    /// This does not name a stream.
    StreamName(String),
    /// This token does not describe a file.
    FileToken(String),
    /// A file reaches beyond the data of its stream.
    BeyondData(String),
    /// The blocks do not have as many bytes as the file.
    Size {
        /// The bytes of the blocks.
        blocks: u64,
        /// The bytes of the file.
        file: u64,
    },
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unfinished => write!(f, "the manifest does not end with a newline"),
            // The text may carry a signature; its hash is enough to find it.
            Self::Locator(text) => write!(
                f,
                "`{}` is not a block locator",
                text.chars().take(32).collect::<String>()
            ),
            Self::StreamName(text) => write!(f, "`{text}` is not the name of a stream"),
            Self::FileToken(text) => write!(f, "`{text}` does not describe a file"),
            Self::BeyondData(text) => {
                write!(f, "the file `{text}` reaches beyond the data of its stream")
            }
            Self::Size { blocks, file } => {
                write!(f, "the blocks have {blocks} bytes and the file has {file}")
            }
        }
    }
}

/// Writes the manifest of a collection with one file.
///
/// The locators keep their signatures. Equal blocks are listed as often as they occur, so that
/// the file stays one token.
pub fn build(blocks: &[String], file_name: &str, size: u64) -> Result<String, ManifestError> {
    let mut text = String::from(".");
    let mut total: u64 = 0;
    for block in blocks {
        let (_, length) = locator(block).ok_or_else(|| ManifestError::Locator(block.clone()))?;
        total = total
            .checked_add(length)
            .ok_or_else(|| ManifestError::Locator(block.clone()))?;
        text.push(' ');
        text.push_str(block);
    }
    if total != size {
        return Err(ManifestError::Size {
            blocks: total,
            file: size,
        });
    }
    if blocks.is_empty() {
        text.push(' ');
        text.push_str(EMPTY_BLOCK);
    }
    text.push_str(&format!(" 0:{size}:{}\n", escape(file_name)));
    Ok(text)
}

/// Returns the portable data hash of a manifest: of its text without all hints but the sizes.
pub fn portable_data_hash(manifest: &str) -> String {
    let mut hash = Md5::new();
    let mut length = 0;
    let mut add = |text: &str| {
        hash.update(text.as_bytes());
        length += text.len();
    };
    for line in manifest.split_inclusive('\n') {
        let (line, end) = match line.strip_suffix('\n') {
            Some(line) => (line, "\n"),
            None => (line, ""),
        };
        for (position, token) in line.split(' ').enumerate() {
            if position > 0 {
                add(" ");
            }
            match locator(token) {
                Some((hash, size)) if position > 0 => add(&format!("{hash}+{size}")),
                _ => add(token),
            }
        }
        add(end);
    }
    let digest: String = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{digest}+{length}")
}

/// Reads a manifest and returns the size of each file by its path, without the leading `./`.
///
/// Placeholders of empty directories are no files. A file in several pieces is one file.
pub fn files(manifest: &str) -> Result<BTreeMap<String, u64>, ManifestError> {
    let mut files = BTreeMap::new();
    if manifest.is_empty() {
        return Ok(files);
    }
    let lines = manifest
        .strip_suffix('\n')
        .ok_or(ManifestError::Unfinished)?;
    for line in lines.split('\n') {
        read_stream(line, &mut files)?;
    }
    Ok(files)
}

/// Returns path and size of the file, if the manifest holds exactly one.
pub fn only_file(manifest: &str) -> Option<(String, u64)> {
    let mut files = files(manifest).ok()?.into_iter();
    files.next().filter(|_| files.next().is_none())
}

/// Tells whether the text is a portable data hash: a locator of a hash and a size alone.
pub fn is_portable_data_hash(text: &str) -> bool {
    locator(text).is_some() && text.matches('+').count() == 1
}

fn read_stream(line: &str, files: &mut BTreeMap<String, u64>) -> Result<(), ManifestError> {
    let mut tokens = line.split(' ');
    let name = tokens.next().unwrap_or_default();
    let stream = unescape(name)
        .filter(|stream| is_path(stream, true))
        .ok_or_else(|| ManifestError::StreamName(name.into()))?;
    let mut data: u64 = 0;
    let mut has_blocks = false;
    let mut has_files = false;
    for token in tokens {
        match locator(token) {
            Some((_, size)) if !has_files => {
                has_blocks = true;
                data = data
                    .checked_add(size)
                    .ok_or_else(|| ManifestError::Locator(token.into()))?;
            }
            None if !has_blocks => return Err(ManifestError::Locator(token.into())),
            _ => {
                has_files = true;
                read_file(token, &stream, data, files)?;
            }
        }
    }
    if has_files {
        Ok(())
    } else {
        Err(ManifestError::FileToken(String::new()))
    }
}

fn read_file(
    token: &str,
    stream: &str,
    data: u64,
    files: &mut BTreeMap<String, u64>,
) -> Result<(), ManifestError> {
    let bad = || ManifestError::FileToken(token.into());
    let mut parts = token.splitn(3, ':');
    let position = number(parts.next()).ok_or_else(bad)?;
    let size = number(parts.next()).ok_or_else(bad)?;
    let name = parts.next().and_then(unescape).ok_or_else(bad)?;
    if position.checked_add(size).is_none_or(|end| end > data) {
        return Err(ManifestError::BeyondData(name));
    }
    if name == "." && size == 0 {
        return Ok(());
    }
    if !is_path(&name, false) {
        return Err(bad());
    }
    let path = match stream.strip_prefix("./") {
        Some(folder) => format!("{folder}/{name}"),
        None => name,
    };
    let total = files.entry(path).or_insert(0);
    *total = total.checked_add(size).ok_or_else(bad)?;
    Ok(())
}

/// Reads a decimal number, without a sign.
pub fn number(text: Option<&str>) -> Option<u64> {
    // `parse` would accept a sign.
    text.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?
        .parse()
        .ok()
}

/// Returns the hash and the size of a locator, or none if the text is not one.
pub fn locator(text: &str) -> Option<(&str, u64)> {
    let (hash, rest) = text.split_at_checked(32)?;
    if !hash
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    {
        return None;
    }
    let mut hints = rest.strip_prefix('+')?.split('+');
    let size = number(hints.next().filter(|size| !size.is_empty()))?;
    let are_hints = hints.all(|hint| {
        hint.bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_uppercase())
            && hint
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'@' | b'_' | b'-'))
    });
    are_hints.then_some((hash, size))
}

/// Tells whether the text is a path of plain components, below `.` for a stream.
fn is_path(text: &str, is_stream: bool) -> bool {
    let path = match text.strip_prefix('.') {
        Some("") if is_stream => return true,
        Some(rest) if is_stream => match rest.strip_prefix('/') {
            Some(path) => path,
            None => return false,
        },
        _ if is_stream => return false,
        _ => text,
    };
    path.split('/')
        .all(|component| !matches!(component, "" | "." | ".."))
}

/// Writes a name as manifests do: backslash, colon and all up to the blank as octal escapes.
fn escape(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '\\' | ':' | '\0'..=' ' => escaped.push_str(&format!("\\{:03o}", u32::from(character))),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// Undoes the escapes; none for a backslash without three octal digits, or bytes that are no text.
fn unescape(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let (&[high @ b'0'..=b'3', middle @ b'0'..=b'7', low @ b'0'..=b'7'], after) =
            rest.split_first_chunk::<3>()?
        else {
            return None;
        };
        bytes.push(((high - b'0') << 6) | ((middle - b'0') << 3) | (low - b'0'));
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DIGITS: &str = "d8309758b8fe2c81034ffc8a10c36460b77db7bc5e7b448c4e5b684f9d95a678";
    const BLOCKS: [&str; 2] = [
        "d21353cfe035e3e384563ee55eadbb2f+67108864",
        "5c77a43e329b9838cbec18ff42790e57+55605760",
    ];

    fn image_manifest(signature: &str) -> String {
        let blocks = BLOCKS.map(|block| format!("{block}{signature}"));
        build(&blocks, &format!("sha256:{DIGITS}.tar"), 122_714_624).unwrap()
    }

    #[test]
    fn an_image_is_written_with_an_escaped_colon_and_one_file_token() {
        let manifest = image_manifest("");
        assert_eq!(
            manifest,
            format!(
                ". {} {} 0:122714624:sha256\\072{DIGITS}.tar\n",
                BLOCKS[0], BLOCKS[1]
            )
        );
        assert_eq!(
            portable_data_hash(&manifest),
            "344cd6ad5629f90f7b681a0229e06722+177"
        );
    }

    #[test]
    fn signatures_and_other_hints_do_not_change_the_portable_data_hash() {
        let signed = image_manifest("+A0123456789abcdef0123456789abcdef01234567@66f0c0de+Kzzzzz");
        assert_eq!(
            portable_data_hash(&signed),
            "344cd6ad5629f90f7b681a0229e06722+177"
        );
        assert_eq!(portable_data_hash(""), "d41d8cd98f00b204e9800998ecf8427e+0");
        assert_eq!(
            portable_data_hash(". acbd18db4cc2f85cedef654fccc4a4d8+3 0:3:foo\n"),
            "1f4b0bc7583c2a7f9102c395f4ffc5e3+45"
        );
    }

    #[test]
    fn an_escaped_and_a_plain_colon_name_the_same_file() {
        let plain = format!(
            ". {} {} 0:122714624:sha256:{DIGITS}.tar\n",
            BLOCKS[0], BLOCKS[1]
        );
        assert_eq!(
            portable_data_hash(&plain),
            "d740a57097711e08eb9b2a93518f20ab+174"
        );
        assert_eq!(only_file(&plain), only_file(&image_manifest("")));
        assert_eq!(
            only_file(&plain),
            Some((format!("sha256:{DIGITS}.tar"), 122_714_624))
        );
    }

    #[test]
    fn pieces_of_a_file_add_up_and_placeholders_are_no_files() {
        let block = "acbd18db4cc2f85cedef654fccc4a4d8+3";
        for (manifest, file) in [
            (format!(". {block} {block} 0:3:a 3:3:a\n"), Some(("a", 6))),
            (
                format!(". {block} 0:1:a 1:2:a\n./d {EMPTY_BLOCK} 0:0:\\056\n"),
                Some(("a", 3)),
            ),
            (format!("./d/e {block} 0:3:f/g\n"), Some(("d/e/f/g", 3))),
            (format!(". {block} 0:3:a 0:3:b\n"), None),
            (format!(". {block} 0:3:a\n./d {block} 0:3:a\n"), None),
            (format!("./d {EMPTY_BLOCK} 0:0:\\056\n"), None),
            (String::new(), None),
        ] {
            assert_eq!(
                only_file(&manifest),
                file.map(|(path, size)| (path.to_owned(), size)),
                "{manifest}"
            );
        }
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        let block = "acbd18db4cc2f85cedef654fccc4a4d8+3";
        for text in [
            "x".into(), "\n".into(), ".\n".into(), format!(". {block}\n"), ". 0:0:a\n".into(), format!(". {block} 0:3:a"),
            format!(".  {block} 0:3:a\n"), format!(". {block} 0:3:a \n"), format!("a {block} 0:3:a\n"), format!("./ {block} 0:3:a\n"),
            format!("./../b {block} 0:3:a\n"), format!(". {block} 0:4:a\n"), format!(". {block} 1:3:a\n"), format!(". {block} 0:3:..\n"),
            format!(". {block} 0:3:\n"), format!(". {block} 0:3:a\\9\n"), format!(". {block} 0:3:/a\n"), format!(". {block} +0:3:a\n"),
            format!(". {block} 18446744073709551615:3:a\n"), format!(". {block} 0:3:\\377\n"), format!(". {block} 0:3:a {block}\n"),
            ". acbd18db4cc2f85cedef654fccc4a4d8+18446744073709551615 acbd18db4cc2f85cedef654fccc4a4d8+1 0:3:a\n".into(),
            ". ACBD18db4cc2f85cedef654fccc4a4d8+3 0:3:a\n".into(), ". acbd18db4cc2f85cedef654fccc4a4d8 0:0:a\n".into(),
        ] {
            assert!(files(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn blocks_that_are_none_or_do_not_add_up_are_not_written() {
        assert!(matches!(
            build(&["x".into()], "a", 1),
            Err(ManifestError::Locator(_))
        ));
        assert_eq!(
            build(&[BLOCKS[0].into()], "a", 1),
            Err(ManifestError::Size {
                blocks: 67_108_864,
                file: 1
            })
        );
        assert_eq!(
            build(&[], "a", 0).unwrap(),
            format!(". {EMPTY_BLOCK} 0:0:a\n")
        );
    }

    #[test]
    fn an_error_never_shows_a_signature() {
        let text = "acbd18db4cc2f85cedef654fccc4a4d8+x+Asecret@66f0c0de";
        let error = build(&[text.into()], "a", 1).unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn a_portable_data_hash_has_a_size_and_no_hints() {
        assert!(is_portable_data_hash(
            "fa3c1a9cb6783f85f2ecda037e07b8c3+167"
        ));
        for text in [
            "fa3c1a9cb6783f85f2ecda037e07b8c3",
            "fa3c1a9cb6783f85f2ecda037e07b8c3+167+K",
            "fa3c+1",
            "",
            "é",
        ] {
            assert!(!is_portable_data_hash(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back(name in "[^/]{1,30}", sizes in proptest::collection::vec(0u64..=67_108_864, 0..20)) {
            prop_assume!(name != "." && name != "..");
            let blocks: Vec<String> = sizes.iter().map(|size| format!("acbd18db4cc2f85cedef654fccc4a4d8+{size}+A0@1")).collect();
            let size = sizes.iter().sum();
            let manifest = build(&blocks, &name, size).unwrap();
            prop_assert_eq!(only_file(&manifest), Some((name, size)));
        }

        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in "(\\.|\\./a| |\n|\\\\[0-9]{0,3}|acbd18db4cc2f85cedef654fccc4a4d8\\+[0-9]{1,20}|[0-9]{1,20}:[0-9]{1,20}:|\\PC){0,20}") {
            let _ = files(&text);
            let _ = portable_data_hash(&text);
        }
    }
}
