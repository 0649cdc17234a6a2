//! What the runs of the matrix do, and what there is before.

use std::fs;

use super::engine::Front;
use super::judge::End;
use crate::support::{Cluster, Environment, Made, Shelf};

/// What the image is called.
pub(super) const NAME: &str = "lab/tool:1";
const FURTHER: &str = "lab/tool:2";
const PROJECT: &str = "kdbox-j7d0g-000000000000017";

/// What a run does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verb {
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
}

impl Verb {
    pub(super) const ALL: [Verb; 10] = [
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

    /// The image, in two blocks.
    pub(super) fn image() -> Made {
        Made::of(&[(71, 1_100_000), (72, 3000)])
    }

    /// Makes what the cluster has before the run.
    pub(super) fn prepare(self, cluster: &Cluster) {
        let user = cluster.user_uuid();
        cluster.seed().project(Some(PROJECT), &user, "P").unwrap();
        let begins_empty = [Verb::Upload, Verb::Engine, Verb::Registry];
        if !begins_empty.contains(&self) {
            let environment = Environment::on(cluster);
            let words = ["upload", "--from", &archive(&environment), NAME];
            let _ = environment.keepdocker(&words).success();
        }
    }

    /// Gives the environment what the run finds on its machine.
    pub(super) fn equip(self, environment: &mut Environment) {
        let image = Verb::image();
        match self {
            Verb::Engine => Shelf::new().with(&image, NAME).install(environment),
            Verb::Load => Shelf::new().later(&image, NAME).install(environment),
            _ => return,
        }
        Front::install(environment);
    }

    /// What follows the program's name. `source` is the image in the registry.
    pub(super) fn arguments(self, environment: &Environment, source: &str) -> Vec<String> {
        let archive = archive(environment);
        let file = environment.home().join("saved.tar").display().to_string();
        let words = match self {
            Verb::List => vec!["images"],
            Verb::Upload | Verb::Again => vec!["upload", "--from", &archive, NAME],
            Verb::Engine => vec!["upload", NAME],
            Verb::Registry => vec!["upload", "--from", source, NAME],
            Verb::Save => vec!["save", NAME, "--output", &file],
            Verb::Load => vec!["load", NAME],
            Verb::Tag => vec!["tag", NAME, FURTHER],
            Verb::Copy => vec!["copy", NAME, "--project", PROJECT],
            Verb::Remove => vec!["rm", NAME],
        };
        words.into_iter().map(str::to_owned).collect()
    }

    /// What the run makes outside of the cluster: the archive in the file or in the engine.
    pub(super) fn made(self, environment: &Environment) -> Option<Vec<u8>> {
        match self {
            Verb::Save => fs::read(environment.home().join("saved.tar")).ok(),
            Verb::Load => Shelf::loaded(environment),
            _ => None,
        }
    }

    /// Whether this is the end of a run that finds the work done already, and says so.
    pub(super) fn may_find_it_done(self, end: &End) -> bool {
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
