//! Settings that lead the token and the data elsewhere than to the cluster whose host is named.

use url::Url;

use super::Settings;
use super::certificates::Trust;

/// A setting by which token and data go another way than the API host vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Detour {
    /// Any host passes for the API, and for Keep: certificates are not checked.
    Unchecked,
    /// These Keep services get the blocks and the token, not those that the cluster names.
    KeepServices(Vec<Url>),
}

impl Settings {
    /// Returns the settings by which token and data go another way than the API host vouches for.
    #[must_use]
    pub(crate) fn detours(&self) -> Vec<Detour> {
        let unchecked = (self.trust == Trust::Anything).then_some(Detour::Unchecked);
        let services = self.keep_services.clone().map(Detour::KeepServices);
        unchecked.into_iter().chain(services).collect()
    }
}

/// Writes what the setting does, as a sentence.
impl std::fmt::Display for Detour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unchecked => f.write_str(
                "ARVADOS_API_HOST_INSECURE is set, so no certificate is checked, and any host can pass for the cluster",
            ),
            Self::KeepServices(roots) => {
                let shown: Vec<&str> = roots.iter().map(Url::as_str).collect();
                write!(
                    f,
                    "ARVADOS_KEEP_SERVICES is set, so the token and the data go to {}, not to the Keep services that the cluster names",
                    shown.join(", ")
                )?;
                if roots.iter().any(|root| root.scheme() == "http") {
                    f.write_str("; over plain HTTP, everybody on the way can read them")?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Environment;

    fn detours(variables: &[(&str, &str)]) -> Vec<String> {
        let base = Environment::default()
            .with("ARVADOS_API_HOST", "zzzzz.example.com")
            .with("ARVADOS_API_TOKEN", "v2/zzzzz-gj3su-000000000000001/s3cr3t")
            .with("XDG_CONFIG_DIRS", "/nonexistent");
        let environment = variables.iter().fold(base, |environment, (name, value)| {
            environment.with(name, value)
        });
        let detours = Settings::load(&environment).unwrap().detours();
        detours.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn settings_that_lead_elsewhere_are_told() {
        assert_eq!(detours(&[]), Vec::<String>::new());
        assert_eq!(
            detours(&[("ARVADOS_API_HOST_INSECURE", "0")]),
            Vec::<String>::new()
        );
        let insecure = detours(&[("ARVADOS_API_HOST_INSECURE", "1")]);
        assert!(
            insecure[0].contains("no certificate is checked"),
            "{insecure:?}"
        );
        for name in ["ARVADOS_KEEP_SERVICES", "ARVADOS_KEEP_PROXY"] {
            let secret = detours(&[(name, "https://keep.example/")]);
            assert!(
                secret[0].contains("go to https://keep.example/"),
                "{secret:?}"
            );
            assert!(!secret[0].contains("plain HTTP"), "{secret:?}");
            let plain = detours(&[(name, "https://a.example/ http://b.example:1/")]);
            assert!(plain[0].contains("http://b.example:1/"), "{plain:?}");
            assert!(plain[0].contains("plain HTTP"), "{plain:?}");
        }
    }
}
