//! The verbs that help to write a policy.

use super::*;
use crate::policy::cases::CASES_SCHEMA;

const OURS: &str = "[[allow]]\nid = \"ours\"\nverbs = [\"engine.find\", \"engine.pull\"]\nrepositories = [\"lab/**\"]\nreason = \"r\"\n";

fn over(text: &str) -> Policy {
    Policy::built_in().and(layer(text)).unwrap()
}

fn explain(policy: &Policy, line: &str) -> Explanation {
    policy.explain(
        &operation(line),
        &Context {
            cluster: &cluster(),
            names: None,
        },
    )
}

#[test]
fn an_explanation_shows_every_rule_considered() {
    let policy = over(&format!(
        "{OURS}[[deny]]\nid = \"no\"\nverbs = [\"engine.*\"]\nrepositories = [\"lab/secret\"]\nreason = \"r\"\n"
    ));
    let explanation = explain(&policy, "engine.pull other/tool:2");
    assert_eq!(explanation.decision, Decision::Deny);
    let built_in = policy.layers()[0]
        .rules
        .iter()
        .find(|rule| rule.id == "engine")
        .unwrap();
    assert_eq!(
        explanation.text,
        format!(
            "engine.pull other/tool:2\n\
             \u{20} built-in policy built-in (mode enforce) allows it by {built_in}\n\
             \u{20}   allow {built_in} matches\n\
             \u{20} given policy p.toml (mode enforce) has no rule that allows it\n\
             \u{20}   deny no (p.toml:8) does not match: `repositories` is not lab/secret\n\
             \u{20}   allow ours (p.toml:3) does not match: `repositories` is not lab/**\n\
             denied\n\
             \u{20} why: no rule allows it; nearest is ours (p.toml:3), which allows engine.pull with `repositories` lab/**\n\
             \u{20} fix: add `other/tool` to `repositories` in rule ours in p.toml\n"
        )
    );
    assert!(
        explain(&policy, "engine.pull lab/x")
            .text
            .ends_with("allowed, as long as no limit is reached\n")
    );
    assert!(
        explain(&policy, "engine.pull lab/secret")
            .text
            .contains("why: rule no (p.toml:8) denies it: r")
    );
    assert!(
        explain(&over("mode = \"warn\""), "users.current")
            .text
            .contains("only because a layer is in mode warn")
    );
}

fn lint(text: &str) -> Vec<String> {
    layer(text).lint().iter().map(ToString::to_string).collect()
}

#[test]
fn lint_finds_what_changes_nothing() {
    let rule = |effect: &str, id: &str, rest: &str| {
        format!("[[{effect}]]\nid = \"{id}\"\nverbs = [\"engine.find\"]\n{rest}\nreason = \"r\"\n")
    };
    let wide = rule("allow", "wide", "");
    assert_eq!(lint(OURS), Vec::<String>::new());
    assert_eq!(
        lint(&format!(
            "{wide}{}",
            rule("deny", "no", "repositories = [\"lab/**\"]")
        )),
        Vec::<String>::new()
    );
    for (text, expected) in [
        (format!("{wide}{}", rule("allow", "narrow", "repositories = [\"lab/**\"]")), "p.toml:8:1: rule narrow changes nothing: what it means, wide (p.toml:3) decides"),
        (format!("{}{}", rule("deny", "no", ""), rule("allow", "shut", "repositories = [\"lab/**\"]")), "p.toml:8:1: rule shut changes nothing: what it means, no (p.toml:3) decides"),
        (format!("{OURS}{}", rule("deny", "idle", "repositories = [\"other\"]")), "changes nothing: no rule allows what it denies"),
        ("[[allow]]\nid = \"void\"\nverbs = [\"links.create\"]\nlink-classes = [\"docker_image_hash\"]\nrepositories = [\"lab/x\"]\nreason = \"r\"".to_owned(), "rule void matches nothing"),
        ("limits.memory = \"1GiB\"".to_owned(), "`limits.memory` changes nothing: the built-in policy has 512MiB"),
    ] {
        let found = lint(&text);
        assert!(found.iter().any(|warning| warning.contains(expected)), "{text}\n{found:#?}");
    }
}

#[test]
fn the_published_policies_have_no_idle_rule() {
    assert_eq!(Policy::built_in().layers()[0].lint(), []);
    let example = include_str!("../../../../policy/examples/one-image.toml");
    assert_eq!(
        Layer::read(Origin::Given, "one-image.toml", example)
            .unwrap()
            .lint(),
        []
    );
}

/// The three sites of docs/administration.md: each sound, without an idle rule, and as its cases say.
#[test]
fn the_sites_of_the_manual_do_what_their_cases_say() {
    macro_rules! site {
        ($name:literal) => {
            (
                concat!($name, ".toml"),
                include_str!(concat!(
                    "../../../../policy/examples/sites/",
                    $name,
                    ".toml"
                )),
                include_str!(concat!(
                    "../../../../policy/examples/sites/",
                    $name,
                    ".cases.toml"
                )),
            )
        };
    }
    for (file, policy, cases) in [site!("open"), site!("curated"), site!("locked")] {
        let layer = Layer::read(Origin::Given, file, policy).unwrap();
        assert_eq!(layer.lint(), [], "{file}");
        let policy = Policy::built_in().and(layer).unwrap();
        for case in Case::read(file, cases).unwrap() {
            assert_eq!(case.fails(&policy), None, "{file}");
        }
    }
}

#[test]
fn a_difference_names_what_only_one_allows() {
    let first = over(OURS);
    let changed = OURS
        .replace("lab/**\"", "lab/**\", \"quay.io/bio/**\"")
        .replace("\"engine.find\", ", "");
    let second = over(&format!("limits.writes = 3\n{changed}"));
    let difference = first.difference(&second);
    assert!(
        difference
            .allowed
            .iter()
            .all(|operation| operation.starts_with("engine.pull quay.io/bio/any-other")),
        "{difference:#?}"
    );
    assert!(!difference.allowed.is_empty());
    assert!(
        difference
            .denied
            .iter()
            .all(|operation| operation.starts_with("engine.find"))
            && !difference.denied.is_empty()
    );
    assert_eq!(
        difference.limits,
        [(
            "limits.writes".to_owned(),
            "1000".to_owned(),
            "3".to_owned()
        )]
    );
    assert_eq!(first.difference(&first), Difference::default());
}

#[test]
fn cases_are_tried() {
    let policy = over(OURS);
    let text = |rest: &str| {
        format!("schema = \"{CASES_SCHEMA}\"\n[[case]]\nask = [\"engine.pull\", \"lab/x\"]\n{rest}")
    };
    let fails = |rest: &str| Case::read("t.toml", &text(rest)).unwrap()[0].fails(&policy);
    assert_eq!(fails("expect = \"allow\"\nrule = \"ours\""), None);
    assert_eq!(
        fails("expect = \"deny\"").unwrap(),
        "engine.pull lab/x: expected deny, got allow by ours"
    );
    assert_eq!(
        fails("expect = \"allow\"\nrule = \"other\"").unwrap(),
        "engine.pull lab/x: allow as expected, but by ours, not by other"
    );
    for (bad, message) in [
        (
            "expect = \"maybe\"",
            "4:10: expected allow, deny or would-deny",
        ),
        ("expekt = \"allow\"", "unknown key `expekt`"),
        ("", "this case lacks `expect`"),
    ] {
        let error = Case::read("t.toml", &text(bad)).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
    assert!(
        Case::read("t.toml", &format!("schema = \"{CASES_SCHEMA}\""))
            .unwrap_err()
            .to_string()
            .contains("no `[[case]]`")
    );
    assert!(
        Case::read(
            "t.toml",
            "case = [{ ask = [\"engine.save\"], expect = \"deny\" }]"
        )
        .is_err()
    );
}

#[test]
fn a_draft_allows_what_was_recorded_and_nothing_else() {
    let id = format!("sha256:{}", "a".repeat(64));
    let lines = [
        "log.write info".to_owned(),
        "engine.find lab/x:1".to_owned(),
        format!("archives.open engine {id}"),
        "cluster.get".to_owned(),
        format!("projects.get {PROJECT}"),
        "links.list classes=docker_image_hash".to_owned(),
        "collections.list".to_owned(),
        "keep.store replicas=2".to_owned(),
        format!("collections.create x owner={PROJECT}"),
        format!("links.create docker_image_hash {id} owner={PROJECT}"),
        format!("links.create docker_image_repo+tag lab/x:1 owner={PROJECT}"),
    ];
    let record: String = lines
        .iter()
        .map(|line| {
            let operation = operation(line);
            serde_json::json!({"phase": "attempt", "verb": operation.verb().name(), "object": operation.object()}).to_string() + "\n"
        })
        .chain(["{\"phase\":\"open\",\"cluster\":{\"host\":\"api.example.org\",\"id\":null}}\n\n{\"phase\":\"denied\",\"verb\":\"engine.pull\",\"object\":{\"name\":\"x\"}}\n".to_owned()])
        .collect();
    let text = draft(&record).unwrap();
    let policy = Policy::built_in()
        .and(
            Layer::read(Origin::Given, "draft.toml", &text)
                .unwrap_or_else(|error| panic!("{error}\n{text}")),
        )
        .unwrap();
    let on = |host: &str, line: &str| {
        let cluster = Cluster {
            host: host.to_owned(),
            id: None,
        };
        let context = Context {
            cluster: &cluster,
            names: None,
        };
        policy.decide(&operation(line), &context).decision
    };
    for line in &lines {
        assert_eq!(
            on("api.example.org", line),
            Decision::Allow,
            "{line}\n{text}"
        );
    }
    // It is a policy for that cluster.
    assert_eq!(
        on("api.example.com", "cluster.get"),
        Decision::Deny,
        "{text}"
    );
    for line in [
        "engine.pull x",
        "engine.find lab/y",
        "archives.open given",
        "projects.get zzzzz-j7d0g-111111111111111",
        "collections.list manifests=true",
        "collections.create x",
        "keep.store replicas=3",
        "keep.store storage_classes=a",
        "collections.create x owner=zzzzz-j7d0g-000000000000000 replicas=1",
        "links.list classes=docker_image_migration",
        "links.create docker_image_migration x owner=zzzzz-j7d0g-000000000000000",
        "links.create docker_image_repo+tag lab/x:1",
    ] {
        assert_eq!(
            on("api.example.org", line),
            Decision::Deny,
            "{line}\n{text}"
        );
    }
    assert_eq!(policy.limits().get(Counted::Writes).unwrap().value, 3);
    assert!(matches!(draft("{}"), Err(DraftError::Empty)));
    assert!(matches!(
        draft("\n{"),
        Err(DraftError::NotJson { line: 2, .. })
    ));
    assert!(matches!(
        draft("{\"phase\":\"attempt\",\"verb\":\"x\"}"),
        Err(DraftError::Object { line: 1, .. })
    ));
}

#[test]
fn the_overviews_name_every_rule_and_limit() {
    let policy = over(&format!("limits.writes = 3\n{OURS}"));
    let (plain, effective, json) = (
        policy.overview(),
        policy.effective_overview(),
        policy.to_json(),
    );
    for rule in policy.layers().iter().flat_map(|layer| &layer.rules) {
        assert!(plain.contains(&rule.to_string()), "{plain}");
    }
    assert!(
        effective.contains("engine.pull: allowed if, in each line, one applies"),
        "{effective}"
    );
    assert!(
        effective.contains("given: ours (p.toml:4); repositories lab/**"),
        "{effective}"
    );
    assert!(
        effective.contains("users.current: denied, as no rule of p.toml allows it"),
        "{effective}"
    );
    assert!(plain.contains("limits.writes = 3 (p.toml:2)"));
    assert_eq!(
        json["layers"][1]["rules"][0]["conditions"]["repositories"][0],
        "lab/**"
    );
    assert_eq!(json["limits"]["limits.writes"]["value"], 3);
}

#[test]
fn the_repositories_that_probes_stand_for_are_distinct() {
    // If two patterns shared a member, a difference between them could go unseen.
    let text = "[[allow]]\nid = \"a\"\nverbs = [\"engine.pull\"]\nrepositories = [\"*\", \"lab/**\", \"lab/x/**\", \"lab/x/y\", \"quay.io/**\", \"*.io.example\", \"r.io.example/**\"]\nreason = \"r\"";
    let layer = layer(text);
    let probes = super::super::probe::of(Verb::EnginePull, layer.rules.iter());
    // Each of seven members, with and without digest.
    assert_eq!(probes.len(), 14, "{probes:#?}");
}

/// Returns the indented text below a line of the manual, without the indent.
fn from_manual(below: &str) -> String {
    let manual = include_str!("../../../../../docs/policy.md");
    let rest = manual.split_once(below).unwrap().1;
    let block = rest.lines().skip_while(|line| !line.starts_with("    "));
    let block = block.take_while(|line| line.is_empty() || line.starts_with("    "));
    block
        .map(|line| line.trim_start_matches("    ").to_owned() + "\n")
        .collect()
}

#[test]
fn the_manual_shows_policies_that_work() {
    let text = from_manual("## A first policy");
    let layer = Layer::read(Origin::Given, "policy.toml", &text).unwrap();
    assert_eq!(layer.lint(), []);
    let policy = Policy::built_in().and(layer).unwrap();
    let denied = explain(&policy, "engine.pull other/tool:2");
    assert!(
        denied.text.contains(
            &from_manual("## When something is denied")
                .lines()
                .nth(1)
                .unwrap()[2..]
        ),
        "{}",
        denied.text
    );
    let cases = Case::read("cases.toml", &from_manual("Cases for `policy test`:")).unwrap();
    assert_eq!(cases.len(), 2);
    for case in cases {
        assert_eq!(case.fails(&policy), None);
    }
}
