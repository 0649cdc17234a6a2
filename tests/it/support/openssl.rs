//! Certificates of every kind, made by OpenSSL.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::skip;

/// A folder in which OpenSSL makes certificates.
pub(crate) struct OpenSsl {
    folder: TempDir,
}

/// What a certificate is to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// The file's name, without an ending.
    pub(crate) name: &'a str,
    /// The name of who issues it; its own for one that signs itself.
    pub(crate) issuer: &'a str,
    /// Its extensions, each as in OpenSSL's configuration; none makes one of version 1.
    pub(crate) extensions: &'a [&'a str],
    /// Since when and until when it is good.
    pub(crate) dates: (&'a str, &'a str),
    /// The options that tell the kind of its key.
    pub(crate) key: &'a [&'a str],
}

impl<'a> Wanted<'a> {
    /// One that signs itself, as `openssl req -x509` makes it: also for signing others.
    pub(crate) fn usual(name: &'a str) -> Wanted<'a> {
        Wanted {
            name,
            issuer: name,
            extensions: &[
                "basicConstraints=critical,CA:TRUE",
                "subjectAltName=DNS:localhost,IP:127.0.0.1",
            ],
            dates: ("20200101000000Z", "20490101000000Z"),
            key: &["-newkey", "rsa:2048"],
        }
    }
}

impl OpenSsl {
    /// Makes the folder; skips the test if there is no OpenSSL.
    pub(crate) fn find() -> Option<OpenSsl> {
        if Command::new("openssl").arg("version").output().is_err() {
            skip("`openssl`");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("index.txt"), "").unwrap();
        fs::write(
            folder.path().join("index.txt.attr"),
            "unique_subject = no\n",
        )
        .unwrap();
        fs::write(folder.path().join("serial"), "1000\n").unwrap();
        Some(OpenSsl { folder })
    }

    /// The path of a file: `NAME.crt`, `NAME.key`.
    pub(crate) fn at(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// Makes a certificate, and returns its path.
    #[track_caller]
    pub(crate) fn make(&self, wanted: Wanted<'_>) -> PathBuf {
        let Wanted { name, issuer, .. } = wanted;
        let config = format!(
            "[req]\ndistinguished_name=dn\n[dn]\n[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nserial=serial\n\
             new_certs_dir=.\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n[v3]\n{}\n",
            wanted.extensions.join("\n")
        );
        fs::write(self.at("config"), config).unwrap();
        let (request, key) = (format!("{name}.csr"), format!("{name}.key"));
        let subject = format!("/CN={name}");
        let mut words = vec![
            "req", "-new", "-nodes", "-config", "config", "-subj", &subject, "-out", &request,
            "-keyout", &key,
        ];
        words.extend(wanted.key);
        self.run(&words);
        let certificate = format!("{name}.crt");
        let (issuer_key, issuer_certificate) = (format!("{issuer}.key"), format!("{issuer}.crt"));
        if wanted.extensions.is_empty() {
            self.run(&[
                "x509",
                "-req",
                "-in",
                &request,
                "-signkey",
                &key,
                "-days",
                "30",
                "-out",
                &certificate,
            ]);
            return self.at(&certificate);
        }
        let mut words = vec![
            "ca",
            "-batch",
            "-notext",
            "-config",
            "config",
            "-in",
            &request,
            "-out",
            &certificate,
            "-startdate",
            wanted.dates.0,
            "-enddate",
            wanted.dates.1,
            "-extensions",
            "v3",
            "-keyfile",
            &issuer_key,
        ];
        if issuer == name {
            words.push("-selfsign");
        } else {
            words.extend(["-cert", &issuer_certificate]);
        }
        self.run(&words);
        self.at(&certificate)
    }

    /// Runs `openssl`, which must succeed.
    #[track_caller]
    pub(crate) fn run(&self, words: &[&str]) {
        let output = Command::new("openssl")
            .args(words)
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "openssl {words:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
