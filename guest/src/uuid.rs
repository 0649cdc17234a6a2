//! UUIDs of Arvados objects, such as `zzzzz-4zz18-0123456789abcde`.

/// What stands in the middle of the UUIDs of collections.
pub(crate) const COLLECTION: &str = "4zz18";

/// A UUID, packed without what stands in its middle: a long list compares and hashes them tens of
/// thousands of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Uuid(u64, u64);

impl Uuid {
    /// Reads the UUID of an object of the kind that has `infix` in its middle; none for other texts.
    pub(crate) fn of(text: &str, infix: &str) -> Option<Self> {
        let bytes: &[u8; 27] = text.as_bytes().try_into().ok()?;
        let (cluster, middle, own) = (&bytes[..5], &bytes[6..11], &bytes[12..]);
        if bytes[5] != b'-' || middle != infix.as_bytes() || bytes[11] != b'-' {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_uuid_of_a_collection_has_a_key_and_each_another_one() {
        let key = |head: &str| Uuid::of(head, COLLECTION);
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
}
