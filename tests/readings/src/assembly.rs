//! Archives of members that a text describes, in which a digest may be named before anybody knows it.

use sha2::{Digest as _, Sha256};

/// Ends a member.
const END: u8 = 0x1e;

/// Stands before the number of an earlier member, from `0` on: its SHA-256 digest in hexadecimal.
const DIGEST: u8 = 0x1f;

/// Makes a tar of `text`: members one after the other, each a line with its name and then its bytes.
///
/// A change in one of them changes the digests by which the others name it, so that a fuzzer's changes
/// are not all found by the first comparison.
pub fn assemble(text: &[u8]) -> Vec<u8> {
    let mut digests: Vec<String> = Vec::new();
    let mut archive = Vec::new();
    for member in text.split(|byte| *byte == END).take(32) {
        let member = filled(member, &digests);
        let mut parts = member.splitn(2, |byte| *byte == b'\n');
        let name = parts.next().unwrap_or_default();
        let bytes = parts.next().unwrap_or_default();
        digests.push(hex(bytes));
        // A name that does not fit is nobody's; the target of tars has long ones.
        let name = &name[..name.len().min(100)];
        let mut header = tar::Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        archive.extend_from_slice(header.as_bytes());
        archive.extend_from_slice(bytes);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}

/// Puts digests in their places.
fn filled(member: &[u8], digests: &[String]) -> Vec<u8> {
    let mut filled = Vec::with_capacity(member.len());
    let mut bytes = member.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != DIGEST {
            filled.push(byte);
            continue;
        }
        let number = bytes.next().unwrap_or_default().wrapping_sub(b'0');
        match digests.get(usize::from(number)) {
            Some(digest) => filled.extend_from_slice(digest.as_bytes()),
            None => filled.push(byte),
        }
    }
    filled
}

fn hex(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the fuzzer begins with: each form, with a config, layers and what leads to them.
pub const SEEDS: [&str; 5] = [
    // Docker's form, whose config is named by no digest.
    "layer\nsome bytes\x1econfig\n{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"diff_ids\":[\"sha256:\x1f0\"]}}\x1e\
     manifest.json\n[{\"Config\":\"config\",\"RepoTags\":[\"a:1\"],\"Layers\":[\"/layer\"]}]",
    // A layout.
    "blobs/sha256/0\n\x1ea\nsome bytes\x1eblobs/sha256/\x1f1\nsome bytes\x1ec\n{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"diff_ids\":[\"sha256:\x1f2\"]}}\x1e\
     blobs/sha256/\x1f3\n{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"diff_ids\":[\"sha256:\x1f2\"]}}\x1e\
     m\n{\"config\":{\"mediaType\":\"\",\"digest\":\"sha256:\x1f3\"},\"layers\":[{\"digest\":\"sha256:\x1f2\",\"urls\":null}]}\x1e\
     blobs/sha256/\x1f5\n{\"config\":{\"mediaType\":\"\",\"digest\":\"sha256:\x1f3\"},\"layers\":[{\"digest\":\"sha256:\x1f2\",\"urls\":null}]}\x1e\
     index.json\n{\"manifests\":[{\"digest\":\"sha256:\x1f5\",\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"},\"annotations\":{\"org.opencontainers.image.ref.name\":\"a:1\"}}]}",
    // The form `dir:`.
    "l\nsome bytes\x1e\x1f0\nsome bytes\x1ec\n{\"rootfs\":{\"diff_ids\":[\"sha256:\x1f0\"]}}\x1e\x1f2\n{\"rootfs\":{\"diff_ids\":[\"sha256:\x1f0\"]}}\x1e\
     manifest.json\n{\"config\":{\"digest\":\"sha256:\x1f2\",\"size\":null},\"layers\":[{\"digest\":\"sha256:\x1f0\",\"mediaType\":\"x+encrypted\"}]}",
    // Two images, one of them nothing.
    "config\n{\"os\":null,\"variant\":\"v8\",\"rootfs\":{\"diff_ids\":null}}\x1emanifest.json\n[{\"Config\":\"config\",\"Layers\":null},{\"Config\":\"config\",\"RepoTags\":[\"b\"]}]",
    // An index in an index, and things that are passed over.
    "i\n{\"manifests\":[{\"digest\":\"sha512:0\"},{\"digest\":\"sha256:\x1f0\",\"annotations\":{\"vnd.docker.reference.type\":\"x\"}}]}\x1e\
     blobs/sha256/\x1f0\n{\"manifests\":[{\"digest\":\"sha512:0\"},{\"digest\":\"sha256:\x1f0\",\"annotations\":{\"vnd.docker.reference.type\":\"x\"}}]}\x1e\
     index.json\n{\"manifests\":[{\"digest\":\"sha256:\x1f1\"},{\"mediaType\":\"x\",\"digest\":\"\"}]}",
];
