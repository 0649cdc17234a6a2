//! UUIDs of Arvados objects, such as `zzzzz-4zz18-0123456789abcde`.
//!
//! The first part is the cluster's, the middle tells the kind of object, and the rest is the object's own.

/// The kinds of object that have to do with images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A collection.
    Collection,
    /// A group; projects are groups.
    Group,
    /// A link.
    Link,
    /// A user, whose UUID also stands for the user's home project.
    User,
}

impl Kind {
    /// Returns what stands in the middle of the UUIDs of such objects.
    #[must_use]
    pub const fn infix(self) -> &'static str {
        match self {
            Self::Collection => "4zz18",
            Self::Group => "j7d0g",
            Self::Link => "o0j2j",
            Self::User => "tpzed",
        }
    }
}

/// How many characters stand before an object's own part: the cluster, the kind, and two hyphens.
pub const BEFORE_OWN: usize = 12;

/// A UUID, packed without what stands in its middle: a long list compares and hashes them tens of
/// thousands of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Uuid(u64, u64);

impl Uuid {
    /// Reads the UUID of an object of this kind; none for other texts.
    #[must_use]
    pub fn of(text: &str, kind: Kind) -> Option<Self> {
        let bytes: &[u8; 27] = text.as_bytes().try_into().ok()?;
        let (cluster, middle, own) = (&bytes[..5], &bytes[6..11], &bytes[BEFORE_OWN..]);
        if bytes[5] != b'-' || middle != kind.infix().as_bytes() || bytes[11] != b'-' {
            return None;
        }
        let (begin, end) = own.split_at(5);
        Some(Self(packed(cluster)? << 30 | packed(begin)?, packed(end)?))
    }
}

/// Packs at most ten small letters and digits; none if there is something else among them.
fn packed(text: &[u8]) -> Option<u64> {
    text.iter().try_fold(0, |packed, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'z' => byte - b'a' + 10,
            _ => return None,
        };
        Some(packed << 6 | u64::from(digit))
    })
}

/// Tells whether the text is the UUID of an object of this kind.
#[must_use]
pub fn is(text: &str, kind: Kind) -> bool {
    Uuid::of(text, kind).is_some()
}

/// Tells whether the text is the UUID of something that can own objects: a project or a user.
#[must_use]
pub fn is_owner(text: &str) -> bool {
    is(text, Kind::Group) || is(text, Kind::User)
}

/// Tells whether a text has the middle of such a UUID, whatever the rest of it is.
///
/// It is for questions that are to be answered with yes where there is a doubt.
#[must_use]
pub fn may_be(text: &str, kind: Kind) -> bool {
    text.get(5..BEFORE_OWN)
        .and_then(|middle| middle.strip_prefix('-')?.strip_suffix('-'))
        == Some(kind.infix())
}

/// Tells whether the text is the ID of a cluster: the five characters that begin its UUIDs.
#[must_use]
pub fn is_cluster(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.len() == 5 && text.bytes().all(is_plain)
}

/// Tells whether the UUID is that of an object of this cluster.
#[must_use]
pub fn is_of_cluster(uuid: &str, cluster: &str) -> bool {
    uuid.split('-').next() == Some(cluster)
}

/// Tells whether the UUID is that of a cluster's system user, to whom the server's own objects belong.
#[must_use]
pub fn is_system_user(uuid: &str) -> bool {
    uuid.get(5..) == Some("-tpzed-000000000000000")
}

/// Makes up the UUID of an object that is not there yet: the first, the second, and so on.
#[must_use]
pub fn planned(cluster: &str, kind: Kind, number: usize) -> String {
    format!("{cluster}-{}-plan{number:011}", kind.infix())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_uuid_of_a_collection_has_a_key_and_each_another_one() {
        let key = |head: &str| Uuid::of(head, Kind::Collection);
        let one = key("zzzzz-4zz18-0123456789abcde");
        assert!(one.is_some());
        for other in [
            "zzzzy-4zz18-0123456789abcde",
            "azzzz-4zz18-0123456789abcde",
            "zzzzz-4zz18-1123456789abcde",
            "zzzzz-4zz18-0123456789abcdf",
            "zzzzz-4zz18-012345678aabcde",
            "zzzzz-4zz18-01234a6789abcde",
        ] {
            assert!(
                key(other).is_some_and(|other| Some(other) != one),
                "{other}"
            );
        }
        for wrong in [
            "",
            "zzzzz-4zz18-0123456789abcd",
            "zzzzz-4zz18-0123456789abcdef",
            "zzzzz-4zz18-0123456789abcdE",
            "zzzzz-4zz18-0123456789abcd\u{e9}",
            "ZZZZZ-4zz18-0123456789abcde",
            "zzzzz-j7d0g-0123456789abcde",
            "zzzzz_4zz18-0123456789abcde",
            "d41d8cd98f00b204e9800998ecf8427e+0",
        ] {
            assert_eq!(key(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_doubtful_uuid_may_be_of_its_kind_and_is_not() {
        let doubtful = "zzzzz-tpzed-ABC";
        assert!(may_be(doubtful, Kind::User) && !is(doubtful, Kind::User));
        assert!(!may_be(doubtful, Kind::Group));
        for text in ["", "zzzzz", "zzzzz-tpzed", "éé-tpzed-abc"] {
            assert!(!may_be(text, Kind::User), "{text}");
        }
    }

    #[test]
    fn projects_and_users_own_objects() {
        assert!(is_owner("zzzzz-j7d0g-000000000000000"));
        assert!(is_owner("zzzzz-tpzed-000000000000000"));
        for text in [
            "zzzzz-4zz18-000000000000000",
            "zzzzz-j7d0g-00000000000000",
            "zzzz-j7d0g-0000000000000000",
            "zzzzz-j7d0g-00000000000000%",
            "zzzzz-j7d0g-000000000000000-",
            "zzzzz-j7d0g-000000000000000/x",
            "zzzzz-j7d0g",
            "../groups",
            "",
        ] {
            assert!(!is_owner(text), "{text}");
        }
    }

    #[test]
    fn a_uuid_tells_its_cluster_and_the_system_user() {
        let system = "zzzzz-tpzed-000000000000000";
        assert!(is_of_cluster(system, "zzzzz") && !is_of_cluster(system, "yyyyy"));
        assert!(is_system_user(system) && !is_system_user("zzzzz-tpzed-000000000000001"));
        assert!(is_cluster("zz9zz") && !is_cluster("zzzz") && !is_cluster("ZZZZZ"));
    }

    #[test]
    fn a_planned_uuid_is_one() {
        for kind in [Kind::Collection, Kind::Link] {
            assert!(is(&planned("zzzzz", kind, 12), kind));
        }
        assert_eq!(
            planned("zzzzz", Kind::Collection, 1),
            "zzzzz-4zz18-plan00000000001"
        );
    }
}
