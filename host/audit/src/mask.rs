//! What must never stand in a log, and what stands there instead.

use std::borrow::Cow;
use std::fmt;

use keepdocker_terms::hex;
use memchr::memmem::Finder;
use sha2::{Digest, Sha256};

/// What stands in place of a secret.
const MASKED: &str = "masked";

/// Shorter texts occur everywhere by chance; only their place in an address gives them away.
const SHORTEST: usize = 8;

/// So much of the beginning of a secret gives it away; less occurs by chance.
const CUT_SECRET: usize = 12;

/// A text of letters and digits after `+A` that is as long as this is a signature, even cut off.
const CUT_SIGNATURE: usize = 12;

/// Finds secrets in texts and puts something harmless in their place.
///
/// Three kinds are found: texts that are known to be secret, such as the token; what looks like a
/// token or a name and password in an address; and signatures of blocks. The last get a
/// substitute that is the same for the same signature within a run, and tells nothing about it.
#[derive(Clone)]
pub struct Mask {
    secrets: Vec<Secret>,
    /// What a JSON text with something to mask holds: secrets as they stand there, and marks of the
    /// forms.
    marks: Vec<Finder<'static>>,
    shortest: usize,
    salt: [u8; 32],
}

impl Default for Mask {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

/// A text that must not be shown, nor a part of it with which it begins: what is quoted of a server's
/// answer is cut off somewhere.
#[derive(Clone)]
struct Secret {
    text: String,
    /// How much of it is no secret: of a token in the form `v2/zzzzz-gj3su-…/secret` the UUID.
    open: usize,
    /// Its beginning, ready to be looked for: every text of every call is searched for each.
    beginning: Finder<'static>,
}

impl Secret {
    fn new(text: String) -> Self {
        let is_token = text.starts_with("v2/");
        let slash = text.rfind('/').filter(|_| is_token);
        let open = slash.map_or(0, |slash| slash + 1);
        let beginning = &text[..text.floor_char_boundary(open + CUT_SECRET)];
        Self {
            open,
            beginning: Finder::new(beginning).into_owned(),
            text,
        }
    }

    fn beginning(&self) -> &str {
        &self.text[..self.beginning.needle().len()]
    }

    /// Finds the secret, or as much of its beginning as there is.
    fn find(&self, text: &str) -> Option<(usize, usize)> {
        let begin = self.beginning.find(text.as_bytes())?;
        let both = text[begin..].chars().zip(self.text.chars());
        let length: usize = both
            .take_while(|(found, wanted)| found == wanted)
            .map(|(found, _)| found.len_utf8())
            .sum();
        let open = if length == self.text.len() {
            0
        } else {
            self.open
        };
        Some((begin + open, begin + length))
    }
}

/// Shows nothing: the fields are secret.
impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mask")
    }
}

impl Mask {
    /// Creates a mask for these secrets, and for what is found by its form.
    #[must_use]
    pub fn new(secrets: Vec<String>) -> Self {
        let mut secrets: Vec<String> = secrets
            .into_iter()
            .filter(|secret| secret.len() >= SHORTEST)
            .collect();
        // Of two secrets, one of which holds the other, the longer must go first.
        secrets.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        secrets.dedup();
        let secrets: Vec<Secret> = secrets.into_iter().map(Secret::new).collect();
        let quoted = secrets.iter().map(|secret| {
            let quoted = serde_json::to_string(secret.beginning()).expect("a text is always JSON");
            quoted[1..quoted.len() - 1].to_owned()
        });
        let forms = ["@", "v2/", "+A", "+R"].map(str::to_owned);
        let marks = quoted.chain(forms);
        Self {
            marks: marks.map(|mark| Finder::new(&mark).into_owned()).collect(),
            shortest: secrets
                .iter()
                .map(|secret| secret.beginning().len())
                .min()
                .unwrap_or(usize::MAX),
            secrets,
            salt: rand::random(),
        }
    }

    /// Tells whether a JSON text may hold something to mask; if not, none of its texts does.
    pub(super) fn may_apply_to(&self, json: &str) -> bool {
        self.marks
            .iter()
            .any(|mark| mark.find(json.as_bytes()).is_some())
    }

    /// Returns the text without secrets.
    #[must_use]
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut text = Cow::Borrowed(text);
        if text.len() >= self.shortest {
            for secret in &self.secrets {
                text = replaced(text, |rest| secret.find(rest), |_| MASKED.to_owned());
            }
        }
        // Most texts have neither.
        if text.contains('@') {
            text = replaced(text, user_information, |_| MASKED.to_owned());
            text = replaced(text, login, |_| MASKED.to_owned());
        }
        if text.contains('/') {
            text = replaced(text, token_secret, |_| MASKED.to_owned());
        }
        if text.contains('+') {
            text = replaced(text, signature, |signature| self.substitute(signature));
        }
        text
    }

    fn substitute(&self, signature: &str) -> String {
        if signature.starts_with(MASKED) {
            return signature.to_owned();
        }
        let hash = Sha256::new()
            .chain_update(self.salt)
            .chain_update(signature)
            .finalize();
        format!("{MASKED}{}", hex::of(&hash[..6]))
    }
}

/// Replaces each part of a text that `find` points at; it looks at the rest of the text, and says
/// where the part begins and ends.
fn replaced(
    text: Cow<'_, str>,
    find: impl Fn(&str) -> Option<(usize, usize)>,
    substitute: impl Fn(&str) -> String,
) -> Cow<'_, str> {
    let mut done = String::new();
    let mut rest = &*text;
    while let Some((begin, end)) = find(rest) {
        done.push_str(&rest[..begin]);
        done.push_str(&substitute(&rest[begin..end]));
        rest = &rest[end..];
    }
    if rest.len() == text.len() {
        return text;
    }
    done.push_str(rest);
    Cow::Owned(done)
}

/// Finds what stands between `://` and `@`.
fn user_information(text: &str) -> Option<(usize, usize)> {
    for (place, _) in text.match_indices("://") {
        let begin = place + 3;
        let rest = &text[begin..];
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\''))
            .unwrap_or(rest.len());
        if let Some(at) = rest[..end].rfind('@')
            && rest[..at] != *MASKED
        {
            return Some((begin, begin + at));
        }
    }
    None
}

/// Finds a user and a password before the name of a host, where no scheme stands before them.
fn login(text: &str) -> Option<(usize, usize)> {
    let is_end = |c: char| c.is_whitespace() || "\"'`<>(),=".contains(c);
    for (at, _) in text.match_indices('@') {
        let start = text[..at].rfind(is_end).map_or(0, |end| {
            end + text[end..].chars().next().map_or(0, char::len_utf8)
        });
        let before = &text[start..at];
        // What ends with a colon is a file, and behind it stands the number of an image: `saved.tar:@0`.
        let is_address = before.contains("://") || before.ends_with(':');
        let Some(colon) = before.find(':').filter(|_| !is_address) else {
            continue;
        };
        let after = text[at + 1..].split(is_end).next().unwrap_or_default();
        let begin = before[..colon].rfind('/').map_or(0, |slash| slash + 1);
        let is_host = after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[');
        if begin < colon && is_host && !is_digest(after) && !is_version(after) {
            return Some((start + begin, at));
        }
    }
    None
}

/// Tells whether this is a digest, perhaps cut off, and not a host with a port: of the two, both may follow `@` in the
/// name of an image.
fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, rest)| {
        let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        digits > 8 || ["sha256", "sha384", "sha512"].contains(&algorithm)
    })
}

/// Tells whether this is the version of an interface and no host: `wasi:http/types@0.2.0`.
fn is_version(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(3, '.').collect();
    let is_number = |part: &&str| part.starts_with(|c: char| c.is_ascii_digit());
    // An address has a number more.
    parts.len() == 3 && parts.iter().all(is_number) && !parts[2].contains('.')
}

/// Finds the secret part of a token in the form `v2/zzzzz-gj3su-…/secret`.
fn token_secret(text: &str) -> Option<(usize, usize)> {
    for (place, _) in text.match_indices("v2/") {
        let rest = &text[place + 3..];
        let Some((uuid, secret)) = rest.split_once('/') else {
            continue;
        };
        let end = secret
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(secret.len());
        if uuid.len() == 27 && uuid.get(5..12) == Some("-gj3su-") && end > 0 {
            let begin = place + 3 + uuid.len() + 1;
            if &secret[..end] != MASKED {
                return Some((begin, begin + end));
            }
        }
    }
    None
}

/// Finds the signature in a locator's hint, `+A<signature>@<time>` or `+R<cluster>-<signature>@<time>`.
fn signature(text: &str) -> Option<(usize, usize)> {
    for (place, _) in text.match_indices(['A', 'R']) {
        if !text[..place].ends_with('+') {
            continue;
        }
        let begin = place + 1;
        let rest = &text[begin..];
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '-')
            .unwrap_or(rest.len());
        let is_signature = end > 0 && (rest[end..].starts_with('@') || end >= CUT_SIGNATURE);
        if is_signature && !rest.starts_with(MASKED) {
            return Some((begin, begin + end));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNATURE: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn secrets_give_way_and_the_rest_stays() {
        let mask = Mask::new(vec!["s3cr3t-of-some-length".into(), "short".into()]);
        for (text, shown) in [
            ("nothing", "nothing"),
            ("a s3cr3t-of-some-length b", "a masked b"),
            ("short", "short"),
            (
                "http://u:p@h:1/x http://h/ ftp://v@g",
                "http://masked@h:1/x http://h/ ftp://masked@g",
            ),
            ("http://u:p@w@h", "http://masked@h"),
            // As in the name of an image, where no scheme is written.
            ("u:p@h/x", "masked@h/x"),
            ("wasi:http/types@0.2.0", "wasi:http/types@0.2.0"),
            ("u:p@10.0.0.1/x", "masked@10.0.0.1/x"),
            ("no `u:p/w@h:5000/x` there", "no `masked@h:5000/x` there"),
            (
                "--from=lab/u:p@localhost:5000",
                "--from=lab/masked@localhost:5000",
            ),
            (
                "lab/x:1.2@sha256:0123456789ab",
                "lab/x:1.2@sha256:0123456789ab",
            ),
            ("h:5000/x:1@sha256:0…", "h:5000/x:1@sha256:0…"),
            ("x:1@md5:0123456789ab", "x:1@md5:0123456789ab"),
            ("me@h: x:1", "me@h: x:1"),
            ("a/:p@h", "a/:p@h"),
            ("docker-archive:a.tar:@0", "docker-archive:a.tar:@0"),
            (
                "v2/zzzzz-gj3su-000000000000001/abc123.",
                "v2/zzzzz-gj3su-000000000000001/masked.",
            ),
            (
                "acbd18db4cc2f85cedef654fccc4a4d8+3",
                "acbd18db4cc2f85cedef654fccc4a4d8+3",
            ),
            ("docker_image_repo+tag", "docker_image_repo+tag"),
            // Characters of several bytes where a UUID has its parts.
            (
                "v2/zzzz\u{e9}gj3su-00000000000000/abc123",
                "v2/zzzz\u{e9}gj3su-00000000000000/abc123",
            ),
            (
                "v2/zzzzz-gj3s\u{e9}00000000000000/abc123",
                "v2/zzzzz-gj3s\u{e9}00000000000000/abc123",
            ),
        ] {
            assert_eq!(mask.text(text), shown);
            assert_eq!(mask.text(shown), shown, "masking twice changes nothing");
        }
    }

    #[test]
    fn a_secret_that_was_cut_off_is_one_too() {
        let mask = Mask::new(vec![
            "s3cr3t-of-some-length".into(),
            "v2/zzzzz-gj3su-000000000000001/abcdefghijklmnop".into(),
            "größer-als-ein-byte".into(),
        ]);
        for (text, shown) in [
            ("it said s3cr3t-of-so", "it said masked"),
            ("`s3cr3t-of-so…` and more", "`masked…` and more"),
            ("s3cr3t-of-som is a part", "masked is a part"),
            ("it said s3cr3t-of", "it said s3cr3t-of"),
            (
                "v2/zzzzz-gj3su-000000000000001/abcdefghijkl…",
                "v2/zzzzz-gj3su-000000000000001/masked…",
            ),
            ("v2/zzzzz-gj3su-00000000000", "v2/zzzzz-gj3su-00000000000"),
            ("größer-als-eiń", "maskedń"),
        ] {
            assert_eq!(mask.text(text), shown);
            assert_eq!(mask.text(shown), shown, "masking twice changes nothing");
        }
        let json = r#"{"error":"it said s3cr3t-of-so…"}"#;
        assert!(mask.may_apply_to(json));
    }

    #[test]
    fn a_json_text_that_cannot_hold_a_secret_is_known_as_such() {
        let secret = "with \"quotes\" \\ and\nlines";
        let mask = Mask::new(vec![secret.into()]);
        for text in [
            format!("a {secret} b"),
            "http://u:p@h".into(),
            "u:p@h/x".into(),
            "v2/zzzzz-gj3su-000000000000001/abc".into(),
            format!("3+A{SIGNATURE}@66f0c0de"),
            format!("3+Rzzzzz-{SIGNATURE}@66f0c0de"),
        ] {
            assert_ne!(mask.text(&text), text);
            let json = serde_json::json!({ "a": [text] }).to_string();
            assert!(mask.may_apply_to(&json), "{json}");
        }
        assert!(!mask.may_apply_to(r#"{"a":"lab/tool:1","b":"docker_image_repo+tag"}"#));
    }

    #[test]
    fn equal_signatures_have_equal_substitutes_in_one_run_only() {
        let mask = Mask::default();
        let text = format!(
            "a+1+A{SIGNATURE}@66f0c0de b+2+Rzzzzz-{SIGNATURE}@66f0c0de c+3+A{SIGNATURE}@00000001"
        );
        let masked = mask.text(&text).into_owned();
        assert!(!masked.contains(SIGNATURE), "{masked}");
        let locators: Vec<&str> = masked.split(' ').collect();
        let of = |locator: &str| locator.split(['A', '@']).nth(1).map(str::to_owned);
        assert_eq!(of(locators[0]), of(locators[2]));
        assert!(locators[0].ends_with("@66f0c0de") && locators[0].starts_with("a+1+Amasked"));
        assert_ne!(mask.text(&text), Mask::default().text(&text));
        assert_eq!(mask.text(&masked), masked);
    }

    #[test]
    fn a_signature_that_is_cut_off_is_one_too() {
        let masked = Mask::default()
            .text(&format!("+A{}", &SIGNATURE[..20]))
            .into_owned();
        assert!(!masked.contains(&SIGNATURE[..20]), "{masked}");
    }
}
