//! The manifest of a collection: which blocks, one after the other, make which file.
//!
//! An image's collection holds exactly one file. Its manifest is one line: the stream's name
//! `.`, the locators of the blocks in the file's order, and one file token that spans them all.
//! The dispatchers estimate an image's size from this shape, and the portable data hash depends
//! on each of its bytes, so there is one way to write it. Reading accepts all that servers do.

use std::fmt;

use keepdocker_terms::locator::{Locator, number};
pub use keepdocker_terms::locator::{is_portable_data_hash, portable_data_hash};

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
        let bad = || ManifestError::Locator(block.clone());
        let locator = Locator::parse(block).ok_or_else(bad)?;
        total = total.checked_add(locator.size).ok_or_else(bad)?;
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

/// Returns the manifest with another name for its only file, or none if it has not one stream with one file.
///
/// The locators keep their signatures, and the file its bytes.
pub fn with_file_name(manifest: &str, file_name: &str) -> Option<String> {
    only_file(manifest)?;
    let line = manifest
        .strip_suffix('\n')
        .filter(|line| !line.contains('\n'))?;
    let mut text = String::from(".");
    for token in line.split(' ').skip(1) {
        if Locator::parse(token).is_some() {
            text.push_str(&format!(" {token}"));
            continue;
        }
        let mut parts = token.splitn(3, ':');
        let (position, size) = (parts.next()?, parts.next()?);
        // What has no bytes is the mark of an empty folder.
        if number(size)? > 0 {
            text.push_str(&format!(" {position}:{size}:{}", escape(file_name)));
        }
    }
    text.push('\n');
    Some(text)
}

/// The files of a manifest, as far as it takes to tell the only one. A map of them all would add five kilobytes
/// to the components.
#[derive(Default)]
struct Files {
    /// The path of the first one.
    path: Option<String>,
    are_several: bool,
    /// How many bytes they have together.
    size: u64,
}

/// Reads a manifest.
///
/// Placeholders of empty directories are no files. A file in several pieces is one file.
fn files(manifest: &str) -> Result<Files, ManifestError> {
    let mut files = Files::default();
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

/// Returns how many files a manifest holds, where two stand for more.
///
/// # Errors
/// If the text is no manifest.
pub(crate) fn count(manifest: &str) -> Result<usize, ManifestError> {
    let files = files(manifest)?;
    Ok(usize::from(files.path.is_some()) + usize::from(files.are_several))
}

/// Fails if the text is no manifest.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check(manifest: &str) -> Result<(), ManifestError> {
    files(manifest).map(|_| ())
}

/// Returns path and size of the file, if the manifest holds exactly one. The path lacks the leading `./`.
pub fn only_file(manifest: &str) -> Option<(String, u64)> {
    let files = files(manifest).ok()?;
    let path = files.path.filter(|_| !files.are_several)?;
    Some((path, files.size))
}

fn read_stream(line: &str, files: &mut Files) -> Result<(), ManifestError> {
    let mut tokens = line.split(' ');
    let name = tokens.next().unwrap_or_default();
    let stream = unescape(name)
        .filter(|stream| is_path(stream, true))
        .ok_or_else(|| ManifestError::StreamName(name.into()))?;
    let mut data: u64 = 0;
    let mut has_blocks = false;
    let mut has_files = false;
    for token in tokens {
        match Locator::parse(token) {
            Some(locator) if !has_files => {
                has_blocks = true;
                data = data
                    .checked_add(locator.size)
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

fn read_file(token: &str, stream: &str, data: u64, files: &mut Files) -> Result<(), ManifestError> {
    let bad = || ManifestError::FileToken(token.into());
    let mut parts = token.splitn(3, ':');
    let position = number_of(parts.next()).ok_or_else(bad)?;
    let size = number_of(parts.next()).ok_or_else(bad)?;
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
    files.size = files.size.checked_add(size).ok_or_else(bad)?;
    match &files.path {
        None => files.path = Some(path),
        Some(first) => files.are_several |= *first != path,
    }
    Ok(())
}

/// Reads a part of a file token that is a number.
pub(crate) fn number_of(part: Option<&str>) -> Option<u64> {
    number(part?)
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
mod tests;
