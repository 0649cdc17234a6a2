use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;
use crate::policy::keepers::Keepers;

/// A folder in which files have just the modes that a test gives them.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let file = self.path(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        mode(&file, 0o644);
        file
    }

    fn policy(&self, name: &str) -> PathBuf {
        self.write(name, format!("schema = \"{SCHEMA}\"\n"))
    }

    /// Who runs the tests, and root, who owns the folders above.
    fn keepers(&self) -> Keepers {
        let me = self.folder.path().metadata().unwrap().uid();
        Keepers {
            system: vec![0, me],
            user: vec![0, me],
        }
    }

    /// Loads the policy with this file as each of the layers that there can be.
    fn load(&self, file: &Path) -> [(Origin, Result<Policy, Error>); 3] {
        let home = Some(self.folder.path().to_owned());
        let sources = [
            (
                Origin::System,
                Sources {
                    system: Some(file.to_owned()),
                    ..Sources::default()
                },
            ),
            (
                Origin::User,
                Sources {
                    user: Some(file.to_owned()),
                    home,
                    ..Sources::default()
                },
            ),
            (
                Origin::Given,
                Sources {
                    given: vec![file.to_owned()],
                    ..Sources::default()
                },
            ),
        ];
        sources.map(|(origin, sources)| {
            let loaded = Policy::load_kept_by(&self.keepers(), &sources);
            (origin, loaded)
        })
    }

    /// Makes sure that the file stops the program, whichever layer it is, and with these words.
    fn stops(&self, file: &Path, words: &str) {
        for (origin, loaded) in self.load(file) {
            let error = loaded.expect_err(&format!("{origin}: {words}")).to_string();
            assert!(error.contains(words), "{origin}: {error}\n{words}");
            assert!(error.contains("the policy /"), "{origin}: {error}");
        }
    }

    /// Makes sure that the file is a layer, whichever it is.
    fn holds(&self, file: &Path) {
        for (origin, loaded) in self.load(file) {
            let policy = loaded.unwrap_or_else(|error| panic!("{origin}: {error}"));
            assert_eq!(policy.layers().last().unwrap().origin, origin);
        }
    }

    /// Makes sure that the file is no layer where none need be, and missing where it is named.
    fn is_absent(&self, file: &Path) {
        for (origin, loaded) in self.load(file) {
            match (origin, loaded) {
                (Origin::Given, loaded) => assert!(loaded.is_err()),
                (_, loaded) => assert_eq!(loaded.unwrap().layers().len(), 1, "{origin}"),
            }
        }
    }
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_layer_is_absent_only_if_nothing_is_in_its_place() {
    let place = Place::new();
    place.is_absent(&place.path("absent.toml"));
    place.is_absent(&place.path("no/such/folder/absent.toml"));
    fs::create_dir(place.path("real")).unwrap();
    symlink(place.path("real"), place.path("link")).unwrap();
    place.is_absent(&place.path("link/absent.toml"));
    // What accounts without a home directory have for one.
    place.is_absent(Path::new("/dev/null/.config/keepdocker/policy.toml"));
}

#[test]
fn files_and_links_to_files_are_layers() {
    let place = Place::new();
    let file = place.policy("p.toml");
    place.holds(&file);
    symlink(&file, place.path("link.toml")).unwrap();
    symlink("link.toml", place.path("link-to-link.toml")).unwrap();
    place.holds(&place.path("link-to-link.toml"));
    symlink(place.folder.path(), place.path("folder")).unwrap();
    place.holds(&place.path("folder/p.toml"));
}

#[test]
fn what_stands_in_the_place_of_a_layer_and_cannot_be_read_stops_the_program() {
    let place = Place::new();
    let dangling = place.path("dangling.toml");
    symlink("/nowhere/policy.toml", &dangling).unwrap();
    place.stops(
        &dangling,
        "is a link to /nowhere/policy.toml, which is not there",
    );

    let through = place.path("through.toml");
    symlink(place.policy("file").join("policy.toml"), &through).unwrap();
    place.stops(&through, "which is not there");

    let looped = place.path("looped.toml");
    symlink("looped.toml", &looped).unwrap();
    place.stops(&looped, "cannot be read: ");

    let folder = place.path("folder.toml");
    fs::create_dir(&folder).unwrap();
    place.stops(&folder, "it is a folder, not a file");

    // Opening it would wait for a writer for ever.
    let pipe = place.path("pipe.toml");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    place.stops(&pipe, "it is a pipe, not a file");

    let socket = place.path("socket.toml");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    place.stops(&socket, "it is a socket, not a file");

    let masked = place.path("masked.toml");
    symlink("/dev/null", &masked).unwrap();
    place.stops(&masked, "it is a device, not a file");

    place.stops(&place.write("bytes.toml", [0xff, 0xfe]), "cannot be read: ");
    let large = place.write("large.toml", "#".repeat((1 << 20) + 1));
    place.stops(&large, "it is larger than 1024 KiB");
}

#[test]
fn a_path_that_leads_through_something_else_than_folders_stops_the_program() {
    let place = Place::new();
    let file = place.policy("file");
    symlink("/nowhere", place.path("dangling")).unwrap();
    symlink(&file, place.path("link-to-file")).unwrap();
    for (path, words) in [
        ("file/policy.toml", "file is not a folder"),
        ("file/keepdocker/policy.toml", "file is not a folder"),
        ("link-to-file/policy.toml", "link-to-file is not a folder"),
        (
            "dangling/policy.toml",
            "dangling is a link to /nowhere, which is not there",
        ),
        (
            "dangling/keepdocker/policy.toml",
            "dangling is a link to /nowhere, which is not there",
        ),
    ] {
        for (origin, loaded) in place.load(&place.path(path)) {
            let error = loaded.expect_err(path).to_string();
            // One that must be there needs no reason why it is not.
            assert!(origin == Origin::Given || error.contains(words), "{error}");
        }
    }
}

#[test]
fn a_file_that_others_can_change_stops_the_program() {
    let place = Place::new();
    let file = place.policy("p.toml");
    for (bits, who) in [
        (0o664, "its group (mode 0664)"),
        (0o646, "everybody (mode 0646)"),
        (0o666, "its group and everybody (mode 0666)"),
    ] {
        mode(&file, bits);
        place.stops(&file, &format!("p.toml can be changed by {who}"));
    }
    // A link does not hide it.
    symlink(&file, place.path("link.toml")).unwrap();
    place.stops(
        &place.path("link.toml"),
        "can be changed by its group and everybody",
    );
    mode(&file, 0o444);
    place.holds(&file);
}

#[test]
fn a_file_of_somebody_else_stops_the_program() {
    let place = Place::new();
    let file = place.policy("p.toml");
    let me = file.metadata().unwrap().uid();
    let strangers = Keepers {
        system: vec![me + 1],
        user: vec![me + 1, me + 2],
    };
    for sources in [
        Sources {
            system: Some(file.clone()),
            ..Sources::default()
        },
        Sources {
            user: Some(file.clone()),
            ..Sources::default()
        },
        Sources {
            given: vec![file.clone()],
            ..Sources::default()
        },
    ] {
        let error = Policy::load_kept_by(&strangers, &sources).unwrap_err();
        assert!(
            matches!(&error, Error::Untrusted { reason, .. } if reason.contains(&format!("belongs to the user with the number {me}"))),
            "{error}"
        );
    }
}

#[test]
fn a_folder_from_which_others_can_take_a_sought_layer_away_stops_the_program() {
    let place = Place::new();
    let file = place.policy("shared/keepdocker/p.toml");
    symlink(&file, place.path("link.toml")).unwrap();
    mode(&place.path("shared"), 0o777);
    for file in [&file, &place.path("link.toml")] {
        for (origin, loaded) in place.load(file) {
            match origin {
                // It must be there, and is its owner's: nobody else can put one in its place.
                Origin::Given => drop(loaded.unwrap()),
                _ => {
                    let error = loaded.unwrap_err().to_string();
                    assert!(
                        error.contains("shared can be changed by its group and everybody"),
                        "{error}"
                    );
                }
            }
        }
    }
    // As /tmp is.
    mode(&place.path("shared"), 0o1777);
    place.holds(&file);
}

#[test]
fn folders_above_the_home_directory_are_left_to_their_owners() {
    let place = Place::new();
    let file = place.policy("homes/me/.config/keepdocker/p.toml");
    mode(&place.path("homes"), 0o777);
    let load = |home: Option<PathBuf>| {
        let sources = Sources {
            user: Some(file.clone()),
            home,
            ..Sources::default()
        };
        Policy::load_kept_by(&place.keepers(), &sources)
    };
    load(Some(place.path("homes/me"))).unwrap();
    assert!(load(None).is_err());
    mode(&place.path("homes/me"), 0o770);
    assert!(load(Some(place.path("homes/me"))).is_err());
}

#[test]
fn every_file_of_the_command_line_is_a_layer() {
    let place = Place::new();
    let narrow = |name: &str, verb: &str| {
        place.write(
            name,
            format!("schema = \"{SCHEMA}\"\n[[allow]]\nid = \"{verb}\"\nverbs = [\"log.write\", \"{verb}\"]\nreason = \"r\"\n"),
        )
    };
    let given = vec![
        narrow("a.toml", "engine.find"),
        narrow("b.toml", "engine.pull"),
    ];
    let policy = Policy::load_kept_by(
        &place.keepers(),
        &Sources {
            given,
            ..Sources::default()
        },
    )
    .unwrap();
    assert_eq!(policy.layers().len(), 3);
    assert_eq!(decide(&policy, "log.write info"), Decision::Allow);
    assert_eq!(decide(&policy, "engine.find x"), Decision::Deny);
    assert_eq!(decide(&policy, "engine.pull x"), Decision::Deny);
}
