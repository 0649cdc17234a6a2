//! Decides which attributes a request asked for.

use crate::error::ApiError;
use crate::store::table::{Table, Type};

/// Attributes that are no columns but may be selected.
const COMPUTED: [&str; 2] = ["kind", "etag"];

/// An attribute that there no longer is, but that old clients may still select.
const NO_LONGER: &str = "modified_by_client_uuid";

/// Checks a selection.
///
/// # Errors
///
/// Refuses an empty list and names that are no attributes, with the server's words for each case.
pub(crate) fn check(table: &Table, names: &[String]) -> Result<(), ApiError> {
    if names.iter().all(|name| name == NO_LONGER) {
        return Err(ApiError::argument(
            "Attribute selection list cannot be empty",
        ));
    }
    let underivable: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|name| table.name == "links" && matches!(*name, "head_kind" | "tail_kind"))
        .collect();
    for name in names.iter().filter(|name| *name != NO_LONGER) {
        let bare = name
            .strip_prefix(&format!("{}.", table.name))
            .unwrap_or(name);
        if !is_selectable(table, bare) && !underivable.contains(&bare) {
            return Err(ApiError::argument(format!(
                "Invalid attribute '{name}' of {} in select parameter",
                table.model
            )));
        }
    }
    if underivable.is_empty() {
        Ok(())
    } else {
        Err(ApiError::argument(format!(
            "Invalid attribute(s): {underivable:?}"
        )))
    }
}

/// Says whether a name is an attribute that a selection may hold.
pub(crate) fn is_selectable(table: &Table, name: &str) -> bool {
    let bare = name
        .strip_prefix(&format!("{}.", table.name))
        .unwrap_or(name);
    table.visible_column(bare).is_some()
        || COMPUTED.contains(&bare)
        || computed(table).contains(&bare)
}

/// Says whether a name alone, without its table, is an attribute that a selection may hold.
pub(crate) fn is_attribute(table: &Table, name: &str) -> bool {
    !name.contains('.') && is_selectable(table, name)
}

/// The attributes of a table that are computed from its columns.
pub(crate) fn computed(table: &Table) -> &'static [&'static str] {
    match table.name {
        "collections" => &["unsigned_manifest_text"],
        "users" => &[
            "full_name",
            "is_invited",
            "can_write",
            "can_manage",
            "writable_by",
        ],
        "groups" => &["can_write", "can_manage", "writable_by"],
        _ => &[],
    }
}

/// Returns the places of the columns to read.
///
/// Without a selection that is every visible column, except that a list leaves out the manifests,
/// which would be the bulk of it.
pub(crate) fn positions(table: &Table, names: Option<&[String]>, is_list: bool) -> Vec<usize> {
    let wants = |name: &str| match names {
        Some(names) => names.iter().any(|wanted| {
            let bare = wanted
                .strip_prefix(&format!("{}.", table.name))
                .unwrap_or(wanted);
            bare == name
                || (bare == "unsigned_manifest_text" && name == "manifest_text")
                || (bare == "full_name" && matches!(name, "first_name" | "last_name"))
                || (matches!(
                    bare,
                    "can_write" | "can_manage" | "writable_by" | "is_invited"
                ) && matches!(name, "uuid" | "owner_uuid" | "is_active"))
        }),
        None => !(is_list && name == "manifest_text"),
    };
    table
        .columns
        .iter()
        .enumerate()
        .filter(|(_, column)| {
            column.is_visible && wants(column.name)
                // Signing depends on these.
                || matches!(column.name, "trash_at" | "is_trashed")
        })
        .map(|(position, _)| position)
        .collect()
}

/// Says whether a column counts towards the limit on bytes read for one page.
pub(crate) fn is_wide(kind: Type) -> bool {
    matches!(
        kind,
        Type::LongText | Type::Object | Type::Mounts | Type::Array
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::table::{COLLECTIONS, LINKS};

    #[test]
    fn unknown_names_are_refused() {
        for name in ["nosuch", "updated_at", "file_names", "id"] {
            assert!(check(&COLLECTIONS, &[name.to_owned()]).is_err(), "{name}");
        }
        assert!(
            check(
                &COLLECTIONS,
                &["uuid".into(), "unsigned_manifest_text".into()]
            )
            .is_ok()
        );
        assert!(check(&LINKS, &["links.uuid".into(), "kind".into()]).is_ok());
        assert!(check(&LINKS, &[]).is_err());
    }
}
