//! The corpus: how it is made, and that our engine gives it.

use std::fs;
use std::path::PathBuf;

use keepdocker_decisions::testing::recorded::{Case, Recorded};
use keepdocker_decisions::testing::{PROJECT, USER, hash_link, repo_tag_link};
use keepdocker_decisions::types::{Link, LinkClass};
use keepdocker_embedding::{decode, encode, wave};
use serde_json::{Value, json};
use wasmtime::component::{Component, Func, Instance, Linker, Val};
use wasmtime::{Engine, Store};

use crate::published::{folder, workspace};

const PLANNING: &str = "keepdocker:contract/planning@0.1.0";
const X: &str = "zzzzz-4zz18-xxxxxxxxxxxxxxx";
const Y: &str = "zzzzz-4zz18-yyyyyyyyyyyyyyy";
const ID: &str = "sha256:d8309758b8fe2c81034ffc8a10c36460b77db7bc5e7b448c4e5b684f9d95a678";

fn file() -> PathBuf {
    workspace().join("tests/embedding/corpus/planner.jsonl")
}

/// Returns the text of the corpus, one case a line.
pub(crate) fn corpus() -> String {
    fs::read_to_string(file()).unwrap()
}

/// The planner in our engine.
struct Planner {
    store: Store<()>,
    instance: Instance,
}

impl Planner {
    fn load() -> Self {
        let engine = Engine::default();
        let component =
            Component::from_file(&engine, folder().join("keepdocker-planner.wasm")).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Linker::new(&engine)
            .instantiate(&mut store, &component)
            .unwrap();
        Self { store, instance }
    }

    fn function(&mut self, name: &str) -> Func {
        let planning = self
            .instance
            .get_export_index(&mut self.store, None, PLANNING)
            .unwrap();
        let index = self
            .instance
            .get_export_index(&mut self.store, Some(&planning), name);
        self.instance
            .get_func(&mut self.store, index.unwrap())
            .unwrap()
    }

    /// Reads the arguments of a function.
    fn arguments(&mut self, name: &str, arguments: &[Value]) -> Vec<Val> {
        let function = self.function(name);
        let ty = function.ty(&self.store);
        assert_eq!(ty.params().len(), arguments.len(), "{name}");
        ty.params()
            .zip(arguments)
            .map(|((_, ty), json)| {
                decode(&ty, json).unwrap_or_else(|| panic!("{name}: {json} is no {ty:?}"))
            })
            .collect()
    }

    /// Calls a function and returns the case as a line of the corpus.
    fn case(&mut self, name: &str, arguments: &[Value]) -> String {
        let function = self.function(name);
        let arguments = self.arguments(name, arguments);
        let mut results = [Val::Bool(false)];
        function
            .call(&mut self.store, &arguments, &mut results)
            .unwrap();
        let arguments: Vec<String> = arguments
            .iter()
            .map(|value| encode(value).unwrap())
            .collect();
        format!(
            "{{\"function\":\"{name}\",\"arguments\":[{}],\"result\":{}}}\n",
            arguments.join(","),
            encode(&results[0]).unwrap()
        )
    }
}

/// Returns each case as the program `wasmtime` is asked for it and answers: a call, and its result.
pub(crate) fn calls() -> Vec<(String, String)> {
    let mut planner = Planner::load();
    corpus()
        .lines()
        .map(|line| {
            let case: Value = serde_json::from_str(line).unwrap();
            let name = case["function"].as_str().unwrap();
            let arguments: Vec<String> = planner
                .arguments(name, case["arguments"].as_array().unwrap())
                .iter()
                .map(|value| wave(value).unwrap())
                .collect();
            let function = planner.function(name);
            let ty = function.ty(&planner.store).results().next().unwrap();
            let result = decode(&ty, &case["result"]).unwrap_or_else(|| panic!("{line}"));
            let call = format!("{name}({})", arguments.join(", "));
            (call, wave(&result).unwrap())
        })
        .collect()
}

#[test]
fn our_engine_gives_the_corpus() {
    let text = corpus();
    let mut planner = Planner::load();
    let mut count = 0;
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let arguments = case["arguments"].as_array().unwrap();
        let made = planner.case(case["function"].as_str().unwrap(), arguments);
        assert_eq!(made.trim_end(), line);
        count += 1;
    }
    assert!(count >= 200, "only {count} cases");
}

/// With `KEEPDOCKER_WRITE_CORPUS` set the file is written, to be looked through and committed.
#[test]
fn the_corpus_is_what_the_recorded_answers_make() {
    let Some(recorded) = Recorded::load() else {
        return;
    };
    let mut planner = Planner::load();
    let mut text = String::new();
    for case in recorded.cases.iter().filter(|case| case.is_filtered) {
        let line = planner.case("choose", &choice(&recorded, case));
        assert_answer(&line, case);
        text.push_str(&line);
    }
    for (function, arguments) in written() {
        text.push_str(&planner.case(function, &arguments));
    }
    if std::env::var_os("KEEPDOCKER_WRITE_CORPUS").is_some() {
        fs::write(file(), &text).unwrap();
    }
    assert!(
        text == corpus(),
        "the corpus is out of date; see docs/embedding.md"
    );
}

/// The result is not only what the planner says, but what the server answered.
fn assert_answer(line: &str, case: &Case) {
    let line: Value = serde_json::from_str(line).unwrap();
    let answer = match &line["result"] {
        result if result["err"] == "unsupported-format" => None,
        result if result["err"] == "no-such-image" => Some(Vec::new()),
        result => {
            let mut all = vec![result["ok"]["collection"].as_str().unwrap().to_owned()];
            let others = result["ok"]["others"].as_array().unwrap();
            // By content the server names one collection, whatever has it too.
            if !case.terms[0].contains('+') {
                all.extend(others.iter().map(|uuid| uuid.as_str().unwrap().to_owned()));
            }
            Some(all)
        }
    };
    assert_eq!(answer, case.answer, "{case:?}");
}

/// Returns the arguments of `choose` for what a recorded server was asked.
fn choice(recorded: &Recorded, case: &Case) -> [Value; 4] {
    let links = recorded.links(&case.user);
    let text = case.terms.join(":");
    let is_of_interest = |uuid: &str, content: &str| {
        text.contains('+') && text.starts_with(content)
            || links.iter().any(|link| link.head == uuid)
    };
    let collections: Vec<Value> = recorded
        .collections(&case.user)
        .iter()
        .filter(|collection| is_of_interest(&collection.uuid, &collection.portable_data_hash))
        .map(|collection| {
            json!({
                "uuid": collection.uuid,
                "portable-data-hash": collection.portable_data_hash,
                "manifest": collection.manifest,
            })
        })
        .collect();
    [
        json!(text),
        links.iter().map(link).collect(),
        json!(collections),
        json!(case.formats),
    ]
}

/// Returns a link in the canonical form.
pub(crate) fn link(link: &Link) -> Value {
    let class = match link.class {
        LinkClass::ImageHash => "image-hash",
        LinkClass::RepoTag => "repo-tag",
        LinkClass::Migration => "migration",
    };
    let properties: Vec<Value> = link
        .properties
        .iter()
        .map(|property| json!({ "key": property.key, "value": property.value }))
        .collect();
    json!({
        "uuid": link.uuid,
        "class": class,
        "name": link.name,
        "head": link.head,
        "tail": link.tail,
        "owner": link.owner,
        "properties": properties,
        "created-at": link.created_at,
    })
}

/// Returns the cases that no server was asked: texts at the edges of the grammar, orders that
/// depend on ties, plans.
fn written() -> Vec<(&'static str, Vec<Value>)> {
    let mut cases = Vec::new();
    let long = "a".repeat(300);
    for text in [
        "debian",
        "debian:12",
        "a/b/c:1",
        "localhost/a",
        "localhost:5000/a:1",
        "host.example:443/x/img:1",
        "host.example:5000/x/img",
        "[::1]:5000/a",
        "[::1/a",
        "",
        ":",
        "a:",
        "A",
        "a:B",
        "a//b",
        "a__b",
        "a___b",
        "a-.b",
        "-a",
        "%",
        "a_b",
        "abcdef012345",
        "abcdef01234",
        "sha256:abcdef012345",
        "sha256:ab",
        ID,
        "sha256",
        "images",
        "\u{e9}",
        "a b",
        long.as_str(),
        "a@sha256:d8309758b8fe2c81034ffc8a10c36460b77db7bc5e7b448c4e5b684f9d95a678",
        "a:1@sha256:d8309758b8fe2c81034ffc8a10c36460b77db7bc5e7b448c4e5b684f9d95a678",
        "a@sha256:short",
    ] {
        for tag in [Value::Null, json!("1"), json!("")] {
            cases.push(("parse-reference", vec![json!(text), tag]));
        }
    }
    for repo_tag in [
        Value::Null,
        json!("a/b:1"),
        json!("\u{e9}\u{e9}:\"\\\n"),
        json!(long),
    ] {
        cases.push(("collection-name", vec![repo_tag, json!(ID)]));
    }
    let at = "2020-01-01T00:00:00Z";
    let built = Some("\"2019-01-01T00:00:00.123456789+02:00\"");
    let all = [
        hash_link(ID, X, at, None),
        hash_link("sha256:other", Y, at, built),
        repo_tag_link("a:1", X, at, built),
        repo_tag_link("a:1", X, "2021-01-01T00:00:00.5Z", Some("\"soon\"")),
        repo_tag_link("host:5000/b", Y, "", Some("5")),
        Link {
            owner: PROJECT.into(),
            ..repo_tag_link("a:1", Y, at, Some("\"0001-01-01T00:00:00Z\""))
        },
    ];
    for count in 0..=all.len() {
        let links: Vec<Value> = all[..count].iter().map(link).collect();
        cases.push(("sort-links", vec![json!(links)]));
        cases.push(("list-images", vec![json!(links)]));
        for owner in [USER, PROJECT] {
            let registration = json!({
                "image": ID, "names": ["a:1", "a:2"], "collection": X, "owner": owner,
                "build-time": if count % 2 == 0 { Value::Null } else { json!(at) },
            });
            cases.push(("plan-links", vec![registration, json!(links)]));
        }
        cases.extend(looks(&links));
    }
    cases
}

/// Returns looks at what is amiss with these links, in clusters that have less and less of what they lead to.
fn looks(links: &[Value]) -> Vec<(&'static str, Vec<Value>)> {
    let held = |uuid: &str, manifest: Value, replicas: Value| {
        json!({
            "uuid": uuid, "owner": USER, "portable-data-hash": "0", "manifest": manifest, "replicas": replicas,
            "names": ["a:1", "told:1"],
        })
    };
    let text = format!(". d41d8cd98f00b204e9800998ecf8427e+5 0:5:{ID}.tar\n");
    let sound = held(X, json!(text), Value::Null);
    let mut cases = Vec::new();
    for collections in [
        json!([sound, held(Y, json!(text), json!(0))]),
        json!([
            sound,
            held(Y, json!(text.replace("sha256", "image")), Value::Null)
        ]),
        json!([
            sound,
            held(Y, json!(text.replace("0:5:", "0:9:")), Value::Null)
        ]),
        json!([sound, held(Y, json!(""), Value::Null)]),
        json!([sound, held(Y, Value::Null, Value::Null)]),
        json!([]),
    ] {
        for (formats, owner) in [
            (json!(["v2"]), Value::Null),
            (json!(["v1"]), json!(PROJECT)),
        ] {
            cases.push((
                "defects",
                vec![json!(links), collections.clone(), formats, owner],
            ));
        }
    }
    cases
}
