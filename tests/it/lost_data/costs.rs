//! What it costs to ask Keep before a block is left out.

use keepdocker_sandbox::request_log::Entry;
use serde_json::Value;

use super::{NAME, environment_with};
use crate::support::{Account, Cluster, Made};

/// An image of many blocks; its versions differ in the smallest layer.
fn version(seed: u64) -> Made {
    let mut layers: Vec<(u64, usize)> = (20..36).map(|seed| (seed, 1_100_000)).collect();
    layers.push((seed, 20_000));
    Made::of(&layers)
}

fn count(cluster: &Cluster, is_counted: impl Fn(&Entry) -> bool) -> usize {
    let entries = cluster.log().entries();
    entries.iter().filter(|entry| is_counted(entry)).count()
}

#[test]
fn an_image_that_is_there_costs_at_most_six_requests_of_every_kind() {
    let cluster = Cluster::start();
    let user = Account::usual(&cluster);
    let environment = environment_with(&user, &version(1));
    let words = ["upload", NAME, "--json"];
    let _ = environment.keepdocker(&words).success();
    cluster.log().clear();

    let output = environment.keepdocker(&words);

    let uploaded: Value = serde_json::from_str(&output.success()).unwrap();
    assert_eq!(uploaded["outcome"], "present");
    let requests = count(&cluster, |_| true);
    assert!(requests <= 6, "{:#?}", cluster.log().entries());
}

#[test]
fn a_second_version_asks_once_for_each_block_and_sends_a_hundredth() {
    let cluster = Cluster::start();
    let user = Account::usual(&cluster);
    let environment = environment_with(&user, &version(1));
    let words = ["upload", NAME, "--json"];
    let first = environment.keepdocker(&words).success();
    let first: Value = serde_json::from_str(&first).unwrap();
    let environment = environment_with(&user, &version(2));
    cluster.log().clear();

    let output = environment.keepdocker(&words);

    let uploaded: Value = serde_json::from_str(&output.success()).unwrap();
    let (size, sent) = (uploaded["size"].as_u64(), uploaded["sent"].as_u64());
    assert!(100 * sent.unwrap() <= size.unwrap(), "{uploaded}");
    let sent: u64 = cluster
        .log()
        .entries()
        .iter()
        .filter(|entry| entry.is_keep && entry.method == "PUT")
        .map(|entry| entry.received)
        .sum();
    assert_eq!(Some(sent), uploaded["sent"].as_u64());
    // One question for each block that is left out, none for what is sent, and no data back.
    let heads = count(&cluster, |entry| entry.is_keep && entry.method == "HEAD");
    let gets = count(&cluster, |entry| entry.is_keep && entry.method == "GET");
    assert_eq!(heads, 16, "{first} {uploaded}");
    assert_eq!(gets, 0);
}

#[test]
fn the_questions_for_blocks_are_asked_side_by_side() {
    use std::time::{Duration, Instant};

    use keepdocker_sandbox::faults::{Action, Fault};

    let cluster = Cluster::start();
    let user = Account::usual(&cluster);
    let words = ["upload", NAME, "--json"];
    let environment = environment_with(&user, &version(1));
    let _ = environment.keepdocker(&words).success();
    let environment = environment_with(&user, &version(2));
    let delay = Duration::from_millis(500);
    let slow = Fault::on("/", Action::Delay(delay)).method("HEAD");
    cluster.faults().plan(slow.times(1000));
    let start = Instant::now();

    let output = environment.keepdocker(&words);

    let elapsed = start.elapsed();
    let _ = output.success();
    assert!(
        elapsed < 16 * delay,
        "{elapsed:?}, as if one after the other"
    );
}
