//! What an archive is like as a whole: whether it was cut off, and whether it is something else that
//! people take for an image archive.

use super::error::{Error, Fault};

/// What lies at the top of a file system.
const ROOTS: [&str; 19] = [
    "bin", "boot", "dev", "etc", "home", "lib", "lib64", "media", "mnt", "opt", "proc", "root",
    "run", "sbin", "srv", "sys", "tmp", "usr", "var",
];

/// What lies at the top of an image archive.
const MARKS: [&str; 5] = [
    "manifest.json",
    "index.json",
    "oci-layout",
    "blobs",
    "repositories",
];

/// What the members so far tell of the whole.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shape {
    /// Whether the archive ended where a member might have begun, without its end mark.
    pub(crate) is_cut: bool,
    /// Which of [`ROOTS`] there are.
    roots: [bool; ROOTS.len()],
    is_of_a_container: bool,
    is_of_images: bool,
}

impl Shape {
    /// Adds a member.
    ///
    /// # Errors
    /// If it is clear by now that this is no image archive.
    pub(crate) fn add(&mut self, name: &str) -> Result<(), Fault> {
        let top = name.split('/').next().unwrap_or(name);
        self.is_of_images |= MARKS.contains(&top);
        self.is_of_a_container |= top == ".dockerenv";
        if let Some(at) = ROOTS.iter().position(|root| *root == top) {
            self.roots[at] = true;
        }
        let count = self.roots.iter().filter(|is_there| **is_there).count();
        match self.is_file_system() && (count > 2 || self.is_of_a_container) {
            true => Err(Fault::FileSystem),
            false => Ok(()),
        }
    }

    /// Puts the fault of the whole in the place of one that only follows from it.
    pub(crate) fn refine(&self, error: Error) -> Error {
        let Error::Unsound { fault, .. } = &error else {
            return error;
        };
        match fault {
            Fault::Missing(_) | Fault::NotAnImage if self.is_cut => {
                Error::archive(Fault::Truncated)
            }
            Fault::NotAnImage if self.is_file_system() => Error::archive(Fault::FileSystem),
            _ => error,
        }
    }

    /// Tells whether nothing is there but what file systems hold.
    pub(crate) fn is_file_system(&self) -> bool {
        !self.is_of_images && (self.is_of_a_container || self.roots.contains(&true))
    }
}

/// Says what begins with these bytes and is no tar.
pub(crate) fn not_a_tar(start: &[u8]) -> Fault {
    const KNOWN: [(&[u8], &str); 18] = [
        (b"\xff\xfe", UTF_16),
        (b"\xfe\xff", UTF_16),
        (
            b"version https://git-lfs",
            "is what Git LFS keeps in the place of a file; `git lfs pull` fetches the file itself",
        ),
        (
            b"QFI\xfb",
            "is the disk of a virtual machine (QCOW), and no image of containers",
        ),
        (
            b"#!/usr/bin/env run-singularity",
            "is an image of Singularity or Apptainer (SIF), from which no container image can be had; save the image that it was made of",
        ),
        (b"hsqs", "is a SquashFS file system, and no image archive"),
        (
            b"PK\x03\x04",
            "is a ZIP archive; unpack it, and name the image archive that is in it",
        ),
        (
            b"7z\xbc\xaf\x27\x1c",
            "is a 7-Zip archive; unpack it, and name the image archive that is in it",
        ),
        (
            b"Rar!",
            "is a RAR archive; unpack it, and name the image archive that is in it",
        ),
        (
            b"\x04\x22\x4d\x18",
            "is compressed by lz4, which is not read; unpack it with `lz4 -d`",
        ),
        (
            b"LZIP",
            "is compressed by lzip, which is not read; unpack it with `lzip -d`",
        ),
        (
            b"\x89LZO",
            "is compressed by lzop, which is not read; unpack it with `lzop -d`",
        ),
        (
            b"\x1f\x9d",
            "is compressed by compress, which is not read; unpack it with `uncompress`",
        ),
        (
            b"]\0\0",
            "is compressed by LZMA in the form before xz, which is not read; unpack it with `xz -d`",
        ),
        (b"\x7fELF", "is a program, and no image archive"),
        (b"FROM ", "is a Dockerfile; build the image, and name that"),
        (b"{", JSON),
        (b"[", JSON),
    ];
    const UTF_16: &str = "is text in UTF-16, into which PowerShell turns what `>` writes; save the image with `docker save -o FILE IMAGE`";
    const JSON: &str = "is JSON, perhaps what a server answered in the place of a file";
    const PAGE: &str = "is a web page, perhaps what a server answered in the place of a file";
    if start.is_empty() {
        return Fault::Empty;
    }
    if let Some((_, what)) = KNOWN.iter().find(|(known, _)| start.starts_with(known)) {
        return Fault::Refused(what);
    }
    let text = start.trim_ascii_start().to_ascii_lowercase();
    match text.starts_with(b"<!doctype") || text.starts_with(b"<html") {
        true => Fault::Refused(PAGE),
        false => Fault::NotATar,
    }
}
