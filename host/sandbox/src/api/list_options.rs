//! The parameters of list requests.

use std::collections::HashSet;

use hyper::StatusCode;
use serde_json::{Map, Value};

use super::{Call, form};
use crate::error::ApiError;
use crate::query::filter::{self, Filter};
use crate::query::page::{DEFAULT_LIMIT, Request};
use crate::query::words::{go_quoted, go_type, json_type};
use crate::store::table::Table;
use crate::uuid;

/// The parameters of a list request as the controller understands them.
#[derive(Debug)]
pub(crate) struct Options {
    pub(super) has_filters: bool,
    pub(super) filters: Vec<Filter>,
    pub(super) order: Option<Vec<String>>,
    pub(super) select: Option<Vec<String>>,
    pub(super) limit: i64,
    pub(super) offset: i64,
    pub(super) count: String,
    pub(super) is_distinct: bool,
    pub(super) include_trash: bool,
    pub(super) include_old_versions: bool,
    pub(super) equal: Map<String, Value>,
}

impl Options {
    /// Reads the parameters.
    ///
    /// # Errors
    ///
    /// Refuses what does not fit the type of a parameter.
    pub(crate) fn read(call: &Call<'_>) -> Result<Options, ApiError> {
        let params = call.params;
        let equal = match params.get("where") {
            None => Map::new(),
            Some(Value::Object(equal)) => equal.clone(),
            Some(other) => {
                return Err(ApiError::transcode(format!(
                    "json: cannot unmarshal {} into Go struct field ListOptions.where of type \
                     map[string]interface {{}}",
                    json_type(other)
                )));
            }
        };
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
            equal,
        })
    }

    /// Notes the query that the controller sends to the service behind it; errors show it.
    pub(crate) fn note(&self, call: &Call<'_>, table: Option<&Table>, uuid: Option<&str>) {
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
        let wanted = go_json(&self.equal.clone().into());
        let include = match call.params.get("include") {
            Some(Value::String(text)) => Some(go_json(&text.split(',').map(Value::from).collect())),
            other => other.map(go_json),
        };
        let forwarded_for = format!("{}-", call.cluster.id);
        let is_set = |name: &'static str| call.params.is(name).then_some((name, "true"));
        let mut pairs = Vec::new();
        if table.is_some() {
            pairs.extend(is_set("bypass_federation"));
        }
        pairs.extend([("cluster_id", ""), ("count", self.count.as_str())]);
        pairs.extend(is_set("distinct"));
        if table.is_none() {
            pairs.extend(is_set("exclude_home_project"));
        }
        if self.has_filters {
            pairs.push(("filters", &filters));
        }
        // Groups and what is in them are not asked for on behalf of another cluster.
        if table.is_some() && !call.params.is("bypass_federation") {
            pairs.push(("forwarded_for", &forwarded_for));
        }
        if let Some(include) = &include {
            pairs.push(("include", include));
        }
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
        if table.is_none() {
            pairs.extend(is_set("recursive"));
        }
        if let Some(select) = &select {
            pairs.push(("select", select));
        }
        if table.is_some() && !self.equal.is_empty() {
            pairs.push(("where", &wanted));
        }
        if let Some(uuid) = uuid {
            pairs.push(("uuid", uuid));
            // Wherever the client put it, the controller asks with it in the query.
            let query = form(&pairs);
            *call.place.borrow_mut() = format!("/arvados/v1/groups/contents?{query}");
            return;
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
        let limit = if self.limit < 0 {
            DEFAULT_LIMIT
        } else {
            self.limit
        };
        #[cfg(feature = "testing")]
        let limit = limit.min(call.cluster.faults.page_limit());
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
            is_unscoped: false,
            max_read: call.cluster.settings.max_index_database_read,
        })
    }

    /// What the older parameter `where` demands, in the form of filters.
    ///
    /// Attributes that a table lacks are ignored, and so are values that it knows no use for.
    pub(crate) fn equalities(&self, table: &Table) -> Vec<Filter> {
        let filter = |attribute: &str, operator: &str, operand: Value| Filter {
            attribute: attribute.to_owned(),
            operator: operator.to_owned(),
            operand,
        };
        let known = |name: &str| name == "any" || table.column(name).is_some();
        let mut filters = Vec::new();
        for (name, value) in self.equal.iter().filter(|(name, _)| known(name)) {
            match value {
                Value::Array(items) => match items.as_slice() {
                    [Value::String(word), Value::String(text)] if word == "contains" => {
                        let operator = if name == "any" { "ilike" } else { "like" };
                        filters.push(filter(name, operator, format!("%{text}%").into()));
                    }
                    _ => filters.push(filter(name, "in", value.clone())),
                },
                Value::Object(_) => {}
                _ => filters.push(filter(name, "=", value.clone())),
            }
        }
        filters
    }

    /// Decides whether the query concerns this cluster alone.
    ///
    /// A query by UUID that names another cluster would have to be split, which works only for
    /// the plainest ones. `false` means that nothing can match.
    pub(super) fn is_answerable(&self, cluster: &str, max_items: i64) -> Result<bool, ApiError> {
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
