//! The program under a policy, on the embedded Arvados.
#![expect(clippy::unwrap_used, reason = "a test may end where it is surprised")]

mod audit;
mod sources;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder with a sandbox, a policy, and nothing of the user's.
struct Ground {
    folder: tempfile::TempDir,
}

const SCHEMA: &str = "schema = \"keepdocker.policy/1\"\n";
const ALL: &str = "[[allow]]\nid = \"all\"\nverbs = [\"*\"]\nreason = \"test\"\n";

impl Ground {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn policy(&self, name: &str, text: &str) -> PathBuf {
        let file = self.folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, format!("{SCHEMA}{text}")).unwrap();
        // Whatever the umask, it must not be for others to change.
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        file
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let output = Command::new(program)
            .args(arguments)
            .env_clear()
            .env("HOME", self.folder.path())
            .env("XDG_CONFIG_HOME", self.folder.path().join("config"))
            .output()
            .unwrap();
        keepdocker_schemas::assert_kept(&String::from_utf8_lossy(&output.stdout));
        output
    }

    fn keepdocker(&self, policy: Option<&Path>, arguments: &[&str]) -> Output {
        let sandbox = format!("--sandbox={}", self.folder.path().join("sandbox").display());
        let mut all = vec![sandbox];
        if let Some(policy) = policy {
            all.push(format!("--policy={}", policy.display()));
        }
        all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        self.run(env!("CARGO_BIN_EXE_keepdocker"), &all)
    }

    fn upload(&self, policy: Option<&Path>) -> Output {
        let archive = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../tests/data/tiny-docker20.10.tar"
        );
        let from = format!("docker-archive:{archive}");
        self.keepdocker(policy, &["upload", "--from", &from])
    }

    /// Returns how many images the sandbox has.
    fn images(&self) -> usize {
        let listed = self.keepdocker(None, &["images"]);
        assert!(listed.status.success(), "{}", stderr(&listed));
        String::from_utf8(listed.stdout).unwrap().lines().count() - 1
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn bytes_beyond_the_limit_are_not_sent_and_nothing_is_registered() {
    let ground = Ground::new();
    let policy = ground.policy("p.toml", &format!("limits.keep-bytes = \"100B\"\n{ALL}"));

    let denied = ground.upload(Some(&policy));

    assert_eq!(denied.status.code(), Some(3), "{}", stderr(&denied));
    assert!(
        stderr(&denied).contains("`limits.keep-bytes` is 100B"),
        "{}",
        stderr(&denied)
    );
    assert_eq!(ground.images(), 0);
    assert!(ground.upload(None).status.success());
    assert_eq!(ground.images(), 1);
}

#[test]
fn a_denial_says_what_was_asked_why_and_what_to_change() {
    let ground = Ground::new();
    let text = format!(
        "{ALL}[[deny]]\nid = \"frozen\"\nverbs = [\"collections.create\"]\nreason = \"no new images this week\"\n"
    );
    let policy = ground.policy("p.toml", &text);

    let denied = ground.upload(Some(&policy));

    assert_eq!(denied.status.code(), Some(3));
    let said = stderr(&denied);
    for words in [
        "error: denied by policy: `collections.create ",
        "why: rule frozen (",
        "p.toml:7) denies it: no new images this week",
        "fix: narrow rule frozen down in ",
        "policy explain collections.create",
    ] {
        assert!(said.contains(words), "{words}\n{said}");
    }
    assert_eq!(ground.images(), 0);
}

#[test]
fn the_users_policy_holds_for_both_programs() {
    let ground = Ground::new();
    ground.policy(
        "config/keepdocker/policy.toml",
        "guest.imports = [\"log\"]\n",
    );

    let refused = ground.keepdocker(None, &["images"]);

    assert_eq!(refused.status.code(), Some(3));
    assert!(
        stderr(&refused).contains("keepdocker:contract/links"),
        "{}",
        stderr(&refused)
    );

    ground.policy("config/keepdocker/policy.toml", "colour = 1\n");
    // The drop-in has no option for a sandbox, so it is told of a cluster that it must not reach.
    let refused = Command::new(env!("CARGO_BIN_EXE_arv-keepdocker"))
        .env_clear()
        .env("HOME", ground.folder.path())
        .env("XDG_CONFIG_HOME", ground.folder.path().join("config"))
        .env("ARVADOS_API_HOST", "127.0.0.1:1")
        .env("ARVADOS_API_TOKEN", "x")
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused).contains("policy.toml:2:1: unknown key `colour`"),
        "{}",
        stderr(&refused)
    );
}

#[test]
fn limits_of_the_component_are_those_of_the_policy() {
    let ground = Ground::new();
    for (limit, words) in [
        ("fuel = 10", "used up its computing budget of 10 units"),
        ("memory = \"1KiB\"", "asked for more than its"),
        ("host-calls = 1", "made more than 1 calls"),
    ] {
        let policy = ground.policy("p.toml", &format!("limits.{limit}\n{ALL}"));
        let ended = ground.upload(Some(&policy));
        assert!(!ended.status.success(), "{limit}");
        assert!(
            stderr(&ended).contains(words),
            "{limit}: {}",
            stderr(&ended)
        );
    }
}

#[test]
fn a_layer_that_only_warns_lets_the_command_go_on() {
    let ground = Ground::new();
    let policy = ground.policy("p.toml", "mode = \"warn\"\n");

    let listed = ground.keepdocker(Some(&policy), &["images"]);

    assert!(listed.status.success(), "{}", stderr(&listed));
    assert!(
        stderr(&listed).contains("would be denied: no rule of "),
        "{}",
        stderr(&listed)
    );
}

#[test]
fn an_explanation_ends_as_the_decision_does() {
    let ground = Ground::new();
    let policy = ground.policy("p.toml", "[[allow]]\nid = \"ours\"\nverbs = [\"engine.pull\"]\nrepositories = [\"lab/**\"]\nreason = \"test\"\n");
    let policy = policy.to_str().unwrap();
    let program = env!("CARGO_BIN_EXE_keepdocker");
    let explain = |name: &str| {
        ground.run(
            program,
            &["--policy", policy, "policy", "explain", "engine.pull", name],
        )
    };
    assert_eq!(explain("lab/x").status.code(), Some(0));
    let denied = explain("other/x");
    assert_eq!(denied.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&denied.stdout).contains("`repositories` is not lab/**"));
    assert_eq!(
        ground
            .run(program, &["policy", "explain", "engine.save"])
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn a_policy_without_collections_update_leaves_the_further_name_untold() {
    let ground = Ground::new();
    let policy = ground.policy(
        "p.toml",
        "[[allow]]\nid = \"most\"\nreason = \"test\"\n\
         verbs = [\"log.*\", \"archives.*\", \"locks.*\", \"keep.*\", \"cluster.*\", \"users.*\", \
         \"links.*\", \"collections.list\", \"collections.create\"]\n",
    );
    let archive = concat!(
        "docker-archive:",
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/data/tiny-docker20.10.tar"
    );
    let upload = |name: &str| {
        let uploaded = ground.keepdocker(Some(&policy), &["upload", "--from", archive, name]);
        assert_eq!(uploaded.status.code(), Some(0), "{}", stderr(&uploaded));
        uploaded
    };
    let first = upload("lab/tool:1");
    assert!(!stderr(&first).contains("warning"), "{}", stderr(&first));

    let second = upload("lab/tool:2");

    assert_eq!(second.stdout, first.stdout);
    let said = stderr(&second);
    for words in [
        "warning: the image has its names, but collection ",
        "does not tell them all: `collections.update ",
    ] {
        assert!(said.contains(words), "{words}\n{said}");
    }
    // Both links are there, and the property is as it was.
    assert_eq!(ground.images(), 2);
    let told = ground.keepdocker(
        None,
        &["upload", "--dry-run", "--from", archive, "lab/tool:2"],
    );
    let planned = String::from_utf8(told.stdout).unwrap();
    assert!(
        planned.contains("tell its names: [\"lab/tool:1\",\"lab/tool:2\"]"),
        "{planned}"
    );
}

/// The least that uploads one archive of one image, under one name, to the user's home project.
const TIGHTEST: [(&str, &str); 10] = [
    (
        "archives.open",
        "verbs = [\"archives.open\"]\nsources = [\"given\"]",
    ),
    ("archives.images", "verbs = [\"archives.images\"]"),
    (
        "locks.acquire",
        "verbs = [\"locks.acquire\"]\nimages = [\"ID\"]",
    ),
    (
        "cluster.get",
        "verbs = [\"cluster.get\"]\nclusters = [\"kdbox\"]",
    ),
    (
        "users.current",
        "verbs = [\"users.current\"]\nclusters = [\"kdbox\"]",
    ),
    (
        "links.list",
        "verbs = [\"links.list\"]\nlink-classes = [\"docker_image_hash\", \"docker_image_repo+tag\"]",
    ),
    ("collections.list", "verbs = [\"collections.list\"]"),
    (
        "keep.store",
        "verbs = [\"keep.store\"]\nstorage-classes = [\"cluster-default\"]\nmax-replicas = 1",
    ),
    (
        "collections.create",
        "verbs = [\"collections.create\"]\nprojects = [\"home\"]\nstorage-classes = [\"cluster-default\"]",
    ),
    (
        "links.create",
        "verbs = [\"links.create\"]\nlink-classes = [\"docker_image_hash\"]\nprojects = [\"home\"]\nimages = [\"ID\"]",
    ),
];
const NAME_LINK: (&str, &str) = (
    "links.create",
    "verbs = [\"links.create\"]\nlink-classes = [\"docker_image_repo+tag\"]\nprojects = [\"home\"]\nrepositories = [\"example/tiny\"]",
);
const ID: &str = "sha256:70a7460c1d522af75cbf6d47be2622f63fc1bc7b517e1fe5870bee89a55dc372";

#[test]
fn the_tightest_policy_uploads_one_image_and_needs_each_of_its_rules() {
    let rules: Vec<(&str, &str)> = TIGHTEST.into_iter().chain([NAME_LINK]).collect();
    let limits = "limits.writes = 3\nlimits.keep-bytes = \"19456B\"\nlimits.host-calls = 20\n";
    let text = |left_out: Option<usize>| -> String {
        let kept = rules
            .iter()
            .enumerate()
            .filter(|(index, _)| Some(*index) != left_out);
        let rules = kept.map(|(index, (_, rule))| {
            format!(
                "[[allow]]\nid = \"rule-{index}\"\nreason = \"test\"\n{}\n",
                rule.replace("ID", ID)
            )
        });
        limits.to_owned() + &rules.collect::<String>()
    };
    for (index, (verb, _)) in rules.iter().enumerate() {
        let ground = Ground::new();
        let policy = ground.policy("p.toml", &text(Some(index)));
        let denied = ground.upload(Some(&policy));
        assert_eq!(
            denied.status.code(),
            Some(3),
            "without {verb}: {}",
            stderr(&denied)
        );
        let said = stderr(&denied);
        assert!(
            said.contains(&format!("error: denied by policy: `{verb}")),
            "{said}"
        );
        assert!(said.contains("p.toml"), "{said}");
    }
    let ground = Ground::new();
    let uploaded = ground.upload(Some(&ground.policy("p.toml", &text(None))));
    assert!(uploaded.status.success(), "{}", stderr(&uploaded));
    assert_eq!(ground.images(), 1);
}
