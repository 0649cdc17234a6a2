//! What a registry demands of who asks: `WWW-Authenticate`.

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

/// What a registry demands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Challenge {
    /// A name and a password.
    Basic,
    /// A token, which is to be had at `realm`.
    Bearer {
        /// The address of the server of tokens.
        realm: String,
        /// What that server calls the registry.
        service: Option<String>,
        /// What is to be allowed.
        scope: Option<String>,
    },
}

impl Challenge {
    /// Returns the first challenge of the headers that can be met: a token rather than a password. None where
    /// there is none; then `schemes` has what there is.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Vec<String>> {
        let mut basic = false;
        let mut others = Vec::new();
        for value in headers.get_all(WWW_AUTHENTICATE) {
            let Ok(text) = value.to_str() else { continue };
            // What cannot be read has nothing to be met.
            let Ok(challenges) = http_auth::parse_challenges(text) else {
                continue;
            };
            for challenge in challenges {
                let parameter = |name: &str| {
                    let found = challenge
                        .params
                        .iter()
                        .find(|(known, _)| known.eq_ignore_ascii_case(name));
                    found
                        .map(|(_, value)| value.to_unescaped())
                        .filter(|value| !value.is_empty())
                };
                if challenge.scheme.eq_ignore_ascii_case("bearer") {
                    if let Some(realm) = parameter("realm") {
                        return Ok(Self::Bearer {
                            realm,
                            service: parameter("service"),
                            scope: parameter("scope"),
                        });
                    }
                } else if challenge.scheme.eq_ignore_ascii_case("basic") {
                    basic = true;
                } else {
                    others.push(challenge.scheme.to_owned());
                }
            }
        }
        if basic { Ok(Self::Basic) } else { Err(others) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&str]) -> Result<Challenge, Vec<String>> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, value.parse().unwrap());
        }
        Challenge::of(&headers)
    }

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Challenge {
        Challenge::Bearer {
            realm: realm.into(),
            service: service.map(Into::into),
            scope: scope.map(Into::into),
        }
    }

    #[test]
    fn challenges_are_read_in_every_form() {
        let full = r#"Bearer realm="https://a.example/token",service="reg",scope="repository:t/tiny:pull""#;
        let expected = bearer(
            "https://a.example/token",
            Some("reg"),
            Some("repository:t/tiny:pull"),
        );
        assert_eq!(of(&[full]).unwrap(), expected);
        assert_eq!(
            of(&[&format!(r#"Basic realm="r", {full}"#)]).unwrap(),
            expected
        );
        assert_eq!(of(&["Negotiate", full]).unwrap(), expected);
        assert_eq!(
            of(&[r#"bearer REALM="https://a.example/t?x=\"1,2\"",scope="repository:a:pull,push""#])
                .unwrap(),
            bearer(
                r#"https://a.example/t?x="1,2""#,
                None,
                Some("repository:a:pull,push")
            )
        );
        assert_eq!(of(&[r#"Basic realm="r""#]).unwrap(), Challenge::Basic);
        assert_eq!(
            of(&[r#"Bearer service="reg""#, "Basic"]).unwrap(),
            Challenge::Basic
        );
        assert_eq!(of(&["Negotiate"]).unwrap_err(), ["Negotiate"]);
        assert!(of(&[]).unwrap_err().is_empty());
        assert!(
            of(&[r#"Bearer realm="unterminated"#])
                .unwrap_err()
                .is_empty()
        );
    }
}
