//! Answers list requests of every table.

use std::collections::HashSet;

use hyper::StatusCode;
use rusqlite::Row;
use serde_json::{Map, Value};

use super::render::{Renderer, Shape};
use super::{Call, form};
use crate::error::ApiError;
use crate::query::filter::{self, Filter};
use crate::query::page::{self, DEFAULT_LIMIT, Request};
use crate::query::words::{go_quoted, go_type};
use crate::store::record::Record;
use crate::store::table::Table;
use crate::uuid;

/// The parameters of a list request as the controller understands them.
#[derive(Debug)]
pub(crate) struct Options {
    has_filters: bool,
    filters: Vec<Filter>,
    order: Option<Vec<String>>,
    select: Option<Vec<String>>,
    limit: i64,
    offset: i64,
    count: String,
    is_distinct: bool,
    include_trash: bool,
    include_old_versions: bool,
}

impl Options {
    /// Reads the parameters.
    ///
    /// # Errors
    ///
    /// Refuses what does not fit the type of a parameter.
    pub(crate) fn read(call: &Call<'_>) -> Result<Options, ApiError> {
        let params = call.params;
        for name in ["where", "include", "recursive", "exclude_home_project"] {
            if params.is(name) {
                return Err(ApiError::controller(
                    StatusCode::NOT_IMPLEMENTED,
                    format!("the sandbox does not implement {name}"),
                ));
            }
        }
        let order = match params.get("order") {
            Some(Value::String(text)) => {
                Some(text.split(',').map(|item| item.trim().to_owned()).collect())
            }
            _ => params.strings("order", "ListOptions")?,
        };
        let filters = params.get("filters").map(filter::parse).transpose()?;
        Ok(Options {
            has_filters: filters.is_some(),
            filters: filters.unwrap_or_default(),
            order,
            select: params.strings("select", "ListOptions")?,
            limit: params.integer("limit")?.unwrap_or(-1),
            offset: params.integer("offset")?.unwrap_or(0),
            count: params.text("count").unwrap_or_default().to_owned(),
            is_distinct: params.is("distinct"),
            include_trash: params.is("include_trash"),
            include_old_versions: params.is("include_old_versions"),
        })
    }

    /// Notes the query that the controller sends to the service behind it; errors show it.
    pub(crate) fn note(&self, call: &Call<'_>, table: Option<&Table>) {
        let filters = go_json(&Value::Array(
            self.filters
                .iter()
                .map(|filter| {
                    Value::Array(vec![
                        filter.attribute.clone().into(),
                        filter.operator.clone().into(),
                        filter.operand.clone(),
                    ])
                })
                .collect(),
        ));
        let limit = self.limit.to_string();
        let offset = self.offset.to_string();
        let order = self
            .order
            .as_ref()
            .map(|order| go_json(&order.clone().into()));
        let select = self.select.as_ref().map(|names| match table {
            Some(table) => sent_selection(table, names),
            None => go_json(&names.clone().into()),
        });
        let forwarded_for = format!("{}-", call.cluster.id);
        let mut pairs = vec![("cluster_id", ""), ("count", self.count.as_str())];
        if self.is_distinct {
            pairs.push(("distinct", "true"));
        }
        if self.has_filters {
            pairs.push(("filters", &filters));
        }
        pairs.push(("forwarded_for", &forwarded_for));
        if self.include_old_versions {
            pairs.push(("include_old_versions", "true"));
        }
        if self.include_trash {
            pairs.push(("include_trash", "true"));
        }
        if self.limit >= 0 {
            pairs.push(("limit", &limit));
        }
        pairs.push(("offset", &offset));
        if let Some(order) = &order {
            pairs.push(("order", order));
        }
        if let Some(select) = &select {
            pairs.push(("select", select));
        }
        call.set_query(&form(&pairs));
    }

    /// Checks the rest and makes a request for a page of it.
    ///
    /// # Errors
    ///
    /// Refuses a negative offset and a way of counting that does not exist.
    pub(crate) fn request(&self, call: &Call<'_>) -> Result<Request, ApiError> {
        if self.offset < 0 {
            return Err(ApiError::argument("Invalid value for offset parameter"));
        }
        let is_counted = match self.count.as_str() {
            "" | "exact" => true,
            "none" => false,
            _ => {
                return Err(ApiError::argument(
                    "count parameter must be 'exact' or 'none'",
                ));
            }
        };
        let mut limit = if self.limit < 0 {
            DEFAULT_LIMIT
        } else {
            self.limit
        };
        if let Some(cut) = call.cluster.faults.page_limit() {
            limit = limit.min(cut);
        }
        Ok(Request {
            filters: self.filters.clone(),
            order: self.order.clone().unwrap_or_default(),
            select: self.select.clone(),
            limit: limit.min(call.cluster.settings.max_items_per_response),
            offset: self.offset,
            is_counted,
            is_distinct: self.is_distinct,
            include_trash: self.include_trash,
            include_old_versions: self.include_old_versions,
            max_read: call.cluster.settings.max_index_database_read,
        })
    }

    /// Decides whether the query concerns this cluster alone.
    ///
    /// A query by UUID that names another cluster would have to be split, which works only for
    /// the plainest ones. `false` means that nothing can match.
    fn is_answerable(&self, cluster: &str, max_items: i64) -> Result<bool, ApiError> {
        let refuse = |text: String| Err(ApiError::controller(StatusCode::BAD_REQUEST, text));
        let mut is_plain = true;
        let mut wanted: Option<HashSet<&str>> = None;
        for filter in &self.filters {
            let uuids: HashSet<&str> = match (filter.attribute.as_str(), filter.operator.as_str()) {
                ("uuid", "=") => match &filter.operand {
                    Value::String(uuid) => HashSet::from([uuid.as_str()]),
                    other => {
                        return refuse(format!(
                            "invalid operand type {} for filter {}",
                            go_type(other),
                            go_filter(filter)
                        ));
                    }
                },
                ("uuid", "in") => match &filter.operand {
                    Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
                    other => {
                        return refuse(format!(
                            "invalid operand type {} in filter {}",
                            go_type(other),
                            go_filter(filter)
                        ));
                    }
                },
                _ => {
                    is_plain = false;
                    continue;
                }
            };
            wanted = Some(match wanted {
                None => uuids,
                Some(known) => known.intersection(&uuids).copied().collect(),
            });
        }
        let Some(wanted) = wanted else {
            return Ok(true);
        };
        let uuids: Vec<&str> = wanted
            .into_iter()
            .filter(|uuid| uuid.len() == uuid::LENGTH)
            .collect();
        if uuids.is_empty() {
            return Ok(false);
        }
        if uuids.iter().all(|uuid| uuid.starts_with(cluster)) {
            return Ok(true);
        }
        if !is_plain {
            return refuse(
                "cannot execute federated list query: each filter must be either 'uuid = ...' or \
                 'uuid in [...]'"
                    .to_owned(),
            );
        }
        if self.count != "none" {
            return refuse("cannot execute federated list query unless count==\"none\"".to_owned());
        }
        let count = i64::try_from(uuids.len()).unwrap_or(i64::MAX);
        let order = self.order.clone().unwrap_or_default();
        if (self.limit >= 0 && self.limit < count) || self.offset != 0 || !order.is_empty() {
            return refuse(format!(
                "cannot execute federated list query with limit ({}) < nUUIDs ({count}), offset \
                 ({}) > 0, or order ({}) parameter",
                self.limit,
                self.offset,
                order.join(" ")
            ));
        }
        if count > max_items {
            return refuse(format!(
                "cannot execute federated list query because number of UUIDs ({count}) exceeds \
                 page size limit {max_items}"
            ));
        }
        let stranger = uuids
            .iter()
            .find(|uuid| !uuid.starts_with(cluster))
            .unwrap_or(&"");
        refuse(format!(
            "cannot execute federated list query: cluster {:?} is not configured",
            stranger.get(..5).unwrap_or_default()
        ))
    }
}

/// Lists a table; the answer is JSON.
pub(crate) fn list(call: &Call<'_>, table: &'static Table) -> Result<Vec<u8>, ApiError> {
    let options = Options::read(call)?;
    // The query is as long as its filters, so it is worked out only where somebody gets to see it.
    answer(call, table, &options).inspect_err(|_| options.note(call, Some(table)))
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
            return Err(ApiError::permission_denied());
        }
        let request = options.request(call)?;
        let is_public_user =
            table.name == "users" && request.select.is_none() && !actor.permissions.is_admin;
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
                let mut item = renderer.object(&record, None)?;
                users_public(&mut item);
                body.extend_from_slice(Value::from(item).to_string().as_bytes());
                return Ok(());
            }
            renderer.write_row(row, positions, &shape, &mut body)
        };
        let page = page::read(connection, table, &request, &actor.permissions, None, take)?;
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

/// Blanks what other users do not see of a user.
fn users_public(item: &mut Map<String, Value>) {
    for name in [
        "full_name",
        "identity_url",
        "etag",
        "owner_uuid",
        "modified_by_user_uuid",
    ] {
        item.insert(name.to_owned(), "".into());
    }
    for name in ["created_at", "modified_at", "prefs"] {
        item.insert(name.to_owned(), Value::Null);
    }
    item.remove("writable_by");
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

/// The selection that the controller sends on: for collections it adds what signing needs.
pub(crate) fn sent_selection(table: &Table, names: &[String]) -> String {
    let mut sent: Vec<Value> = Vec::new();
    if table.name == "collections" && !names.is_empty() {
        sent.extend(["is_trashed".into(), "trash_at".into()]);
    }
    sent.extend(names.iter().map(|name| Value::from(name.as_str())));
    go_json(&Value::Array(sent))
}

/// Writes JSON with the escapes that the controller's encoder adds.
fn go_json(value: &Value) -> String {
    value
        .to_string()
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}

/// Writes a filter as the controller prints one.
fn go_filter(filter: &Filter) -> String {
    format!(
        "{{{:?} {:?} {}}}",
        filter.attribute,
        filter.operator,
        go_quoted(&filter.operand)
    )
}
