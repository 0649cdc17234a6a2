//! A TOML document, read strictly: every fault is noted with its place, and none is passed over.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::error::Fault;
use super::file::PolicyFile;
use super::keepers::Keepers;
use super::origin::Origin;

/// Longer lists are a mistake, or an attack.
const MAX_ITEMS: usize = 1000;
const MAX_TEXT: usize = 1000;

/// The faults of a document, and what is needed to tell where they are.
#[derive(Debug)]
pub(super) struct Document<'t> {
    pub(super) file: Arc<str>,
    text: &'t str,
    faults: Vec<(usize, Fault)>,
    /// Whose document it is, and who may keep the files that it names.
    kept: Option<(Origin, Keepers)>,
}

/// A table of the document.
pub(super) type Table<'t> = DeTable<'t>;

/// A value with the place of its key.
pub(super) struct Entry<'a, 't> {
    pub(super) value: &'a Spanned<DeValue<'t>>,
}

impl<'t> Document<'t> {
    pub(super) fn new(file: &Arc<str>, text: &'t str) -> Self {
        Self {
            file: Arc::clone(file),
            text,
            faults: Vec::new(),
            kept: None,
        }
    }

    /// Has the files that the document names kept by the same accounts as itself.
    pub(super) fn with_files_of(mut self, origin: Origin, keepers: &Keepers) -> Self {
        self.kept = Some((origin, keepers.clone()));
        self
    }

    /// Reads a file that the document names; whoever could change it could change what the document says.
    pub(super) fn read_kept(&self, path: &Path) -> Result<String, String> {
        let file = PolicyFile::open(path).map_err(|error| error.to_string())?;
        if let Some((origin, keepers)) = &self.kept {
            keepers
                .check(*origin, &file, None)
                .map_err(|error| error.to_string())?;
        }
        Ok(file.text)
    }

    /// Parses the text; the faults are the parser's.
    pub(super) fn parse(&mut self) -> Table<'t> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let at = error.span().unwrap_or(0..0);
            self.fault(
                at,
                error
                    .message()
                    .lines()
                    .next()
                    .unwrap_or("this is not TOML")
                    .to_owned(),
            );
        }
        table.into_inner()
    }

    /// Notes a fault.
    pub(super) fn fault(&mut self, at: Range<usize>, message: impl Into<String>) {
        let (line, column) = place(self.text, at.start);
        self.faults.push((
            at.start,
            Fault {
                file: self.file.to_string(),
                line,
                column,
                message: message.into(),
            },
        ));
    }

    /// Returns the line of a place, from 1.
    pub(super) fn line(&self, at: &Range<usize>) -> usize {
        place(self.text, at.start).0
    }

    pub(super) fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }

    /// Returns the faults in the document's order.
    pub(super) fn into_faults(mut self) -> Vec<Fault> {
        self.faults.sort_by_key(|(at, _)| *at);
        self.faults.into_iter().map(|(_, fault)| fault).collect()
    }

    /// Notes every key of a table that is not one of these.
    pub(super) fn known_keys(&mut self, table: &Table<'_>, what: &str, keys: &[&str]) {
        for key in table.keys() {
            if !keys.contains(&key.get_ref().as_ref()) {
                self.fault(
                    key.span(),
                    format!(
                        "unknown key `{}`; {what} has: {}",
                        key.get_ref(),
                        keys.join(", ")
                    ),
                );
            }
        }
    }

    /// Returns the value of a key that must be there.
    pub(super) fn needed<'a, 'v>(
        &mut self,
        table: &'a Table<'v>,
        owner: Range<usize>,
        what: &str,
        key: &str,
    ) -> Option<Entry<'a, 'v>> {
        let entry = entry(table, key);
        if entry.is_none() {
            self.fault(owner, format!("{what} lacks `{key}`"));
        }
        entry
    }

    /// Reads a text that is not empty and fits on a line.
    pub(super) fn text(&mut self, entry: &Entry<'_, '_>) -> Option<String> {
        let span = entry.value.span();
        match entry.value.get_ref() {
            DeValue::String(text) => self.check_text(text, span),
            other => {
                self.wrong_type(span, other, "a text in quotes");
                None
            }
        }
    }

    fn check_text(&mut self, text: &DeString<'_>, span: Range<usize>) -> Option<String> {
        if text.trim().is_empty() {
            self.fault(span, "this text is empty");
        } else if text.len() > MAX_TEXT {
            self.fault(span, format!("this text is longer than {MAX_TEXT} bytes"));
        } else if text.chars().any(char::is_control) {
            self.fault(span, "this text has control characters in it");
        } else {
            return Some(text.to_string());
        }
        None
    }

    pub(super) fn truth(&mut self, entry: &Entry<'_, '_>) -> Option<bool> {
        match entry.value.get_ref() {
            DeValue::Boolean(truth) => Some(*truth),
            other => {
                self.wrong_type(entry.value.span(), other, "`true` or `false`");
                None
            }
        }
    }

    pub(super) fn number(&mut self, entry: &Entry<'_, '_>) -> Option<u64> {
        let number = match entry.value.get_ref() {
            DeValue::Integer(digits) => u64::from_str_radix(digits.as_str(), digits.radix()).ok(),
            _ => None,
        };
        if number.is_none() {
            self.fault(entry.value.span(), "expected a whole number, 0 or more");
        }
        number
    }

    /// Reads a quantity, which `read` makes of a text; `wanted` says what it looks like.
    pub(super) fn quantity(
        &mut self,
        entry: &Entry<'_, '_>,
        read: impl Fn(&str) -> Option<u64>,
        wanted: &str,
    ) -> Option<u64> {
        let text = self.text(entry)?;
        let value = read(&text);
        if value.is_none() {
            self.fault(entry.value.span(), format!("`{text}` is not {wanted}"));
        }
        value
    }

    /// Reads a list of texts that is not empty, each with its place.
    pub(super) fn texts(&mut self, entry: &Entry<'_, '_>) -> Vec<Spanned<String>> {
        let DeValue::Array(items) = entry.value.get_ref() else {
            self.wrong_type(entry.value.span(), entry.value.get_ref(), "a list of texts");
            return Vec::new();
        };
        if items.is_empty() {
            self.fault(
                entry.value.span(),
                "this list is empty; to say everything, write [\"*\"]",
            );
        }
        if items.len() > MAX_ITEMS {
            self.fault(
                entry.value.span(),
                format!("this list has more than {MAX_ITEMS} items"),
            );
            return Vec::new();
        }
        let mut texts: Vec<Spanned<String>> = Vec::with_capacity(items.len());
        for item in items.iter() {
            match item.get_ref() {
                DeValue::String(text) => {
                    let Some(checked) = self.check_text(text, item.span()) else {
                        continue;
                    };
                    if texts.iter().any(|present| *present.get_ref() == checked) {
                        self.fault(item.span(), format!("`{checked}` stands here twice"));
                    }
                    texts.push(Spanned::new(item.span(), checked));
                }
                other => self.wrong_type(item.span(), other, "a text in quotes"),
            }
        }
        texts
    }

    /// Parses each of these texts, and notes what is wrong with it.
    pub(super) fn parsed<T>(
        &mut self,
        texts: &[Spanned<String>],
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        let mut parsed = Vec::with_capacity(texts.len());
        for text in texts {
            match parse(text.get_ref()) {
                Ok(value) => parsed.push(value),
                Err(message) => self.fault(text.span(), message),
            }
        }
        parsed
    }

    /// Reads a table.
    pub(super) fn table<'a, 'v>(&mut self, entry: &Entry<'a, 'v>) -> Option<&'a Table<'v>> {
        match entry.value.get_ref() {
            DeValue::Table(table) => Some(table),
            other => {
                self.wrong_type(entry.value.span(), other, "a table");
                None
            }
        }
    }

    /// Reads a list of tables, each with its place.
    pub(super) fn tables<'a, 'v>(
        &mut self,
        entry: &Entry<'a, 'v>,
    ) -> Vec<(Range<usize>, &'a Table<'v>)> {
        let DeValue::Array(items) = entry.value.get_ref() else {
            self.wrong_type(
                entry.value.span(),
                entry.value.get_ref(),
                "a list of tables, each under a heading in double brackets",
            );
            return Vec::new();
        };
        if items.len() > MAX_ITEMS {
            self.fault(
                entry.value.span(),
                format!("there are more than {MAX_ITEMS} of these"),
            );
            return Vec::new();
        }
        let mut tables = Vec::with_capacity(items.len());
        for item in items.iter() {
            match item.get_ref() {
                DeValue::Table(table) => tables.push((item.span(), table)),
                other => self.wrong_type(item.span(), other, "a table"),
            }
        }
        tables
    }

    fn wrong_type(&mut self, at: Range<usize>, value: &DeValue<'_>, wanted: &str) {
        self.fault(
            at,
            format!(
                "expected {wanted}, but this is {} {}",
                article(value.type_str()),
                value.type_str()
            ),
        );
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o']) {
        "an"
    } else {
        "a"
    }
}

/// Returns the value of a key, if it is there.
pub(super) fn entry<'a, 't>(table: &'a Table<'t>, key: &str) -> Option<Entry<'a, 't>> {
    table.get(key).map(|value| Entry { value })
}

/// Returns line and column of a byte, both from 1.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(at)];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}
