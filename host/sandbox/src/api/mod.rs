//! Answers the requests to the Arvados API.

pub(crate) mod assign;
pub(crate) mod auth;
pub(crate) mod collections;
pub(crate) mod config;
pub(crate) mod discovery;
pub(crate) mod groups;
pub(crate) mod keep_services;
pub(crate) mod links;
pub(crate) mod list;
pub(crate) mod params;
pub(crate) mod render;
pub(crate) mod tokens;
pub(crate) mod users;

use std::cell::RefCell;

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use crate::cluster::Cluster;
use crate::error::ApiError;
use crate::store::table::{COLLECTIONS, GROUPS, LINKS, Table, USERS};
use params::Params;

/// One request, as far as the HTTP server has read it.
#[derive(Debug)]
pub(crate) struct Incoming {
    /// The method that was sent, before any override.
    pub(crate) method: String,
    /// The path, not decoded.
    pub(crate) path: String,
    /// The query, without the question mark.
    pub(crate) query: String,
    /// `Content-Type`.
    pub(crate) content_type: Option<String>,
    /// `X-Http-Method-Override`.
    pub(crate) method_override: Option<String>,
    /// The token in a header or cookie.
    pub(crate) token: Option<String>,
    /// Whether `X-External-Client` says that the client comes from outside.
    pub(crate) is_external: bool,
    /// The request id, the client's or a new one.
    pub(crate) request_id: String,
    /// The body.
    pub(crate) body: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The HTTP status.
    pub(crate) status: StatusCode,
    /// `Content-Type`, if there is a body to have one.
    pub(crate) content_type: Option<&'static str>,
    /// Further headers.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

/// The type of what the controller answers itself.
const JSON: &str = "application/json";

/// The type of what the controller hands on from the service behind it.
const SERVICE_JSON: &str = "application/json; charset=utf-8";

impl Reply {
    fn json(status: StatusCode, value: &Value) -> Reply {
        let mut body = value.to_string().into_bytes();
        body.push(b'\n');
        Reply {
            status,
            content_type: Some(JSON),
            headers: Vec::new(),
            body,
        }
    }

    /// An answer that the controller hands on unchanged.
    fn service_json(status: StatusCode, value: &Value) -> Reply {
        Reply {
            status,
            content_type: Some(SERVICE_JSON),
            headers: vec![(
                "cache-control",
                "max-age=0, private, must-revalidate".to_owned(),
            )],
            body: value.to_string().into_bytes(),
        }
    }

    fn text(status: StatusCode, text: &str) -> Reply {
        Reply {
            status,
            content_type: Some("text/plain; charset=utf-8"),
            headers: Vec::new(),
            body: text.as_bytes().to_vec(),
        }
    }

    fn errors(status: StatusCode, text: &str) -> Reply {
        Reply::json(status, &json!({ "errors": [text] }))
    }
}

/// A request with everything the operations need.
pub(crate) struct Call<'a> {
    /// The cluster.
    pub(crate) cluster: &'a Cluster,
    /// The method after any override.
    pub(crate) method: &'a str,
    /// The path.
    pub(crate) path: &'a str,
    /// The parameters.
    pub(crate) params: &'a Params,
    /// The token presented.
    pub(crate) token: Option<&'a str>,
    /// Where the controller asks the service behind it; errors name this place.
    place: RefCell<String>,
}

impl Call<'_> {
    /// Notes the query with which the service behind is asked.
    pub(crate) fn set_query(&self, query: &str) {
        *self.place.borrow_mut() = format!("{}?{query}", self.path);
    }

    /// Finds out who asks.
    ///
    /// # Errors
    ///
    /// 401 and 403 as `auth::authenticate` says.
    pub(crate) fn actor(&self, connection: &rusqlite::Connection) -> Result<auth::Actor, ApiError> {
        auth::authenticate(
            connection,
            self.token,
            self.method,
            self.path,
            self.cluster.clock.now(),
        )
    }

    /// The selection of a request for one object, checked later against the table.
    ///
    /// # Errors
    ///
    /// Refuses what is no list of strings.
    pub(crate) fn select(&self, table: &Table, of: &str) -> Result<Option<Vec<String>>, ApiError> {
        let names = self.params.strings("select", of)?;
        if self.method == "GET"
            && let Some(names) = &names
        {
            self.set_query(&form(&[("select", &list::sent_selection(table, names))]));
        }
        Ok(names)
    }
}

/// Writes parameters as the controller sends them.
pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// Answers one request. Blocks.
pub(crate) fn answer(cluster: &Cluster, incoming: &Incoming) -> Reply {
    if incoming.method == "OPTIONS" {
        return Reply {
            status: StatusCode::OK,
            content_type: None,
            headers: Vec::new(),
            body: Vec::new(),
        };
    }
    if let Some(reply) = clean_path(incoming) {
        return reply;
    }
    let method = match overridden_method(incoming) {
        Ok(method) => method,
        Err(error) => return refuse(&error, &incoming.path, incoming),
    };
    let Some(route) = Route::find(&method, &incoming.path) else {
        return no_route(&method, incoming);
    };
    let attribute_key = match route {
        Route::Records(table, Operation::Create | Operation::Update(_)) => {
            Some(table.attribute_key)
        }
        _ => None,
    };
    let params = Params::read(
        &incoming.query,
        incoming.content_type.as_deref(),
        &incoming.body,
        attribute_key,
    );
    let params = match params {
        Ok(params) => params,
        Err(error) => return refuse(&error, &incoming.path, incoming),
    };
    let token = incoming
        .token
        .clone()
        .or_else(|| params.text("api_token").map(str::to_owned));
    let token = token
        .as_deref()
        .map(str::trim)
        .filter(|token| !token.is_empty());
    let call = Call {
        cluster,
        method: &method,
        path: &incoming.path,
        params: &params,
        token,
        place: RefCell::new(incoming.path.clone()),
    };
    match route.run(&call, incoming) {
        Ok(reply) => reply,
        Err(error) => {
            let place = call.place.borrow().clone();
            refuse(&error, &place, incoming)
        }
    }
}

/// The operations on a table.
#[derive(Debug, Clone, Copy)]
enum Operation<'a> {
    List,
    Get(&'a str),
    Create,
    Update(&'a str),
    Delete(&'a str),
    Trash(&'a str),
    Untrash(&'a str),
    Current,
    Contents(Option<&'a str>),
}

/// Where a request goes.
#[derive(Debug, Clone, Copy)]
enum Route<'a> {
    Discovery,
    Config,
    Vocabulary,
    Ping,
    KeepServices,
    AccessibleKeepServices,
    CurrentToken,
    Records(&'static Table, Operation<'a>),
}

/// The path of the API below the root.
const API: &str = "/arvados/v1/";

impl<'a> Route<'a> {
    fn find(method: &str, path: &'a str) -> Option<Route<'a>> {
        let is_get = matches!(method, "GET" | "HEAD");
        if path == "/discovery/v1/apis/arvados/v1/rest" && (is_get || method == "POST") {
            return Some(Route::Discovery);
        }
        if path == "/_health/ping" && is_get {
            return Some(Route::Ping);
        }
        let parts: Vec<&str> = path.strip_prefix(API)?.split('/').collect();
        if is_get {
            match parts.as_slice() {
                ["config"] => return Some(Route::Config),
                ["vocabulary"] => return Some(Route::Vocabulary),
                ["keep_services"] => return Some(Route::KeepServices),
                ["keep_services", "accessible"] => return Some(Route::AccessibleKeepServices),
                ["api_client_authorizations", "current"] => return Some(Route::CurrentToken),
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
            ("POST", [uuid, "trash"]) if has_trash => Operation::Trash(uuid),
            ("POST", [uuid, "untrash"]) if has_trash => Operation::Untrash(uuid),
            _ => return None,
        };
        Some(Route::Records(table, operation))
    }

    fn run(self, call: &Call<'_>, incoming: &Incoming) -> Result<Reply, ApiError> {
        let object = |object: Map<String, Value>| Reply::json(StatusCode::OK, &object.into());
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
            Route::Ping => Ok(ping(call)),
            Route::KeepServices => {
                keep_services::list(call).map(|list| Reply::service_json(StatusCode::OK, &list))
            }
            Route::AccessibleKeepServices => Ok(Reply::service_json(
                StatusCode::OK,
                &keep_services::accessible(call.cluster, incoming.is_external),
            )),
            Route::CurrentToken => tokens::current(call).map(object),
            Route::Records(table, operation) => match (table.name, operation) {
                (_, Operation::List) => {
                    list::list(call, table).map(|list| Reply::json(StatusCode::OK, &list))
                }
                ("groups", Operation::Contents(uuid)) => {
                    groups::contents(call, uuid).map(|list| Reply::json(StatusCode::OK, &list))
                }
                ("users", Operation::Current) => users::current(call).map(object),
                ("users", Operation::Get(uuid)) => users::get(call, uuid).map(object),
                ("links", Operation::Get(uuid)) => links::get(call, uuid).map(object),
                ("links", Operation::Create) => links::create(call).map(object),
                ("links", Operation::Update(uuid)) => links::update(call, uuid).map(object),
                ("links", Operation::Delete(uuid)) => links::delete(call, uuid).map(object),
                ("collections", Operation::Get(id)) => {
                    collections::get(call, &decode(id)).map(object)
                }
                ("collections", Operation::Create) => collections::create(call).map(object),
                ("collections", Operation::Update(uuid)) => {
                    collections::update(call, &decode(uuid)).map(object)
                }
                ("collections", Operation::Delete(uuid)) => {
                    collections::delete(call, uuid).map(object)
                }
                ("collections", Operation::Trash(uuid)) => {
                    collections::set_trash(call, uuid, true).map(object)
                }
                ("collections", Operation::Untrash(uuid)) => {
                    collections::set_trash(call, uuid, false).map(object)
                }
                ("groups", Operation::Get(uuid)) => groups::get(call, uuid).map(object),
                ("groups", Operation::Create) => groups::create(call).map(object),
                ("groups", Operation::Update(uuid)) => groups::update(call, uuid).map(object),
                ("groups", Operation::Delete(uuid) | Operation::Trash(uuid)) => {
                    groups::set_trash(call, uuid, true).map(object)
                }
                ("groups", Operation::Untrash(uuid)) => {
                    groups::set_trash(call, uuid, false).map(object)
                }
                _ => Err(ApiError::controller(
                    StatusCode::NOT_FOUND,
                    "API endpoint not found",
                )),
            },
        }
    }
}

/// Undoes percent escapes in one part of a path.
fn decode(part: &str) -> String {
    percent_encoding::percent_decode_str(part)
        .decode_utf8_lossy()
        .into_owned()
}

/// Finds the table of a resource name.
fn table(name: &str) -> Option<&'static Table> {
    [&LINKS, &COLLECTIONS, &GROUPS, &USERS]
        .into_iter()
        .find(|table| table.name == name)
}

/// Sends clients with doubled slashes to the clean path.
fn clean_path(incoming: &Incoming) -> Option<Reply> {
    if !incoming.path.contains("//") {
        return None;
    }
    let mut path = incoming.path.clone();
    while path.contains("//") {
        path = path.replace("//", "/");
    }
    let location = if incoming.query.is_empty() {
        path
    } else {
        format!("{path}?{}", incoming.query)
    };
    let is_get = matches!(incoming.method.as_str(), "GET" | "HEAD");
    let link = location
        .replace('&', "&amp;")
        .replace('"', "&#34;")
        .replace('<', "&lt;");
    Some(Reply {
        status: StatusCode::MOVED_PERMANENTLY,
        content_type: is_get.then_some("text/html; charset=utf-8"),
        headers: vec![("location", location)],
        body: if is_get {
            format!("<a href=\"{link}\">Moved Permanently</a>.\n\n").into_bytes()
        } else {
            Vec::new()
        },
    })
}

/// Applies `_method` (form or query) and then `X-Http-Method-Override`, for POST only.
///
/// `_method` inside a JSON body is an attribute like any other, as on the real server.
fn overridden_method(incoming: &Incoming) -> Result<String, ApiError> {
    if incoming.method != "POST" {
        return Ok(incoming.method.clone());
    }
    let is_form = incoming
        .content_type
        .as_deref()
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let body = if is_form {
        String::from_utf8_lossy(&incoming.body)
    } else {
        "".into()
    };
    let from_form = [incoming.query.as_str(), &body]
        .into_iter()
        .find_map(|form| {
            url::form_urlencoded::parse(form.as_bytes())
                .find(|(name, value)| name == "_method" && !value.is_empty())
                .map(|(_, value)| value.into_owned())
        });
    Ok(from_form
        .or_else(|| incoming.method_override.clone())
        .map_or_else(|| incoming.method.clone(), |method| method.to_uppercase()))
}

/// Refuses a path or method that leads nowhere.
fn no_route(method: &str, incoming: &Incoming) -> Reply {
    let is_known_method = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"].contains(&method);
    let is_controllers = incoming
        .path
        .strip_prefix(API)
        .and_then(|rest| rest.split('/').next())
        .is_some_and(|name| table(name).is_some());
    if is_controllers {
        let status = if is_known_method {
            StatusCode::NOT_FOUND
        } else {
            StatusCode::METHOD_NOT_ALLOWED
        };
        return Reply::errors(status, "API endpoint not found");
    }
    let token = format!(
        "{}+{}",
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |elapsed| elapsed.as_secs()),
        &crate::signature::hex(&rand::random::<[u8; 4]>())
    );
    let mut reply = Reply::service_json(
        StatusCode::NOT_FOUND,
        &json!({
            "errors": [format!("Path not found ({})", incoming.request_id)],
            "error_token": token,
        }),
    );
    reply.headers = vec![("cache-control", "no-cache".to_owned())];
    reply
}

fn refuse(error: &ApiError, place: &str, incoming: &Incoming) -> Reply {
    Reply::errors(error.status(), &error.text(place, &incoming.request_id))
}

/// Says that the cluster is well to those who know the management token.
fn ping(call: &Call<'_>) -> Reply {
    match (call.token, &call.cluster.settings.management_token) {
        (None, _) => Reply::text(StatusCode::UNAUTHORIZED, "authorization required\n"),
        (Some(token), Some(expected)) if token == expected => {
            Reply::json(StatusCode::OK, &json!({"health": "OK"}))
        }
        _ => Reply::text(StatusCode::FORBIDDEN, "authorization error\n"),
    }
}

/// Explains a JSON error in the words of the controller's decoder.
pub(crate) fn go_json_error(text: &str, error: &serde_json::Error) -> String {
    if error.is_eof() {
        return "unexpected end of JSON input".to_owned();
    }
    let line = text
        .lines()
        .nth(error.line().saturating_sub(1))
        .unwrap_or_default();
    let character = line
        .char_indices()
        .map(|(_, character)| character)
        .nth(error.column().saturating_sub(1))
        .unwrap_or(' ');
    format!("invalid character {character:?} looking for beginning of value")
}
