//! What the runs of the matrix do, and what there is before.

use std::fs;

use md5::{Digest as _, Md5};
use serde_json::json;

use super::engine::Front;
use super::judge::End;
use crate::support::{Account, Cluster, Environment, Made, Shelf, hex};

/// What the image is called.
pub(crate) const NAME: &str = "lab/tool:1";
const FURTHER: &str = "lab/tool:2";
pub(crate) const PROJECT: &str = "kdbox-j7d0g-000000000000017";

/// What a run does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verb {
    /// List the images.
    List,
    /// Upload an archive.
    Upload,
    /// Upload what the engine has.
    Engine,
    /// Upload what is there already.
    Again,
    /// Upload an image of a registry.
    Registry,
    /// Upload an image of a registry with a name and TLS.
    Secure,
    /// Save the image to a file.
    Save,
    /// Load the image into the engine.
    Load,
    /// Give the image a further name.
    Tag,
    /// Give the image to a project.
    Copy,
    /// Move the image to the trash.
    Remove,
    /// Upload what is there already, whatever is known of it.
    Force,
    /// Take its name from the image.
    Untag,
    /// Bring the image back from the trash.
    Restore,
    /// Move all but the newest of three images to the trash.
    Prune,
    /// Let everybody read the image.
    Share,
    /// Make an image of an archive in some collection.
    Adopt,
    /// Register the image by its other digest.
    Repair,
}

impl Verb {
    /// Those that meet every fault at every step.
    pub(crate) const MATRIX: [Verb; 10] = [
        Verb::List,
        Verb::Upload,
        Verb::Engine,
        Verb::Again,
        Verb::Registry,
        Verb::Save,
        Verb::Load,
        Verb::Tag,
        Verb::Copy,
        Verb::Remove,
    ];

    /// Those that are cut short at any moment.
    pub(crate) const ALL: [Verb; 17] = [
        Verb::List,
        Verb::Upload,
        Verb::Engine,
        Verb::Again,
        Verb::Force,
        Verb::Registry,
        Verb::Save,
        Verb::Load,
        Verb::Tag,
        Verb::Copy,
        Verb::Remove,
        Verb::Untag,
        Verb::Restore,
        Verb::Prune,
        Verb::Share,
        Verb::Adopt,
        Verb::Repair,
    ];

    /// The image, in two blocks.
    pub(crate) fn image() -> Made {
        Made::of(&[(71, 1_100_000), (72, 3000)])
    }

    /// Makes what the cluster has before the run.
    pub(crate) fn prepare(self, cluster: &Cluster) {
        let user = cluster.user_uuid();
        cluster.seed().project(Some(PROJECT), &user, "P").unwrap();
        let begins_empty = [
            Verb::Upload,
            Verb::Engine,
            Verb::Registry,
            Verb::Secure,
            Verb::Adopt,
        ];
        let environment = Environment::on(cluster);
        if !begins_empty.contains(&self) {
            let words = ["upload", "--from", &archive(&environment), NAME];
            let _ = environment.keepdocker(&words).success();
        }
        match self {
            Verb::Adopt => {
                let account = Account::usual(cluster);
                let saved = Verb::image().saved(&[NAME]);
                let files = [("saved.tar", saved.as_slice())];
                account.collect(account.uuid(), &files, json!({}));
            }
            Verb::Restore => drop(environment.keepdocker(&["rm", NAME]).success()),
            Verb::Prune => {
                for (number, built) in [(2, "2026-02-01T00:00:00Z"), (3, "2026-03-01T00:00:00Z")] {
                    let layers = Made::of(&[(number, 2000)]).layers;
                    let saved = Made::with_layers(layers, built).saved(&[]);
                    let file = environment.home().join("further.tar");
                    fs::write(&file, saved).unwrap();
                    let source = format!("docker-archive:{}", file.display());
                    let name = format!("lab/tool:{number}");
                    let words = ["upload", "--from", &source, &name];
                    let _ = environment.keepdocker(&words).success();
                }
            }
            _ => {}
        }
    }

    /// Gives the environment what the run finds on its machine.
    pub(crate) fn equip(self, environment: &mut Environment) {
        let image = Verb::image();
        match self {
            Verb::Engine => Shelf::new().with(&image, NAME).install(environment),
            Verb::Load => Shelf::new().later(&image, NAME).install(environment),
            _ => return,
        }
        Front::install(environment);
    }

    /// What follows the program's name. `source` is the image in the registry.
    pub(crate) fn arguments(self, environment: &Environment, source: &str) -> Vec<String> {
        let archive = archive(environment);
        let file = environment.home().join("saved.tar").display().to_string();
        let content = content_of_saved();
        let words = match self {
            Verb::List => vec!["images"],
            Verb::Upload | Verb::Again => vec!["upload", "--from", &archive, NAME],
            Verb::Engine => vec!["upload", NAME],
            Verb::Registry | Verb::Secure => vec!["upload", "--from", source, NAME],
            Verb::Save => vec!["save", NAME, "--output", &file],
            Verb::Load => vec!["load", NAME],
            Verb::Tag => vec!["tag", NAME, FURTHER],
            Verb::Copy => vec!["copy", NAME, "--project", PROJECT],
            Verb::Remove => vec!["rm", NAME],
            Verb::Force => vec!["upload", "--force", "--from", &archive, NAME],
            Verb::Untag => vec!["untag", NAME],
            Verb::Restore => vec!["restore", NAME],
            Verb::Prune => vec!["prune", "lab/tool", "--keep-last", "1", "--yes"],
            Verb::Share => vec!["share", NAME, "--with", "everyone"],
            Verb::Adopt => vec!["adopt", &content, NAME],
            Verb::Repair => vec!["repair", NAME, "--image-id", "manifest"],
        };
        words.into_iter().map(str::to_owned).collect()
    }

    /// What the run makes outside of the cluster: the archive in the file or in the engine.
    pub(crate) fn made(self, environment: &Environment) -> Option<Vec<u8>> {
        match self {
            Verb::Save => fs::read(environment.home().join("saved.tar")).ok(),
            Verb::Load => Shelf::loaded(environment),
            _ => None,
        }
    }

    /// Whether this is the end of a run that finds the work done already, and says so.
    pub(crate) fn may_find_it_done(self, end: &End) -> bool {
        // What is in the trash has no name any more.
        let says_so = end.told.contains("nothing was removed");
        self == Verb::Remove && end.code == Some(0) && end.printed.is_empty() && says_so
    }
}

/// The archive of the image, as `--from` takes it.
fn archive(environment: &Environment) -> String {
    let file = environment.home().join("image.tar");
    if !file.exists() {
        fs::write(&file, Verb::image().saved(&[NAME])).unwrap();
    }
    format!("docker-archive:{}", file.display())
}

/// The portable data hash of a collection with the archive alone, which is one block.
fn content_of_saved() -> String {
    let saved = Verb::image().saved(&[NAME]);
    let (block, length) = (hex(&Md5::digest(&saved)), saved.len());
    let manifest = format!(". {block}+{length} 0:{length}:saved.tar\n");
    format!("{}+{}", hex(&Md5::digest(&manifest)), manifest.len())
}
