//! Files in the places of policies, as the programs meet them.

use std::os::unix::fs::symlink;

use super::*;

const PROGRAM: &str = env!("CARGO_BIN_EXE_keepdocker");
const LOG_ALONE: &str = "locked = true\n[audit]\nrequired = true\n\
    [[allow]]\nid = \"log\"\nverbs = [\"log.write\"]\nreason = \"test\"\n";

/// Puts one thing after the other in a path, and calls `check` with what the program is to say.
fn each_unusable_thing(path: &Path, sound: &Path, check: impl Fn(&str)) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    symlink("/nowhere/policy.toml", path).unwrap();
    check("is a link to /nowhere/policy.toml, which is not there");
    fs::remove_file(path).unwrap();

    symlink(path, path).unwrap();
    check("cannot be read: ");
    fs::remove_file(path).unwrap();

    fs::create_dir(path).unwrap();
    check("it is a folder, not a file");
    fs::remove_dir(path).unwrap();

    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    check("it is a pipe, not a file");
    fs::remove_file(path).unwrap();

    fs::copy(sound, path).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o666)).unwrap();
    check("can be changed by its group and everybody (mode 0666)");
    fs::remove_file(path).unwrap();
}

#[test]
fn what_cannot_be_used_as_a_policy_stops_every_command_that_reads_it() {
    let ground = Ground::new();
    let sound = ground.policy("sound.toml", ALL);
    let sound_text = sound.to_str().unwrap();
    let bad = ground.folder.path().join("bad/policy.toml");
    let bad_text = bad.to_str().unwrap();
    each_unusable_thing(&bad, &sound, |words| {
        for arguments in [
            vec!["--policy", bad_text, "images", "--sandbox"],
            vec!["images", "--sandbox", "--policy", bad_text],
            vec![
                "--policy",
                sound_text,
                "images",
                "--sandbox",
                "--policy",
                bad_text,
            ],
            vec!["policy", "check", bad_text],
            vec!["policy", "diff", bad_text, sound_text],
            vec!["policy", "diff", sound_text, bad_text],
            vec!["policy", "show", "--policy", bad_text],
            vec![
                "policy",
                "--policy",
                bad_text,
                "explain",
                "engine.pull",
                "x",
            ],
            vec!["audit", "show", "--policy", bad_text],
            vec!["component", "audit", "--policy", bad_text],
        ] {
            let stopped = ground.run(PROGRAM, &arguments);
            let said = stderr(&stopped);
            assert_eq!(stopped.status.code(), Some(1), "{arguments:?}: {said}");
            assert!(said.contains("error: the policy "), "{arguments:?}: {said}");
            assert!(said.contains(words), "{arguments:?}: {said}\n{words}");
        }
    });
}

#[test]
fn what_cannot_be_used_as_the_users_policy_stops_both_programs() {
    let ground = Ground::new();
    let sound = ground.policy("sound.toml", ALL);
    let users = ground.folder.path().join("config/keepdocker/policy.toml");
    let drop_in = |words: &str| {
        let stopped = Command::new(env!("CARGO_BIN_EXE_arv-keepdocker"))
            .env_clear()
            .env("HOME", ground.folder.path())
            .env("XDG_CONFIG_HOME", ground.folder.path().join("config"))
            .env("ARVADOS_API_HOST", "127.0.0.1:1")
            .env("ARVADOS_API_TOKEN", "x")
            .output()
            .unwrap();
        assert_eq!(stopped.status.code(), Some(1), "{}", stderr(&stopped));
        assert!(stderr(&stopped).contains(words), "{}", stderr(&stopped));
    };
    each_unusable_thing(&users, &sound, |words| {
        for arguments in [vec!["images", "--sandbox"], vec!["policy", "show"]] {
            let stopped = ground.run(PROGRAM, &arguments);
            assert_eq!(stopped.status.code(), Some(1), "{}", stderr(&stopped));
            assert!(stderr(&stopped).contains(words), "{}", stderr(&stopped));
        }
        drop_in(words);
    });
    // A file where the folder should be.
    fs::remove_dir(users.parent().unwrap()).unwrap();
    fs::write(users.parent().unwrap(), "").unwrap();
    let stopped = ground.run(PROGRAM, &["policy", "show"]);
    assert_eq!(stopped.status.code(), Some(1));
    assert!(
        stderr(&stopped).contains("config/keepdocker is not a folder"),
        "{}",
        stderr(&stopped)
    );
    drop_in("config/keepdocker is not a folder");
    fs::remove_file(users.parent().unwrap()).unwrap();
    assert!(ground.run(PROGRAM, &["policy", "show"]).status.success());
}

#[test]
fn no_argument_takes_a_policy_off_that_was_given_before() {
    let ground = Ground::new();
    let strict = ground.policy("strict.toml", LOG_ALONE);
    let loose = ground.policy("loose.toml", ALL);
    let (strict, loose) = (strict.to_str().unwrap(), loose.to_str().unwrap());
    let equals = format!("--policy={strict}");
    // Wherever the two stand, and whichever comes first.
    for arguments in [
        vec!["--policy", strict, "images", "--sandbox", "--policy", loose],
        vec!["--policy", loose, "images", "--sandbox", "--policy", strict],
        vec!["--policy", strict, "--policy", loose, "images", "--sandbox"],
        vec!["--policy", loose, "--policy", strict, "images", "--sandbox"],
        vec!["images", "--sandbox", "--policy", strict, "--policy", loose],
        vec!["images", &equals, "--sandbox", "--policy", loose],
    ] {
        let denied = ground.run(PROGRAM, &arguments);
        let said = stderr(&denied);
        assert_eq!(denied.status.code(), Some(3), "{arguments:?}: {said}");
        let mut arguments = arguments;
        arguments.push("--no-audit");
        let refused = ground.run(PROGRAM, &arguments);
        assert!(
            stderr(&refused).contains("the policy requires an audit log"),
            "{arguments:?}: {}",
            stderr(&refused)
        );
    }
    let shown = ground.run(
        PROGRAM,
        &[
            "--policy", strict, "policy", "--policy", loose, "show", "--policy", strict,
        ],
    );
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.matches("strict.toml").count() >= 2, "{shown}");
    assert!(shown.contains("loose.toml"), "{shown}");
}

#[test]
fn a_check_looks_at_the_files_that_a_policy_names() {
    let ground = Ground::new();
    let at = |name: &str| ground.folder.path().join(name);
    fs::write(at("file"), "").unwrap();
    let policy = ground.policy(
        "audit.toml",
        &format!(
            "[audit]\ndirectory = {:?}\nsign-with = {:?}\nsystem-log = {:?}\n{ALL}",
            at("file").join("logs"),
            at("missing.key"),
            at("missing.socket"),
        ),
    );
    let checked = |words: &[&str]| ground.run(env!("CARGO_BIN_EXE_keepdocker"), words);
    for words in [
        &["policy", "check", policy.to_str().unwrap()][..],
        &["policy", "check", "--policy", policy.to_str().unwrap()],
    ] {
        let told = checked(words);
        let said = stderr(&told).replace("\n  ", " ");
        // They may be there for those who are to use it.
        assert!(told.status.success(), "{said}");
        for wrong in ["file/logs", "missing.key", "missing.socket"] {
            let is_told = |line: &str| {
                line.starts_with("warning: on this machine, by you, the audit log cannot be kept: ")
                    && line.contains(wrong)
            };
            assert!(said.lines().any(is_told), "{wrong}: {said}");
        }
    }
    let sound = ground.policy("sound.toml", ALL);
    let told = checked(&["policy", "check", sound.to_str().unwrap()]);
    assert!(
        !stderr(&told).contains("cannot be kept"),
        "{}",
        stderr(&told)
    );
}
