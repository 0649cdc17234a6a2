//! Carries a transcript over to another run: UUIDs made then, signatures that have run out.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha1::Sha1;

/// The signing key of the recorded cluster, which is the public one of Arvados' own tests.
pub(crate) const KEY: &str = "zfhgfenhffzltr9dixws36j1yhksjoll2grmku38mi7yxd66h5j4q9w4jzanezac\
                              p8s6q0ro3hxakfye02152hncy6zml2ed0uc";

/// The lifetime of signatures on the recorded cluster, in seconds.
const TTL: i64 = 1_209_600;

/// What has to be replaced in later transcripts.
#[derive(Debug, Default)]
pub(crate) struct Renewal {
    replacements: Vec<(String, String)>,
    tokens: Vec<String>,
}

impl Renewal {
    /// Notes that a record got another UUID now than then.
    pub(crate) fn rename(&mut self, then: &str, now: &str) {
        if then != now && !self.replacements.iter().any(|(known, _)| known == then) {
            self.replacements.push((then.to_owned(), now.to_owned()));
            // Names made unique end in the last part alone.
            self.replacements
                .push((then[12..].to_owned(), now[12..].to_owned()));
        }
    }

    /// Learns the UUIDs that nobody could plan: those of logs.
    pub(crate) fn learn(&mut self, then: &Value, now: &Value) {
        match (then, now) {
            (Value::Array(then), Value::Array(now)) => {
                for (then, now) in then.iter().zip(now) {
                    self.learn(then, now);
                }
            }
            (Value::Object(old), Value::Object(new)) => {
                if let (Some("arvados#log"), Some(old), Some(new)) =
                    (text(old, "kind"), text(old, "uuid"), text(new, "uuid"))
                {
                    self.rename(old, new);
                }
                for (name, old) in old {
                    if let Some(new) = new.get(name) {
                        self.learn(old, new);
                    }
                }
            }
            _ => {}
        }
    }

    /// Notes a token that signatures may have been made for.
    pub(crate) fn add_token(&mut self, authorization: &str) {
        if let Some((_, token)) = authorization.split_once(' ')
            && !self.tokens.iter().any(|known| known == token)
        {
            self.tokens.push(token.to_owned());
        }
    }

    /// Replaces the UUIDs of then.
    pub(crate) fn uuids(&self, text: &str) -> String {
        self.replacements
            .iter()
            .fold(text.to_owned(), |text, (then, now)| {
                text.replace(then.as_str(), now)
            })
    }

    /// Signs again, for the same token, what was rightly signed then; `age` is in seconds.
    ///
    /// A signature that had run out by then has run out now, and a wrong one stays wrong.
    pub(crate) fn signatures(&self, text: &str, age: i64) -> String {
        let mut result = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find("+A") {
            let (before, hint) = rest.split_at(start);
            result.push_str(before);
            let signature = hint
                .get(2..42)
                .filter(|s| s.bytes().all(|b| b.is_ascii_hexdigit()));
            let expiry = hint
                .get(43..51)
                .and_then(|text| i64::from_str_radix(text, 16).ok());
            let hash = block_hash(&result);
            match (signature, expiry, hash) {
                (Some(signature), Some(expiry), Some(hash)) if hint.as_bytes()[42] == b'@' => {
                    let signer = self
                        .tokens
                        .iter()
                        .find(|token| sign(&hash, token, expiry) == signature);
                    match signer {
                        Some(token) => {
                            let expiry = expiry + age;
                            let signature = sign(&hash, token, expiry);
                            result.push_str(&format!("+A{signature}@{expiry:08x}"));
                        }
                        None => result.push_str(&hint[..51]),
                    }
                    rest = &hint[51..];
                }
                _ => {
                    result.push_str("+A");
                    rest = &hint[2..];
                }
            }
        }
        result.push_str(rest);
        result
    }
}

/// Finds the block hash at the start of the locator that the text ends with.
fn block_hash(text: &str) -> Option<String> {
    let start = text.rfind([' ', '/', '"']).map_or(0, |index| index + 1);
    text.get(start..start + 32)
        .filter(|hash| hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .map(str::to_owned)
}

fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}

fn sign(hash: &str, token: &str, expiry: i64) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(KEY.as_bytes()).unwrap();
    mac.update(format!("{hash}@{token}@{expiry:08x}@{TTL:x}").as_bytes());
    mac.finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
