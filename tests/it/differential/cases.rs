//! The commands that both programs are given, and where they may differ.

use serde_json::{Value, json};

use super::equal::EQUAL;
use super::template::{ID, PROJECT, TAG, id, image, link};
use crate::support::Cluster;

const ABSENT: &str = "sha256:00000000000000000000000000000000000000000000000000000000deadbeef";

/// The engine's image under the names that the cases use.
pub(super) const NAMES: [&str; 6] = [
    "diff/tool:2",
    "diff/newest:latest",
    "sha:1",
    "localhost:5000/diff/tool:1",
    "localhost:443/diff/tool:1",
    "registry.example/diff/tool:1",
];

/// Adds to what a cluster holds.
pub(super) type Seed = Box<dyn Fn(&Cluster)>;

/// Commands one after the other on one cluster, and whether the two programs may differ on them.
pub(super) struct Case {
    /// The arguments of each command; what is compared is what the last one says, and what all leave.
    pub(super) commands: Vec<Vec<String>>,
    /// The image formats that the cluster runs.
    pub(super) formats: Vec<String>,
    /// What the cluster holds besides the template.
    pub(super) seed: Option<Seed>,
    pub(super) engine: Access,
    /// What the table allows, if anything.
    pub(super) difference: Option<Difference>,
}

/// What the programs find of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Running,
    /// The client is there and has nothing to talk to.
    Down,
    /// There is no client.
    Missing,
}

/// A difference that a row of the table describes.
#[derive(Debug)]
pub(super) struct Difference {
    pub(super) row: &'static str,
    /// The exit code of ours.
    pub(super) ours: i32,
    /// The exit code of the Python program.
    pub(super) theirs: i32,
}

fn same(arguments: &str) -> Case {
    Case {
        commands: arguments.split(" ; ").map(words).collect(),
        formats: words("v2"),
        seed: None,
        engine: Access::Running,
        difference: None,
    }
}

fn differs(arguments: &str, row: &'static str, ours: i32, theirs: i32) -> Case {
    Case {
        difference: Some(Difference { row, ours, theirs }),
        ..same(arguments)
    }
}

impl Case {
    fn with_formats(self, formats: &str) -> Case {
        Case {
            formats: words(formats),
            ..self
        }
    }

    fn with_seed(self, seed: impl Fn(&Cluster) + 'static) -> Case {
        Case {
            seed: Some(Box::new(seed)),
            ..self
        }
    }

    /// Adds a link of the user's to one of the template's collections.
    fn with_link(self, class: &'static str, name: &str, number: u32, built: Value) -> Case {
        let name = name.to_owned();
        self.with_seed(move |cluster| {
            let owner = cluster.user_uuid();
            let link = link(class, &name, number, "2022-01-01T00:00:00Z", &built, &owner);
            cluster.seed().links(&[link]).unwrap();
        })
    }

    fn with_engine(self, engine: Access) -> Case {
        Case { engine, ..self }
    }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Returns the cases: `engine_id` is the engine's image, and `pulled` its name with a digest, if
/// there is a registry that gave it one.
pub(super) fn cases(engine_id: &str, pulled: Option<&str>) -> Vec<Case> {
    let mut cases: Vec<Case> = EQUAL.into_iter().map(same).collect();
    cases.extend(of_formats());
    cases.extend(of_links(engine_id));
    cases.extend(of_ids(engine_id));
    cases.extend(of_words());
    cases.extend(of_engines());
    // These have their links and no property yet.
    for arguments in [
        "--project-uuid kdbox-j7d0g-000000000000001 seeded/dated:1 ; seeded/dated:2",
        "seeded/dated:2",
        "seeded/dated:1",
        "seeded/dated 1",
        "seeded/undated",
        "diff/tool:1 ; diff/tool:2",
    ] {
        cases.push(differs(arguments, "K46", 0, 0));
    }
    // A line says whose collection was copied.
    cases.push(differs(
        "--project-uuid kdbox-j7d0g-000000000000001 diff/tool:1 ; diff/tool:1",
        "K42",
        0,
        0,
    ));
    if let Some(pulled) = pulled {
        cases.push(same(pulled));
        cases.push(same(&format!("{pulled} ; {pulled}")));
        cases.push(same(&format!("{pulled} 2")));
    }
    cases
}

/// What clusters run.
fn of_formats() -> Vec<Case> {
    vec![
        same("diff/tool:1").with_formats("v1"),
        same("diff/tool:1").with_formats("v1 v2"),
        same("--force-image-format diff/tool:1").with_formats("v1"),
        // Also what is there already is refused.
        same("--force-image-format diff/tool:1 ; diff/tool:1").with_formats("v1"),
        differs("seeded/dated:1", "K46", 0, 0).with_formats("v1"),
        differs("diff/tool:1", "K35", 0, 1).with_formats(""),
    ]
}

/// What links and collections can be like.
fn of_links(engine_id: &str) -> Vec<Case> {
    let built = || json!("2019-06-09T07:46:16Z");
    let to_project = format!("--project-uuid {PROJECT} seeded/dated:1");
    let dangling = |cluster: &Cluster| {
        // What the user's home project has is copied as it is; what others have is looked into.
        let user = cluster.user_uuid();
        cluster.seed().collections(&[image(6, 'e', &user)]).unwrap();
        let at = "2022-01-01T00:00:00Z";
        let links = [
            link(ID, &id('e'), 6, at, &json!(null), &user),
            link(TAG, "seeded/dangling:1", 6, at, &json!(null), &user),
        ];
        cluster.seed().links(&links).unwrap();
    };
    vec![
        differs("images", "K4", 0, 0).with_link(
            TAG,
            "odd/zone:1",
            1,
            json!("2019-06-09T07:46:16+02:00"),
        ),
        differs("images", "K14", 0, 1).with_link(TAG, "odd/number:1", 1, json!(5)),
        same("images").with_link(TAG, "odd/day:1", 1, json!("2019-06-09")),
        same("images").with_link(TAG, "odd/minute:1", 1, json!("2019-06-09 07:46")),
        same("images").with_link(TAG, "odd/basic:1", 1, json!("20190609T074616Z")),
        same("images").with_link(TAG, "odd/month:1", 1, json!("2019-06")),
        same("images").with_link(TAG, "odd/week:1", 1, json!("2019-W23-7T07:46")),
        same("images").with_link(TAG, "odd/number:2", 1, json!("2019-160")),
        same("images").with_link(TAG, "odd/mixed:1", 1, json!("201906-09")),
        same("images").with_link(TAG, "odd/comma:1", 1, json!("2019-06-09T07:46:16,5Z")),
        same("images").with_link(TAG, "odd/hour:1", 1, json!("2019-06-09T07")),
        same("images").with_link(TAG, "odd/second:1", 1, json!("2019-06-09T07:46:61Z")),
        same("images").with_link(
            TAG,
            "odd/words:1",
            1,
            json!("2019-06-09T07:46:16Z and more"),
        ),
        same("images").with_link(
            TAG,
            "odd/fine:1",
            1,
            json!("2019-06-09T07:46:16.1840195659999Z"),
        ),
        // The best link tells the ID and the time, and is the one whose time a copy gets.
        same("images").with_link(ID, &id('f'), 1, json!("2020-06-09T07:46:16Z")),
        same("images").with_link(ID, &id('f'), 1, json!("2018-06-09T07:46:16Z")),
        same("images").with_link(TAG, "seeded/dated:1", 1, json!("2020-06-09T07:46:16Z")),
        same(&to_project).with_link(ID, &id('a'), 1, json!("2020-06-09T07:46:16Z")),
        same(&to_project).with_link(ID, &id('a'), 1, json!("2018-06-09T07:46:16Z")),
        // A link to what is in the trash counts for nothing.
        same("diff/tool:1").with_link(ID, engine_id, 5, built()),
        // The link that is there leads to what is in the trash, so that the copy needs its own.
        differs(
            "--project-uuid kdbox-j7d0g-000000000000001 seeded/dangling:1",
            "K44",
            0,
            0,
        )
        .with_seed(move |cluster| {
            dangling(cluster);
            let lost = link(
                ID,
                &id('e'),
                5,
                "2021-06-01T00:00:00Z",
                &json!(null),
                PROJECT,
            );
            cluster.seed().links(&[lost]).unwrap();
        }),
        same("--project-uuid kdbox-j7d0g-000000000000001 seeded/dangling:1").with_seed(dangling),
        // What a link calls this image is another.
        differs("diff/tool:1", "K45", 0, 0).with_link(ID, engine_id, 2, built()),
        // To the server, times that it cannot tell from none are equal, and the later link wins.
        differs(
            "--project-uuid kdbox-j7d0g-000000000000001 seeded/tie:1",
            "K26",
            0,
            0,
        )
        .with_seed(|cluster| {
            let user = cluster.user_uuid();
            let (early, none) = (json!("1970-01-01T00:00:00Z"), json!(null));
            let links = [
                link(
                    TAG,
                    "seeded/tie:1",
                    1,
                    "2020-01-01T00:00:00Z",
                    &early,
                    &user,
                ),
                link(TAG, "seeded/tie:1", 2, "2021-01-01T00:00:00Z", &none, &user),
            ];
            cluster.seed().links(&links).unwrap();
        }),
        differs("seeded/nameless:1", "K58", 0, 1).with_link(TAG, "seeded/nameless:1", 4, built()),
        differs(
            "--project-uuid kdbox-j7d0g-000000000000001 images",
            "K2",
            0,
            0,
        ),
    ]
}

/// IDs, and what looks like them.
fn of_ids(engine_id: &str) -> Vec<Case> {
    let digits = &engine_id["sha256:".len()..];
    vec![
        differs(engine_id, "K18", 0, 2),
        differs(&digits[..12], "K19", 0, 1),
        differs(digits, "K19", 0, 1),
        differs("sha 1", "K24", 0, 0),
        differs(ABSENT, "K27", 1, 0),
        differs("s", "K27", 1, 0),
        // It is there, and not the image that was made last.
        differs(
            &format!("--project-uuid {PROJECT} {}", id('a')),
            "K27",
            0,
            0,
        ),
    ]
}

/// Words that the Python program takes for others.
fn of_words() -> Vec<Case> {
    vec![
        differs("--name 1 diff/tool 1", "K20", 0, 2),
        differs("--retries 1 diff/tool 1", "K20", 0, 2),
        differs("--name latest diff/newest", "K20", 0, 2),
        differs("-- diff/tool:1", "K22", 0, 1),
        // An engine that keeps the port does not find the image without it; one that does not has it
        // found, and then the Python program fails for the word that it does not recognise.
        differs("localhost:443/diff/tool:1", "K21", 0, 1),
        differs("registry.example:443/diff/tool:1", "K21", 0, 2),
        differs("registry.example:443/diff/tool 1", "K21", 0, 2),
    ]
}

/// Engines that are not there, or do not get what is asked for.
fn of_engines() -> Vec<Case> {
    let with_property = "--project-uuid kdbox-j7d0g-000000000000001 seeded/dated:1";
    vec![
        same(with_property).with_engine(Access::Down),
        differs(with_property, "K29", 0, 1).with_engine(Access::Missing),
        differs("nothing-here", "K29", 1, 1).with_engine(Access::Missing),
        differs("nothing-here", "K30", 1, 1).with_engine(Access::Down),
        // It has `latest` and not what is asked for.
        differs("--pull diff/newest:1", "K32", 1, 1),
        // There is no such registry.
        differs("--pull diff/tool:1", "K33", 1, 1),
        // Only the cluster has it, and what is not here cannot be sent again.
        differs("--force seeded/dated:1", "K33", 1, 1),
        differs(
            "--force --project-uuid kdbox-j7d0g-000000000000001 seeded/dated:1",
            "K33",
            1,
            1,
        ),
    ]
}
