//! Why settings cannot be used, in words for the person who must set them.

use std::path::PathBuf;

use super::InvalidToken;

/// Why the settings do not tell how to reach a cluster.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The host, the token, or both are missing.
    #[error("{}", describe(.missing, .file.as_ref(), .problem.as_deref(), .searched))]
    Missing {
        /// What is missing, one or two of them.
        missing: Vec<Missing>,
        /// The settings file that was read.
        file: Option<PathBuf>,
        /// Why that file could not be read, if so.
        problem: Option<String>,
        /// The settings files that would have been read.
        searched: Vec<PathBuf>,
        /// What else may be the cause, such as a file in another place.
        hints: Vec<String>,
    },
    /// The host is something else, such as a URL.
    #[error(
        "ARVADOS_API_HOST must be a host name with an optional port, such as \
         `zzzzz.arvadosapi.com` or `localhost:8443`; it is `{}`", shown(.value)
    )]
    InvalidHost {
        /// What it is.
        value: String,
    },
    /// The token is no token.
    #[error(transparent)]
    InvalidToken(#[from] InvalidToken),
    /// A variable names a proxy that cannot be used. Its value may hold a password.
    #[error(
        "{variable} names no proxy that can be used: {reason}; write `http://HOST:PORT`, or the \
         same with `https`, `socks4`, `socks4a`, `socks5` or `socks5h`, without quotes"
    )]
    InvalidProxy {
        /// The variable.
        variable: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The address of a Keep service cannot be used.
    #[error(
        "{name} must hold addresses such as `https://keep.example.com:25107/`, with blanks \
         between them; one is `{}`", shown(.value)
    )]
    InvalidService {
        /// The variable.
        name: &'static str,
        /// The address.
        value: String,
    },
}

/// A setting that is needed and was not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Missing {
    /// The name of the variable.
    pub name: &'static str,
    /// Whether it is set to nothing, which hides the file's value.
    pub empty: bool,
}

/// Shows an address without name and password.
fn shown(address: &str) -> String {
    let hidden = address.rsplit_once('@').map(|(before, host)| {
        let scheme = before.split_once("://").map(|(scheme, _)| scheme);
        let scheme = scheme.map_or(String::new(), |scheme| format!("{scheme}://"));
        format!("{scheme}masked@{host}")
    });
    let address = hidden.as_deref().unwrap_or(address);
    address.escape_debug().to_string()
}

fn describe(
    missing: &[Missing],
    file: Option<&PathBuf>,
    problem: Option<&str>,
    searched: &[PathBuf],
) -> String {
    let mut parts: Vec<String> = Vec::new();
    for setting in missing {
        let state = if setting.empty {
            "is set, but empty"
        } else {
            "is not set"
        };
        parts.push(format!("{} {state}", setting.name));
    }
    let mut text = parts.join(" and ");
    match file {
        Some(path) if problem.is_some() => text.push_str(&format!(
            ", and {} cannot be read: {}; mend that, or",
            path.display(),
            problem.unwrap_or_default()
        )),
        Some(path) => text.push_str(&format!(
            ", and {} does not tell; add it there, or",
            path.display()
        )),
        None if searched.is_empty() => text.push_str("; please"),
        None => {
            let places: Vec<String> = searched
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            text.push_str(&format!(
                ", and there is no settings file (searched: {}); write one, or",
                places.join(", ")
            ));
        }
    }
    let exports: Vec<&str> = missing.iter().map(|setting| setting.name).collect();
    text.push_str(&format!(
        " export {} (the user menu of Workbench shows both under \"Get API token\")",
        exports.join(" and ")
    ));
    text
}
