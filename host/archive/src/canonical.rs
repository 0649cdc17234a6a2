//! The one form in which an image is stored, whatever it came from.
//!
//! A plain tar of the config, the layers without compression, and `manifest.json`: what
//! `docker load` and all other readers of its archives need, and nothing that depends on the
//! tool, the time or the machine. Large layers come first, then the config, the small layers
//! and `manifest.json`, each kind in the image's order: so all small members lie together and
//! share blocks, where each would otherwise begin another block after a large layer.

use super::blocks::TAR_UNIT;
use keepdocker_terms::digest::Digest;

/// What ends a tar.
pub(crate) const END: [u8; 2 * TAR_UNIT] = [0; 2 * TAR_UNIT];

/// Returns the name of a config's member.
pub(crate) fn config_name(id: &Digest) -> String {
    format!("{}.json", id.hex())
}

/// Returns the name of a layer's member.
pub(crate) fn layer_name(diff_id: &Digest) -> String {
    format!("{}.tar", diff_id.hex())
}

/// Returns the text of `manifest.json`.
pub(crate) fn manifest(id: &Digest, diff_ids: &[Digest]) -> Vec<u8> {
    let layers: Vec<String> = diff_ids
        .iter()
        .map(|diff_id| format!("\"{}\"", layer_name(diff_id)))
        .collect();
    format!(
        "[{{\"Config\":\"{}\",\"RepoTags\":null,\"Layers\":[{}]}}]",
        config_name(id),
        layers.join(",")
    )
    .into_bytes()
}

/// Returns what engines with a containerd store call the image of the stored archive: the digest of the
/// manifest that they make of it.
pub(crate) fn loaded_as(id: &Digest, config_length: usize, layers: &[(Digest, u64)]) -> String {
    let text = containerd_manifest(id, config_length, layers);
    Digest::of(text.as_bytes()).to_string()
}

/// Returns the manifest that engines with a containerd store make of the stored archive when they
/// load it.
///
/// Such an engine's ID of the image is this text's digest. The text is the one that the importer
/// of containerd writes; `tests/it/loading.rs` holds it to a real engine.
fn containerd_manifest(id: &Digest, config_length: usize, layers: &[(Digest, u64)]) -> String {
    let layers: Vec<String> = layers
        .iter()
        .map(|(diff_id, length)| {
            let kind = "application/vnd.docker.image.rootfs.diff.tar";
            format!(r#"{{"mediaType":"{kind}","digest":"{diff_id}","size":{length}}}"#)
        })
        .collect();
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{}","config":{{"mediaType":"{}","digest":"{id}","size":{config_length}}},"layers":[{}]}}"#,
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.container.image.v1+json",
        layers.join(",")
    )
}

/// Returns the header of a member.
///
/// Only a size of 8 GiB or more leaves the plain ustar form: it is written in binary, as every
/// reader understands.
pub(crate) fn header(name: &str, size: u64) -> [u8; TAR_UNIT] {
    let mut header = tar::Header::new_ustar();
    header
        .set_path(name)
        .expect("the names of this form are short and plain");
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(0o444);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(size);
    header.set_cksum();
    *header.as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_has_fixed_fields() {
        let bytes = header("abc.json", 1234);
        assert_eq!(&bytes[..9], b"abc.json\0");
        assert_eq!(&bytes[100..108], b"0000444\0");
        assert_eq!(&bytes[108..116], b"0000000\0");
        assert_eq!(&bytes[124..136], b"00000002322\0");
        assert_eq!(&bytes[136..148], b"00000000000\0");
        assert_eq!(bytes[156], b'0');
        assert_eq!(&bytes[257..265], b"ustar\x0000");
        assert!(bytes[265..].iter().all(|byte| *byte == 0 || *byte == b'0'));
    }

    #[test]
    fn a_huge_size_is_binary() {
        let bytes = header("abc.tar", 8 << 30);
        assert_eq!(bytes[124], 0x80);
        let read = tar::Header::from_byte_slice(&bytes);
        assert_eq!(read.entry_size().unwrap(), 8 << 30);
        assert_eq!(header("abc.tar", (8 << 30) - 1)[124], b'7');
    }

    #[test]
    fn the_manifest_has_one_spelling() {
        let (id, layer) = (Digest::of(b"config"), Digest::of(b"layer"));
        let text = String::from_utf8(manifest(&id, &[layer, layer])).unwrap();
        assert_eq!(
            text,
            format!(
                r#"[{{"Config":"{0}.json","RepoTags":null,"Layers":["{1}.tar","{1}.tar"]}}]"#,
                id.hex(),
                layer.hex()
            )
        );
    }
}
