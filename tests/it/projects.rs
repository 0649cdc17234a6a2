//! Projects that cannot take an image: that is told before any of its data is sent.

use std::fs;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::support::{Cluster, Engine, Environment, Image, Output, Python, data};

/// What the user has, and what somebody else shares with the user.
struct Ground {
    cluster: Cluster,
    environment: Environment,
    /// The environment of somebody else.
    theirs: Environment,
}

const OWN: &str = "kdbox-j7d0g-own000000000000";
const READ_ONLY: &str = "kdbox-j7d0g-readonly0000000";
const SHARED: &str = "kdbox-j7d0g-shared000000000";
const HIDDEN: &str = "kdbox-j7d0g-hidden000000000";
const ABSENT: &str = "kdbox-j7d0g-absent000000000";
const TRASHED: &str = "kdbox-j7d0g-trashed00000000";
const INSIDE: &str = "kdbox-j7d0g-inside000000000";
const FROZEN: &str = "kdbox-j7d0g-frozen000000000";
const ROLE: &str = "kdbox-j7d0g-role00000000000";
const FILTER: &str = "kdbox-j7d0g-filter000000000";
const SOMEBODY: &str = "kdbox-tpzed-somebody0000000";

/// What to do, whatever is wrong with the project.
const HINT: &str = "hint: name another project, or ask the owner";

/// Projects that cannot take an image, with what is said of each.
const UNUSABLE: [(&str, &str); 8] = [
    (
        READ_ONLY,
        "may not write to project kdbox-j7d0g-readonly0000000 (to be read)",
    ),
    (
        HIDDEN,
        "there is no project kdbox-j7d0g-hidden000000000, or",
    ),
    (
        ABSENT,
        "there is no project kdbox-j7d0g-absent000000000, or",
    ),
    (
        TRASHED,
        "kdbox-j7d0g-trashed00000000, or it is in the trash",
    ),
    (INSIDE, "kdbox-j7d0g-inside000000000, or it is in the trash"),
    (
        FROZEN,
        "kdbox-j7d0g-frozen000000000 (cold), or the project is frozen",
    ),
    (
        ROLE,
        "kdbox-j7d0g-role00000000000 is not a project but a group of class role",
    ),
    (
        FILTER,
        "kdbox-j7d0g-filter000000000 is not a project but a group of class filter",
    ),
];

impl Ground {
    fn new() -> Self {
        let cluster = Cluster::start();
        let (seed, user) = (cluster.seed(), cluster.user_uuid());
        let (_, token) = seed.user(Some(SOMEBODY), "somebody", false).unwrap();
        let group = |uuid: &str, owner: &str, name: &str, class: &str| json!({ "uuid": uuid, "owner_uuid": owner, "name": name, "group_class": class });
        let with = |mut group: Value, key: &str, value: &str| {
            group[key] = json!(value);
            group
        };
        let long_ago = "2020-01-01T00:00:00Z";
        seed.groups(&[
            group(OWN, &user, "own", "project"),
            group(READ_ONLY, SOMEBODY, "to be read", "project"),
            group(SHARED, SOMEBODY, "to be written", "project"),
            group(HIDDEN, SOMEBODY, "to be hidden", "project"),
            with(
                group(TRASHED, &user, "gone", "project"),
                "trash_at",
                long_ago,
            ),
            group(INSIDE, TRASHED, "gone with it", "project"),
            with(
                group(FROZEN, &user, "cold", "project"),
                "frozen_by_uuid",
                &user,
            ),
            group(ROLE, &user, "a role", "role"),
            group(FILTER, &user, "a filter", "filter"),
        ])
        .unwrap();
        for shared in [READ_ONLY, SOMEBODY] {
            seed.share(&user, "can_read", shared).unwrap();
        }
        seed.share(&user, "can_write", SHARED).unwrap();
        let environment = Environment::on(&cluster);
        let mut theirs = Environment::on(&cluster);
        theirs.set("ARVADOS_API_TOKEN", token);
        Self {
            cluster,
            environment,
            theirs,
        }
    }

    fn upload(&self, environment: &Environment, project: &str, options: &[&str]) -> Output {
        let archive = format!("docker-archive:{}", data("tiny-docker20.10.tar").display());
        let upload = ["upload", "--from", &archive, "--project-uuid", project];
        environment.keepdocker(&[options, &upload].concat())
    }

    /// Asserts that Keep got nothing, and that nothing is registered.
    #[track_caller]
    fn assert_untouched(&self) {
        assert_eq!(self.cluster.log().blocks_written(), 0);
        assert_eq!(self.cluster.inspect().blocks().unwrap(), []);
        for kind in ["/collections", "/links"] {
            assert_eq!(self.cluster.log().count("POST", kind), 0, "{kind}");
        }
        self.cluster.assert_nothing_registered();
    }
}

/// The same bytes, counted as they are taken.
struct Counted<R>(R, Arc<AtomicU64>);

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buffer)?;
        self.1.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

#[test]
fn a_project_that_cannot_take_the_image_is_told_before_a_block_is_sent() {
    let ground = Ground::new();
    for (project, words) in UNUSABLE {
        let refused = ground.upload(&ground.environment, project, &[]);
        let said = refused.failure(1);
        for words in [words, "; nothing was sent", HINT] {
            assert!(said.contains(words), "{project}, {words}: {said}");
        }
        refused.assert_told_to_people(&[&ground.cluster.token()]);
        ground.assert_untouched();
    }
    // A plan is not made for it either.
    let archive = format!("docker-archive:{}", data("tiny-docker20.10.tar").display());
    let plan = ["plan", "--from", &archive, "--project-uuid", READ_ONLY];
    let said = ground.environment.keepdocker(&plan);
    assert!(said.failure(1).contains(UNUSABLE[0].1));
    ground.assert_untouched();
}

#[test]
fn a_stream_is_not_read_for_a_project_that_cannot_take_it() {
    let ground = Ground::new();
    let taken = Arc::new(AtomicU64::new(0));
    // More than any pipe holds.
    let endless = Counted(io::repeat(0), Arc::clone(&taken));
    let upload = [
        "upload",
        "--from",
        "-",
        "--project-uuid",
        READ_ONLY,
        "lab/tool:1",
    ];

    let refused = ground
        .environment
        .run_on(env!("CARGO_BIN_EXE_keepdocker"), &upload, endless);

    assert!(refused.failure(1).contains(UNUSABLE[0].1), "{refused}");
    // What the pipe and the copying thread hold, and no more.
    let taken = taken.load(Ordering::Relaxed);
    assert!(taken < 1 << 20, "{taken}");
    ground.assert_untouched();
}

#[test]
fn what_is_no_project_at_all_is_a_wrong_command_line() {
    let ground = Ground::new();
    let is_uuid = "is not the UUID of a project or user";
    for (wrong, words) in [
        ("kdbox-4zz18-000000000000000", is_uuid),
        ("nonsense", "there is no project `nonsense`, or"),
        (
            "../users/current",
            "there is no project `../users/current`, or",
        ),
        (
            "a//b",
            "is neither the UUID of a project nor a path of names",
        ),
    ] {
        let refused = ground.upload(&ground.environment, wrong, &[]);
        let said = refused.failure(2);
        assert!(said.contains(words), "{said}");
        // A name is looked for in the list; nothing is asked for by what is no UUID.
        let log = ground.cluster.log();
        assert_eq!(log.count("GET", "/groups/"), 0);
        assert_eq!(log.count("GET", "/users"), 0);
        ground.assert_untouched();
    }
}

#[test]
fn projects_that_can_be_written_to_take_the_image() {
    for project in [OWN, SHARED] {
        let ground = Ground::new();
        ground.upload(&ground.environment, project, &[]).success();
        assert_eq!(ground.cluster.only_collection()["owner_uuid"], project);
        assert_eq!(ground.cluster.log().count("GET", "/groups/"), 1);
    }
}

#[test]
fn a_user_is_a_project_too() {
    let ground = Ground::new();
    let user = ground.cluster.user_uuid();
    ground.upload(&ground.environment, &user, &[]).success();
    assert_eq!(ground.cluster.only_collection()["owner_uuid"], *user);

    // Somebody else's home project, and nobody's.
    let ground = Ground::new();
    for (user, words) in [
        (SOMEBODY, "to project kdbox-tpzed-somebody0000000 ("),
        (
            "kdbox-tpzed-nobody000000000",
            "there is no project kdbox-tpzed-nobody000000000, or",
        ),
    ] {
        let refused = ground.upload(&ground.environment, user, &[]);
        assert!(refused.failure(1).contains(words), "{refused}");
        ground.assert_untouched();
    }
}

#[test]
fn an_image_that_a_project_has_is_found_there_by_who_can_only_read_it() {
    let ground = Ground::new();
    let uploaded = ground.upload(&ground.theirs, READ_ONLY, &[]).success();
    let (blocks, log) = (
        ground.cluster.inspect().blocks().unwrap(),
        ground.cluster.log(),
    );
    log.clear();

    let found = ground.upload(&ground.environment, READ_ONLY, &[]).success();

    assert_eq!(found, uploaded);
    assert_eq!(ground.cluster.only_collection()["owner_uuid"], READ_ONLY);
    assert_eq!(ground.cluster.inspect().blocks().unwrap(), blocks);
    assert_eq!(log.count("GET", "/groups/"), 0);
    assert_eq!(log.blocks_written(), 0);
}

#[test]
fn a_copy_without_data_asks_nothing_and_is_refused_at_once() {
    let ground = Ground::new();
    ground.upload(&ground.environment, OWN, &[]).success();
    let (blocks, log) = (
        ground.cluster.inspect().blocks().unwrap(),
        ground.cluster.log(),
    );
    log.clear();

    let refused = ground.upload(&ground.environment, READ_ONLY, &[]);

    assert!(refused.failure(1).contains("does not permit"), "{refused}");
    assert_eq!(log.count("GET", "/groups/"), 0);
    assert_eq!(log.blocks_written(), 0);
    assert_eq!(ground.cluster.inspect().blocks().unwrap(), blocks);
    assert_eq!(ground.cluster.only_collection()["owner_uuid"], OWN);
}

#[test]
fn a_policy_that_withholds_the_question_does_not_withhold_the_upload() {
    let ground = Ground::new();
    let policy = ground.environment.home().join("policy.toml");
    let write = |projects: &str| {
        let text = format!(
            "schema = \"keepdocker.policy/1\"\n\
             [[allow]]\nid = \"all\"\nverbs = [\"*\"]\nreason = \"test\"\n\
             [[deny]]\nid = \"unasked\"\nverbs = [\"projects.get\"]\nprojects = {projects}\nreason = \"test\"\n"
        );
        fs::write(&policy, text).unwrap();
        format!("--policy={}", policy.display())
    };

    // Denied for another project, the question is asked for this one.
    let option = write(&format!("[\"{OWN}\"]"));
    let refused = ground.upload(&ground.environment, READ_ONLY, &[&option]);
    assert!(refused.failure(1).contains(UNUSABLE[0].1), "{refused}");
    ground.assert_untouched();

    // Without it, what the project cannot take shows at the end.
    let option = write("[\"*\"]");
    let refused = ground.upload(&ground.environment, READ_ONLY, &[&option]);
    assert!(refused.failure(1).contains("does not permit"), "{refused}");
    assert_ne!(ground.cluster.log().blocks_written(), 0);
    ground.cluster.assert_nothing_registered();

    let uploaded = ground.upload(&ground.environment, OWN, &[&option]);
    uploaded.success();
    assert!(!uploaded.stderr.contains("warning"), "{uploaded}");
    assert_eq!(ground.cluster.log().count("GET", "/groups/"), 1);
    assert_eq!(ground.cluster.only_collection()["owner_uuid"], OWN);
}

#[test]
fn a_token_that_may_not_ask_may_upload() {
    let mut ground = Ground::new();
    let scopes = ["collections", "links"].map(|kind| {
        ["GET", "POST"].map(|method| {
            [
                format!("{method} /arvados/v1/{kind}"),
                format!("{method} /arvados/v1/{kind}/"),
            ]
        })
    });
    let mut scopes: Vec<&str> = scopes
        .iter()
        .flatten()
        .flatten()
        .map(String::as_str)
        .collect();
    scopes.push("GET /arvados/v1/keep_services/accessible");
    // Keep services ask for this on behalf of the token.
    scopes.push("GET /arvados/v1/users/current");
    let user = ground.cluster.user_uuid();
    let token = ground
        .cluster
        .seed()
        .token(&user, &"s".repeat(50), &scopes, None);
    ground.environment.set("ARVADOS_API_TOKEN", token.unwrap());

    ground.upload(&ground.environment, OWN, &[]).success();

    assert_eq!(ground.cluster.only_collection()["owner_uuid"], OWN);
    let asked = ground.cluster.log().entries();
    let question = asked.iter().find(|entry| entry.path.contains("/groups/"));
    assert_eq!(question.unwrap().status, 403);
}

#[test]
fn the_drop_in_tells_it_too_and_ends_as_for_every_failure() {
    let Some(engine) = Engine::find() else { return };
    let Some(image) = Image::build(&engine, "projects/tool:1", "projects") else {
        return;
    };
    let ground = Ground::new();
    let environment = Environment::on(&ground.cluster).with_engine(&engine);
    for (project, words) in UNUSABLE {
        let refused = environment.arv_keepdocker(&["--project-uuid", project, image.name()]);
        assert!(refused.failure(1).contains(words), "{refused}");
        ground.assert_untouched();
        let refused = environment.keepdocker(&["upload", "--project-uuid", project, image.name()]);
        assert!(refused.failure(1).contains(words), "{refused}");
        ground.assert_untouched();
    }
    let Some(python) = Python::find() else { return };
    let arguments = ["--project-uuid", READ_ONLY, image.name()];
    let theirs = python.run(&environment, "arv-keepdocker", &arguments);
    assert_ne!(theirs.status.code(), Some(0), "{theirs}");
    assert_ne!(ground.cluster.log().blocks_written(), 0, "{theirs}");
    ground.cluster.assert_nothing_registered();
}
