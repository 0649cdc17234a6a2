//! The corpus of whole runs: what the component was asked, what it asked for, what it was
//! answered, and what came of it.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use keepdocker::testing;
use keepdocker_decisions::testing::recorded::{Case, Recorded};
use serde_json::{Map, Value, json};

use crate::contract::commands;
use crate::published::workspace;
use crate::scenarios::{Scenario, asked, made_up};

/// Names of cases; all other names with a dash are those of fields.
const CASES: [&str; 5] = [
    "no-such-image",
    "not-found",
    "no-services",
    "timed-out",
    "too-few-replicas",
];

fn file() -> PathBuf {
    workspace().join("tests/embedding/corpus/runs.jsonl")
}

/// Returns the text of the corpus, one run a line.
pub(crate) fn corpus() -> String {
    fs::read_to_string(file()).unwrap()
}

/// A run that came to its end.
pub(crate) struct Run {
    command: String,
    request: Value,
    /// Each with its verb, request and answer.
    pub(crate) calls: Vec<Value>,
    result: Value,
}

impl Run {
    /// Returns the run as a line of the corpus.
    fn line(&self) -> String {
        let run = json!({
            "command": self.command, "request": self.request, "calls": self.calls,
            "result": self.result,
        });
        format!("{}\n", renamed(&run, &|name| name.replace('_', "-")))
    }
}

/// Has the component run on the answers of a function.
fn run(
    answer: impl FnMut(&str, Value) -> Option<Value> + Send + 'static,
    command: &str,
    request: &Value,
) -> Result<Value, String> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(testing::run(answer, command, &json!([request])))
}

/// Runs the scenario on its cluster in memory.
pub(crate) fn recorded(scenario: Scenario) -> Run {
    let cluster = Arc::new(Mutex::new(scenario.cluster));
    let asked = cluster.clone();
    let answer = move |verb: &str, request| Some(asked.lock().unwrap().answer(verb, request));
    let result = run(answer, scenario.command, &scenario.request).unwrap();
    let calls = std::mem::take(&mut cluster.lock().unwrap().calls);
    Run {
        command: scenario.command.to_owned(),
        request: scenario.request,
        calls,
        result,
    }
}

/// Returns the line as our host makes it on the answers that stand there.
fn repeated(line: &str) -> Result<String, String> {
    let of_host = |name: &str| match CASES.contains(&name) {
        true => name.to_owned(),
        false => name.replace('-', "_"),
    };
    let case = renamed(&serde_json::from_str(line).unwrap(), &of_host);
    let answers: Vec<Value> = case["calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| call["answer"].clone())
        .collect();
    let mut answers = answers.into_iter();
    let calls = Arc::new(Mutex::new(Vec::new()));
    let noted = calls.clone();
    // Whatever is asked, the answer is the recorded one.
    let answer = move |verb: &str, request| {
        let answer = answers.next()?;
        let call = json!({ "verb": verb, "request": request, "answer": answer });
        noted.lock().unwrap().push(call);
        Some(answer)
    };
    let command = case["command"].as_str().unwrap().to_owned();
    let request = case["request"].clone();
    let result = run(answer, &command, &request)?;
    let calls = std::mem::take(&mut *calls.lock().unwrap());
    let run = Run {
        command,
        request,
        calls,
        result,
    };
    Ok(run.line())
}

/// Returns the value with the members of each object renamed, in the order of their names.
pub(crate) fn renamed(value: &Value, rename: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| renamed(item, rename)).collect(),
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> = members
                .iter()
                .map(|(name, member)| (rename(name), renamed(member, rename)))
                .collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(Map::from_iter(members))
        }
        other => other.clone(),
    }
}

#[test]
fn our_host_gives_the_runs() {
    let text = corpus();
    for line in text.lines() {
        assert_eq!(repeated(line).unwrap().trim_end(), line);
    }
    let count = text.lines().count();
    assert!(count >= 400, "only {count} runs");
}

/// Ours takes a request that lacks an optional member, as old audit logs do; other hosts do not.
#[test]
fn every_request_has_all_members_of_its_command() {
    let mut of_command: HashMap<String, Vec<String>> = HashMap::new();
    for line in corpus().lines() {
        let run: Value = serde_json::from_str(line).unwrap();
        let Some(request) = run["request"].as_object() else {
            continue;
        };
        let members: Vec<String> = request.keys().cloned().collect();
        let command = run["command"].as_str().unwrap().to_owned();
        let first = of_command.entry(command).or_insert_with(|| members.clone());
        assert_eq!(*first, members, "{line}");
    }
    let mut expected: Vec<&str> = commands().iter().map(|command| command.name).collect();
    let mut found: Vec<&str> = of_command.keys().map(String::as_str).collect();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected, "every command has runs");
}

/// With `KEEPDOCKER_WRITE_CORPUS` set the file is written, to be looked through and committed.
#[test]
fn the_runs_are_what_a_cluster_in_memory_makes_of_them() {
    let Some(golden) = Recorded::load() else {
        return;
    };
    let mut text = String::new();
    // Several states can lead to the same run, and one of them is enough.
    let mut seen = HashSet::new();
    for case in golden.cases.iter().filter(|case| case.is_filtered) {
        let run = recorded(asked(&golden, case));
        assert_answer(&run, case);
        if seen.insert(run.line()) {
            text.push_str(&run.line());
        }
    }
    for scenario in made_up() {
        let line = recorded(scenario).line();
        if seen.insert(line.clone()) {
            text.push_str(&line);
        }
    }
    if std::env::var_os("KEEPDOCKER_WRITE_CORPUS").is_some() {
        fs::write(file(), &text).unwrap();
    }
    assert!(
        text == corpus(),
        "the corpus is out of date; see docs/embedding.md"
    );
}

/// What the component resolves is what the real server answered.
fn assert_answer(run: &Run, case: &Case) {
    let found = &run.result["ok"]["collection"];
    match &case.answer {
        Some(answer) if !answer.is_empty() => assert_eq!(found, &answer[0], "{case:?}"),
        _ => assert!(found.is_null(), "{case:?}"),
    }
}

#[test]
fn an_altered_run_is_told_from_the_recorded_one() {
    let text = corpus();
    let line = text
        .lines()
        .find(|line| line.contains("\"uploaded\"") && line.contains("links.create"))
        .unwrap();
    let case: Value = serde_json::from_str(line).unwrap();
    let calls = case["calls"].as_array().unwrap().len();
    for call in 0..calls {
        for member in ["verb", "request"] {
            let mut altered = case.clone();
            altered["calls"][call][member] = json!("something else");
            assert_ne!(
                repeated(&altered.to_string()).unwrap(),
                format!("{altered}\n")
            );
        }
    }
    let mut altered = case.clone();
    altered["result"]["ok"]["size"] = json!(1);
    assert_ne!(
        repeated(&altered.to_string()).unwrap(),
        format!("{altered}\n")
    );
    let mut shorter = case.clone();
    shorter["calls"].as_array_mut().unwrap().pop();
    assert!(repeated(&shorter.to_string()).is_err());
    // An answer that differs leads to another run.
    let text = line.replacen(
        "\"image-formats\":[\"v2\"]",
        "\"image-formats\":[\"v1\"]",
        1,
    );
    assert_ne!(text, line);
    assert_ne!(repeated(&text), Ok(format!("{text}\n")));
}
