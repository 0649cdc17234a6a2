//! How a file states one signer.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use keepdocker_signature::{Identities, Keyless, PublicKey, Signer, TrustedRoot, is_issuer};

use super::super::super::document::{Document, Entry, Table, entry};

/// The keys of a signer: one of the first two, or all of the others.
pub(super) const KEY: &str = "key";
pub(super) const PUBLIC_KEY: &str = "public-key";
pub(super) const ISSUER: &str = "issuer";
pub(super) const IDENTITY: &str = "identity";
pub(super) const TRUSTED_ROOT: &str = "trusted-root";

/// Reads a signer, and returns how the file states it, too; the document is told what is wrong.
pub(super) fn signer(
    document: &mut Document<'_>,
    at: Range<usize>,
    table: &Table<'_>,
) -> Option<(Signer, String)> {
    let keys = [KEY, PUBLIC_KEY, ISSUER, IDENTITY, TRUSTED_ROOT];
    document.known_keys(table, "a signer", &keys);
    match keys.map(|key| entry(table, key)) {
        [Some(file), None, None, None, None] => {
            let (path, text) = read(document, &file, "key")?;
            let key = PublicKey::from_pem(&text).map_err(|error| format!("{path} {error}"));
            of_key(document, &file, key, &format!("key {path}"))
        }
        [None, Some(given), None, None, None] => {
            let text = document.text(&given)?;
            let key = PublicKey::from_base64(&text).map_err(|error| format!("this {error}"));
            of_key(document, &given, key, "a public key")
        }
        [None, None, Some(issuer), Some(identity), Some(root)] => {
            keyless(document, &issuer, &identity, &root)
        }
        _ => {
            document.fault(
                at,
                format!(
                    "a signer has either `{KEY}`, a file, or `{PUBLIC_KEY}`, or `{ISSUER}`, `{IDENTITY}` and `{TRUSTED_ROOT}` together"
                ),
            );
            None
        }
    }
}

fn of_key(
    document: &mut Document<'_>,
    stated: &Entry<'_, '_>,
    key: Result<PublicKey, String>,
    words: &str,
) -> Option<(Signer, String)> {
    let key = sound(document, stated, key)?;
    let words = format!("{words} ({})", key.fingerprint());
    Some((Signer::Key(key), words))
}

fn keyless(
    document: &mut Document<'_>,
    issuer: &Entry<'_, '_>,
    identity: &Entry<'_, '_>,
    root: &Entry<'_, '_>,
) -> Option<(Signer, String)> {
    let said = document.text(issuer)?;
    let checked = if is_issuer(&said) {
        Ok(said)
    } else {
        Err(format!(
            "`{said}` is no issuer; those in certificates are addresses such as https://accounts.google.com"
        ))
    };
    let name = sound(document, issuer, checked);
    let said = document.text(identity)?;
    let identities = Identities::parse(&said).map_err(|error| format!("`{said}` {error}"));
    let identities = sound(document, identity, identities);
    let (path, text) = read(document, root, "root of trust")?;
    let parsed = TrustedRoot::parse(&text).map_err(|error| format!("{path} {error}"));
    let root = sound(document, root, parsed)?;
    let signer = Keyless {
        root: Arc::new(root),
        issuer: name?,
        identities: identities?,
    };
    let words = format!(
        "`{}`, for whom `{}` vouches by {path} ({})",
        signer.identities,
        signer.issuer,
        signer.root.fingerprint()
    );
    Some((Signer::Keyless(signer), words))
}

/// Reads a file that an entry names, as policies are read; `what` says what it should hold.
fn read(
    document: &mut Document<'_>,
    stated: &Entry<'_, '_>,
    what: &str,
) -> Option<(String, String)> {
    let path = document.text(stated)?;
    let text = if path.starts_with('/') {
        document
            .read_kept(Path::new(&path))
            // Files are read as policies are, and this is none.
            .map_err(|reason| reason.replacen("the policy ", &format!("the {what} "), 1))
    } else {
        Err("a path must begin with `/`".to_owned())
    };
    let text = sound(document, stated, text)?;
    Some((path, text))
}

fn sound<T>(
    document: &mut Document<'_>,
    stated: &Entry<'_, '_>,
    read: Result<T, String>,
) -> Option<T> {
    read.map_err(|fault| document.fault(stated.value.span(), fault))
        .ok()
}
