//! The ID by which a request is found in the servers' logs.

use std::fmt;

use rand::Rng;

/// A request ID, in the form that the other Arvados clients use: `req-` and 20 letters or digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// Makes up an ID.
    #[must_use]
    pub fn random() -> Self {
        const SYMBOLS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
        let mut rng = rand::rng();
        let mut id = String::from("req-");
        for _ in 0..20 {
            id.push(char::from(SYMBOLS[rng.random_range(0..SYMBOLS.len())]));
        }
        Self(id)
    }

    /// Returns the ID as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_the_form_of_the_other_clients() {
        let id = RequestId::random();
        assert_eq!(id.as_str().len(), 24);
        assert!(id.as_str().starts_with("req-"));
        assert_ne!(id, RequestId::random());
    }
}
