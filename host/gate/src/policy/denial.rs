//! A denial in words: what was asked, why it is withheld, and what would change that.

use std::fmt;

use super::context::Context;
use super::keys::Condition;
use super::limits::Limit;
use super::origin::Origin;
use super::rule::{Effect, Rule, Stated};
use super::sources::SIGNERS;
use super::stack::{Cause, Policy, Ruling};
use crate::{Operation, Verb, quote};

/// Names from outside can be long; so much of them is shown.
const MAX_SHOWN: usize = 300;

/// Why the gate withholds an operation, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The number of the call, under which the record has it; 0 if it was not a call.
    pub number: u64,
    /// The operation's verb.
    pub verb: &'static str,
    /// The operation as words for a shell, cut where too long.
    pub asked: String,
    /// What the decision rests on.
    pub why: String,
    /// What to change, and who can.
    pub fix: String,
    /// The command that shows how the decision came about; none where that is an option's, of which no other command
    /// knows.
    pub explain: Option<String>,
}

impl Denial {
    /// Puts a ruling that denies in words: `asked` is what was asked for, `operation` as what it was judged.
    pub(crate) fn new(
        policy: &Policy,
        ruling: &Ruling<'_>,
        asked: &Operation,
        operation: &Operation,
        context: &Context<'_>,
        number: u64,
    ) -> Self {
        let (why, fix) = match ruling.cause {
            Cause::Rule(rule) => (
                format!("rule {rule} denies it: {}", rule.reason),
                format!("narrow rule {} down", rule.id),
            ),
            Cause::Limit(limit) => used_up(limit),
            Cause::NoRule(file) => {
                let rules = policy
                    .layers()
                    .iter()
                    .filter(|layer| layer.origin == ruling.origin && *layer.file == *file)
                    .flat_map(|layer| &layer.rules);
                match nearest(rules, operation, context) {
                    Some(rule) if *file == *SIGNERS => unsigned(rule, operation, context),
                    Some(rule) => not_quite(rule, operation, context),
                    None => (
                        format!("no rule of {file} allows {}", operation.verb()),
                        format!("add a rule that allows {}", operation.verb()),
                    ),
                }
            }
        };
        let (fix, is_explained) = match ruling.source().0 {
            SIGNERS => (fix, false),
            file => (format!("{fix} {}", by_whom(ruling.origin, file)), true),
        };
        let asked = shown(asked.to_string());
        let given = policy
            .layers()
            .iter()
            .filter(|layer| layer.origin == Origin::Given && *layer.file != *SIGNERS)
            .map(|layer| &*layer.file);
        let names = context.names.unwrap_or_default().iter();
        let names: String = names
            .map(|name| format!(" --image-name {}", quote(name)))
            .collect();
        let explain = is_explained.then(|| format!("{} {asked}{names}", explain_with(given)));
        Self {
            number,
            verb: operation.verb().name(),
            asked,
            why,
            fix,
            explain,
        }
    }

    /// Adds what was looked at before it was decided; nothing if that is empty.
    pub(crate) fn with(mut self, evidence: &str) -> Self {
        if !evidence.is_empty() {
            self.why = format!("{}; {evidence}", self.why);
        }
        self
    }

    /// Puts in words that a limit is reached in the middle of an operation.
    pub(crate) fn over_limit(limit: &Limit, verb: Verb) -> Self {
        let (why, fix) = used_up(limit);
        let fix = format!("{fix} {}", by_whom(limit.origin, &limit.file));
        let given = (limit.origin == Origin::Given).then_some(&*limit.file);
        Self {
            number: 0,
            verb: verb.name(),
            asked: verb.to_string(),
            why,
            fix,
            explain: Some(format!("{} {verb}", explain_with(given))),
        }
    }
}

/// Begins the command that explains a decision under the same layers.
fn explain_with<'f>(given: impl IntoIterator<Item = &'f str>) -> String {
    let given: String = given
        .into_iter()
        .map(|file| format!(" --policy {}", quote(file)))
        .collect();
    format!("keepdocker{given} policy explain")
}

/// Writes it all on one line, as the component gets to see it.
impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is denied by policy: {}; to change that, {}",
            self.asked, self.why, self.fix
        )
    }
}

/// Returns the rule that comes nearest to allowing an operation: it names the verb, and fewer
/// conditions are unmet than in any other.
pub(super) fn nearest<'r>(
    rules: impl Iterator<Item = &'r Rule>,
    operation: &Operation,
    context: &Context<'_>,
) -> Option<&'r Rule> {
    rules
        .filter(|rule| rule.effect == Effect::Allow && rule.names(operation))
        .min_by_key(|rule| rule.unmet(operation, context).count())
}

fn not_quite(rule: &Rule, operation: &Operation, context: &Context<'_>) -> (String, String) {
    let allows: Vec<String> = rule
        .unmet(operation, context)
        .map(|(stated, _)| format!("`{}` {}", stated.condition.key(), stated.words.join(", ")))
        .collect();
    let fixes: Vec<String> = rule
        .unmet(operation, context)
        .map(|(stated, _)| fix(stated, operation, context))
        .collect();
    let why = format!(
        "no rule allows it; nearest is {rule}, which allows {} with {}",
        operation.verb(),
        allows.join(" and ")
    );
    (why, format!("{} in rule {}", fixes.join(" and "), rule.id))
}

/// Says what the option for signers asks for.
fn unsigned(rule: &Rule, operation: &Operation, context: &Context<'_>) -> (String, String) {
    let unmet = rule.unmet(operation, context);
    let signers: Vec<String> = unmet
        .filter(|(stated, _)| matches!(stated.condition, Condition::Signers(_)))
        .flat_map(|(stated, _)| stated.words.clone())
        .collect();
    (
        format!(
            "`{SIGNERS}` asks for a signature of {}",
            signers.join(" or ")
        ),
        format!("have the image signed, or name who signed it by `{SIGNERS}`"),
    )
}

fn fix(stated: &Stated, operation: &Operation, context: &Context<'_>) -> String {
    let key = stated.condition.key();
    if let Some(remedy) = stated.condition.remedy() {
        return remedy;
    }
    match stated.condition.value(operation, context) {
        Some(value) => format!("add `{}` to `{key}`", shown(value)),
        None => format!("have `*` as `{key}`, since it is not known here,"),
    }
}

fn used_up(limit: &Limit) -> (String, String) {
    let value = limit.counted.show(limit.value);
    (
        format!(
            "`{}` is {value} ({}:{}), and that is used up",
            limit.counted, limit.file, limit.line
        ),
        format!("raise `{}`", limit.counted),
    )
}

fn by_whom(origin: Origin, file: &str) -> String {
    match origin {
        Origin::BuiltIn => "(which is part of this program)".to_owned(),
        Origin::System => format!("in {file} (which the administrator of this machine keeps)"),
        Origin::User | Origin::Given => format!("in {file}"),
    }
}

fn shown(mut text: String) -> String {
    if text.len() > MAX_SHOWN {
        text.truncate(text.floor_char_boundary(MAX_SHOWN));
        text.push('…');
    }
    text
}
