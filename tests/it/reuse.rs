//! What need not be sent: blocks of other images, and of an upload that was cut short.
#![expect(
    clippy::print_stdout,
    reason = "the figures are wanted beside the verdict"
)]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use keepdocker_sandbox::faults::{Action, Fault};
use serde_json::Value;

use crate::support::{Cluster, Environment, Layer, saved};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const BLOCK: u64 = 64 * MIB;

#[test]
fn a_second_version_with_one_small_layer_changed_sends_at_most_a_hundredth() {
    let (cluster, environment) = discarding();
    let sizes = [117 * MIB, 48 * MIB, 560 * MIB, 299 * MIB, 3 * MIB];
    let first = layers(1, &sizes);
    let mut second = first.clone();
    second[4] = Layer::new(99, 3 * MIB + 40 * KIB);
    let size: u64 = first.iter().map(Layer::size).sum();
    assert!(size >= 1024 * MIB);
    let before = upload(&environment, &first, "lab/app:1", &[]);
    assert!(number(&before, "sent") >= size);
    cluster.log().clear();

    let after = upload(&environment, &second, "lab/app:2", &[]);

    let sent = sent(&cluster);
    println!("of {size} bytes, {sent} were sent");
    assert!(100 * sent <= size, "{sent}");
    assert_eq!(number(&after, "sent"), sent);
    assert_eq!(
        number(&after, "reused") + sent,
        number(&after, "size"),
        "{after}"
    );
    // The new layer, and what says that it is there.
    assert!(cluster.log().blocks_written() <= 2);
}

#[test]
fn images_of_one_owner_share_their_base_across_repositories() {
    let base = [70 * MIB, 66 * MIB];
    for (options, shares) in [(&[][..], true), (&["--no-reuse"], false)] {
        let (cluster, environment) = discarding();
        let mut one = layers(1, &base);
        let mut other = one.clone();
        one.push(Layer::new(50, 2 * MIB));
        other.push(Layer::new(60, 2 * MIB));
        let _ = upload(&environment, &one, "lab/one:1", &[]);
        cluster.log().clear();

        let uploaded = upload(&environment, &other, "lab/other:1", options);

        let sent = sent(&cluster);
        assert_eq!(sent < 10 * MIB, shares, "{uploaded}");
        assert_eq!(sent > 130 * MIB, !shares, "{uploaded}");
    }
}

#[test]
fn a_policy_bounds_whose_blocks_are_used_whatever_else_is_asked_for() {
    for (words, shares) in [
        ("reuse = \"readable\"", true),
        ("reuse = \"own\"", true),
        ("reuse = \"none\"", false),
    ] {
        let (cluster, environment) = discarding();
        let policy = environment.home().join("policy.toml");
        let text = format!(
            "schema = \"keepdocker.policy/1\"\n{words}\n[[allow]]\nid = \"all\"\nverbs = [\"*\"]\nreason = \"test\"\n"
        );
        std::fs::write(&policy, text).unwrap();
        let options = ["--policy", policy.to_str().unwrap()];
        let one = layers(1, &[5 * MIB, 2 * MIB]);
        let mut other = one.clone();
        other[1] = Layer::new(60, MIB);
        let _ = upload(&environment, &one, "lab/one:1", &options);
        cluster.log().clear();

        let uploaded = upload(&environment, &other, "lab/one:2", &options);

        assert_eq!(
            number(&uploaded, "reused") > 4 * MIB,
            shares,
            "{words}: {uploaded}"
        );
        assert_eq!(sent(&cluster) < 3 * MIB, shares, "{words}: {uploaded}");
    }
}

#[test]
fn what_a_killed_upload_has_sent_is_not_sent_again() {
    let image = layers(1, &[60 * MIB; 8]);
    for (percent, from_file) in [(30, true), (60, false), (90, true)] {
        let (cluster, environment) = discarding();
        // As over a network, blocks do not come all at once.
        let slow = Fault::on("/", Action::Delay(Duration::from_millis(300)));
        cluster.faults().plan(slow.method("PUT").times(1000));
        // With its last block sent, the upload must not end before it is killed.
        let busy = Fault::on("/arvados/v1/collections", Action::Answer(503));
        cluster.faults().plan(busy.method("POST").times(1000));
        let file = file(&environment, &image);
        let source = format!("docker-archive:{}", file.display());
        let arguments = match from_file {
            true => ["upload", "--from", &source, "lab/app:1", "--json"],
            false => ["upload", "--from", "-", "lab/app:1", "--json"],
        };
        let total: u64 = image.iter().map(Layer::size).sum();
        let program = env!("CARGO_BIN_EXE_keepdocker");
        let mut child = environment.start(program, &arguments, std::fs::File::open(&file).unwrap());
        let start = Instant::now();
        while 100 * sent(&cluster) < percent * total {
            assert!(start.elapsed() < Duration::from_secs(100), "{percent} %");
            assert_eq!(child.try_wait().unwrap(), None, "{percent} %");
            std::thread::sleep(Duration::from_millis(2));
        }
        // A block of which the server has told, and nobody has noted it down yet, is sent again.
        std::thread::sleep(Duration::from_millis(100));
        child.kill().unwrap();
        let _ = child.wait().unwrap();
        cluster.faults().clear();
        cluster.assert_nothing_registered();
        let before = sent(&cluster);
        assert_eq!(journals(&environment).len(), 1, "{percent} %");
        cluster.log().clear();

        let again = environment
            .run_on(program, &arguments, std::fs::File::open(&file).unwrap())
            .success();

        let uploaded: Value = serde_json::from_str(&again).unwrap();
        let rest = number(&uploaded, "size") - before;
        let sent = sent(&cluster);
        println!("{percent} %: {before} bytes sent, {rest} left, {sent} sent in the second run");
        assert!(sent <= rest + BLOCK, "{percent} %: {sent} of {rest}");
        assert_eq!(journals(&environment), [""; 0], "{percent} %");
    }
}

#[test]
fn a_journal_is_of_no_use_to_others_and_not_kept_where_none_is_wanted() {
    let image = layers(1, &[2 * MIB; 2]);
    // The collection is refused, so that the journal stays.
    let cut_short = |cluster: &Cluster, environment: &Environment, option: &[&str]| {
        let refusal = Fault::on("/arvados/v1/collections", Action::Answer(422)).method("POST");
        cluster.faults().plan(refusal);
        let _ = run(environment, &image, "lab/app:1", option).failure(1);
        cluster.log().clear();
    };
    for (first, second, is_resumed) in [
        (None, None, true),
        (Some("--no-cache"), None, false),
        (None, Some("--no-resume"), false),
        (None, Some("--no-cache"), false),
    ] {
        let (cluster, environment) = discarding();
        let options: Vec<&str> = first.into_iter().collect();
        cut_short(&cluster, &environment, &options);
        let count = usize::from(first.is_none());
        assert_eq!(journals(&environment).len(), count, "{first:?}");
        let options: Vec<&str> = second.into_iter().collect();
        let _ = upload(&environment, &image, "lab/app:1", &options);
        assert_eq!(sent(&cluster) == 0, is_resumed, "{first:?} {second:?}");
    }

    // Another cluster has none of these blocks.
    let (cluster, environment) = discarding();
    cut_short(&cluster, &environment, &[]);
    let (other, theirs) = discarding();
    let cache = |environment: &Environment| environment.home().join("cache/arvados/docker");
    std::fs::create_dir_all(cache(&theirs)).unwrap();
    let name = journals(&environment).remove(0);
    std::fs::copy(cache(&environment).join(&name), cache(&theirs).join(&name)).unwrap();
    let _ = upload(&theirs, &image, "lab/app:1", &[]);
    assert!(sent(&other) > 4 * MIB);
}

#[test]
fn a_journal_holds_no_token_and_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let (cluster, environment) = discarding();
    let refusal = Fault::on("/arvados/v1/collections", Action::Answer(422)).method("POST");
    cluster.faults().plan(refusal);
    let _ = run(&environment, &layers(1, &[MIB]), "lab/app:1", &[]).failure(1);

    let name = journals(&environment).remove(0);
    let path = environment.home().join("cache/arvados/docker").join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    // The layer, and what says that it is there.
    assert_eq!(text.lines().count(), 2, "{text}");
    let variables = cluster.environment();
    let (_, token) = variables
        .iter()
        .find(|(name, _)| name == "ARVADOS_API_TOKEN")
        .unwrap();
    let secret = token.rsplit('/').next().unwrap();
    assert!(!secret.is_empty() && !text.contains(secret), "{text}");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn blocks_that_the_cluster_refuses_are_sent() {
    let image = layers(1, &[3 * MIB, 2 * MIB]);
    let next = layers(1, &[3 * MIB, 2 * MIB, MIB]);
    let (cluster, environment) = discarding();
    let _ = upload(&environment, &image, "lab/app:1", &[]);
    let file = file(&environment, &next);
    let source = format!("docker-archive:{}", file.display());
    let refuse = || {
        let refusal = Fault::on("/arvados/v1/collections", Action::Answer(403)).method("POST");
        cluster.faults().plan(refusal);
        cluster.log().clear();
    };

    // What comes through a pipe cannot be read again.
    refuse();
    let output = run(&environment, &next, "lab/app:2", &[]);
    let message = output.failure(1);
    assert!(message.contains("--no-reuse"), "{output}");
    output.assert_told_to_people(&[]);
    assert_eq!(cluster.collections().len(), 1);

    refuse();
    let output = environment.keepdocker(&["upload", "--from", &source, "lab/app:2", "--json"]);
    let uploaded: Value = serde_json::from_str(&output.success()).unwrap();
    assert_eq!(cluster.faults().left(), 0);
    assert_eq!(number(&uploaded, "sent"), number(&uploaded, "size"));
    assert_eq!(number(&uploaded, "sent"), sent(&cluster));
    assert!(output.stderr.contains("they are sent now"), "{output}");
    assert_eq!(cluster.collections().len(), 2);
}

#[test]
fn manifests_that_cannot_be_read_cost_only_sending() {
    let (cluster, environment) = discarding();
    let _ = upload(&environment, &layers(1, &[3 * MIB]), "lab/app:1", &[]);
    cluster.log().clear();
    // With a stream, the first of these requests is the one for the manifests.
    let fault = Fault::on("/arvados/v1/collections", Action::Answer(403)).method("GET");
    cluster.faults().plan(fault);

    let uploaded = upload(&environment, &layers(1, &[3 * MIB, MIB]), "lab/app:2", &[]);

    assert_eq!(cluster.faults().left(), 0);
    assert_eq!(number(&uploaded, "sent"), number(&uploaded, "size"));
}

#[test]
fn an_image_that_is_there_costs_at_most_six_requests() {
    let (cluster, environment) = discarding();
    let file = file(&environment, &layers(1, &[MIB]));
    let source = format!("docker-archive:{}", file.display());
    let arguments = ["upload", "--from", &source, "lab/app:1", "--json"];
    let _ = environment.keepdocker(&arguments).success();
    cluster.log().clear();

    let again = environment.keepdocker(&arguments).success();

    let uploaded: Value = serde_json::from_str(&again).unwrap();
    assert_eq!(uploaded["outcome"], "present");
    let requests = cluster.log().api_requests();
    println!("{requests} requests");
    assert!(requests <= 6, "{:#?}", cluster.log().entries());
}

#[test]
fn the_cache_is_listed_and_cleaned_without_disturbing_who_uses_it() {
    let (cluster, environment) = discarding();
    let refusal = Fault::on("/arvados/v1/collections", Action::Answer(422)).method("POST");
    cluster.faults().plan(refusal);
    let _ = run(&environment, &layers(1, &[MIB]), "lab/app:1", &[]).failure(1);
    let folder = environment.home().join("cache/arvados/docker");
    let image = format!("sha256:{}", "7".repeat(64));
    std::fs::write(folder.join(format!("{image}.tar")), "left by Python").unwrap();
    // Whoever holds the lock works on the image.
    let lock = std::fs::File::create(folder.join(format!("{image}.tar.lock"))).unwrap();
    lock.lock().unwrap();

    let json = |arguments: &[&str]| -> Value {
        let printed = environment.keepdocker(arguments).success();
        serde_json::from_str(&printed).unwrap()
    };
    let listed = json(&["cache", "list", "--json"]);
    let mut files: Vec<(&str, &Value)> = listed["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| (file["kind"].as_str().unwrap(), &file["used_by"]))
        .collect();
    files.sort_by_key(|(kind, _)| *kind);
    let holder = Value::from("another process");
    assert_eq!(
        files,
        [
            ("archive", &Value::Null),
            ("journal", &Value::Null),
            ("lock", &holder),
            ("record", &Value::Null)
        ],
        "{listed}"
    );
    let table = environment.keepdocker(&["cache", "list"]).success();
    assert!(
        table.contains("journal") && table.contains(&image),
        "{table}"
    );

    let cleaned = json(&["cache", "clean", "--older-than", "1h", "--json"]);
    assert_eq!(cleaned["removed"], serde_json::json!([]), "{cleaned}");
    let cleaned = json(&["cache", "clean", "--json"]);
    let removed = cleaned["removed"].as_array().unwrap().iter();
    let mut kinds: Vec<&str> = removed.map(|file| file["kind"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["journal", "record"], "{cleaned}");
    assert_eq!(cleaned["kept"][0]["image"], image.as_str(), "{cleaned}");
    drop(lock);
    let text = environment
        .keepdocker(&["cache", "clean", "--max-size", "1KiB"])
        .success();
    assert!(text.contains("removed 0 files"), "{text}");
    let text = environment.keepdocker(&["cache", "clean"]).success();
    assert!(text.contains("removed 1 file, 14 bytes"), "{text}");
}

/// A cluster that checks blocks and keeps none, and the environment of its user.
fn discarding() -> (Cluster, Environment) {
    let cluster = Cluster::start();
    cluster.faults().discard_blocks(true);
    let environment = Environment::on(&cluster);
    (cluster, environment)
}

fn layers(seed: u64, sizes: &[u64]) -> Vec<Layer> {
    (seed..)
        .zip(sizes)
        .map(|(seed, size)| Layer::new(seed, *size))
        .collect()
}

/// Uploads an image from a pipe.
fn run(
    environment: &Environment,
    layers: &[Layer],
    name: &str,
    options: &[&str],
) -> crate::support::Output {
    let mut arguments = vec!["upload", "--from", "-", name, "--json"];
    arguments.extend(options);
    let program = env!("CARGO_BIN_EXE_keepdocker");
    environment.run_on(program, &arguments, saved(layers, name))
}

fn upload(environment: &Environment, layers: &[Layer], name: &str, options: &[&str]) -> Value {
    let printed = run(environment, layers, name, options).success();
    serde_json::from_str(&printed).unwrap()
}

/// Writes the archive of an image.
fn file(environment: &Environment, layers: &[Layer]) -> PathBuf {
    let path = environment.home().join("image.tar");
    let mut file = std::fs::File::create(&path).unwrap();
    std::io::copy(&mut saved(layers, "lab/app:1"), &mut file).unwrap();
    path
}

fn number(uploaded: &Value, member: &str) -> u64 {
    uploaded[member].as_u64().unwrap()
}

/// How many bytes of blocks the cluster has taken.
fn sent(cluster: &Cluster) -> u64 {
    let entries = cluster.log().entries();
    entries
        .iter()
        .filter(|entry| entry.is_keep && entry.method == "PUT" && entry.status == 200)
        .map(|entry| entry.received)
        .sum()
}

/// The names of the journals in the cache.
fn journals(environment: &Environment) -> Vec<String> {
    let Ok(folder) = std::fs::read_dir(environment.home().join("cache/arvados/docker")) else {
        return Vec::new();
    };
    folder
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".journal"))
        .collect()
}
