//! What proves who is asking, so that it is shown nowhere: servers repeat what they were sent.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;

/// Shorter ones are parts of ordinary words.
const SHORTEST: usize = 4;
/// What stands in the place of a secret.
const MASKED: &str = "masked";

/// Everything secret that was sent.
#[derive(Debug, Default)]
pub(crate) struct Secrets(Mutex<BTreeSet<String>>);

impl Secrets {
    /// Notes what a header proves it with: all of it, and the password in it.
    pub(crate) fn note_header(&self, authorization: &HeaderValue) {
        let Ok(text) = authorization.to_str() else {
            return;
        };
        let proof = text.split_once(' ').map_or(text, |(_, proof)| proof);
        self.note(proof);
        let decoded = STANDARD.decode(proof).ok();
        if let Some(pair) = decoded.and_then(|bytes| String::from_utf8(bytes).ok())
            && let Some((_, password)) = pair.split_once(':')
        {
            self.note(password);
        }
    }

    /// Notes what a form proves it with.
    pub(crate) fn note_form(&self, form: &str) {
        for (name, value) in url::form_urlencoded::parse(form.as_bytes()) {
            if matches!(&*name, "refresh_token" | "password") {
                self.note(&value);
            }
        }
    }

    fn note(&self, secret: &str) {
        if secret.len() >= SHORTEST {
            self.locked().insert(secret.to_owned());
        }
    }

    /// Returns a text without the secrets in it.
    pub(crate) fn hide(&self, text: String) -> String {
        let secrets = self.locked();
        // Longer ones first: one may be part of another.
        let mut all: Vec<&String> = secrets.iter().collect();
        all.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        all.into_iter()
            .fold(text, |text, secret| text.replace(secret.as_str(), MASKED))
    }

    fn locked(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_repeats_of_what_it_was_sent_is_masked() {
        let secrets = Secrets::default();
        let pair = STANDARD.encode("user:LongPwSecret99");
        secrets.note_header(&HeaderValue::from_str(&format!("Basic {pair}")).unwrap());
        secrets.note_header(&HeaderValue::from_static("Bearer tok-en-1234"));
        secrets.note_form("grant_type=refresh_token&refresh_token=ident%2Fity&service=x");
        for (text, expected) in [
            ("user user:LongPwSecret99", "user user:masked"),
            ("got Bearer tok-en-1234.", "got Bearer masked."),
            ("/v2/ident/ity/x", "/v2/masked/x"),
            ("grant_type refresh_token", "grant_type refresh_token"),
        ] {
            assert_eq!(secrets.hide(text.to_owned()), expected);
        }
        assert_eq!(secrets.hide(format!("Basic {pair}")), "Basic masked");
    }
}
