//! Audit logs for people.

use std::fmt::Write as _;

use serde_json::Value;

use crate::audit::{Entry, Run, Verdict};
use crate::harmless::escape;

/// More of a value than this is cut.
const MAX_SHOWN: usize = 160;

/// Returns a table of runs.
#[must_use]
pub(crate) fn runs(runs: &[(Run, Verdict)]) -> String {
    let mut text = String::new();
    for (run, verdict) in runs {
        let first = run.entries.first();
        let last = run.entries.last().filter(|_| run.is_closed());
        let outcome = match verdict {
            Verdict::Sound => member(last, "outcome"),
            other => other.word().to_owned(),
        };
        let arguments: Vec<String> = first
            .and_then(|entry| entry.get("arguments")?.as_array())
            .into_iter()
            .flatten()
            .skip(1)
            .map(word)
            .collect();
        line(
            &mut text,
            format!("{}  {outcome:11}  {}", run.id, arguments.join(" ")),
        );
    }
    text
}

/// Returns what a run did, step by step.
#[must_use]
pub(crate) fn steps(run: &Run) -> String {
    let mut text = String::new();
    for entry in &run.entries {
        let of = |name: &str| member(Some(entry), name);
        match of("phase").as_str() {
            "open" => {
                line(&mut text, format!("run {} began {}", run.id, of("at")));
                let named = |name: &str| entry.get(name).unwrap_or(&Value::Null);
                line(&mut text, format!("  arguments: {}", of("arguments")));
                line(
                    &mut text,
                    format!(
                        "  program:   {} {}",
                        word(&named("program")["name"]),
                        word(&named("program")["version"])
                    ),
                );
                line(
                    &mut text,
                    format!(
                        "  component: SHA-256 {}",
                        word(&named("component")["sha256"])
                    ),
                );
                line(
                    &mut text,
                    format!("  policy:    SHA-256 {}", word(&named("policy")["sha256"])),
                );
                for source in named("policy")["sources"].as_array().into_iter().flatten() {
                    line(
                        &mut text,
                        format!(
                            "    {} {} (mode {})",
                            word(&source["origin"]),
                            word(&source["file"]),
                            word(&source["mode"])
                        ),
                    );
                }
                line(
                    &mut text,
                    format!("  cluster:   {}", word(&named("cluster")["host"])),
                );
                let connection = named("connection");
                if connection["certificates_checked"] == false {
                    line(&mut text, "    certificates were not checked");
                }
                for service in connection["keep_services"].as_array().into_iter().flatten() {
                    line(
                        &mut text,
                        format!("    Keep at {}, as given", word(service)),
                    );
                }
            }
            "attempt" => line(&mut text, format!("{:>4} {}", of("call"), asked(entry))),
            "denied" => {
                line(&mut text, format!("{:>4} {}", of("call"), asked(entry)));
                line(&mut text, format!("     denied: {}", of("error")));
            }
            "request" => {
                let status = of("status");
                let line_of = format!("       {} {}: {status}", of("method"), of("url"));
                line(&mut text, line_of);
            }
            "result" => {
                let outcome = match (entry.get("error"), of("bytes").as_str()) {
                    (Some(Value::String(error)), _) => format!("failed: {error}"),
                    (_, "0") => continue,
                    (_, bytes) => format!("{bytes} bytes sent"),
                };
                line(&mut text, format!("{:>4}   {outcome}", of("call")));
            }
            _ => line(
                &mut text,
                format!(
                    "{} after {} calls, {} of them denied; {} bytes sent; exit code {}; {}",
                    of("outcome"),
                    of("calls"),
                    of("denied"),
                    of("bytes"),
                    of("exit"),
                    of("at")
                ),
            ),
        }
    }
    text
}

/// Says what a call asked for, and by which rule it was decided.
fn asked(entry: &Entry) -> String {
    let of = |name: &str| member(Some(entry), name);
    let object: Vec<String> = entry
        .get("object")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| format!("{name}={}", word(value)))
        .collect();
    let source = entry.get("rule_source").unwrap_or(&Value::Null);
    format!(
        "{} {} [{} by {}, {}:{}]",
        of("verb"),
        object.join(" "),
        of("decision"),
        of("rule"),
        word(&source["file"]),
        word(&source["line"])
    )
}

fn member(entry: Option<&Entry>, name: &str) -> String {
    entry
        .and_then(|entry| entry.get(name))
        .map_or_else(String::new, word)
}

fn word(value: &Value) -> String {
    match value {
        Value::String(text) => shortened(text),
        Value::Array(values) => values.iter().map(word).collect::<Vec<_>>().join(" "),
        other => shortened(&other.to_string()),
    }
}

fn shortened(text: &str) -> String {
    let end = text.floor_char_boundary(MAX_SHOWN);
    let ellipsis = if end < text.len() { "…" } else { "" };
    format!("{}{ellipsis}", &text[..end])
}

fn line(text: &mut String, words: impl AsRef<str>) {
    writeln!(text, "{}", escape(words.as_ref())).expect("writing to a string does not fail");
}
