//! From the text of a file to a layer.

use std::ops::Range;
use std::sync::Arc;

use super::audit::AuditRules;
use super::demands::Demands;
use super::document::{Document, Entry, Table, entry};
use super::error::Error;
use super::keepers::Keepers;
use super::keys::{Key, word};
use super::layer::{GuestRules, Layer, Listed, Mode};
use super::limits::Limits;
use super::origin::Origin;
use super::rule::{Effect, Rule, Stated, Verbs};
use crate::Verb;
use keepdocker_terms::digest::Digest;

/// The schema that this program reads.
pub const SCHEMA: &str = "keepdocker.policy/1";

/// The keys of each table of a policy file.
pub(super) const TOP_KEYS: [&str; 12] = [
    "schema",
    "name",
    "mode",
    "locked",
    "endpoints",
    "reuse",
    "verify",
    "guest",
    "limits",
    "audit",
    "allow",
    "deny",
];
pub(super) const GUEST_KEYS: [&str; 2] = ["sha256", "imports"];

/// Returns the keys that a rule can have.
pub(super) fn rule_keys() -> Vec<&'static str> {
    let narrowing = Key::ALL.into_iter().map(Key::name);
    ["id", "reason", "verbs"]
        .into_iter()
        .chain(narrowing)
        .collect()
}

impl Layer {
    /// Reads a policy.
    ///
    /// # Errors
    /// If the text is not a policy that this program can enforce to the letter; all faults are
    /// returned, each with its place.
    pub fn read(origin: Origin, file: &str, text: &str) -> Result<Self, Error> {
        Self::read_kept_by(&Keepers::of_process(), origin, file, text)
    }

    /// Does the same where others may keep the files that the policy names.
    pub(super) fn read_kept_by(
        keepers: &Keepers,
        origin: Origin,
        file: &str,
        text: &str,
    ) -> Result<Self, Error> {
        let file: Arc<str> = file.into();
        let mut document = Document::new(&file, text).with_files_of(origin, keepers);
        let top = document.parse();
        if document.is_sound() {
            check_schema(&mut document, &top);
        }
        // What follows means something only in a document of this schema.
        if !document.is_sound() {
            return Err(Error::Invalid(document.into_faults()));
        }
        document.known_keys(&top, "a policy", &TOP_KEYS);
        let name = entry(&top, "name").and_then(|name| document.text(&name));
        let (mode, mode_line) = read_mode(&mut document, &top);
        let locked = entry(&top, "locked")
            .and_then(|locked| document.truth(&locked))
            .unwrap_or(false);
        let guest = read_guest(&mut document, &top);
        let limits = Limits::read(&mut document, origin, &top);
        let demands = Demands::read(&mut document, origin, &top);
        let audit = AuditRules::read(&mut document, &top);
        let mut rules = read_rules(&mut document, &top, Effect::Deny);
        rules.extend(read_rules(&mut document, &top, Effect::Allow));
        check_ids(&mut document, &rules);
        if !document.is_sound() {
            return Err(Error::Invalid(document.into_faults()));
        }
        let rules = rules.into_iter().map(|(_, rule)| rule).collect();
        let sha256 = Digest::of(text.as_ref()).hex();
        Ok(Self {
            origin,
            file,
            sha256,
            name,
            mode,
            mode_line,
            locked,
            limits,
            demands,
            guest,
            audit,
            rules,
        })
    }
}

fn check_schema(document: &mut Document<'_>, top: &Table<'_>) {
    let Some(schema) = document.needed(top, 0..0, "the policy", "schema") else {
        return;
    };
    let at = schema.value.span();
    let Some(text) = document.text(&schema) else {
        return;
    };
    if text == SCHEMA {
        return;
    }
    let newer = text
        .strip_prefix("keepdocker.policy/")
        .and_then(|version| version.parse::<u32>().ok())
        .is_some_and(|version| version > 1);
    document.fault(
        at,
        if newer {
            format!("`{text}` needs a newer program; this one reads `{SCHEMA}`")
        } else {
            format!("the schema is not `{SCHEMA}`")
        },
    );
}

fn read_mode(document: &mut Document<'_>, top: &Table<'_>) -> (Mode, usize) {
    let Some(mode) = entry(top, "mode") else {
        return (Mode::Enforce, 1);
    };
    let at = mode.value.span();
    let line = document.line(&at);
    match document.text(&mode).as_deref() {
        Some("warn") => (Mode::Warn, line),
        Some("enforce") | None => (Mode::Enforce, line),
        Some(other) => {
            document.fault(
                at,
                format!("there is no mode `{other}`; the modes are: enforce, warn"),
            );
            (Mode::Enforce, line)
        }
    }
}

fn read_guest(document: &mut Document<'_>, top: &Table<'_>) -> GuestRules {
    let Some(guest) = entry(top, "guest") else {
        return GuestRules::default();
    };
    let Some(table) = document.table(&guest) else {
        return GuestRules::default();
    };
    document.known_keys(table, "`guest`", &GUEST_KEYS);
    let sha256 = entry(table, "sha256").map(|list| {
        let line = document.line(&list.value.span());
        Listed {
            line,
            values: parsed(document, &list, digest),
        }
    });
    let imports = entry(table, "imports").map(|list| {
        let line = document.line(&list.value.span());
        Listed {
            line,
            values: parsed(document, &list, |text| {
                word(text, "interface", &Verb::INTERFACES)
            }),
        }
    });
    GuestRules { sha256, imports }
}

fn digest(text: &str) -> Result<String, String> {
    Digest::from_hex(&text.to_ascii_lowercase())
        .map(|digest| digest.hex())
        .ok_or_else(|| "a SHA-256 digest has 64 hexadecimal digits".to_owned())
}

fn read_rules(
    document: &mut Document<'_>,
    top: &Table<'_>,
    effect: Effect,
) -> Vec<(Range<usize>, Rule)> {
    let Some(list) = entry(top, effect.name()) else {
        return Vec::new();
    };
    document
        .tables(&list)
        .into_iter()
        .filter_map(|(at, table)| read_rule(document, at, table, effect))
        .collect()
}

fn read_rule(
    document: &mut Document<'_>,
    at: Range<usize>,
    table: &Table<'_>,
    effect: Effect,
) -> Option<(Range<usize>, Rule)> {
    document.known_keys(table, "a rule", &rule_keys());
    let id = document.needed(table, at.clone(), "this rule", "id");
    let reason = document
        .needed(table, at.clone(), "this rule", "reason")
        .and_then(|reason| document.text(&reason));
    let verbs = document.needed(table, at, "this rule", "verbs");
    let (verb_words, verbs) = verbs
        .map(|verbs| read_verbs(document, &verbs))
        .unwrap_or_default();
    let conditions = read_conditions(document, table, effect, verbs);
    let id_entry = id?;
    let id_at = id_entry.value.span();
    let id = document.text(&id_entry)?;
    if id.len() > 64
        || !id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    {
        document.fault(
            id_at.clone(),
            "an id is made of at most 64 letters, digits, `-`, `_` and `.`",
        );
    }
    let line = document.line(&id_at);
    let file = Arc::clone(&document.file);
    Some((
        id_at,
        Rule {
            effect,
            id,
            reason: reason?,
            file,
            line,
            verbs,
            verb_words,
            conditions,
        },
    ))
}

fn read_verbs(document: &mut Document<'_>, entry: &Entry<'_, '_>) -> (Vec<String>, Verbs) {
    let mut verbs = Verbs::default();
    let mut words = Vec::new();
    for pattern in document.texts(entry) {
        match Verbs::covered_by(pattern.get_ref()) {
            Some(covered) => verbs = verbs.with(covered),
            None => document.fault(
                pattern.span(),
                format!(
                    "there is no verb `{}`; the verbs are `*`, an interface with `.*`, and: {}",
                    pattern.get_ref(),
                    Verb::NAMES.join(", ")
                ),
            ),
        }
        words.push(pattern.into_inner());
    }
    (words, verbs)
}

fn read_conditions(
    document: &mut Document<'_>,
    table: &Table<'_>,
    effect: Effect,
    verbs: Verbs,
) -> Vec<Stated> {
    let mut conditions = Vec::new();
    for key in Key::ALL {
        let Some(entry) = entry(table, key.name()) else {
            continue;
        };
        if !key.is_for(effect) {
            document.fault(
                entry.value.span(),
                format!(
                    "`{key}` says what is allowed at most, so it belongs in a rule that allows"
                ),
            );
            continue;
        }
        if let Some(verb) = verbs.iter().find(|verb| !key.is_about(*verb)) {
            let known: Vec<&str> = key.verbs().map(Verb::name).collect();
            document.fault(
                entry.value.span(),
                format!("`{key}` says nothing about {verb}; give {verb} a rule of its own (the key is for: {})", known.join(", ")),
            );
            continue;
        }
        if let Some(beside) = key.beside()
            && self::entry(table, beside).is_none()
        {
            document.fault(
                entry.value.span(),
                format!("`{key}` says nothing without `{beside}` beside it"),
            );
            continue;
        }
        let (words, condition) = key.read(document, &entry);
        if let Some(condition) = condition {
            conditions.push(Stated { condition, words });
        }
    }
    conditions
}

fn parsed<T>(
    document: &mut Document<'_>,
    entry: &Entry<'_, '_>,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Vec<T> {
    let texts = document.texts(entry);
    document.parsed(&texts, parse)
}

fn check_ids(document: &mut Document<'_>, rules: &[(Range<usize>, Rule)]) {
    let mut order: Vec<_> = rules.iter().collect();
    order.sort_by_key(|(at, _)| at.start);
    for (index, (at, rule)) in order.iter().enumerate() {
        if let Some((_, first)) = order[..index]
            .iter()
            .find(|(_, earlier)| earlier.id == rule.id)
        {
            document.fault(
                at.clone(),
                format!(
                    "the id `{}` is taken by the rule in line {}",
                    rule.id, first.line
                ),
            );
        }
    }
}
