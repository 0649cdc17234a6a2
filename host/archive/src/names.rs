//! The names of members: which are accepted, and where links lead.

use super::error::Fault;

/// The longest name of a member, in bytes.
const LONGEST: usize = 1024;

/// Returns a member's name in its plain form: no `./`, no leading, doubled or trailing slash.
///
/// The root folder itself is the empty name. Nothing is ever written to a place of that name, so that a
/// leading slash, which some tools write, is harmless.
pub(super) fn member(bytes: &[u8]) -> Result<String, Fault> {
    if bytes.len() > LONGEST {
        return Err(Fault::TooMuch {
            what: "has too long a name",
            limit: LONGEST as u64,
        });
    }
    let name = str::from_utf8(bytes).map_err(|_| Fault::Refused("has a name that is not UTF-8"))?;
    if name.is_empty() {
        return Err(Fault::Refused("has no name"));
    }
    if name.chars().any(char::is_control) {
        return Err(Fault::Refused("has control characters in its name"));
    }
    if name.split('/').any(|part| part == "..") {
        return Err(Fault::Refused("has `..` in its path"));
    }
    Ok(plain(name.split('/')).join("/"))
}

/// Returns the name that a symbolic link named `link` leads to.
pub(super) fn symlink(link: &str, target: &[u8]) -> Result<String, Fault> {
    let target = target_text(target)?;
    let mut path: Vec<&str> = plain(link.split('/'));
    path.pop();
    for part in plain(target.split('/')) {
        if part != ".." {
            path.push(part);
        } else if path.pop().is_none() {
            return Err(Fault::Refused("is a link that leaves the archive"));
        }
    }
    Ok(path.join("/"))
}

/// Returns the name that a hard link leads to, which counts from the root.
pub(super) fn hard_link(target: &[u8]) -> Result<String, Fault> {
    let target = target_text(target)?;
    if target.split('/').any(|part| part == "..") {
        return Err(Fault::Refused("is a link that leaves the archive"));
    }
    Ok(plain(target.split('/')).join("/"))
}

fn target_text(target: &[u8]) -> Result<&str, Fault> {
    let text = str::from_utf8(target)
        .ok()
        .filter(|text| !text.is_empty() && text.len() <= LONGEST)
        .ok_or(Fault::Refused("is a link without a usable target"))?;
    if text.starts_with('/') {
        return Err(Fault::Refused("is a link that leaves the archive"));
    }
    Ok(text)
}

fn plain<'a>(parts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    parts
        .filter(|part| !part.is_empty() && *part != ".")
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_take_one_form() {
        for (given, plain) in [
            ("a", "a"),
            ("./a", "a"),
            ("a//b/./c/", "a/b/c"),
            ("./", ""),
            ("..a/b..", "..a/b.."),
            ("/a/b", "a/b"),
        ] {
            assert_eq!(member(given.as_bytes()).unwrap(), plain);
        }
        for wrong in ["", "/../a", "../a", "a/../b", "a\nb", "a\u{85}b"] {
            assert!(member(wrong.as_bytes()).is_err(), "{wrong:?}");
        }
        assert!(member(b"\xff").is_err());
        assert!(member(&[b'a'; LONGEST + 1]).is_err());
    }

    #[test]
    fn links_stay_inside() {
        assert_eq!(symlink("id/layer.tar", b"../x.tar").unwrap(), "x.tar");
        assert_eq!(symlink("layer.tar", b"a/./b").unwrap(), "a/b");
        assert!(symlink("layer.tar", b"../x").is_err());
        assert!(symlink("a/b", b"../../x").is_err());
        assert!(symlink("a/b", b"/etc/passwd").is_err());
        assert_eq!(hard_link(b"./a/b").unwrap(), "a/b");
        assert!(hard_link(b"a/../b").is_err());
        assert!(hard_link(b"").is_err());
    }
}
