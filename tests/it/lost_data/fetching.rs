//! Fetches of what was lost, and uploads of an image that the cluster seems to have.

use keepdocker_sandbox::damage::Damage;

use super::{Accident, NAME, blocks_of, check, environment_with, image};
use crate::support::{Account, Cluster, Shelf};

#[test]
fn what_was_lost_is_not_saved_and_leaves_no_file() {
    let cluster = Cluster::start();
    let user = Account::usual(&cluster);
    let environment = environment_with(&user, &image());
    let first = environment.keepdocker(&["upload", NAME]);
    let first = check("first", &user, &image(), &first);
    let blocks = blocks_of(&cluster, &first);
    let file = environment.home().join("saved.tar");
    let words = [
        "save",
        NAME,
        "--retries",
        "0",
        "--output",
        file.to_str().unwrap(),
    ];
    for is_confirmed in [false, true] {
        cluster.faults().confirm_lost_blocks(is_confirmed);
        for accident in Accident::all() {
            accident.befall(&cluster, &blocks);

            let output = environment.keepdocker(&words);

            let message = output.failure(1);
            if let Accident::Block(_, place) = accident {
                assert!(message.contains(&blocks[place]), "{accident:?}: {output}");
            }
            output.assert_told_to_people(&[user.token()]);
            assert!(!file.exists(), "{accident:?}");
            // And back again.
            let output = environment.keepdocker(&["upload", "--force", NAME]);
            check(&format!("{accident:?}"), &user, &image(), &output);
            let _ = environment.keepdocker(&words).success();
            image().is_in(&std::fs::read(&file).unwrap()).unwrap();
            std::fs::remove_file(&file).unwrap();
        }
    }
}

#[test]
fn an_engine_is_not_given_what_was_lost() {
    for damage in [Damage::Lost, Damage::Truncated, Damage::Flipped] {
        let cluster = Cluster::start();
        let user = Account::usual(&cluster);
        let mut environment = environment_with(&user, &image());
        let first = environment.keepdocker(&["upload", NAME]);
        let first = check("first", &user, &image(), &first);
        let blocks = blocks_of(&cluster, &first);
        cluster.seed().damage(&blocks[2], damage).unwrap();
        Shelf::new().later(&image(), NAME).install(&mut environment);

        let output = environment.keepdocker(&["load", "--retries", "0", NAME]);

        assert!(
            output.failure(1).contains(&blocks[2]),
            "{damage:?}: {output}"
        );
        // It was ended before the archive's end, so that an engine takes nothing.
        let loaded = Shelf::loaded(&environment).unwrap_or_default();
        assert!(image().is_in(&loaded).is_err(), "{damage:?}");
    }
}

/// What the project has is not read again, unless `--verify` asks for it.
#[test]
fn an_upload_that_verifies_what_is_there_ends_well_only_if_it_can_be_read() {
    for accident in Accident::all() {
        for elsewhere in [false, true] {
            for is_confirmed in [false, true] {
                let cluster = Cluster::start();
                let user = Account::usual(&cluster);
                let environment = environment_with(&user, &image());
                let first = environment.keepdocker(&["upload", NAME]);
                let first = check("first", &user, &image(), &first);
                accident.befall(&cluster, &blocks_of(&cluster, &first));
                cluster.faults().confirm_lost_blocks(is_confirmed);
                let project = user.make_project("another");
                let mut words = vec!["--retries", "0", "upload", "--verify", NAME];
                if elsewhere {
                    words.extend(["--project-uuid", &project]);
                }

                let output = environment.keepdocker(&words);

                let case = format!("{accident:?} {words:?} {is_confirmed}");
                if output.status.success() {
                    check(&case, &user, &image(), &output);
                } else {
                    output.assert_told_to_people(&[user.token()]);
                    assert_eq!(output.status.code(), Some(1), "{case}: {output}");
                }
            }
        }
    }
}
