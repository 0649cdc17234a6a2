//! Tokens: shows the one in use and the others of its user.

use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::Call;
use super::auth::{self, Actor, Token};
use super::values::moment;
use crate::error::ApiError;
use crate::uuid;

/// Shows the token of the request, whatever its scopes are: the secret without the `v2` frame.
pub(crate) fn current(call: &Call<'_>) -> Result<Map<String, Value>, ApiError> {
    call.cluster.store.with(|connection| {
        let now = call.cluster.clock.now();
        let (token, _) = auth::identify(connection, call.token, now)?;
        let mut shown = token.clone();
        // The cluster's own tokens come from its settings and not from the database.
        if token.user_uuid == uuid::system_user(&call.cluster.id) {
            shown.uuid = format!("{}-gj3su-000000000000000", call.cluster.id);
            shown.expires_at = None;
        } else if token.user_uuid == uuid::anonymous_user(&call.cluster.id) {
            shown.uuid = format!("{}-gj3su-anonymouspublic", call.cluster.id);
            shown.expires_at = None;
        }
        shown.created_at = None;
        Ok(show(&shown))
    })
}

/// Shows a token of the user.
pub(crate) fn get(call: &Call<'_>, uuid: &str) -> Result<Map<String, Value>, ApiError> {
    call.cluster.store.with(|connection| {
        let actor = call.actor(connection)?;
        tokens(connection, &actor)?
            .iter()
            .find(|token| token.uuid == uuid)
            .map(show)
            .ok_or_else(ApiError::not_found)
    })
}

/// Lists the tokens of the user, secrets included, in the order of their UUIDs.
pub(crate) fn list(call: &Call<'_>) -> Result<Map<String, Value>, ApiError> {
    call.cluster.store.with(|connection| {
        let actor = call.actor(connection)?;
        let items: Vec<Value> = tokens(connection, &actor)?
            .iter()
            .map(|token| show(token).into())
            .collect();
        Ok(Map::from_iter([
            (
                "kind".to_owned(),
                "arvados#apiClientAuthorizationList".into(),
            ),
            ("items".to_owned(), items.into()),
        ]))
    })
}

fn tokens(connection: &Connection, actor: &Actor) -> rusqlite::Result<Vec<Token>> {
    let secrets: Vec<String> = connection
        .prepare_cached("SELECT secret FROM tokens WHERE user_uuid = ?1 ORDER BY uuid")?
        .query_map([&actor.permissions.user_uuid], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut tokens = Vec::new();
    for secret in &secrets {
        tokens.extend(Token::find(connection, secret)?);
    }
    Ok(tokens)
}

fn show(token: &Token) -> Map<String, Value> {
    let object = json!({
        "kind": "arvados#apiClientAuthorization",
        "etag": uuid::random_text(25),
        "uuid": token.uuid,
        "owner_uuid": token.user_uuid,
        "api_token": token.secret,
        "scopes": token.scopes,
        "expires_at": moment(token.expires_at),
        "created_at": moment(token.created_at),
        "modified_at": null,
        "modified_by_user_uuid": "",
        "created_by_ip_address": "",
        "last_used_at": null,
        "last_used_by_ip_address": "",
    });
    match object {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}
