//! Certificates in the files of this machine.

use std::fs;
use std::path::Path;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// A bundle is smaller; what is larger is something else.
const MAXIMUM_SIZE: u64 = 64 << 20;

/// Reads the certificates of a file, in every form of PEM that OpenSSL reads.
///
/// What is damaged in it, or trusted for other things than servers, is passed over: bundles of real
/// systems hold such.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let metadata = fs::metadata(path).map_err(|error| error.to_string())?;
    if metadata.is_dir() {
        return Err("it is a folder; SSL_CERT_DIR is for folders".to_owned());
    }
    if metadata.len() > MAXIMUM_SIZE {
        return Err(format!("it is larger than {} MiB", MAXIMUM_SIZE >> 20));
    }
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    Ok(parse(&bytes))
}

/// Reads the certificates of the files in a folder.
pub(super) fn certificates_in(folder: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| error.to_string())? {
        let path = entry.map_err(|error| error.to_string())?.path();
        // Links to what is gone, folders and what may not be read are common there.
        if path.is_file()
            && let Ok(certificates) = certificates(&path)
        {
            found.extend(certificates);
        }
    }
    // `openssl rehash` makes links to the same files.
    found.sort_unstable_by(|one, other| one.as_ref().cmp(other.as_ref()));
    found.dedup();
    Ok(found)
}

/// Returns the text of a file, which may be as Windows writes it.
pub(super) fn text(bytes: &[u8]) -> String {
    let wide = |read: fn([u8; 2]) -> u16, rest: &[u8]| {
        let units: Vec<u16> = rest
            .chunks_exact(2)
            .map(|pair| read([pair[0], pair[1]]))
            .collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        [0xff, 0xfe, rest @ ..] => wide(u16::from_le_bytes, rest),
        [0xfe, 0xff, rest @ ..] => wide(u16::from_be_bytes, rest),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn parse(bytes: &[u8]) -> Vec<CertificateDer<'static>> {
    // The library knows one of three labels for the same thing.
    let text = text(bytes)
        .replace(" X509 CERTIFICATE-----", " CERTIFICATE-----")
        .replace(" TRUSTED CERTIFICATE-----", " CERTIFICATE-----");
    CertificateDer::pem_slice_iter(text.as_bytes())
        .filter_map(Result::ok)
        .filter_map(|section| for_servers(&section))
        .collect()
}

/// Returns the certificate of a section, unless what OpenSSL notes behind it says that it is not
/// trusted for servers.
fn for_servers(section: &[u8]) -> Option<CertificateDer<'static>> {
    let mut rest = section;
    let certificate = Element::next(&mut rest)?;
    let is_trusted = match Element::next(&mut rest) {
        Some(notes) => are_for_servers(notes.content),
        None => true,
    };
    is_trusted.then(|| CertificateDer::from(certificate.whole.to_vec()))
}

/// Reads `X509_CERT_AUX`: the purposes that a certificate is trusted for, or rejected for.
fn are_for_servers(mut notes: &[u8]) -> bool {
    // `id-kp-serverAuth` and `anyExtendedKeyUsage`.
    const PURPOSES: [&[u8]; 2] = [
        &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01],
        &[0x55, 0x1d, 0x25, 0x00],
    ];
    let has_server = |mut list: &[u8]| {
        std::iter::from_fn(|| Element::next(&mut list))
            .any(|purpose| PURPOSES.contains(&purpose.content))
    };
    while let Some(note) = Element::next(&mut notes) {
        match note.tag {
            // A list of what it is trusted for.
            0x30 if !has_server(note.content) => return false,
            // A list of what it is rejected for.
            0xa0 if has_server(note.content) => return false,
            _ => {}
        }
    }
    true
}

/// One element of DER.
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    /// With its tag and length.
    whole: &'a [u8],
}

impl<'a> Element<'a> {
    /// Takes the first element of some bytes; none if there is none, or it is damaged.
    fn next(bytes: &mut &'a [u8]) -> Option<Self> {
        let (&tag, &first) = (bytes.first()?, bytes.get(1)?);
        let (length, begin) = if first < 0x80 {
            (usize::from(first), 2)
        } else {
            let count = usize::from(first & 0x7f);
            if !(1..=4).contains(&count) {
                return None;
            }
            let digits = bytes.get(2..2 + count)?;
            let length = digits
                .iter()
                .fold(0, |length, digit| length << 8 | usize::from(*digit));
            (length, 2 + count)
        };
        let end = begin.checked_add(length)?;
        let whole = bytes.get(..end)?;
        *bytes = &bytes[end..];
        Some(Self {
            tag,
            content: &whole[begin..],
            whole,
        })
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::*;

    /// What stands for a certificate here: one element of DER.
    const CERTIFICATE: [u8; 5] = [0x30, 0x03, 0x02, 0x01, 0x07];

    fn pem(label: &str, der: &[u8]) -> String {
        let body = base64::prelude::BASE64_STANDARD.encode(der);
        format!("words\n-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    }

    #[test]
    fn every_label_and_every_encoding_of_text_is_read() {
        let plain = pem("CERTIFICATE", &CERTIFICATE);
        let wide: Vec<u8> = plain.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [
            plain.clone().into_bytes(),
            plain.replace('\n', "\r\n").into_bytes(),
            format!("\u{feff}{plain}").into_bytes(),
            format!("\u{feff}{}", plain.replace("words\n", "")).into_bytes(),
            [vec![0xff, 0xfe], wide].concat(),
            pem("X509 CERTIFICATE", &CERTIFICATE).into_bytes(),
            pem("TRUSTED CERTIFICATE", &CERTIFICATE).into_bytes(),
        ] {
            let found = parse(&bytes);
            assert_eq!(found, [CertificateDer::from(CERTIFICATE.to_vec())]);
        }
        assert!(parse(b"").is_empty());
        assert!(parse(pem("PRIVATE KEY", &CERTIFICATE).as_bytes()).is_empty());
    }

    #[test]
    fn what_is_noted_of_a_certificate_counts() {
        let server = [0x06, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1];
        let mail = [0x06, 8, 0x2b, 6, 1, 5, 5, 7, 3, 4];
        let list = |tag: u8, purposes: &[&[u8]]| {
            let content = purposes.concat();
            [vec![tag, content.len() as u8], content].concat()
        };
        for (notes, expected) in [
            (list(0x30, &[&list(0x30, &[&server])]), 1),
            (list(0x30, &[&list(0x30, &[&mail, &server])]), 1),
            (list(0x30, &[&list(0x30, &[&mail])]), 0),
            (list(0x30, &[&list(0xa0, &[&mail])]), 1),
            (list(0x30, &[&list(0xa0, &[&server])]), 0),
            (list(0x30, &[&[0x0c, 1, b'a']]), 1),
            (list(0x30, &[]), 1),
        ] {
            let section = [&CERTIFICATE[..], &notes].concat();
            let found = parse(pem("TRUSTED CERTIFICATE", &section).as_bytes());
            assert_eq!(found.len(), expected, "{notes:?}");
        }
    }

    #[test]
    fn damaged_elements_are_none() {
        for bytes in [
            &[][..],
            &[0x30],
            &[0x30, 5, 0],
            &[0x30, 0x85, 1, 1, 1, 1, 1],
            &[0x30, 0x80],
        ] {
            assert!(Element::next(&mut &*bytes).is_none(), "{bytes:?}");
        }
    }
}
