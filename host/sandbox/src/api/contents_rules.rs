//! What a request for the contents of projects may ask, and of which tables.

use serde_json::Value;

use super::Call;
use crate::error::ApiError;
use crate::query::filter::Filter;
use crate::query::page::{Page, Request};
use crate::query::select;
use crate::store::table::{COLLECTIONS, CONTAINER_REQUESTS, CONTAINERS, GROUPS, Table};

/// The tables of what a project holds, in the order of the answer.
pub(super) static CONTENTS: [&Table; 3] = [&GROUPS, &CONTAINER_REQUESTS, &COLLECTIONS];

/// Says whether the filters want records of a table; without `is_a` they want all.
pub(super) fn wants(filters: &[Filter], table: &Table) -> bool {
    let mut kinds = filters
        .iter()
        .filter(|filter| filter.operator == "is_a")
        .flat_map(|filter| match &filter.operand {
            Value::Array(kinds) => kinds.clone(),
            kind => vec![kind.clone()],
        })
        .peekable();
    kinds.peek().is_none() || kinds.any(|kind| kind == table.kind)
}

/// Refuses filters on what belongs to no table of contents.
pub(super) fn check_filters(filters: &[Filter]) -> Result<(), ApiError> {
    let is_known = |name: &str| {
        matches!(name, "container" | "collection" | "workflows")
            || CONTENTS.iter().any(|table| table.name == name)
    };
    for filter in filters {
        if let Some((head, _)) = filter.attribute.split_once('.')
            && !is_known(head)
        {
            return Err(ApiError::argument(format!(
                "Invalid attribute '{}' in filter",
                filter.attribute
            )));
        }
    }
    Ok(())
}

/// Refuses a selection of what no table has.
pub(super) fn check_selection(request: &Request, call: &Call<'_>) -> Result<(), ApiError> {
    let names = request.select.as_deref().unwrap_or_default();
    let includes_containers = is_wanted(call, "container_uuid");
    let is_known = |name: &String| {
        let tables = CONTENTS.iter().copied();
        let further = includes_containers.then_some(&CONTAINERS);
        tables
            .chain(further)
            .any(|table| select::is_attribute(table, name))
    };
    match names.iter().find(|name| !is_known(name)) {
        Some(name) => Err(ApiError::argument(format!(
            "Invalid attribute '{name}' in select"
        ))),
        None => Ok(()),
    }
}

/// The selected attributes that a table has, without what is not signed here.
pub(super) fn known(table: &Table, names: &[String]) -> Vec<String> {
    names
        .iter()
        .filter(|name| select::is_attribute(table, name) && *name != "manifest_text")
        .cloned()
        .collect()
}

/// Says whether a term of the order is one at all: without a table it must be a column of groups.
pub(super) fn is_order(item: &str) -> bool {
    let name = item.split_whitespace().next().unwrap_or_default();
    name.contains('.') || GROUPS.column(name).is_some()
}

/// A filter as it concerns a table: one that names another table does not.
pub(super) fn meant_for(filter: &Filter, table: &Table) -> Option<Filter> {
    match filter.attribute.split_once('.') {
        None => Some(filter.clone()),
        Some((head, rest)) if head == table.name => Some(Filter {
            attribute: rest.to_owned(),
            ..filter.clone()
        }),
        Some(("container", _)) if table.name == CONTAINER_REQUESTS.name => Some(filter.clone()),
        Some(_) => None,
    }
}

/// What tables refused because they lack what a filter is about; others may have it.
#[derive(Default)]
pub(super) struct Refusals {
    reasons: Vec<String>,
    is_any_page: bool,
}

impl Refusals {
    /// Returns a page, or nothing for a table that lacks what a filter is about.
    pub(super) fn note(
        &mut self,
        table: &Table,
        page: Result<Page, ApiError>,
    ) -> Result<Option<Page>, ApiError> {
        let error = match page {
            Ok(page) => {
                self.is_any_page = true;
                return Ok(Some(page));
            }
            Err(error) => error,
        };
        let Some(reason) = error.argument_reason().filter(|reason| {
            reason.starts_with("Invalid attribute '")
                && (reason.contains("' for operator '")
                    || reason.ends_with("for subproperty filter"))
        }) else {
            return Err(error);
        };
        // The real service asks the workflows, too, of which there are none here.
        if table.name == COLLECTIONS.name && reason.contains("' for operator '") {
            self.reasons
                .push(format!("{reason} on object type Workflow"));
        }
        self.reasons
            .push(format!("{reason} on object type {}", table.model));
        Ok(None)
    }

    /// Fails if no table had it.
    pub(super) fn raise(self) -> Result<(), ApiError> {
        if self.is_any_page || self.reasons.is_empty() {
            return Ok(());
        }
        Err(ApiError::argument(self.reasons.join("\n")))
    }
}

/// Says whether a client wants something to be included.
pub(super) fn is_wanted(call: &Call<'_>, name: &str) -> bool {
    match call.params.get("include") {
        Some(Value::String(text)) => text.split(',').any(|part| part == name),
        Some(Value::Array(parts)) => parts.iter().any(|part| part == name),
        _ => false,
    }
}
