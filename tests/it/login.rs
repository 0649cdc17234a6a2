//! Whom the token stands for, where it was said, and how it gets there.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Cluster, Environment, Output};

const KEEPDOCKER: &str = env!("CARGO_BIN_EXE_keepdocker");

/// A cluster, an environment without a token, the token, and the host.
fn ground() -> (Cluster, Environment, String, String) {
    let cluster = Cluster::start();
    let mut environment = Environment::on(&cluster);
    let host = environment.variable("ARVADOS_API_HOST");
    let host = host.to_str().unwrap().to_owned();
    environment.unset("ARVADOS_API_HOST");
    environment.unset("ARVADOS_API_TOKEN");
    let token = cluster.token();
    (cluster, environment, token, host)
}

/// Logs in with this token on standard input.
fn log_in(environment: &Environment, host: &str, token: &str) -> Output {
    let input = std::io::Cursor::new(format!("{token}\n"));
    environment.run_on(KEEPDOCKER, &["login", host], input)
}

fn file(environment: &Environment) -> PathBuf {
    environment.home().join("config/arvados/settings.conf")
}

#[test]
fn a_token_that_the_cluster_accepts_is_kept_for_its_owner_alone() {
    let (cluster, environment, token, host) = ground();
    let output = log_in(&environment, &host, &token);
    let _ = output.success();
    assert!(output.stderr.contains("logged in to kdbox as "), "{output}");
    let shown = format!("{}{}", output.stdout(), output.stderr);
    let secret = token.rsplit('/').next().unwrap();
    assert!(!shown.contains(secret), "the token is shown");

    let file = file(&environment);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(&token) && text.contains(&host));
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let told = environment.keepdocker(&["whoami", "--json"]).success();
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["schema"], "keepdocker.whoami/1");
    assert_eq!(told["user"], cluster.user_uuid());
    assert_eq!(told["cluster"], "kdbox");
    let lines = environment.keepdocker(&["whoami"]).success();
    assert!(lines.contains(&format!("kdbox at {host}")), "{lines}");
}

#[test]
fn what_the_cluster_does_not_accept_is_neither_kept_nor_shown() {
    let (_cluster, environment, _, host) = ground();
    let wrong = "v2/kdbox-gj3su-000000000000000/not0the0secret0of0anybody";
    let output = log_in(&environment, &host, wrong);
    let said = output.failure(7);
    assert!(said.contains("does not accept the token"), "{said}");
    assert!(!said.contains("not0the0secret"), "{said}");
    assert!(!file(&environment).exists());

    let output = log_in(&environment, &host, "");
    assert!(output.failure(2).contains("no token was given"), "{output}");
    let output = environment.keepdocker(&["login"]);
    assert!(
        output.failure(2).contains("which cluster is meant"),
        "{output}"
    );
}

#[test]
fn what_is_set_is_shown_with_where_it_was_said_and_without_the_token() {
    let (_cluster, mut environment, token, host) = ground();
    let _ = log_in(&environment, &host, &token).success();
    environment.set("KEEPDOCKER_IMAGE_ID", "manifest");
    let shown = environment
        .keepdocker(&["config", "show", "--origin"])
        .success();
    let row = |name: &str| {
        let row = shown.lines().find(|line| line.starts_with(name));
        row.unwrap_or_else(|| panic!("{name}: {shown}"))
    };
    let settings = file(&environment).display().to_string();
    assert!(row("ARVADOS_API_HOST ").contains(&host), "{shown}");
    assert!(row("ARVADOS_API_HOST ").contains(&settings), "{shown}");
    assert!(
        row("ARVADOS_API_TOKEN").contains("set, and not shown"),
        "{shown}"
    );
    assert!(row("image-id").contains("manifest"), "{shown}");
    assert!(row("image-id").contains("KEEPDOCKER_IMAGE_ID"), "{shown}");
    assert!(!shown.contains(token.rsplit('/').next().unwrap()));

    let told = environment
        .keepdocker(&["config", "show", "--json"])
        .success();
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["schema"], "keepdocker.config/1");
    let settings = told["settings"].as_array().unwrap();
    let of = |name: &str| {
        settings
            .iter()
            .find(|setting| setting["name"] == name)
            .unwrap()
    };
    assert_eq!(of("ARVADOS_API_TOKEN")["value"], Value::Null);
    assert_eq!(of("ARVADOS_API_TOKEN")["is_set"], true);

    // A variable wins, and a login says so.
    environment.set("ARVADOS_API_TOKEN", &token);
    let output = log_in(&environment, &host, &token);
    let _ = output.success();
    assert!(
        output.stderr.contains("ARVADOS_API_TOKEN is set"),
        "{output}"
    );
}

#[test]
fn what_is_typed_at_a_terminal_is_not_shown_and_the_terminal_is_as_it_was() {
    let (_cluster, mut environment, token, host) = ground();
    environment.set("TERM", "xterm");
    let screen = environment.home().join("screen");
    let screen = screen.to_str().unwrap();
    let command = format!("stty cols 200 rows 30; {KEEPDOCKER} login {host}; stty -a");
    // People type once they are asked.
    let typing = format!(
        "until grep -qs 'is not shown' {screen}; do sleep 0.1; done; printf '%s\\n' '{token}'; sleep 3"
    );
    let script = format!("({typing}) | script -qefc \"{command}\" {screen}");
    let output = environment.run("/bin/bash", &["-c", &script]);
    let screen = output.stdout();
    assert!(screen.contains("it is not shown"), "{screen}");
    assert!(screen.contains("logged in to kdbox"), "{screen}");
    assert!(!screen.contains(token.rsplit('/').next().unwrap()), "shown");
    let echo = screen
        .split_whitespace()
        .find(|word| word.ends_with("echo;") || *word == "echo" || *word == "-echo");
    assert_eq!(echo, Some("echo"), "{screen}");
}

#[test]
fn a_cluster_is_chosen_by_its_name() {
    let (here, there) = (Cluster::start(), Cluster::start());
    let mut environment = Environment::on(&here);
    let host = environment.variable("ARVADOS_API_HOST").to_str().unwrap();
    let host = host.to_owned();
    // Certificates of both are trusted.
    environment.set("ARVADOS_API_HOST_INSECURE", "1");
    let other = Environment::on(&there);
    let their_host = other.variable("ARVADOS_API_HOST").to_str().unwrap();
    let input = std::io::Cursor::new(format!("{}\n", there.token()));
    let trusted = other.variable("SSL_CERT_FILE").to_owned();
    environment.set("SSL_CERT_FILE", trusted);
    let words = ["login", their_host, "--cluster", "there"];
    let output = environment.run_on(KEEPDOCKER, &words, input);
    let _ = output.success();
    assert!(output.stderr.contains("arvados/there.conf"), "{output}");
    assert!(!output.stderr.contains("does not count"), "{output}");
    let file = environment.home().join("config/arvados/there.conf");
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    // Neither the variables count then, nor what they say of certificates.
    let who = |more: &[&str]| {
        let words = [&["whoami", "--json"], more].concat();
        let told = environment.keepdocker(&words).success();
        serde_json::from_str::<Value>(&told).unwrap()["user"].clone()
    };
    assert_eq!(who(&[]), here.user_uuid());
    assert_eq!(who(&["--cluster", "there"]), there.user_uuid());

    // What config.toml says is of the cluster that was named.
    let config = environment.home().join("config/keepdocker");
    fs::create_dir_all(&config).unwrap();
    let text =
        "threads = 4\nengine = \"podman\"\n[clusters.there]\nproject = \"Nowhere\"\nthreads = 8\n";
    fs::write(config.join("config.toml"), text).unwrap();
    let show = |more: &[&str]| {
        let words = [&["config", "show", "--json"], more].concat();
        let told = environment.keepdocker(&words).success();
        let told: Value = serde_json::from_str(&told).unwrap();
        let settings = told["settings"].as_array().unwrap().clone();
        move |name: &str| {
            let found = settings.iter().find(|setting| setting["name"] == name);
            found.cloned().unwrap()
        }
    };
    let usual = show(&[]);
    assert_eq!(usual("ARVADOS_API_HOST")["value"], host.as_str());
    assert_eq!(usual("threads")["value"], "4");
    assert_eq!(usual("project")["origin"], "the default");
    let chosen = show(&["--cluster", "there"]);
    assert_eq!(chosen("ARVADOS_API_HOST")["value"], their_host);
    assert_eq!(chosen("ARVADOS_API_HOST")["origin"], file.to_str().unwrap());
    assert_eq!(chosen("threads")["value"], "8");
    assert_eq!(chosen("engine")["value"], "podman");
    let origin = chosen("threads")["origin"].as_str().unwrap().to_owned();
    assert!(origin.ends_with("config.toml [clusters.there]"), "{origin}");

    // A project that is said there is looked for, and the upload ends before data is sent.
    let archive = crate::support::data("tiny-docker20.10.tar");
    let upload = [
        "upload",
        archive.to_str().unwrap(),
        "lab/a:1",
        "--cluster",
        "there",
    ];
    let output = environment.keepdocker(&upload);
    assert!(output.failure(2).contains("Nowhere"), "{output}");
    let _ = environment.keepdocker(&upload[..3]).success();
    assert_eq!(here.collections().len(), 1);
    there.assert_nothing_registered();

    for (name, code, words) in [
        ("nobody", 7, "nobody.conf"),
        ("../there", 2, "cannot be the name of a cluster"),
    ] {
        let output = environment.keepdocker(&["images", "--cluster", name]);
        assert!(output.failure(code).contains(words), "{output}");
    }
    let words = ["images", "--sandbox", "--cluster", "there"];
    let _ = environment.keepdocker(&words).failure(2);
}
