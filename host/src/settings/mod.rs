//! Where the cluster is, and how to be let in: the `ARVADOS_*` settings.
//!
//! Settings come from the environment and from the first `settings.conf` that exists; the
//! environment wins. The environment is a value, so that everything below the command line can be
//! run under one that is not the process's own.

mod base_directories;
mod certificates;
mod detours;
mod direct;
mod environment;
mod error;
mod file;
pub(crate) mod keeping;
mod machine;
pub(crate) mod origins;
mod preferences;
mod proxies;
mod variables;

use url::Url;

pub(crate) use base_directories::CacheBase;
pub(crate) use certificates::{ClientCertificate, Trust};
pub(crate) use detours::Detour;
pub(crate) use environment::{Environment, is_cluster};
pub(crate) use error::Error;
pub(crate) use machine::{host_name, user};
#[cfg(test)]
pub(crate) use preferences::PROGRESS;
pub(crate) use preferences::{ImageId, Preferences, Said};
pub(crate) use proxies::{Login, Protocol, Proxies, Proxy};
pub(crate) use token::{InvalidToken, Token};
#[cfg(any(test, feature = "testing"))]
pub(crate) use variables::VARIABLES;
pub(crate) use variables::of_process as process_variable;

use error::Missing;
use keepdocker_arvados::{address, token};

/// How to reach a cluster, and as whom.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The root of the cluster's API: `https://`, the host, the port if it is not 443, and `/`.
    pub api: Url,
    /// What proves to the cluster who is asking.
    pub token: Token,
    /// Which certificates to trust.
    pub trust: Trust,
    /// What to show to servers that ask for a certificate.
    pub client_certificate: Option<ClientCertificate>,
    /// Through which proxies to reach the servers.
    pub proxies: Proxies,
    /// The roots of the Keep services to use in place of the ones that the cluster names.
    pub keep_services: Option<Vec<Url>>,
    /// Whether `ARVADOS_DEBUG` asks for debug messages. Any text does, even `0`.
    pub debug: bool,
    /// What the user should know although the settings can be used: one sentence each.
    pub warnings: Vec<String>,
}

impl Settings {
    /// Returns the texts that must not be shown to anybody: the token, and what proxies are told.
    #[must_use]
    pub(crate) fn secrets(&self) -> Vec<String> {
        let token = self.token.expose();
        let mut secrets = vec![token.to_owned()];
        // Of a token such as `v2/zzzzz-gj3su-…/secret` the last part is as good as the whole.
        secrets.extend(token.rsplit('/').next().map(str::to_owned));
        secrets.extend(self.proxies.secrets());
        secrets
    }

    /// Gathers the settings from `environment` and the file system.
    ///
    /// # Errors
    /// If the host or the token is missing, or a setting cannot mean anything.
    pub(crate) fn load(environment: &Environment) -> Result<Self, Error> {
        let mut warnings = Vec::new();
        let file = file::find(environment, &mut warnings);
        let lookup = Lookup {
            environment,
            file: &file,
        };

        let missing: Vec<Missing> = ["ARVADOS_API_HOST", "ARVADOS_API_TOKEN"]
            .into_iter()
            .filter(|name| lookup.text(name).is_none())
            .map(|name| Missing {
                name,
                empty: lookup.is_empty(name),
            })
            .collect();
        if !missing.is_empty() {
            return Err(Error::Missing {
                missing,
                file: file.path,
                problem: file.problem,
                searched: file.searched,
                hints: warnings,
            });
        }
        if let (Some(path), Some(problem)) = (&file.path, &file.problem) {
            warnings.push(format!(
                "the settings file {} is ignored: {problem}",
                path.display()
            ));
        }
        let host = lookup.text("ARVADOS_API_HOST").unwrap_or_default();
        let token = lookup.text("ARVADOS_API_TOKEN").unwrap_or_default();

        let insecure = lookup
            .text("ARVADOS_API_HOST_INSECURE")
            .is_some_and(|value| is_true(&value));
        Ok(Self {
            api: address::api_root("https", &host).ok_or_else(|| Error::InvalidHost {
                value: address::shown(&host),
            })?,
            token: Token::new(&token)?,
            trust: certificates::choose(insecure, environment, &mut warnings),
            client_certificate: ClientCertificate::choose(environment, &mut warnings),
            proxies: Proxies::new(environment, &mut warnings)?,
            keep_services: keep_services(&lookup)?,
            debug: lookup.text("ARVADOS_DEBUG").is_some(),
            warnings,
        })
    }

    /// Returns the host as the user wrote it: with a port only if it is not 443.
    pub(crate) fn host(&self) -> String {
        address::host(&self.api)
    }
}

/// Finds a setting in the environment, else in the file.
struct Lookup<'a> {
    environment: &'a Environment,
    file: &'a file::Found,
}

impl Lookup<'_> {
    /// Returns the trimmed value, or none if it is absent or empty.
    ///
    /// A variable that is set to nothing hides the value of the file.
    fn text(&self, name: &str) -> Option<String> {
        let value = self.raw(name)?;
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    fn is_empty(&self, name: &str) -> bool {
        self.raw(name).is_some_and(|value| value.trim().is_empty())
    }

    fn raw(&self, name: &str) -> Option<String> {
        self.environment
            .raw(name)
            .map(|value| value.to_string_lossy().into_owned())
            .or_else(|| self.file.values.get(name).cloned())
    }
}

/// Tells whether the Python client takes `value` for true.
fn is_true(value: &str) -> bool {
    matches!(
        value.to_ascii_lowercase().as_str(),
        "1" | "t" | "true" | "y" | "yes"
    )
}

fn keep_services(lookup: &Lookup<'_>) -> Result<Option<Vec<Url>>, Error> {
    let Some((name, value)) = ["ARVADOS_KEEP_SERVICES", "ARVADOS_KEEP_PROXY"]
        .into_iter()
        .find_map(|name| Some((name, lookup.text(name)?)))
    else {
        return Ok(None);
    };
    let roots = address::keep_roots(&value).map_err(|text| Error::InvalidService {
        name,
        value: text.to_owned(),
    })?;
    Ok(Some(roots))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        variables
            .iter()
            .fold(Environment::default(), |environment, (name, value)| {
                environment.with(name, value)
            })
    }

    fn complete() -> Environment {
        environment(&[
            ("ARVADOS_API_HOST", "zzzzz.example.com"),
            ("ARVADOS_API_TOKEN", "v2/zzzzz-gj3su-000000000000001/s3cr3t"),
            ("XDG_CONFIG_DIRS", "/nonexistent"),
        ])
    }

    #[test]
    fn the_environment_alone_is_enough() {
        let settings = Settings::load(&complete()).unwrap();
        assert_eq!(settings.api.as_str(), "https://zzzzz.example.com/");
        assert_eq!(settings.host(), "zzzzz.example.com");
        assert_eq!(
            settings.token.expose(),
            "v2/zzzzz-gj3su-000000000000001/s3cr3t"
        );
        assert_eq!(settings.keep_services, None);
        assert!(!settings.debug);
        assert!(!format!("{settings:?}").contains("s3cr3t"));
    }

    #[test]
    fn the_environment_overrides_the_file_even_with_nothing() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(".config/arvados");
        fs::create_dir_all(&folder).unwrap();
        fs::write(
            folder.join("settings.conf"),
            "# comment\n\n  ARVADOS_API_HOST = filed.example.com:8443 \nnonsense\nOTHER=1\n\
             ARVADOS_API_TOKEN=a=b=c\nARVADOS_API_HOST_INSECURE=Yes\nARVADOS_DEBUG=0\n",
        )
        .unwrap();
        let base = Environment::default().with("HOME", home.path());

        let settings = Settings::load(&base).unwrap();
        assert_eq!(settings.api.as_str(), "https://filed.example.com:8443/");
        assert_eq!(settings.host(), "filed.example.com:8443");
        assert_eq!(settings.token.expose(), "a=b=c");
        assert_eq!(settings.trust, Trust::Anything);
        assert!(settings.debug);

        let settings = Settings::load(
            &base
                .clone()
                .with("ARVADOS_API_HOST", "other.example.com")
                .with("ARVADOS_API_HOST_INSECURE", ""),
        )
        .unwrap();
        assert_eq!(settings.api.as_str(), "https://other.example.com/");
        assert_ne!(settings.trust, Trust::Anything);

        let error = Settings::load(&base.with("ARVADOS_API_TOKEN", "")).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("ARVADOS_API_TOKEN is set, but empty"),
            "{text}"
        );
        assert!(!text.contains("ARVADOS_API_HOST is"), "{text}");
    }

    #[test]
    fn what_is_missing_is_named_with_the_places_that_were_searched() {
        let environment = environment(&[
            ("HOME", "/nonexistent/home"),
            ("XDG_CONFIG_DIRS", "/nonexistent/xdg:relative"),
            ("CONFIGURATION_DIRECTORY", "/nonexistent/unit"),
        ]);
        let text = Settings::load(&environment).unwrap_err().to_string();
        for part in [
            "ARVADOS_API_HOST",
            "ARVADOS_API_TOKEN",
            "/nonexistent/unit/settings.conf",
            "/nonexistent/home/.config/arvados/settings.conf",
            "/nonexistent/xdg/arvados/settings.conf",
            "export",
        ] {
            assert!(text.contains(part), "{part} is not in: {text}");
        }
        assert!(!text.contains("relative"), "{text}");
    }

    #[test]
    fn insecure_is_what_python_takes_for_true() {
        for yes in ["1", "t", "T", "true", "TRUE", "y", "yes", "Yes"] {
            assert!(is_true(yes), "{yes}");
        }
        for no in ["0", "false", "on", "no", "n", "2", "enabled"] {
            assert!(!is_true(no), "{no}");
        }
    }

    #[test]
    fn services_given_by_hand_replace_discovery() {
        let both = complete()
            .with("ARVADOS_KEEP_PROXY", "http://old.example:1/")
            .with(
                "ARVADOS_KEEP_SERVICES",
                " https://one.example:25107  http://two.example/keep ",
            );
        let services = Settings::load(&both).unwrap().keep_services.unwrap();
        let services: Vec<&str> = services.iter().map(Url::as_str).collect();
        assert_eq!(
            services,
            ["https://one.example:25107/", "http://two.example/keep/"]
        );

        let old = Settings::load(&both.with("ARVADOS_KEEP_SERVICES", "")).unwrap();
        assert_eq!(
            old.keep_services.unwrap()[0].as_str(),
            "http://old.example:1/"
        );

        for bad in ["keep.example:25107", "ftp://keep.example/", "nothing"] {
            let error = Settings::load(&complete().with("ARVADOS_KEEP_SERVICES", bad)).unwrap_err();
            assert!(matches!(error, Error::InvalidService { .. }), "{bad}");
        }
    }

    #[test]
    fn a_token_that_cannot_be_sent_is_refused_without_being_shown() {
        let error =
            Settings::load(&complete().with("ARVADOS_API_TOKEN", "sec\u{7}ret")).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("sec"), "{shown}");
    }
}
