//! Reads one page of a list.

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Row, params_from_iter};

use super::filter::Filter;
use super::filters;
use super::{order, select};
use crate::error::ApiError;
use crate::permission::{Condition, Permissions};
use crate::store::table::{COLLECTIONS, Table};

/// Items on a page unless the client says otherwise.
pub(crate) const DEFAULT_LIMIT: i64 = 100;

/// What a client asked for.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The conditions.
    pub(crate) filters: Vec<Filter>,
    /// The order, in the client's words.
    pub(crate) order: Vec<String>,
    /// The attributes wanted; `None` means the default ones.
    pub(crate) select: Option<Vec<String>>,
    /// The most items wanted.
    pub(crate) limit: i64,
    /// How many items to leave out first.
    pub(crate) offset: i64,
    /// Whether to count all items.
    pub(crate) is_counted: bool,
    /// Whether equal items are shown once.
    pub(crate) is_distinct: bool,
    /// Whether the trash is searched too.
    pub(crate) include_trash: bool,
    /// Whether old versions of collections are searched too.
    pub(crate) include_old_versions: bool,
    /// Whether the conditions leave only what the user may see, so that nothing else is checked.
    pub(crate) is_unscoped: bool,
    /// Bytes of wide columns after which the page is cut.
    pub(crate) max_read: i64,
}

/// What is known of a page once its items have been read.
#[derive(Debug)]
pub(crate) struct Page {
    /// The number of its items.
    pub(crate) length: i64,
    /// The number of items on all pages.
    pub(crate) items_available: Option<i64>,
    /// The limit that was applied in the end; smaller than asked for if the page was cut.
    pub(crate) limit: i64,
}

/// Reads a page and hands over its items in order: each as a row that has the columns at these
/// places of the table.
///
/// A page ends early when the wide columns read so far exceed `max_read` bytes, so a short page
/// is not the last one.
///
/// # Errors
///
/// Refuses filters and selections as the modules beside this one say, and fails as `take` does.
pub(crate) fn read(
    connection: &Connection,
    table: &'static Table,
    request: &Request,
    permissions: &Permissions,
    extra: Option<Condition>,
    mut take: impl FnMut(&Row<'_>, &[usize]) -> rusqlite::Result<()>,
) -> Result<Page, ApiError> {
    if let Some(names) = &request.select {
        select::check(table, names)?;
    }
    let mut conditions = Vec::with_capacity(request.filters.len() + 3);
    for filter in &request.filters {
        conditions.push(filters::condition(table, filter)?);
    }
    if !request.is_unscoped {
        conditions.push(permissions.readable(table, request.include_trash));
    }
    if table.name == COLLECTIONS.name && !request.include_old_versions {
        conditions.push(Condition {
            sql: "current_version_uuid = uuid".to_owned(),
            parameters: vec![],
        });
    }
    conditions.extend(extra);
    let clause: Vec<String> = conditions
        .iter()
        .map(|condition| format!("({})", condition.sql))
        .collect();
    let clause = clause.join(" AND ");
    let parameters: Vec<Value> = conditions
        .into_iter()
        .flat_map(|condition| condition.parameters)
        .collect();
    let positions = select::positions(table, request.select.as_deref(), true);
    let distinct = if request.is_distinct { "DISTINCT " } else { "" };
    let columns: Vec<&str> = if request.is_distinct {
        // Only what was asked for may make items differ.
        let names = request.select.as_deref().unwrap_or_default();
        positions
            .iter()
            .map(|position| table.columns[*position].name)
            .filter(|column| names.is_empty() || names.iter().any(|name| name == column))
            .collect()
    } else {
        positions
            .iter()
            .map(|position| table.columns[*position].name)
            .collect()
    };
    let positions: Vec<usize> = columns
        .iter()
        .filter_map(|column| table.position(column))
        .collect();
    let columns = columns.join(",");
    let mut page = Page {
        length: 0,
        items_available: None,
        limit: request.limit,
    };
    if request.limit > 0 {
        let order = order::clause(table, &request.order, request.select.as_deref());
        let sql = format!(
            "SELECT {distinct}{columns} FROM {} WHERE {clause}{order} LIMIT {} OFFSET {}",
            table.name, request.limit, request.offset
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(&parameters))?;
        let wide: Vec<usize> = (0..positions.len())
            .filter(|index| select::is_wide(table.columns[positions[*index]].kind))
            .collect();
        let mut bytes_read = 0;
        while let Some(row) = rows.next()? {
            bytes_read += width(row, &wide)?;
            let is_cut = bytes_read >= request.max_read && bytes_read > 0;
            if is_cut && page.length > 0 {
                page.limit = page.length;
                break;
            }
            take(row, &positions)?;
            page.length += 1;
            if is_cut {
                page.limit = 1;
                break;
            }
        }
    }
    if request.is_counted {
        // Rows are counted, also where equal items are shown once.
        let sql = format!("SELECT count(*) FROM {} WHERE {clause}", table.name);
        let count = connection
            .prepare_cached(&sql)?
            .query_row(params_from_iter(&parameters), |row| row.get(0))?;
        page.items_available = Some(count);
    }
    Ok(page)
}

/// The bytes of the wide columns of a row.
fn width(row: &Row<'_>, wide: &[usize]) -> rusqlite::Result<i64> {
    let mut width = 0;
    for index in wide {
        if let ValueRef::Text(text) = row.get_ref(*index)? {
            width += i64::try_from(text.len()).unwrap_or(i64::MAX);
        }
    }
    Ok(width)
}
