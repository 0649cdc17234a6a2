//! Where this machine has what goes for registries: the places of Docker and Podman.

use std::path::PathBuf;

use keepdocker_registry::{Error, LoginSource, Mirrors, Settings};

use crate::http::Retry;
use crate::settings::Environment;

/// Returns what goes for registries on this machine, and the folders with certificates for single ones (`certs.d`), the
/// most important first. The files with logins are not read yet.
///
/// # Errors
/// If a file of mirrors is there and cannot be used.
pub(super) fn settings(
    environment: &Environment,
    retry: Retry,
) -> Result<(Settings, Vec<PathBuf>), Error> {
    let path = |name: &str| environment.get(name).map(PathBuf::from);
    let home = environment.home().map(PathBuf::from);
    let in_home = |below: &str| home.as_ref().map(|home| home.join(below));
    let config = environment
        .absolute_path("XDG_CONFIG_HOME")
        .or_else(|| in_home(".config"));
    let below = |below: &str| config.as_ref().map(|config| config.join(below));
    let system = |path: &str| Some(PathBuf::from(path));
    let file = |path: Option<PathBuf>| path.map(LoginSource::File);

    let runtime = environment.absolute_path("XDG_RUNTIME_DIR");
    let docker = path("DOCKER_CONFIG").or_else(|| in_home(".docker"));
    let logins = [
        path("REGISTRY_AUTH_FILE").map(|path| LoginSource::Named(path, "REGISTRY_AUTH_FILE")),
        file(runtime.map(|folder| folder.join("containers/auth.json"))),
        file(below("containers/auth.json")),
        environment
            .text("DOCKER_AUTH_CONFIG")
            .map(|text| LoginSource::Text(text, "DOCKER_AUTH_CONFIG")),
        file(docker.map(|folder| folder.join("config.json"))),
        file(in_home(".dockercfg")),
    ];
    let certificate_folders = [
        below("containers/certs.d"),
        system("/etc/containers/certs.d"),
        system("/usr/share/containers/certs.d"),
        below("docker/certs.d"),
        system("/etc/docker/certs.d"),
    ];
    let mirrors = match path("CONTAINERS_REGISTRIES_CONF") {
        Some(named) => Mirrors::read(&[named], &[])?,
        None => {
            let files = [
                below("containers/registries.conf"),
                system("/etc/containers/registries.conf"),
                system("/usr/share/containers/registries.conf"),
            ];
            let folders = [
                system("/etc/containers/registries.conf.d"),
                below("containers/registries.conf.d"),
            ];
            let there = |places: &[Option<PathBuf>]| -> Vec<PathBuf> {
                places.iter().flatten().cloned().collect()
            };
            Mirrors::read(&there(&files), &there(&folders))?
        }
    };
    let settings = Settings {
        retry,
        logins: logins.into_iter().flatten().collect(),
        mirrors,
        ..Settings::default()
    };
    let folders = certificate_folders.into_iter().flatten().collect();
    Ok((settings, folders))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_are_those_of_podman_and_docker_in_their_order() {
        let environment = Environment::default()
            .with("HOME", "/h")
            .with("XDG_RUNTIME_DIR", "/run/user/7")
            .with("DOCKER_AUTH_CONFIG", "{\"auths\":{\"s3cr3t\":{}}}")
            .with("REGISTRY_AUTH_FILE", "/given.json")
            .with("CONTAINERS_REGISTRIES_CONF", "/nonexistent/registries.conf");
        let (settings, folders) = settings(&environment, Retry::default()).unwrap();
        let shown = format!("{:?}", settings.logins);
        let places = [
            "/given.json",
            "/run/user/7/containers/auth.json",
            "/h/.config/containers/auth.json",
            "DOCKER_AUTH_CONFIG",
            "/h/.docker/config.json",
            "/h/.dockercfg",
        ];
        let found: Vec<usize> = places
            .iter()
            .map(|place| shown.find(place).unwrap())
            .collect();
        assert!(found.is_sorted(), "{shown}");
        assert!(!shown.contains("s3cr3t"));
        assert_eq!(folders[0], PathBuf::from("/h/.config/containers/certs.d"));
        let moved = environment
            .with("DOCKER_CONFIG", "/d")
            .with("XDG_CONFIG_HOME", "/c");
        let shown = format!("{:?}", super::settings(&moved, Retry::default()).unwrap());
        for place in [
            "/d/config.json",
            "/c/containers/auth.json",
            "/c/containers/certs.d",
        ] {
            assert!(shown.contains(place), "{shown}");
        }
    }
}
