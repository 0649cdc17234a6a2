//! Uploads of what was lost: it is sent again, whoever says that Keep has it.

use keepdocker_sandbox::damage::Damage;
use keepdocker_sandbox::faults::{Action, Fault};

use super::{Accident, NAME, blocks_of, check, environment_with, image, next_version, taken};
use crate::support::{Account, Cluster, Environment, Made, Output};

/// How an image is uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Engine,
    Archive,
    Stream,
    DropIn,
}

impl Way {
    const ALL: [Way; 4] = [Way::Engine, Way::Archive, Way::Stream, Way::DropIn];

    fn run(self, environment: &Environment, image: &Made, options: &[&str]) -> Output {
        let path = environment.home().join("image.tar");
        std::fs::write(&path, image.saved(&[NAME])).unwrap();
        let from = format!("docker-archive:{}", path.display());
        let mut words = match self {
            Way::Engine => vec!["upload", NAME],
            Way::Archive => vec!["upload", "--from", &from, NAME],
            Way::Stream => vec!["upload", "--from", "-", NAME],
            Way::DropIn => vec!["lab/tool", "1"],
        };
        words.extend(options);
        match self {
            Way::DropIn => environment.arv_keepdocker(&words),
            Way::Stream => {
                let program = env!("CARGO_BIN_EXE_keepdocker");
                environment.run_on(program, &words, std::fs::File::open(path).unwrap())
            }
            _ => environment.keepdocker(&words),
        }
    }
}

#[test]
fn a_forced_upload_brings_back_what_was_lost() {
    for way in Way::ALL {
        let cluster = Cluster::start();
        let user = Account::usual(&cluster);
        let environment = environment_with(&user, &image());
        let first = check(
            "first",
            &user,
            &image(),
            &way.run(&environment, &image(), &[]),
        );
        let blocks = blocks_of(&cluster, &first);
        for accident in Accident::all() {
            accident.befall(&cluster, &blocks);
            assert!(user.check(&first, &image()).is_err(), "{accident:?}");
            cluster.log().clear();

            let output = way.run(&environment, &image(), &["--force"]);

            let case = format!("{way:?}, {accident:?}");
            check(&case, &user, &image(), &output);
            // What refers to the same blocks has them again, too.
            user.check(&first, &image()).unwrap();
            // Nothing is left out on somebody's word.
            let taken = taken(&cluster);
            for block in &blocks {
                assert!(taken.contains(block), "{case}: {block} was not sent");
            }
        }
    }
}

#[test]
fn a_forced_upload_believes_no_journal_and_no_collection_even_if_keep_confirms() {
    for way in Way::ALL {
        let cluster = Cluster::start();
        let user = Account::usual(&cluster);
        let environment = environment_with(&user, &image());
        let first = check(
            "first",
            &user,
            &image(),
            &way.run(&environment, &image(), &[]),
        );
        cluster.seed().replace_volumes().unwrap();
        cluster.faults().confirm_lost_blocks(true);

        let output = way.run(&environment, &image(), &["--force"]);

        check(&format!("{way:?}"), &user, &image(), &output);
        user.check(&first, &image()).unwrap();
    }
}

#[test]
fn a_resumed_upload_sends_what_was_lost_meanwhile() {
    for way in Way::ALL {
        for accident in Accident::all() {
            let cluster = Cluster::start();
            let user = Account::usual(&cluster);
            let environment = environment_with(&user, &image());
            // All blocks are sent, and noted down; then the collection is refused.
            let refusal = Fault::on("/arvados/v1/collections", Action::Answer(422)).method("POST");
            cluster.faults().plan(refusal);
            let _ = way.run(&environment, &image(), &[]).failure(1);
            assert_eq!(cluster.faults().left(), 0);
            let blocks = taken(&cluster);
            accident.befall(&cluster, &blocks);
            cluster.log().clear();

            let output = way.run(&environment, &image(), &[]);

            let case = format!("{way:?}, {accident:?}");
            check(&case, &user, &image(), &output);
            // What is there still is not sent a second time.
            let lost = match accident {
                Accident::Block(..) => 1,
                Accident::Volume => blocks.len(),
            };
            assert_eq!(taken(&cluster).len(), lost, "{case}: {output}");
        }
    }
}

#[test]
fn a_second_version_sends_what_the_first_has_lost() {
    for way in Way::ALL {
        for accident in Accident::all() {
            let cluster = Cluster::start();
            let user = Account::usual(&cluster);
            let environment = environment_with(&user, &image());
            let output = way.run(&environment, &image(), &[]);
            let first = check("first", &user, &image(), &output);
            let blocks = blocks_of(&cluster, &first);
            accident.befall(&cluster, &blocks);
            let environment = environment_with(&user, &next_version());
            cluster.log().clear();

            let output = way.run(&environment, &next_version(), &[]);

            let case = format!("{way:?}, {accident:?}");
            let second = check(&case, &user, &next_version(), &output);
            assert_ne!(first, second);
        }
    }
}

#[test]
fn an_upload_where_half_of_the_stores_have_lost_a_block_goes_on() {
    use keepdocker_sandbox::{Options, ServiceKind};
    let cluster = Cluster::with(Options {
        keep_services: vec![ServiceKind::Disk; 2],
        ..Options::default()
    });
    let user = Account::usual(&cluster);
    let environment = environment_with(&user, &image());
    let first = Way::Engine.run(&environment, &image(), &[]).success();
    let blocks = blocks_of(&cluster, first.trim());
    // The second volume loses everything.
    std::fs::remove_dir_all(cluster.folder().join("blocks-2")).unwrap();
    let environment = environment_with(&user, &next_version());
    cluster.log().clear();

    let output = Way::Engine.run(&environment, &next_version(), &[]);

    let _ = output.success();
    let taken = taken(&cluster);
    assert!(
        taken.iter().all(|block| !blocks[..2].contains(block)),
        "{taken:?}"
    );
}

/// What is promised of a service that confirms what it has not: `--verify` reads what was not sent, and
/// so does whoever fetches the image. An upload without it goes by Keep's own word.
#[test]
fn a_service_that_confirms_what_it_has_not_is_found_by_verify() {
    for way in [Way::Engine, Way::Archive, Way::Stream] {
        let cluster = Cluster::start();
        let user = Account::usual(&cluster);
        let environment = environment_with(&user, &image());
        let first = check(
            "first",
            &user,
            &image(),
            &way.run(&environment, &image(), &[]),
        );
        let blocks = blocks_of(&cluster, &first);
        cluster.seed().damage(&blocks[0], Damage::Lost).unwrap();
        cluster.faults().confirm_lost_blocks(true);
        let environment = environment_with(&user, &next_version());

        let output = way.run(&environment, &next_version(), &["--verify"]);

        // It may send the block after all, or say that it is not there; it may not say that all is well.
        if output.status.success() {
            check(&format!("{way:?}"), &user, &next_version(), &output);
        } else {
            let message = output.failure(1);
            assert!(message.contains(&blocks[0]), "{way:?}: {output}");
            output.assert_told_to_people(&[user.token()]);
            assert_eq!(cluster.collections().len(), 1, "{way:?}");
        }
    }
}
