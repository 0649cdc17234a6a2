//! Decides which operation answers a request.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::trash::Way;
use super::{
    Call, Incoming, Reply, collections, config, container_requests, containers, contents,
    discovery, groups, health, keep_services, links, list, logs, permissions, tokens, users,
};
use crate::error::ApiError;
use crate::store::table::{TABLES, Table};

/// The operations on a table.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Operation<'a> {
    List,
    Get(&'a str),
    Create,
    Update(&'a str),
    Delete(&'a str),
    Trash(&'a str),
    Untrash(&'a str),
    Current,
    Contents(Option<&'a str>),
    Shared,
    Status(&'a str),
    Lock(&'a str),
}

/// Where a request goes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Route<'a> {
    Discovery,
    Config,
    Vocabulary,
    Health,
    KeepServices,
    AccessibleKeepServices,
    CurrentToken,
    Token(&'a str),
    Tokens,
    Permissions(&'a str),
    ComputedPermissions,
    Records(&'static Table, Operation<'a>),
}

/// The path of the API below the root.
pub(crate) const API: &str = "/arvados/v1/";

impl<'a> Route<'a> {
    /// Finds out where method and path lead; `None` means nowhere.
    pub(crate) fn find(method: &str, path: &'a str) -> Option<Route<'a>> {
        let is_get = matches!(method, "GET" | "HEAD");
        if path == "/discovery/v1/apis/arvados/v1/rest" && (is_get || method == "POST") {
            return Some(Route::Discovery);
        }
        if health::is_for(path) && is_get {
            return Some(Route::Health);
        }
        let parts: Vec<&str> = path.strip_prefix(API)?.split('/').collect();
        if is_get {
            match parts.as_slice() {
                ["config"] => return Some(Route::Config),
                ["vocabulary"] => return Some(Route::Vocabulary),
                ["keep_services"] => return Some(Route::KeepServices),
                ["keep_services", "accessible"] => return Some(Route::AccessibleKeepServices),
                ["api_client_authorizations", "current"] => return Some(Route::CurrentToken),
                ["api_client_authorizations", uuid] => return Some(Route::Token(uuid)),
                ["api_client_authorizations"] => return Some(Route::Tokens),
                ["permissions", uuid] => return Some(Route::Permissions(uuid)),
                ["computed_permissions"] => return Some(Route::ComputedPermissions),
                _ => {}
            }
        }
        let (first, rest) = parts.split_first()?;
        let table = table(first)?;
        let has_trash = matches!(table.name, "collections" | "groups");
        let operation = match (method, rest) {
            ("GET" | "HEAD", []) => Operation::List,
            ("POST", []) if table.name != "users" => Operation::Create,
            ("GET" | "HEAD", ["current"]) if table.name == "users" => Operation::Current,
            ("GET" | "HEAD", ["contents"]) if table.name == "groups" => Operation::Contents(None),
            ("GET" | "HEAD", ["shared"]) if table.name == "groups" => Operation::Shared,
            ("GET" | "HEAD", [uuid, "contents"]) if table.name == "groups" => {
                Operation::Contents(Some(uuid))
            }
            ("GET" | "HEAD", [uuid]) if !uuid.is_empty() => Operation::Get(uuid),
            ("PUT" | "PATCH", [uuid]) if !uuid.is_empty() && table.name != "users" => {
                Operation::Update(uuid)
            }
            ("DELETE", [uuid]) if !uuid.is_empty() && table.name != "users" => {
                Operation::Delete(uuid)
            }
            ("GET" | "HEAD", [uuid, "container_status"]) if table.name == "container_requests" => {
                Operation::Status(uuid)
            }
            ("POST", [uuid, "lock"]) if table.name == "containers" => Operation::Lock(uuid),
            ("POST", [uuid, "trash"]) if has_trash => Operation::Trash(uuid),
            ("POST", [uuid, "untrash"]) if has_trash => Operation::Untrash(uuid),
            _ => return None,
        };
        Some(Route::Records(table, operation))
    }

    /// Says whether the controller hands the request on and its answer back, errors included.
    pub(crate) fn is_handed_on(self) -> bool {
        match self {
            Route::Permissions(_) | Route::ComputedPermissions => true,
            Route::Records(table, _) => matches!(table.name, "logs" | "containers"),
            _ => false,
        }
    }

    /// Does what was asked.
    ///
    /// # Errors
    ///
    /// As the operation says.
    pub(crate) fn run(self, call: &Call<'_>, incoming: &Incoming) -> Result<Reply, ApiError> {
        let object = |object: Map<String, Value>| Reply::json(StatusCode::OK, &object.into());
        let handed_on = |value: Value| Reply::service_json(StatusCode::OK, &value);
        match self {
            Route::Discovery => Ok(Reply::service_json(
                StatusCode::OK,
                &discovery::document(call.cluster),
            )),
            Route::Config => Ok(Reply::json(StatusCode::OK, &config::exported(call.cluster))),
            Route::Vocabulary => Ok(Reply::json(
                StatusCode::OK,
                &json!({"kind": "arvados#vocabulary", "strict_tags": false, "tags": {}}),
            )),
            Route::Health => Ok(health::answer(
                call.path,
                call.token,
                &call.cluster.settings,
            )),
            Route::KeepServices => {
                keep_services::list(call).map(|list| Reply::service_json(StatusCode::OK, &list))
            }
            Route::AccessibleKeepServices => Ok(Reply::service_json(
                StatusCode::OK,
                &keep_services::accessible(call.cluster, incoming.is_external),
            )),
            Route::CurrentToken => tokens::current(call).map(object),
            Route::Token(uuid) => tokens::get(call, uuid).map(object),
            Route::Tokens => tokens::list(call).map(object),
            Route::Permissions(uuid) => permissions::of_object(call, uuid),
            Route::ComputedPermissions => permissions::computed(call).map(handed_on),
            Route::Records(table, operation) if self.is_handed_on() => {
                handed_on_records(call, table, operation).map(handed_on)
            }
            Route::Records(table, operation) => records(call, table, operation),
        }
    }
}

/// Does what was asked of a table that the controller does not know itself.
fn handed_on_records(
    call: &Call<'_>,
    table: &'static Table,
    operation: Operation<'_>,
) -> Result<Value, ApiError> {
    match (table.name, operation) {
        ("logs" | "containers", Operation::List) => list::handed_on(call, table),
        ("logs" | "containers", Operation::Get(uuid)) => {
            logs::get(call, table, uuid).map(Value::from)
        }
        ("logs", Operation::Create) => logs::create(call).map(Value::from),
        ("logs", Operation::Update(uuid) | Operation::Delete(uuid)) => {
            logs::change(call, uuid).map(Value::from)
        }
        ("containers", Operation::Create) => containers::create(call).map(Value::from),
        ("containers", Operation::Lock(uuid)) => containers::lock(call, uuid).map(Value::from),
        _ => Err(ApiError::not_found()),
    }
}

/// Does what was asked of a table that the controller knows.
fn records(
    call: &Call<'_>,
    table: &'static Table,
    operation: Operation<'_>,
) -> Result<Reply, ApiError> {
    let object = |object: Map<String, Value>| Reply::json(StatusCode::OK, &object.into());
    match (table.name, operation) {
        ("container_requests", operation) if !matches!(operation, Operation::List) => {
            container_request(call, operation).map(object)
        }
        (_, Operation::List) => {
            list::list(call, table).map(|list| Reply::json_text(StatusCode::OK, list))
        }
        ("groups", Operation::Contents(uuid)) => {
            contents::contents(call, uuid).map(|list| Reply::json(StatusCode::OK, &list))
        }
        ("users", Operation::Current) => users::current(call).map(object),
        ("users", Operation::Get(uuid)) => users::get(call, uuid).map(object),
        ("links", Operation::Get(uuid)) => links::get(call, uuid).map(object),
        ("links", Operation::Create) => links::create(call).map(object),
        ("links", Operation::Update(uuid)) => links::update(call, uuid).map(object),
        ("links", Operation::Delete(uuid)) => links::delete(call, uuid).map(object),
        ("collections", Operation::Get(id)) => collections::get(call, &decode(id)).map(object),
        ("collections", Operation::Create) => collections::create(call).map(object),
        ("collections", Operation::Update(uuid)) => {
            collections::update(call, &decode(uuid)).map(object)
        }
        ("collections", Operation::Delete(uuid)) => {
            collections::set_trash(call, &decode(uuid), Way::Delete).map(object)
        }
        ("collections", Operation::Trash(uuid)) => {
            collections::set_trash(call, uuid, Way::Trash).map(object)
        }
        ("collections", Operation::Untrash(uuid)) => {
            collections::set_trash(call, uuid, Way::Untrash).map(object)
        }
        ("groups", Operation::Get(uuid)) => groups::get(call, uuid).map(object),
        ("groups", Operation::Create) => groups::create(call).map(object),
        ("groups", Operation::Update(uuid)) => groups::update(call, uuid).map(object),
        ("groups", Operation::Shared) => {
            contents::shared(call).map(|list| Reply::json(StatusCode::OK, &list))
        }
        ("groups", Operation::Delete(uuid)) => {
            groups::set_trash(call, uuid, Way::Delete).map(object)
        }
        ("groups", Operation::Trash(uuid)) => groups::set_trash(call, uuid, Way::Trash).map(object),
        ("groups", Operation::Untrash(uuid)) => {
            groups::set_trash(call, uuid, Way::Untrash).map(object)
        }
        _ => Err(ApiError::controller(
            StatusCode::NOT_FOUND,
            "API endpoint not found",
        )),
    }
}

/// Does what was asked of a container request.
fn container_request(
    call: &Call<'_>,
    operation: Operation<'_>,
) -> Result<Map<String, Value>, ApiError> {
    match operation {
        Operation::Get(uuid) => container_requests::get(call, uuid),
        Operation::Create => container_requests::create(call),
        Operation::Update(uuid) => container_requests::update(call, uuid),
        Operation::Delete(uuid) => container_requests::delete(call, uuid),
        Operation::Status(uuid) => container_requests::status(call, uuid),
        _ => Err(ApiError::controller(
            StatusCode::NOT_FOUND,
            "API endpoint not found",
        )),
    }
}

/// Undoes percent escapes in one part of a path.
fn decode(part: &str) -> String {
    percent_encoding::percent_decode_str(part)
        .decode_utf8_lossy()
        .into_owned()
}

/// Finds the table of a resource name.
pub(crate) fn table(name: &str) -> Option<&'static Table> {
    TABLES.into_iter().find(|table| table.name == name)
}
