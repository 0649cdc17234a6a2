//! A registry of Debian's program that belongs to one test, with TLS and logins as that test wants them.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::skip;

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder of images, and the registries that serve it.
pub(crate) struct OwnRegistry {
    folder: TempDir,
}

/// A registry that runs.
pub(crate) struct Serving {
    port: u16,
    child: Child,
    _config: TempDir,
}

impl OwnRegistry {
    /// Makes an empty folder of images; skips the test if there is no registry's program.
    pub(crate) fn find() -> Option<OwnRegistry> {
        if Command::new("docker-registry")
            .arg("--version")
            .output()
            .is_err()
        {
            skip("`docker-registry`");
            return None;
        }
        Some(OwnRegistry {
            folder: tempfile::tempdir().unwrap(),
        })
    }

    /// Starts a registry on the folder. `http` are further lines of the configuration's table of that name, `rest`
    /// further tables.
    pub(crate) fn serve(&self, http: &str, rest: &str) -> Serving {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let config = tempfile::tempdir().unwrap();
        let file = config.path().join("config.yml");
        let text = format!(
            "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: 127.0.0.1:{port}\n{http}{rest}",
            self.folder.path().display()
        );
        fs::write(&file, text).unwrap();
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut serving = Serving {
            port,
            child,
            _config: config,
        };
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "the registry did not start");
            let ended = serving.child.try_wait().unwrap();
            assert!(ended.is_none(), "the registry ended: {ended:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
        serving
    }
}

impl Serving {
    /// Its host and port, by the name that its certificate is for.
    pub(crate) fn host(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// Puts a blob into a repository, and returns its digest.
    pub(crate) fn put_blob(&self, repository: &str, text: &str) -> String {
        self.put_bytes(repository, text.as_bytes())
    }

    /// Puts bytes that are no text there, and returns their digest.
    pub(crate) fn put_bytes(&self, repository: &str, bytes: &[u8]) -> String {
        let digest = super::digest(bytes);
        let uploads = format!("/v2/{repository}/blobs/uploads/");
        let (status, head) = self.ask("POST", &uploads, "", b"");
        assert_eq!(status, 202, "{head}");
        let location = head
            .lines()
            .find_map(|line| line.strip_prefix("Location: "))
            .unwrap();
        let (_, path) = location.split_once("://").unwrap();
        let (_, path) = path.split_once('/').unwrap();
        let path = format!("/{path}&digest={digest}");
        let (status, head) = self.ask("PUT", &path, "application/octet-stream", bytes);
        assert_eq!(status, 201, "{head}");
        digest
    }

    /// Puts a manifest of this type there, by a tag or a digest.
    pub(crate) fn put_manifest(&self, repository: &str, name: &str, kind: &str, text: &str) {
        let path = format!("/v2/{repository}/manifests/{name}");
        let (status, head) = self.ask("PUT", &path, kind, text.as_bytes());
        assert_eq!(status, 201, "{head}");
    }

    /// Asks for something, and returns the status and the whole answer.
    fn ask(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            self.host(),
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let answer = answer.replace("\r\n", "\n");
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines that give it a certificate, and have it want one of those that `clients` has issued.
pub(crate) fn tls(certificate: &Path, key: &Path, clients: Option<&Path>) -> String {
    let clients = clients.map_or(String::new(), |file| {
        format!("    clientcas:\n      - {}\n", file.display())
    });
    format!(
        "  tls:\n    certificate: {}\n    key: {}\n{clients}",
        certificate.display(),
        key.display()
    )
}
