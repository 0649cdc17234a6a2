//! What every command is called with. Each runs again and again, so what one takes away the next one brings back.

use std::collections::BTreeSet;

use super::place::{Place, TYPED};

/// Before each stands whether `--json` may come after it. What is written in capitals is filled in; after `<` stands what is typed.
const COMMANDS: &str = "
json images
json images --long
json upload lab/tool:1
json upload --force --from docker-archive:image.tar lab/tool:1
json upload --from docker://FIRST/elsewhere/tool:1 lab/none:1
json upload --from docker://FIRST/refused/tool:1 lab/none:1
json upload --from docker://FIRST/served/tool:1 lab/served:1
json upload --from docker://SECOND/refused/tool:1 lab/none:1
json upload --from docker://THIRD/refused/tool:1 lab/none:1
json plan lab/tool:1
json plan --from docker-archive:image.tar lab/planned:1
json apply kept-plan.json
json resolve lab/tool:1
json inspect lab/tool:1
json history lab/tool:1
json save lab/tool:1 --output saved.tar
json load lab/tool:1
json tag lab/tool:1 lab/tool:2
json untag lab/tool:2
json copy lab/tool:1 --project PROJECT
json adopt COLLECTION lab/adopted:1
json share lab/tool:1 --with everyone
json repair lab/tool:1 --image-id manifest
json rm lab/adopted:1
json restore lab/adopted:1
json prune lab/none --keep-last 1
json doctor
json doctor --deep
text report -o images.html
json whoami
text login HOST < TYPED
json config show --origin
json cache list
json cache clean --older-than 9d
json policy show
text policy check kept-policy.toml
text policy explain engine.find lab/tool:1
text policy diff kept-policy.toml kept-policy.toml
text policy schema
text policy init --from-audit last
json component audit
text component extract -o component.wasm
json audit show
json audit show last
text audit export --all
text audit export last
text audit verify
text audit replay last
text sandbox reset nothing-there
text completions bash
text man
";

/// A command line.
pub(super) struct Line {
    pub(super) words: Vec<String>,
    pub(super) takes_json: bool,
    /// What comes on standard input.
    pub(super) typed: String,
}

/// Returns them all, for this place.
pub(super) fn commands(place: &Place) -> Vec<Line> {
    let [first, second, third] = place.registries.each_ref().map(|registry| registry.host());
    let host = place.cluster.api_host();
    let filled = [
        ("FIRST", first.as_str()),
        ("SECOND", &second),
        ("THIRD", &third),
        ("PROJECT", &place.project),
        ("COLLECTION", &place.uuid),
        ("HOST", &host),
        ("TYPED", TYPED),
    ];
    let fill = |word: &str| {
        filled.iter().fold(word.to_owned(), |word, (name, value)| {
            word.replace(name, value)
        })
    };
    let lines = COMMANDS.lines().filter(|line| !line.is_empty());
    let lines = lines.map(|line| {
        let (form, line) = line.split_once(' ').unwrap();
        let (line, typed) = line.split_once(" < ").unwrap_or((line, ""));
        Line {
            words: line.split(' ').map(fill).collect(),
            takes_json: form == "json",
            typed: fill(typed) + "\n",
        }
    });
    lines.collect()
}

/// Asserts that each command of the program is among them, by what its help says.
pub(super) fn assert_complete(place: &Place) {
    let help = place.environment.keepdocker(&["--help"]).success();
    let listed = help.split("Commands:\n").nth(1).unwrap();
    let listed = listed.split("\n\n").next().unwrap().lines();
    // Further lines of a text begin further right.
    let names = listed.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let names: BTreeSet<&str> = names.filter(|name| !name.is_empty()).collect();
    let tried: BTreeSet<&str> = COMMANDS
        .lines()
        .filter_map(|line| line.split(' ').nth(1))
        .collect();
    let missing: Vec<&&str> = names
        .difference(&tried)
        .filter(|name| **name != "help")
        .collect();
    assert!(names.len() > 20 && missing.is_empty(), "{missing:?}");
}
