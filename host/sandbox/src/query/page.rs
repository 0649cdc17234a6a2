//! Reads one page of a list.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::filter::Filter;
use super::filters;
use super::{order, select};
use crate::error::ApiError;
use crate::permission::{Condition, Permissions};
use crate::store::record::Record;
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
    /// Bytes of wide columns after which the page is cut.
    pub(crate) max_read: i64,
}

/// One page.
#[derive(Debug)]
pub(crate) struct Page {
    /// The items.
    pub(crate) records: Vec<Record>,
    /// The number of items on all pages.
    pub(crate) items_available: Option<i64>,
    /// The limit that was applied in the end; smaller than asked for if the page was cut.
    pub(crate) limit: i64,
}

/// Reads a page.
///
/// A page ends early when the wide columns read so far exceed `max_read` bytes, so a short page
/// is not the last one.
///
/// # Errors
///
/// Refuses filters and selections as the modules beside this one say.
pub(crate) fn read(
    connection: &Connection,
    table: &'static Table,
    request: &Request,
    permissions: &Permissions,
    extra: Option<Condition>,
) -> Result<Page, ApiError> {
    if let Some(names) = &request.select {
        select::check(table, names)?;
    }
    let mut conditions = Vec::with_capacity(request.filters.len() + 3);
    for filter in &request.filters {
        conditions.push(filters::condition(table, filter)?);
    }
    conditions.push(permissions.readable(table, request.include_trash));
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
        records: Vec::new(),
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
        let mut bytes_read = 0;
        while let Some(row) = rows.next()? {
            let record = Record::read(table, &positions, row)?;
            bytes_read += width(&record, &positions);
            let is_cut = bytes_read >= request.max_read && bytes_read > 0;
            if is_cut && !page.records.is_empty() {
                page.limit = i64::try_from(page.records.len()).unwrap_or(i64::MAX);
                break;
            }
            page.records.push(record);
            if is_cut {
                page.limit = 1;
                break;
            }
        }
    }
    if request.is_counted {
        let sql = if request.is_distinct {
            format!(
                "SELECT count(*) FROM (SELECT DISTINCT {columns} FROM {} WHERE {clause})",
                table.name
            )
        } else {
            format!("SELECT count(*) FROM {} WHERE {clause}", table.name)
        };
        let count = connection
            .prepare_cached(&sql)?
            .query_row(params_from_iter(&parameters), |row| row.get(0))?;
        page.items_available = Some(count);
    }
    Ok(page)
}

/// The bytes of the wide columns of a record.
fn width(record: &Record, positions: &[usize]) -> i64 {
    positions
        .iter()
        .filter(|position| select::is_wide(record.table.columns[**position].kind))
        .map(|position| match record.at(*position) {
            Value::Text(text) => i64::try_from(text.len()).unwrap_or(i64::MAX),
            _ => 0,
        })
        .sum()
}
