//! Cases that a policy's author expects to come out in a certain way.

use std::path::Path;
use std::sync::Arc;

use toml::Spanned;

use super::context::{Cluster, Context};
use super::document::{Document, Table, entry};
use super::error::Error;
use super::file::PolicyFile;
use super::stack::{Decision, Policy};
use crate::Operation;

/// The schema of a file with cases.
pub(crate) const CASES_SCHEMA: &str = "keepdocker.policy-test/1";

/// One case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The line in the file, from 1.
    pub line: usize,
    /// The operation to decide on.
    pub operation: Operation,
    /// The names of the image that it is about.
    pub names: Option<Vec<String>>,
    /// The cluster.
    pub cluster: Cluster,
    /// What is to come of it.
    pub expected: Decision,
    /// Which rule is to decide, if that matters.
    pub rule: Option<String>,
}

impl Case {
    /// Reads cases from a file.
    ///
    /// # Errors
    /// If it cannot be read, or something in it is not understood.
    pub fn open(file: &Path) -> Result<Vec<Self>, Error> {
        Self::read(&file.to_string_lossy(), &PolicyFile::open(file)?.text)
    }

    /// Reads cases from text.
    ///
    /// # Errors
    /// If something in it is not understood.
    pub fn read(file: &str, text: &str) -> Result<Vec<Self>, Error> {
        let file: Arc<str> = file.into();
        let mut document = Document::new(&file, text);
        let top = document.parse();
        document.known_keys(&top, "a file of cases", &["schema", "case"]);
        if let Some(schema) = document.needed(&top, 0..0, "the file", "schema")
            && document
                .text(&schema)
                .is_some_and(|text| text != CASES_SCHEMA)
        {
            document.fault(
                schema.value.span(),
                format!("the schema is not `{CASES_SCHEMA}`"),
            );
        }
        let tables = entry(&top, "case")
            .map(|list| document.tables(&list))
            .unwrap_or_default();
        if tables.is_empty() {
            document.fault(0..0, "there is no `[[case]]` in it");
        }
        let cases = tables
            .into_iter()
            .filter_map(|(at, table)| read_case(&mut document, at, table))
            .collect();
        if document.is_sound() {
            Ok(cases)
        } else {
            Err(Error::Invalid(document.into_faults()))
        }
    }

    /// Tries the case; returns what is wrong, if anything is.
    #[must_use]
    pub fn fails(&self, policy: &Policy) -> Option<String> {
        let ruling = policy.decide(
            &self.operation,
            &Context {
                cluster: &self.cluster,
                names: self.names.as_deref(),
            },
        );
        let (got, expected) = (ruling.decision.name(), self.expected.name());
        if ruling.decision != self.expected {
            return Some(format!(
                "{}: expected {expected}, got {got} by {}",
                self.operation,
                ruling.rule()
            ));
        }
        let rule = self.rule.as_deref().filter(|rule| *rule != ruling.rule())?;
        Some(format!(
            "{}: {got} as expected, but by {}, not by {rule}",
            self.operation,
            ruling.rule()
        ))
    }
}

fn read_case(
    document: &mut Document<'_>,
    at: std::ops::Range<usize>,
    table: &Table<'_>,
) -> Option<Case> {
    document.known_keys(
        table,
        "a case",
        &["ask", "names", "cluster", "cluster-id", "expect", "rule"],
    );
    let line = document.line(&at);
    let ask = document.needed(table, at.clone(), "this case", "ask");
    let expect = document.needed(table, at, "this case", "expect");
    let mut optional = |key: &str| entry(table, key).and_then(|value| document.text(&value));
    let (host, id, rule) = (
        optional("cluster"),
        optional("cluster-id"),
        optional("rule"),
    );
    let names = entry(table, "names").map(|names| {
        document
            .texts(&names)
            .into_iter()
            .map(Spanned::into_inner)
            .collect()
    });
    let ask = ask?;
    let mut words = document.texts(&ask).into_iter().map(Spanned::into_inner);
    let operation = match Operation::from_words(&words.next()?, &words.collect::<Vec<_>>()) {
        Ok(operation) => operation,
        Err(error) => {
            document.fault(ask.value.span(), error.to_string());
            return None;
        }
    };
    let expect = expect?;
    let text = document.text(&expect)?;
    let Some(expected) = [Decision::Allow, Decision::WouldDeny, Decision::Deny]
        .into_iter()
        .find(|decision| decision.name() == text)
    else {
        document.fault(expect.value.span(), "expected allow, deny or would-deny");
        return None;
    };
    Some(Case {
        line,
        operation,
        names,
        cluster: Cluster {
            host: host.unwrap_or_default(),
            id,
        },
        expected,
        rule,
    })
}
