//! Makes and recognises UUIDs: `<5-char cluster>-<5-char type>-<15 chars of [0-9a-z]>`.

use rand::Rng;

/// The length of every UUID.
pub(crate) const LENGTH: usize = 27;

/// The object types that the sandbox knows by name, with the middle part of their UUIDs.
const KINDS: &[(&str, &str)] = &[
    ("4zz18", "arvados#collection"),
    ("o0j2j", "arvados#link"),
    ("tpzed", "arvados#user"),
    ("j7d0g", "arvados#group"),
    ("bi6l4", "arvados#keepService"),
    ("gj3su", "arvados#apiClientAuthorization"),
    ("dz642", "arvados#container"),
    ("xvhdp", "arvados#containerRequest"),
    ("7fd4e", "arvados#workflow"),
    ("57u5n", "arvados#log"),
    ("2x53u", "arvados#virtualMachine"),
    ("fngyi", "arvados#authorizedKey"),
    ("oss07", "arvados#credential"),
];

/// The characters of the random part.
const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// Makes a new UUID of the given type (`4zz18`, …).
pub(crate) fn generate(cluster: &str, infix: &str) -> String {
    format!("{cluster}-{infix}-{}", random_text(15))
}

/// Makes `length` random characters of `[0-9a-z]`.
pub(crate) fn random_text(length: usize) -> String {
    let mut random = rand::rng();
    (0..length)
        .map(|_| char::from(DIGITS[random.random_range(0..DIGITS.len())]))
        .collect()
}

/// Says whether the text has the form of a UUID of any cluster and type.
pub(crate) fn is_uuid(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == LENGTH
        && bytes.iter().enumerate().all(|(index, byte)| match index {
            5 | 11 => *byte == b'-',
            _ => byte.is_ascii_digit() || byte.is_ascii_lowercase(),
        })
}

/// Returns the type part of a UUID.
pub(crate) fn infix(uuid: &str) -> Option<&str> {
    is_uuid(uuid).then(|| &uuid[6..11])
}

/// Returns the kind (`arvados#collection`, …) that a UUID stands for.
pub(crate) fn kind_of(uuid: &str) -> Option<&'static str> {
    let infix = infix(uuid)?;
    KINDS
        .iter()
        .find(|(known, _)| *known == infix)
        .map(|(_, kind)| *kind)
}

/// Returns the type part of the UUIDs of a kind.
pub(crate) fn infix_of_kind(kind: &str) -> Option<&'static str> {
    KINDS
        .iter()
        .find(|(_, known)| *known == kind)
        .map(|(infix, _)| *infix)
}

/// The user that owns what belongs to the cluster itself.
pub(crate) fn system_user(cluster: &str) -> String {
    format!("{cluster}-tpzed-000000000000000")
}

/// The user that stands for everybody without an account.
pub(crate) fn anonymous_user(cluster: &str) -> String {
    format!("{cluster}-tpzed-anonymouspublic")
}

/// The role that everybody belongs to, with an account or without.
pub(crate) fn anonymous_group(cluster: &str) -> String {
    format!("{cluster}-j7d0g-anonymouspublic")
}

/// The role that every active user belongs to.
pub(crate) fn all_users_group(cluster: &str) -> String {
    format!("{cluster}-j7d0g-fffffffffffffff")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_uuids_have_the_form() {
        let uuid = generate("zzzzz", "4zz18");
        assert!(is_uuid(&uuid), "{uuid}");
        assert_eq!(kind_of(&uuid), Some("arvados#collection"));
    }

    #[test]
    fn other_text_is_no_uuid() {
        for text in [
            "",
            "nonsense",
            "zzzzz-4zz18-1lddqqsuo8597q",
            "Zzzzz-4zz18-1lddqqsuo8597qz",
        ] {
            assert!(!is_uuid(text), "{text}");
        }
    }
}
