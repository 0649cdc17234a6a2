//! An engine that has what a test puts on its shelf.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use super::{Environment, Made};

/// What stands in the place of `docker`: it inspects, saves and loads, and writes down what it is asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shelf {
    images: Vec<Image>,
    /// What it knows once it has loaded an archive.
    later: Vec<Image>,
}

#[derive(Debug, Clone)]
struct Image {
    /// What it is called, quoted for a shell.
    names: Vec<String>,
    told: Value,
    saved: Vec<u8>,
}

impl Image {
    fn new(image: &Made, id: String, name: &str, saved: Vec<u8>) -> Image {
        let digits = id.trim_start_matches("sha256:");
        let short = &digits[..12];
        Image {
            names: [name, &id, digits, short, &format!("sha256:{short}")]
                .map(|name| format!("'{name}'"))
                .to_vec(),
            told: json!({
                "Id": id, "RepoTags": [name], "RepoDigests": [],
                "Os": "linux", "Architecture": "amd64", "Created": Made::BUILT,
                "RootFS": {"Type": "layers", "Layers": image.diff_ids()},
            }),
            saved,
        }
    }
}

impl Shelf {
    /// Has no image yet.
    pub(crate) fn new() -> Shelf {
        Shelf::default()
    }

    /// Has an image, as an engine with a classic store has it.
    pub(crate) fn with(mut self, image: &Made, name: &str) -> Shelf {
        let saved = image.saved(&[name]);
        self.images.push(Image::new(image, image.id(), name, saved));
        self
    }

    /// Has an image, as an engine with a containerd store has it.
    pub(crate) fn with_layout(mut self, image: &Made, name: &str) -> Shelf {
        let saved = super::tar_of(&image.members_of_layout(name));
        let id = image.manifest_digest();
        self.images.push(Image::new(image, id, name, saved));
        self
    }

    /// Says of the last image nothing but its ID and names.
    pub(crate) fn taciturn(mut self) -> Shelf {
        let told = self
            .images
            .last_mut()
            .unwrap()
            .told
            .as_object_mut()
            .unwrap();
        told.retain(|key, _| key == "Id" || key == "RepoTags");
        self
    }

    /// Saves something else than the last image.
    pub(crate) fn saving(mut self, archive: Vec<u8>) -> Shelf {
        self.images.last_mut().unwrap().saved = archive;
        self
    }

    /// Knows this image once an archive was loaded.
    pub(crate) fn later(mut self, image: &Made, name: &str) -> Shelf {
        self.later
            .push(Image::new(image, image.id(), name, Vec::new()));
        self
    }

    /// Becomes the first `docker` of the environment's search path.
    pub(crate) fn install(&self, environment: &mut Environment) {
        let folder = folder(environment);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let at = |name: String| folder.join(name).display().to_string();
        let (mut inspect, mut save) = (String::new(), String::new());
        for (number, image) in self.images.iter().chain(&self.later).enumerate() {
            let names = image.names.join(" | ");
            let (told, saved) = (at(format!("{number}.json")), at(format!("{number}.tar")));
            fs::write(&told, image.told.to_string()).unwrap();
            fs::write(&saved, &image.saved).unwrap();
            let condition = match number < self.images.len() {
                true => String::new(),
                false => format!("[ -e '{}' ] || none; ", at("loaded.tar".into())),
            };
            inspect.push_str(&format!("{names}) {condition}cat '{told}' ;;\n"));
            save.push_str(&format!("{names}) {condition}cat '{saved}' ;;\n"));
        }
        let (asked, loaded) = (at("asked".into()), at("loaded.tar".into()));
        let script = format!(
            "#!/bin/sh\n\
             echo \"$@\" >> '{asked}'\n\
             for last; do :; done\n\
             none() {{ echo \"Error: No such image: $last\" >&2; exit 1; }}\n\
             case \"$1 $2\" in\n\
             version*) echo 20.10.24 ;;\n\
             'image inspect') case \"$last\" in\n{inspect}*) none ;;\nesac ;;\n\
             save*) case \"$last\" in\n{save}*) none ;;\nesac ;;\n\
             load*) cat > '{loaded}.coming' && mv '{loaded}.coming' '{loaded}' ;;\n\
             tag*) ;;\n\
             *) echo \"$1: not known here\" >&2; exit 1 ;;\n\
             esac\n"
        );
        let (text, program) = (folder.join("text"), folder.join("docker"));
        fs::write(&text, script).unwrap();
        fs::set_permissions(&text, fs::Permissions::from_mode(0o755)).unwrap();
        // A program that this process has open for writing while another thread forks could not be
        // started, so a child writes it.
        let copied = Command::new("cp").args([&text, &program]).status();
        assert!(copied.unwrap().success());
        environment.set("PATH", format!("{}:/usr/bin:/bin", folder.display()));
    }

    /// What it was asked, a line a command.
    pub(crate) fn asked(environment: &Environment) -> String {
        fs::read_to_string(folder(environment).join("asked")).unwrap_or_default()
    }

    /// The archive that it was given to load.
    pub(crate) fn loaded(environment: &Environment) -> Option<Vec<u8>> {
        fs::read(folder(environment).join("loaded.tar")).ok()
    }
}

fn folder(environment: &Environment) -> PathBuf {
    environment.home().join("shelf")
}
