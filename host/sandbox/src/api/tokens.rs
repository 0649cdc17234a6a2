//! Tokens: shows the one in use.

use serde_json::{Map, Value, json};

use super::Call;
use super::auth::Token;
use super::render::moment;
use crate::error::ApiError;
use crate::uuid;

/// Shows the token of the request: the secret without the `v2` frame, its scopes and its end.
pub(crate) fn current(call: &Call<'_>) -> Result<Map<String, Value>, ApiError> {
    call.cluster.store.with(|connection| {
        let actor = call.actor(connection)?;
        let token = Token::find(connection, &actor.token)?
            .filter(|token| token.uuid == actor.token_uuid)
            .ok_or_else(ApiError::not_logged_in)?;
        let object = json!({
            "kind": "arvados#apiClientAuthorization",
            "etag": uuid::random_text(25),
            "uuid": token.uuid,
            "owner_uuid": token.user_uuid,
            "api_token": token.secret,
            "scopes": token.scopes,
            "expires_at": moment(token.expires_at),
            "created_at": null,
            "modified_at": null,
            "modified_by_user_uuid": "",
            "created_by_ip_address": "",
            "last_used_at": null,
            "last_used_by_ip_address": "",
        });
        match object {
            Value::Object(object) => Ok(object),
            _ => Err(ApiError::not_found()),
        }
    })
}
