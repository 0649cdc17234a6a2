//! What a release says of its files: who looks finds whatever was changed, added, taken away or signed by another.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use keepdocker_skip::skip;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn script(name: &str) -> PathBuf {
    root().join(".ci").join(name)
}

fn said(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// A folder as `.ci/release` leaves it, with files that stand for programs.
struct Release {
    place: tempfile::TempDir,
}

impl Release {
    /// Makes and signs it; none where the programs are missing that do so.
    fn sealed() -> Option<Self> {
        for (program, option) in [("ssh-keygen", "-?"), ("git", "version")] {
            if Command::new(program).arg(option).output().is_err() {
                skip(program);
                return None;
            }
        }
        let place = tempfile::tempdir().unwrap();
        let release = Self { place };
        fs::create_dir(release.files()).unwrap();
        fs::write(release.files().join("keepdocker.deb"), "the program").unwrap();
        fs::write(release.files().join("keepdocker.wasm"), "the component").unwrap();
        for key in ["ours", "another"] {
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(release.at(key))
                .output()
                .unwrap();
            assert!(made.status.success(), "{}", said(&made));
        }
        let public = fs::read_to_string(release.at("ours.pub")).unwrap();
        fs::write(release.at("signers"), format!("releases@test {public}")).unwrap();
        release.seal(Some("ours"));
        Some(release)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn files(&self) -> PathBuf {
        self.at("files")
    }

    fn seal(&self, key: Option<&str>) -> String {
        let mut command = Command::new(script("seal-release"));
        command.arg(self.files()).args([".ci/release", "x86_64"]);
        command.env_remove("KEEPDOCKER_RELEASE_KEY");
        if let Some(key) = key {
            command.env("KEEPDOCKER_RELEASE_KEY", self.at(key));
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        said(&output)
    }

    fn verify(&self) -> Output {
        Command::new(script("verify-release"))
            .args([self.files(), self.at("signers")])
            .output()
            .unwrap()
    }

    #[track_caller]
    fn assert_refused(&self, why: &str) {
        let output = self.verify();
        let said = said(&output);
        assert!(!output.status.success(), "it was accepted: {said}");
        assert!(said.contains(why), "{said}");
    }

    /// Does something to one of the files.
    fn change(&self, name: &str, change: impl FnOnce(String) -> String) {
        let file = self.files().join(name);
        let text = fs::read_to_string(&file).unwrap();
        fs::write(file, change(text)).unwrap();
    }
}

#[test]
fn what_was_released_is_accepted_and_tells_its_commit() {
    let Some(release) = Release::sealed() else {
        return;
    };
    let output = release.verify();
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    let head = Command::new("git")
        .args(["-C", env!("CARGO_MANIFEST_DIR"), "rev-parse", "HEAD"])
        .output()
        .unwrap();
    let head = String::from_utf8(head.stdout).unwrap();
    assert_eq!(head.trim().len(), 40);
    let last = format!("2 files, made of commit {}", head.trim());
    assert_eq!(said.lines().last(), Some(last.as_str()));
}

#[test]
fn a_changed_an_added_and_a_missing_file_are_told() {
    let Some(release) = Release::sealed() else {
        return;
    };
    release.change("keepdocker.deb", |text| text.replace('p', "q"));
    release.assert_refused("keepdocker.deb: FAILED");
    release.change("keepdocker.deb", |text| text.replace('q', "p"));
    assert!(release.verify().status.success());

    let added = release.files().join("keepdocker.rpm");
    fs::write(&added, "more").unwrap();
    release.assert_refused("keepdocker.rpm has no sum in SHA256SUMS");
    fs::remove_file(added).unwrap();

    fs::remove_file(release.files().join("keepdocker.wasm")).unwrap();
    release.assert_refused("keepdocker.wasm: FAILED open or read");
}

#[test]
fn sums_that_somebody_else_wrote_are_told() {
    let Some(release) = Release::sealed() else {
        return;
    };
    let sums = release.files().join("SHA256SUMS");
    let ours = fs::read_to_string(&sums).unwrap();
    release.change("SHA256SUMS", |text| {
        text.replace("keepdocker.deb", "other.deb")
    });
    release.assert_refused("Signature verification failed");
    fs::write(&sums, ours).unwrap();
    assert!(release.verify().status.success());

    release.seal(Some("another"));
    release.assert_refused("is of none of the keys in");
    let told = release.seal(None);
    assert!(told.contains("not signed: KEEPDOCKER_RELEASE_KEY names no key"));
    release.assert_refused("there is no SHA256SUMS.sig");
}

#[test]
fn a_signature_for_another_purpose_does_not_count() {
    let Some(release) = Release::sealed() else {
        return;
    };
    fs::remove_file(release.files().join("SHA256SUMS.sig")).unwrap();
    let signed = Command::new("ssh-keygen")
        .args(["-Y", "sign", "-q", "-n", "file", "-f"])
        .args([release.at("ours"), release.files().join("SHA256SUMS")])
        .output()
        .unwrap();
    assert!(signed.status.success(), "{}", said(&signed));
    assert!(!release.verify().status.success());
}

/// The sums may be right and signed, and the statement about other files all the same.
#[test]
fn a_statement_about_other_bytes_is_told() {
    let Some(release) = Release::sealed() else {
        return;
    };
    let sealed = fs::read_to_string(release.files().join("provenance.json")).unwrap();
    let resign = || {
        let sums = Command::new("sha256sum")
            .args(["keepdocker.deb", "keepdocker.wasm", "provenance.json"])
            .current_dir(release.files())
            .output()
            .unwrap();
        fs::write(release.files().join("SHA256SUMS"), sums.stdout).unwrap();
        let _ = fs::remove_file(release.files().join("SHA256SUMS.sig"));
        let signed = Command::new("ssh-keygen")
            .args(["-Y", "sign", "-q", "-n", "keepdocker-release", "-f"])
            .args([release.at("ours"), release.files().join("SHA256SUMS")])
            .output()
            .unwrap();
        assert!(signed.status.success(), "{}", said(&signed));
    };
    release.change("keepdocker.deb", |text| text + "!");
    resign();
    release.assert_refused("keepdocker.deb has other bytes than provenance.json says");

    release.change("provenance.json", |_| {
        sealed.replace("keepdocker.deb", "gone.deb")
    });
    resign();
    release.assert_refused("gone.deb is missing, which provenance.json names");
}

#[test]
fn the_version_is_the_same_wherever_it_is_told() {
    let version = env!("CARGO_PKG_VERSION");
    for (file, beginning) in [
        ("Cargo.toml", "version = \""),
        ("Cargo.toml", "keepdocker-"),
        ("host/wasi/Cargo.toml", "version = \""),
        ("host/python/pyproject.toml", "version = \""),
        // What is not released yet may stand above it.
        ("CHANGELOG.md", "## 0"),
    ] {
        let text = fs::read_to_string(root().join(file)).unwrap();
        let told: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with(beginning))
            .collect();
        assert!(!told.is_empty(), "{file} tells no version");
        // A changelog has the newest first, and the older ones below it.
        let counts = if file == "CHANGELOG.md" {
            1
        } else {
            told.len()
        };
        for line in &told[..counts] {
            assert!(line.contains(version), "{file}: {line}");
        }
    }
}
