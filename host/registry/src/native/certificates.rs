//! `certs.d`: the certificates that go for one registry.

use std::path::{Path, PathBuf};

/// The certificates that go for one registry beside what the system trusts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Certificates {
    /// Files with certificates of authorities.
    pub authorities: Vec<PathBuf>,
    /// The certificate to show and its private key.
    pub shown: Option<(PathBuf, PathBuf)>,
    /// Whether any certificate will do.
    pub trusts_anything: bool,
}

/// Returns what the first of `folders` has that has anything for `host`, which is `host[:port]` as it is written
/// in names.
pub(crate) fn of_host(folders: &[PathBuf], host: &str) -> Certificates {
    folders
        .iter()
        .map(|folder| folder.join(host))
        .find(|folder| folder.is_dir())
        .map(|folder| of_folder(&folder))
        .unwrap_or_default()
}

fn of_folder(folder: &Path) -> Certificates {
    let mut files: Vec<PathBuf> = folder
        .read_dir()
        .map(|entries| {
            entries
                .filter_map(|entry| Some(entry.ok()?.path()))
                .collect()
        })
        .unwrap_or_default();
    files.sort();
    let ends = |path: &&PathBuf, end: &str| path.extension().is_some_and(|have| have == end);
    let shown = files
        .iter()
        .filter(|path| ends(path, "cert"))
        .map(|path| (path.clone(), path.with_extension("key")))
        .find(|(_, key)| key.is_file());
    files.retain(|path| ends(&path, "crt"));
    Certificates {
        authorities: files,
        shown,
        trusts_anything: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_folder_of_a_host_counts() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folders = [one.path().to_owned(), two.path().to_owned()];
        let host = two.path().join("registry.example:5000");
        std::fs::create_dir(&host).unwrap();
        for name in [
            "b.crt",
            "a.crt",
            "client.cert",
            "client.key",
            "other.cert",
            "x.pem",
        ] {
            std::fs::write(host.join(name), "").unwrap();
        }
        let found = of_host(&folders, "registry.example:5000");
        assert_eq!(found.authorities, [host.join("a.crt"), host.join("b.crt")]);
        assert_eq!(
            found.shown,
            Some((host.join("client.cert"), host.join("client.key")))
        );
        assert_eq!(
            of_host(&folders, "registry.example"),
            Certificates::default()
        );
        std::fs::create_dir(one.path().join("registry.example:5000")).unwrap();
        assert_eq!(
            of_host(&folders, "registry.example:5000"),
            Certificates::default()
        );
    }
}
