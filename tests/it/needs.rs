//! The table of what each command needs, `docs/administration.md`, is true: with what its row has and nothing else a command does
//! its work, and without any one of these it is denied, or goes on, as the row says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use keepdocker_sandbox::damage::Damage;

use crate::fault_matrix::{PROJECT, Place, Registered, Scene, Verb};
use crate::support::{Output, Tally};

/// How many runs go on at a time.
const SIDE_BY_SIDE: usize = 4;

/// What rows begin with, what there is before, and what follows `keepdocker`; nothing for what that verb of the matrix of faults does.
const TASKS: [(&str, Verb, &[&str]); 20] = [
    ("`images`", Verb::List, &[]),
    ("`resolve`", Verb::List, &["resolve", "lab/tool:1"]),
    ("`inspect`", Verb::List, &["inspect", "lab/tool:1"]),
    ("`upload` of an archive", Verb::Upload, &[]),
    ("`upload` from an engine", Verb::Engine, &[]),
    ("`upload` from a registry", Verb::Registry, &[]),
    ("`upload` of what the cluster has", Verb::Again, &[]),
    ("`plan`, `upload --dry-run`", Verb::Upload, &["--dry-run"]),
    ("`save`", Verb::Save, &[]),
    ("`load`", Verb::Load, &[]),
    ("`tag`", Verb::Tag, &[]),
    ("`copy`", Verb::Copy, &[]),
    ("`adopt`", Verb::Adopt, &[]),
    ("`untag`", Verb::Untag, &[]),
    ("`rm`", Verb::Remove, &[]),
    ("`restore`", Verb::Restore, &[]),
    ("`prune`", Verb::Prune, &[]),
    ("`share`", Verb::Share, &[]),
    ("`repair`", Verb::Repair, &[]),
    (
        "`repair --from`",
        Verb::List,
        &["repair", "lab/tool:1", "--from", "ARCHIVE"],
    ),
];

/// What is denied only once a collection was made, and without which: no name leads there, and the same command goes on
/// from it once its links are allowed.
const LATE: [(&str, &str); 3] = [
    ("`copy`", "links.create"),
    ("`adopt`", "links.create"),
    ("`repair`", "links.create"),
];

/// What needs no operation at all.
const FREE: [&[&str]; 9] = [
    &["whoami"],
    &["history", "lab/tool:1"],
    &["doctor"],
    &["report", "-o", "page.html"],
    &["config", "show"],
    &["cache", "list"],
    &["audit", "show"],
    &["policy", "show"],
    &["component", "extract", "-o", "keepdocker.wasm"],
];

/// What a row says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Row {
    /// Without any of these the command is denied.
    needed: BTreeSet<String>,
    /// Without any of these it goes on.
    wished: BTreeSet<String>,
}

fn text_of(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    std::fs::read_to_string(root.join(path)).unwrap()
}

/// Returns the operations that a text has in quotes.
fn operations(text: &str) -> BTreeSet<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    let operations = quoted.filter(|word| word.contains('.') && !word.contains(' '));
    operations.map(str::to_owned).collect()
}

/// Returns the rows of the table.
fn rows() -> BTreeMap<String, Row> {
    let page = text_of("docs/administration.md");
    let part = page.split("## Which command needs what").nth(1).unwrap();
    let part = part.split("\n## ").next().unwrap();
    let cells = part.lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix('|')?.split('|').map(str::trim).collect();
        let [name, needed, wished, ""] = cells[..] else {
            return None;
        };
        let row = Row {
            needed: operations(needed),
            wished: operations(wished),
        };
        Some((name.to_owned(), row))
    });
    cells.collect()
}

/// A task, what there is for it, and what its row says.
struct Ground<'a> {
    name: &'static str,
    words: &'static [&'static str],
    scene: &'a Scene,
    row: Row,
}

impl Ground<'_> {
    /// Runs the task where nothing but these operations is allowed, and tells how many blocks were written, too.
    fn run(&self, allowed: &BTreeSet<String>) -> (Output, Registered, usize) {
        let place = self.scene.place();
        if self.words.first() == Some(&"repair") {
            // Where nothing is lost nothing is asked for.
            let (block, _) = place.cluster.inspect().blocks().unwrap().remove(0);
            assert!(place.cluster.seed().damage(&block, Damage::Lost).unwrap() > 0);
        }
        let output = run(&place, self.words, allowed);
        let written = place.cluster.log().blocks_written();
        (output, Registered::of(&place.cluster), written)
    }

    /// Returns what is not as the row says, if this operation is left out.
    fn judge(&self, left_out: Option<&String>) -> Vec<String> {
        let Row { needed, wished } = &self.row;
        let mut allowed: BTreeSet<String> = needed.union(wished).cloned().collect();
        if let Some(operation) = left_out {
            allowed.remove(operation);
        }
        let (output, registered, written) = self.run(&allowed);
        let is_needed = left_out.is_some_and(|operation| needed.contains(operation));
        let expected = if is_needed { 3 } else { 0 };
        let mut short = Vec::new();
        if output.status.code() != Some(expected) {
            short.push(format!("it does not end with {expected}: {output}"));
        }
        if is_needed {
            let denied = format!("denied by policy: `{}", left_out.unwrap());
            if !output.stderr.contains(&denied) {
                short.push(format!("not for the sake of this operation: {output}"));
            }
            if written > 0 {
                short.push(format!("denied once {written} blocks were sent: {output}"));
            }
            let before = self.scene.before();
            if registered.visible != before.visible {
                short.push(format!("denied once it shows: {:?}", registered.visible));
            }
            let is_late = registered.all != before.all || registered.called != before.called;
            let is_known = LATE.contains(&(self.name, left_out.map_or("", String::as_str)));
            match (is_late, is_known) {
                (true, false) => short.push(format!("denied late: {:?}", registered.all)),
                (false, true) => short.push("denied late no more: take it from the list".into()),
                _ => {}
            }
        }
        short
    }
}

/// Returns a policy that allows these operations, and writing to the log.
fn policy_of<'a>(allowed: impl Iterator<Item = &'a String>) -> String {
    let verbs: Vec<String> = allowed.map(|verb| format!(", \"{verb}\"")).collect();
    format!(
        "schema = \"keepdocker.policy/1\"\n[[allow]]\nid = \"row\"\nverbs = [\"log.write\"{}]\nreason = \"the row\"\n",
        verbs.concat()
    )
}

/// Runs a task, or what the place is there for.
fn run(place: &Place<'_>, words: &[&str], allowed: &BTreeSet<String>) -> Output {
    run_under(place, words, &policy_of(allowed.iter()))
}

fn run_under(place: &Place<'_>, words: &[&str], policy: &str) -> Output {
    let file = place.environment.home().join("policy.toml");
    std::fs::write(&file, policy).unwrap();
    let policy = ["--policy", file.to_str().unwrap()];
    let usual = place.words(words);
    let archive = format!(
        "docker-archive:{}",
        place.environment.home().join("image.tar").display()
    );
    let own = words.iter().map(|word| word.replace("ARCHIVE", &archive));
    let words: Vec<String> = match words.first().is_some_and(|word| !word.starts_with('-')) {
        true => own.collect(),
        false => usual,
    };
    let words = words.iter().map(String::as_str).chain(policy);
    place.environment.keepdocker(&words.collect::<Vec<_>>())
}

#[test]
fn with_what_its_row_has_each_command_works_and_without_any_of_it_is_denied_or_goes_on() {
    let tally = Tally::begin("rows of what commands need, and operations left out");
    let mut rows = rows();
    let verbs: BTreeSet<Verb> = TASKS.iter().map(|(_, verb, _)| *verb).collect();
    let scenes: BTreeMap<Verb, Scene> = std::thread::scope(|scope| {
        let made = verbs
            .into_iter()
            .map(|verb| (verb, scope.spawn(move || Scene::of(verb))));
        let made: Vec<_> = made.collect();
        let made = made.into_iter();
        made.map(|(verb, scene)| (verb, scene.join().unwrap()))
            .collect()
    });
    let grounds: Vec<Ground<'_>> = TASKS
        .iter()
        .map(|(name, verb, words)| Ground {
            name,
            words,
            scene: &scenes[verb],
            row: rows
                .remove(*name)
                .unwrap_or_else(|| panic!("no row begins with {name}")),
        })
        .collect();
    let left: Vec<&String> = rows
        .iter()
        .filter(|(_, row)| **row != Row::default())
        .map(|(name, _)| name)
        .collect();
    assert!(left.is_empty(), "nobody has tried {left:?}");
    let mut cases: Vec<(&Ground<'_>, Option<&String>)> = Vec::new();
    for ground in &grounds {
        cases.push((ground, None));
        let all = ground.row.needed.union(&ground.row.wished);
        cases.extend(all.map(|operation| (ground, Some(operation))));
    }
    let short = tally.each(&cases, SIDE_BY_SIDE, |(ground, left_out)| {
        let without = left_out.map_or_else(|| "nothing".into(), String::clone);
        (
            format!("{}, without {without}", ground.name),
            ground.judge(*left_out),
        )
    });
    assert_eq!(tally.end(cases.len(), &short), "");
}

#[test]
fn every_operation_stands_in_a_row_and_what_needs_none_runs_without_any() {
    let rows = rows();
    let known = operations_of_the_program();
    let told: BTreeSet<String> = rows
        .values()
        .flat_map(|row| row.needed.union(&row.wished).cloned())
        .collect();
    // Both are told of below the table: they need more than a word of the command line.
    let elsewhere = ["log.write", "engine.pull"].map(str::to_owned).into();
    let missing: Vec<&String> = known.difference(&told).collect();
    assert_eq!(
        missing.into_iter().cloned().collect::<BTreeSet<_>>(),
        elsewhere
    );
    assert!(told.is_subset(&known), "{:?}", told.difference(&known));

    let scene = Scene::of(Verb::List);
    for words in FREE {
        let place = scene.place();
        let output = run(&place, words, &BTreeSet::new());
        assert!(output.status.success(), "{output}");
    }
}

#[test]
fn what_may_not_be_registered_is_denied_before_a_block_is_sent() {
    const COLLECTION: &str = "collections.create";
    const LINK: &str = "links.create";
    let rule = |verb: &str, keys: &str| {
        format!(
            "[[allow]]\nid = \"{verb}-{}\"\nverbs = [\"{verb}\"]\n{keys}\nreason = \"a case\"\n",
            keys.len()
        )
    };
    let elsewhere = "projects = [\"zzzzz-j7d0g-elsewhere000000\"]";
    let (ids, own, other) = (
        "link-classes = [\"docker_image_hash\"]",
        "repositories = [\"lab/**\"]",
        "repositories = [\"other/tool\"]",
    );
    let rows = rows();
    for (name, verb) in [
        ("`upload` of an archive", Verb::Upload),
        ("`upload` of an archive", Verb::Force),
        ("`upload` from an engine", Verb::Engine),
        ("`upload` from a registry", Verb::Registry),
    ] {
        let scene = Scene::of(verb);
        let Row { needed, wished } = &rows[name];
        let all = needed.union(wished);
        let rest = policy_of(all.filter(|verb| ![COLLECTION, LINK].contains(&verb.as_str())));
        let links = rule(LINK, "");
        for (rules, denied) in [
            (rule(COLLECTION, elsewhere) + &links, Some(COLLECTION)),
            (rule(COLLECTION, "") + &rule(LINK, ids), Some(LINK)),
            (
                rule(COLLECTION, "") + &rule(LINK, ids) + &rule(LINK, other),
                Some(LINK),
            ),
            (rule(COLLECTION, "") + &rule(LINK, own), Some(LINK)),
            (rule(COLLECTION, "") + &rule(LINK, elsewhere), Some(LINK)),
            (
                rule(COLLECTION, "") + &links + "[limits]\nwrites = 2\n",
                Some(LINK),
            ),
            (
                rule(COLLECTION, "") + &links + "[limits]\nwrites = 4\n",
                None,
            ),
            (
                rule(COLLECTION, "projects = [\"home\"]") + &rule(LINK, ids) + &rule(LINK, own),
                None,
            ),
        ] {
            let place = scene.place();
            let before = place.cluster.log().blocks_written();
            let output = run_under(&place, &[], &(rest.clone() + &rules));
            let Some(denied) = denied else {
                let _ = output.success();
                continue;
            };
            let told = output.failure(3);
            assert!(
                told.contains(&format!("denied by policy: `{denied}")),
                "{output}"
            );
            assert_eq!(place.cluster.log().blocks_written(), before, "{output}");
            assert_eq!(Registered::of(&place.cluster).all, scene.before().all);
        }
    }
}

/// Returns the operations that the built-in policy has rules for: all there are.
fn operations_of_the_program() -> BTreeSet<String> {
    let text = text_of("host/policy/built-in.toml");
    let lines = text.lines().filter(|line| line.starts_with("verbs = "));
    let words = lines.flat_map(|line| line.split('"').skip(1).step_by(2));
    words.map(str::to_owned).collect()
}

/// Runs `keepdocker` under the policy of one of the sites of the page, with the names of this place in it.
fn at_site(place: &Place<'_>, site: &str, words: &[&str]) -> Output {
    let home = place.environment.home();
    let log = home.join("log").display().to_string();
    let text = text_of(&format!("host/policy/examples/sites/{site}.toml"));
    let text = text
        .replace("zzzzz.example.org", &place.cluster.api_host())
        .replace("zzzzz-j7d0g-000000000000000", PROJECT)
        .replace("/var/log/keepdocker", &log);
    let file = home.join("site.toml");
    std::fs::write(&file, text).unwrap();
    let policy = ["--policy", file.to_str().unwrap()];
    place.environment.keepdocker(&[words, &policy].concat())
}

#[test]
fn the_three_sites_of_the_manual_let_people_do_what_they_say_and_nothing_else() {
    let scene = Scene::of(Verb::Engine);
    let upload = ["upload", "lab/tool:1"];
    let to_project = ["upload", "lab/tool:1", "--project", PROJECT];
    // An open one lets everybody do what his token lets him.
    let place = scene.place();
    for words in [
        &upload[..],
        &["save", "lab/tool:1", "-o", "saved.tar"],
        &["rm", "lab/tool:1"],
    ] {
        let _ = at_site(&place, "open", words).success();
    }
    let without_log = at_site(&place, "open", &["images", "--no-audit"]);
    assert_eq!(without_log.status.code(), Some(3), "{without_log}");
    // A curated one has one project, and everybody may look.
    let place = scene.place();
    let denied = at_site(&place, "curated", &upload);
    assert!(denied.failure(3).contains("project"), "{denied}");
    place.cluster.assert_nothing_registered();
    assert_eq!(place.cluster.log().blocks_written(), 0, "{denied}");
    let _ = at_site(&place, "curated", &to_project).success();
    for words in [
        &["images"][..],
        &["save", "lab/tool:1", "-o", "saved.tar"],
        &["load", "lab/tool:1"],
    ] {
        let _ = at_site(&place, "curated", words).success();
    }
    let denied = at_site(&place, "curated", &["rm", "lab/tool:1"]);
    assert!(denied.failure(3).contains("collections.trash"), "{denied}");
    // A locked one takes images by their digests alone, and gives none away.
    let denied = at_site(&place, "locked", &to_project);
    assert!(denied.failure(3).contains("engine.find"), "{denied}");
    let denied = at_site(&place, "locked", &["save", "lab/tool:1", "-o", "other.tar"]);
    assert!(denied.failure(3).contains("keep.fetch"), "{denied}");
    let _ = at_site(&place, "locked", &["images"]).success();
}
