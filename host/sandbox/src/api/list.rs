//! Answers list requests of every table.

use hyper::StatusCode;
use rusqlite::Row;
use serde_json::{Map, Value};

use super::Call;
use super::list_options::Options;
use super::render::{Renderer, Shape};
use super::{service_params, sharing, users};
use crate::error::ApiError;
use crate::query::page;
use crate::store::record::Record;
use crate::store::table::{LINKS, Table};

/// Lists a table; the answer is JSON.
pub(crate) fn list(call: &Call<'_>, table: &'static Table) -> Result<Vec<u8>, ApiError> {
    let options = Options::read(call)?;
    // The query is as long as its filters, so it is worked out only where somebody gets to see it.
    answer(call, table, &options).inspect_err(|_| options.note(call, Some(table), None))
}

fn answer(call: &Call<'_>, table: &'static Table, options: &Options) -> Result<Vec<u8>, ApiError> {
    let settings = &call.cluster.settings;
    let kind = format!("{}List", table.kind);
    if !options.is_answerable(&call.cluster.id, settings.max_items_per_response)? {
        let mut frame = envelope(Vec::new(), &kind, 0, 0);
        if options.count != "none" {
            frame.insert("items_available".to_owned(), 0.into());
        }
        return Ok(Value::from(frame).to_string().into_bytes());
    }
    call.cluster.store.with(|connection| {
        let actor = call.actor(connection)?;
        if call.params.is("bypass_federation") && !actor.permissions.is_admin {
            return Err(ApiError::service(
                StatusCode::FORBIDDEN,
                "The bypass_federation parameter is only permitted when current user is admin",
            ));
        }
        let mut request = options.request(call)?;
        request.filters.extend(options.equalities(table));
        if table.name == LINKS.name {
            sharing::widen(connection, &mut request, &actor.permissions)?;
        }
        let is_public_user = table.name == "users" && !actor.permissions.is_admin;
        let extra = match table.name {
            "users" => users::listed(&actor.permissions),
            _ => None,
        };
        let renderer = Renderer::new(call, connection, &actor);
        let shape = Shape::new(table, request.select.as_deref());
        // Thousands of records go into a page: they are written as they are read.
        let mut body = b"{\"items\":[".to_vec();
        let begin = body.len();
        let take = |row: &Row<'_>, positions: &[usize]| {
            if body.len() > begin {
                body.push(b',');
            }
            if is_public_user {
                let record = Record::read(table, positions, row)?;
                let mut item = renderer.object(&record, request.select.as_deref())?;
                users::blank(&mut item);
                body.extend_from_slice(Value::from(item).to_string().as_bytes());
                return Ok(());
            }
            renderer.write_row(row, positions, &shape, &mut body)
        };
        let page = page::read(connection, table, &request, &actor.permissions, extra, take)?;
        body.extend_from_slice(b"],");
        let mut frame = envelope(Vec::new(), &kind, page.limit, request.offset);
        frame.remove("items");
        if table.name == "groups" {
            frame.insert("included".to_owned(), Value::Array(Vec::new()));
        }
        if let Some(count) = page.items_available {
            frame.insert("items_available".to_owned(), count.into());
        }
        body.extend_from_slice(&Value::from(frame).to_string().as_bytes()[1..]);
        Ok(body)
    })
}

/// Lists a table that the controller does not know itself.
pub(crate) fn handed_on(call: &Call<'_>, table: &'static Table) -> Result<Value, ApiError> {
    call.cluster.store.with(|connection| {
        let actor = call.actor(connection)?;
        let options = service_params::list_options(call.params)?;
        let mut request = options.request(call)?;
        request.filters.extend(options.equalities(table));
        let renderer = Renderer::new(call, connection, &actor);
        let shape = Shape::handed_on(table, request.select.as_deref());
        let mut items: Vec<Value> = Vec::new();
        let take = |row: &Row<'_>, positions: &[usize]| {
            let record = Record::read(table, positions, row)?;
            items.push(renderer.shaped(&record, &shape)?.into());
            Ok(())
        };
        let page = page::read(connection, table, &request, &actor.permissions, None, take)?;
        let kind = format!("{}List", table.kind);
        let mut frame = envelope(items, &kind, page.limit, request.offset);
        frame.insert("etag".to_owned(), "".into());
        frame.insert("self_link".to_owned(), "".into());
        if let Some(count) = page.items_available {
            frame.insert("items_available".to_owned(), count.into());
        }
        Ok(frame.into())
    })
}

/// The frame around a page.
pub(crate) fn envelope(
    items: Vec<Value>,
    kind: &str,
    limit: i64,
    offset: i64,
) -> Map<String, Value> {
    Map::from_iter([
        ("kind".to_owned(), kind.into()),
        ("items".to_owned(), items.into()),
        ("limit".to_owned(), limit.into()),
        ("offset".to_owned(), offset.into()),
    ])
}
