//! Answers the requests to the Arvados API.

pub(crate) mod access;
pub(crate) mod assign;
pub(crate) mod auth;
pub(crate) mod collection_rules;
pub(crate) mod collections;
pub(crate) mod config;
mod container_mounts;
pub(crate) mod container_requests;
mod container_rules;
mod container_values;
pub(crate) mod containers;
pub(crate) mod contents;
mod contents_rules;
pub(crate) mod discovery;
pub(crate) mod events;
mod group_rules;
pub(crate) mod groups;
pub(crate) mod health;
mod images;
pub(crate) mod keep_services;
pub(crate) mod links;
pub(crate) mod list;
pub(crate) mod list_options;
pub(crate) mod logs;
mod multipart;
pub(crate) mod params;
pub(crate) mod permissions;
pub(crate) mod render;
pub(crate) mod replace_files;
pub(crate) mod route;
pub(crate) mod service_params;
mod sharing;
pub(crate) mod tokens;
pub(crate) mod trash;
pub(crate) mod users;
pub(crate) mod values;
pub(crate) mod versions;

use std::cell::RefCell;

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::error::ApiError;
use crate::store::table::Table;
use params::{Params, Reader};
use route::{API, Operation, Route, table};

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
        Reply::json_text(status, value.to_string().into_bytes())
    }

    /// An answer that is JSON already.
    fn json_text(status: StatusCode, mut body: Vec<u8>) -> Reply {
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
        let now = self.cluster.clock.now();
        auth::authenticate(connection, self.token, self.method, self.path, now)
    }

    /// Runs `work` in a transaction that is undone if it fails, on a swept trash.
    ///
    /// # Errors
    ///
    /// As `work`, and the database's.
    pub(crate) fn write<T>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        self.cluster.store.write(|connection| {
            if self.cluster.settings.is_trash_swept {
                trash::sweep(connection, self.cluster.clock.now())?;
            }
            work(connection)
        })
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
            self.set_query(&form(&[(
                "select",
                &list_options::sent_selection(table, names),
            )]));
        }
        Ok(names)
    }
}

/// Writes parameters as the controller sends them.
pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
        .replace("%7E", "~")
        .replace('*', "%2A")
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
    let reader = if route.is_handed_on() {
        Reader::Service
    } else {
        Reader::Controller
    };
    let params = Params::read(
        reader,
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
        Err(error) if route.is_handed_on() => refuse_handed_on(&error, incoming),
        Err(error) => {
            let place = call.place.borrow().clone();
            refuse(&error, &place, incoming)
        }
    }
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
    refuse_handed_on(&ApiError::not_found(), incoming)
}

/// Refuses in the words of the service behind, which the controller hands on unchanged.
fn refuse_handed_on(error: &ApiError, incoming: &Incoming) -> Reply {
    let token = format!(
        "{}+{}",
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |elapsed| elapsed.as_secs()),
        &crate::signature::hex(&rand::random::<[u8; 4]>())
    );
    let mut reply = Reply::service_json(
        error.status(),
        &json!({
            "errors": error.texts(&incoming.request_id),
            "error_token": token,
        }),
    );
    reply.headers = vec![("cache-control", "no-cache".to_owned())];
    reply
}

fn refuse(error: &ApiError, place: &str, incoming: &Incoming) -> Reply {
    Reply::errors(error.status(), &error.text(place, &incoming.request_id))
}
