//! Where logs go, how long they stay, and what happens where they cannot be written.

use super::*;

#[test]
fn the_logs_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let ground = Ground::new();
    let run = ground.uploaded();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&ground.logs()), 0o700);
    assert_eq!(mode(&ground.log(&run)), 0o600);
    assert_eq!(mode(&ground.logs().join("heads")), 0o600);
}

#[test]
fn a_log_can_be_left_out_unless_the_policy_requires_it() {
    let ground = Ground::new();
    let listed = ground.keepdocker(None, &["images", "--no-audit"]);
    assert!(listed.status.success(), "{}", stderr(&listed));
    assert!(!ground.logs().exists());

    let policy = ground.policy("p.toml", &format!("audit.required = true\n{ALL}"));
    let refused = ground.keepdocker(Some(&policy), &["images", "--no-audit"]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(
        stderr(&refused).contains("requires an audit log"),
        "{}",
        stderr(&refused)
    );
    assert!(
        ground
            .keepdocker(Some(&policy), &["images"])
            .status
            .success()
    );
}

#[test]
fn the_policy_says_where_logs_go_and_a_further_layer_cannot_move_them() {
    let ground = Ground::new();
    let directory = ground.folder.path().join("central/logs");
    ground.policy(
        "config/keepdocker/policy.toml",
        &format!("audit.directory = {directory:?}\n{ALL}"),
    );
    assert!(ground.keepdocker(None, &["images"]).status.success());
    assert!(directory.join("heads").exists() && !ground.logs().exists());
    assert!(ground.audit(&["verify"]).status.success());

    let other = ground.policy("p.toml", &format!("audit.directory = \"/tmp\"\n{ALL}"));
    let refused = ground.keepdocker(Some(&other), &["images"]);
    assert!(!refused.status.success());
    assert!(
        stderr(&refused).contains("p.toml:2: `audit.directory` cannot be changed here"),
        "{}",
        stderr(&refused)
    );
}

#[test]
fn logs_go_when_their_time_is_over_and_the_heads_say_so() {
    let ground = Ground::new();
    let run = ground.uploaded();
    let old = "20200101T000000000Z-00000001";
    fs::copy(ground.log(&run), ground.log(old)).unwrap();
    let policy = ground.policy("p.toml", &format!("audit.retain = \"30d\"\n{ALL}"));
    // Old logs are looked for at every 32nd line of the heads, that is with every 16th run.
    for _ in 0..16 {
        assert!(
            ground
                .keepdocker(Some(&policy), &["images"])
                .status
                .success()
        );
    }
    assert!(!ground.log(old).exists());
    assert!(ground.log(&run).exists());
    let heads = fs::read_to_string(ground.logs().join("heads")).unwrap();
    assert!(heads.contains("\"event\":\"prune\",\"hash\":"), "{heads}");
    assert!(heads.contains(&format!("\"runs\":[\"{old}\"]")), "{heads}");
    assert!(ground.audit(&["verify"]).status.success());
}

#[test]
fn where_no_log_can_be_begun_the_run_goes_on_or_stops_as_the_policy_says() {
    let ground = Ground::new();
    fs::create_dir_all(ground.logs()).unwrap();
    // Every write to this device fails as on a full disk.
    std::os::unix::fs::symlink("/dev/full", ground.logs().join("heads")).unwrap();

    let warned = ground.upload(None);

    assert!(warned.status.success(), "{}", stderr(&warned));
    assert!(
        stderr(&warned).contains("warning: there is no audit log of this run: cannot write"),
        "{}",
        stderr(&warned)
    );
    fs::remove_dir_all(ground.folder.path().join("sandbox")).unwrap();
    for key in ["on-failure = \"stop\"", "required = true"] {
        let policy = ground.policy("p.toml", &format!("audit.{key}\n{ALL}"));
        let stopped = ground.upload(Some(&policy));
        assert_eq!(stopped.status.code(), Some(1), "{}", stderr(&stopped));
        assert!(
            stderr(&stopped).contains("the audit log cannot be kept, so nothing was done"),
            "{}",
            stderr(&stopped)
        );
    }
    fs::remove_file(ground.logs().join("heads")).unwrap();
    assert_eq!(ground.images(), 0);
}

/// Uploads with the logs on a disk of two pages, which is full in the middle of the run; what was
/// written is in the folder `logs` afterwards.
fn upload_until_the_disk_is_full(ground: &Ground, on_failure: &str) -> Output {
    let disk = ground.folder.path().join("disk");
    fs::create_dir_all(&disk).unwrap();
    let policy = ground.policy(
        "p.toml",
        &format!("[audit]\ndirectory = {disk:?}\non-failure = \"{on_failure}\"\n{ALL}"),
    );
    let archive = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/data/tiny-docker20.10.tar"
    );
    let script = "mount -t tmpfs -o size=8k none \"$0\" || exit 99\n\
                  \"$@\"; code=$?; rm -rf \"$0/../logs\"; cp -r \"$0\" \"$0/../logs\"; exit $code";
    Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script])
        .arg(&disk)
        .arg(env!("CARGO_BIN_EXE_keepdocker"))
        .arg(format!(
            "--sandbox={}",
            ground.folder.path().join("sandbox").display()
        ))
        .arg("--policy")
        .arg(&policy)
        .args(["upload", "--from", &format!("docker-archive:{archive}")])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", ground.folder.path())
        .output()
        .unwrap()
}

#[test]
fn a_log_that_fails_in_the_middle_stops_the_run_before_the_next_effect_or_lets_it_go_on() {
    let ground = Ground::new();
    let stopped = upload_until_the_disk_is_full(&ground, "stop");
    assert_eq!(stopped.status.code(), Some(1), "{}", stderr(&stopped));
    assert!(
        stderr(&stopped)
            .contains("the record cannot be kept, so nothing more is done: cannot write"),
        "{}",
        stderr(&stopped)
    );
    assert_eq!(ground.images(), 0);
    let logs = ground.folder.path().join("logs");
    let log = fs::read_dir(logs)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            path.extension()
                .is_some_and(|extension| extension == "jsonl")
        })
        .unwrap();
    let verified = ground.audit(&["verify", log.to_str().unwrap()]);
    assert_eq!(verified.status.code(), Some(9), "{}", stderr(&verified));

    let warned = upload_until_the_disk_is_full(&ground, "continue");
    assert!(warned.status.success(), "{}", stderr(&warned));
    assert!(
        stderr(&warned).contains("warning: the audit log of this run ends here: cannot write"),
        "{}",
        stderr(&warned)
    );
    assert_eq!(ground.images(), 1);
}

#[test]
fn a_login_in_the_name_of_an_image_is_in_no_log() {
    let ground = Ground::new();
    let asked = ground.keepdocker(None, &["resolve", "me:p4ssw0rd@lab.example/x:1"]);
    assert!(!asked.status.success());
    assert!(!stderr(&asked).contains("p4ssw0rd"), "{}", stderr(&asked));
    for run in ground.runs() {
        let text = fs::read_to_string(ground.log(&run)).unwrap();
        assert!(!text.contains("p4ssw0rd"), "{text}");
        assert!(text.contains("masked@lab.example/x"), "{text}");
    }
    assert!(!ground.runs().is_empty());
}
