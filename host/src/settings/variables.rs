//! The environment variables that the programs read.

use std::ffi::{OsStr, OsString};

/// The variables that the programs read, all of them. What each means where it is empty stands in
/// `docs/compatibility.md`; a variable that is not listed here cannot be read.
pub(crate) const VARIABLES: [&str; 46] = [
    // The cluster.
    "ARVADOS_API_HOST",
    "ARVADOS_API_TOKEN",
    "ARVADOS_API_HOST_INSECURE",
    "ARVADOS_KEEP_SERVICES",
    "ARVADOS_KEEP_PROXY",
    "ARVADOS_DEBUG",
    // This program.
    "KEEPDOCKER_ENGINE",
    "KEEPDOCKER_ENGINE_ENV",
    "KEEPDOCKER_CLIENT_CERTIFICATE",
    "KEEPDOCKER_CLIENT_KEY",
    "KEEPDOCKER_IMAGE_ID",
    "KEEPDOCKER_COMPLETE",
    // The network.
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "https_proxy",
    "HTTPS_PROXY",
    "http_proxy",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
    // Registries, when they are read without an engine.
    "DOCKER_CONFIG",
    "DOCKER_AUTH_CONFIG",
    "REGISTRY_AUTH_FILE",
    "CONTAINERS_REGISTRIES_CONF",
    "KEEPDOCKER_HELPER_TIMEOUT",
    // Where files are.
    "HOME",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_CONFIG_DIRS",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "XDG_RUNTIME_DIR",
    "CACHE_DIRECTORY",
    "CONFIGURATION_DIRECTORY",
    "TMPDIR",
    "PATH",
    // The terminal, and who looks at it.
    "TERM",
    "COLUMNS",
    "NO_COLOR",
    "CI",
    "TF_BUILD",
    "JENKINS_URL",
    "TEAMCITY_VERSION",
    "BUILDKITE",
    "GITHUB_ACTIONS",
];

/// Returns a variable of this process, or none if it is not set or blank: for what has no
/// [`Environment`](super::Environment) at hand.
pub(crate) fn of_process(name: &str) -> Option<OsString> {
    assert_listed(name);
    std::env::var_os(name).filter(|value| !is_blank(value))
}

/// Makes sure that a variable is one of those whose meaning is told.
pub(super) fn assert_listed(name: &str) {
    debug_assert!(VARIABLES.contains(&name), "`{name}` is not in the list");
}

/// Tells whether a value is as good as none.
pub(super) fn is_blank(value: &OsStr) -> bool {
    value.to_str().is_some_and(|text| text.trim().is_empty())
}
