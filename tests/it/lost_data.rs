//! Blocks that Keep has lost or spoiled: a run that ends well leaves a collection that can be read.
//!
//! Between two runs a block is deleted, cut, changed, or the whole volume replaced. What a program
//! remembers of it, or another collection says of it, is then wrong; only Keep itself can tell, and does
//! so when it is asked. A service that says yes and has nothing is found by reading, which `--verify`
//! and `save` do.

mod costs;
mod fetching;
mod sending;

use keepdocker_sandbox::damage::Damage;

use crate::support::{Account, Cluster, Environment, Made, Output, Shelf};

/// What the image is called.
const NAME: &str = "lab/tool:1";

/// What can happen to the blocks of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Accident {
    /// One block is damaged; its place among the image's.
    Block(Damage, usize),
    /// The volume was replaced by an empty one.
    Volume,
}

impl Accident {
    /// Every accident to an image of three blocks.
    fn all() -> Vec<Accident> {
        let kinds = [Damage::Lost, Damage::Truncated, Damage::Flipped];
        let blocks = |damage| (0..3).map(move |place| Accident::Block(damage, place));
        let mut all: Vec<Accident> = kinds.into_iter().flat_map(blocks).collect();
        all.push(Accident::Volume);
        all
    }

    /// Lets it happen to these blocks.
    fn befall(self, cluster: &Cluster, blocks: &[String]) {
        assert!(blocks.len() >= 3, "{blocks:?}");
        let count = match self {
            Accident::Block(damage, place) => {
                cluster.seed().damage(&blocks[place], damage).unwrap()
            }
            Accident::Volume => cluster.seed().replace_volumes().unwrap(),
        };
        assert!(count > 0, "{self:?} met nothing");
    }
}

/// The image: two large layers and a small one, in three blocks.
fn image() -> Made {
    Made::of(&[(11, 1_100_000), (12, 1_200_000), (13, 5000)])
}

/// Its next version: the same two large layers, another small one.
fn next_version() -> Made {
    Made::of(&[(11, 1_100_000), (12, 1_200_000), (14, 6000)])
}

/// The hashes of the blocks of a collection, in order.
fn blocks_of(cluster: &Cluster, collection: &str) -> Vec<String> {
    let collections = cluster.collections();
    let found = collections.iter().find(|known| known["uuid"] == collection);
    let text = found.unwrap()["manifest_text"].as_str().unwrap();
    let words = text.split_whitespace().skip(1);
    words
        .filter(|word| word.as_bytes().get(32) == Some(&b'+'))
        .map(|word| word[..32].to_owned())
        .collect()
}

/// The hashes of the blocks that the cluster has taken.
fn taken(cluster: &Cluster) -> Vec<String> {
    let entries = cluster.log().entries();
    entries
        .iter()
        .filter(|entry| entry.is_keep && entry.method == "PUT" && entry.status == 200)
        .map(|entry| entry.path.trim_start_matches('/')[..32].to_owned())
        .collect()
}

/// Makes an environment of the user's whose engine has an image.
fn environment_with(user: &Account<'_>, image: &Made) -> Environment {
    let mut environment = user.environment();
    Shelf::new().with(image, NAME).install(&mut environment);
    environment
}

/// Checks that a run ended well, and that what it printed holds the image, block by block.
#[track_caller]
fn check(case: &str, user: &Account<'_>, image: &Made, output: &Output) -> String {
    let collection = output.success().trim().to_owned();
    if let Err(why) = user.check(&collection, image) {
        panic!("{case}: {why}: {output}");
    }
    collection
}
