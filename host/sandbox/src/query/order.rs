//! Turns the `order` parameter into SQL.

use crate::store::functions::COLLATION;
use crate::store::table::{Table, Type};

/// Returns the ORDER BY clause, or an empty string.
///
/// Unknown columns and directions are dropped without a word, as are columns that a selection
/// leaves out; both are habits of the real server that clients must know.
pub(crate) fn clause(table: &Table, order: &[String], select: Option<&[String]>) -> String {
    let mut terms: Vec<(&str, bool)> = Vec::new();
    for item in order {
        if let Some(term) = parse(table, item)
            && !terms.iter().any(|(column, _)| *column == term.0)
        {
            terms.push(term);
        }
    }
    if !terms.iter().any(|(column, _)| *column == "uuid") {
        for (column, ascending) in [("modified_at", false), ("uuid", false)] {
            if !terms.iter().any(|(known, _)| *known == column) {
                terms.push((column, ascending));
            }
        }
    }
    if let Some(names) = select {
        terms.retain(|(column, _)| names.iter().any(|name| name == column));
    }
    if terms.is_empty() {
        return String::new();
    }
    let terms: Vec<String> = terms
        .into_iter()
        .map(|(column, ascending)| {
            let collation = if is_locale_ordered(table, column) {
                format!(" COLLATE {COLLATION}")
            } else {
                String::new()
            };
            // Columns that are never null go without this clause, so that an index can serve.
            let nulls = match (column, ascending) {
                ("uuid" | "owner_uuid" | "created_at", _) => "",
                (_, true) => " NULLS LAST",
                (_, false) => " NULLS FIRST",
            };
            let direction = if ascending { "ASC" } else { "DESC" };
            format!("{column}{collation} {direction}{nulls}")
        })
        .collect();
    format!(" ORDER BY {}", terms.join(", "))
}

/// Says whether a column is ordered like a dictionary and not byte by byte.
///
/// UUIDs and hashes consist of digits and lower-case letters, for which both orders agree.
pub(crate) fn is_locale_ordered(table: &Table, column: &str) -> bool {
    let is_text = table
        .column(column)
        .is_some_and(|column| matches!(column.kind, Type::Text | Type::LongText));
    is_text && !column.ends_with("uuid") && column != "portable_data_hash"
}

/// Reads `[table.]column [direction]`.
fn parse(table: &Table, item: &str) -> Option<(&'static str, bool)> {
    let mut words = item.split_whitespace();
    let column = words.next()?;
    let ascending = match words.next().map(str::to_ascii_lowercase).as_deref() {
        None | Some("asc") => true,
        Some("desc") => false,
        Some(_) => return None,
    };
    if words.next().is_some() {
        return None;
    }
    let bare = column
        .strip_prefix(table.name)
        .and_then(|rest| rest.strip_prefix('.'));
    let column = table.column(bare.unwrap_or(column))?;
    Some((column.name, ascending))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::table::LINKS;

    fn text(order: &[&str], select: Option<&[&str]>) -> String {
        let order: Vec<String> = order.iter().map(ToString::to_string).collect();
        let select: Option<Vec<String>> =
            select.map(|names| names.iter().map(ToString::to_string).collect());
        clause(&LINKS, &order, select.as_deref())
    }

    #[test]
    fn the_default_is_newest_first() {
        let default = " ORDER BY modified_at DESC NULLS FIRST, uuid DESC";
        assert_eq!(text(&[], None), default);
        assert_eq!(text(&["nosuch asc", "name upward"], None), default);
    }

    #[test]
    fn a_unique_column_needs_no_default() {
        assert_eq!(
            text(&["created_at asc", "links.uuid DESC"], None),
            " ORDER BY created_at ASC, uuid DESC"
        );
    }

    #[test]
    fn columns_that_are_not_selected_are_dropped() {
        assert_eq!(
            text(&["created_at desc"], Some(&["uuid"])),
            " ORDER BY uuid DESC"
        );
        assert_eq!(text(&[], Some(&["name"])), "");
    }
}
