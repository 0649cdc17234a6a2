//! Finds out who asks, and whether the token allows the request.

use rusqlite::{Connection, OptionalExtension};

use crate::clock::Micros;
use crate::error::ApiError;
use crate::permission::Permissions;
use hyper::StatusCode;

/// Who asks.
#[derive(Debug)]
pub(crate) struct Actor {
    /// What the user may do.
    pub(crate) permissions: Permissions,
    /// The token exactly as presented; it goes into block signatures.
    pub(crate) token: String,
}

/// One token.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    /// Its UUID.
    pub(crate) uuid: String,
    /// Its secret.
    pub(crate) secret: String,
    /// Whose it is.
    pub(crate) user_uuid: String,
    /// What it allows: `all`, or entries of the form `GET /path`.
    pub(crate) scopes: Vec<String>,
    /// When it ends.
    pub(crate) expires_at: Option<Micros>,
    /// When it was made.
    pub(crate) created_at: Option<Micros>,
}

impl Token {
    /// Finds the token for what a client presented: the secret, or `v2/<uuid>/<secret>`.
    pub(crate) fn find(
        connection: &Connection,
        presented: &str,
    ) -> rusqlite::Result<Option<Token>> {
        let (uuid, secret) = match presented
            .strip_prefix("v2/")
            .and_then(|r| r.split_once('/'))
        {
            Some((uuid, rest)) => (Some(uuid), rest.split('/').next().unwrap_or_default()),
            None => (None, presented),
        };
        let found = connection
            .prepare_cached(
                "SELECT uuid, secret, user_uuid, scopes, expires_at, created_at FROM tokens WHERE secret = ?1",
            )?
            .query_row([secret], |row| {
                let scopes: String = row.get(3)?;
                Ok(Token {
                    uuid: row.get(0)?,
                    secret: row.get(1)?,
                    user_uuid: row.get(2)?,
                    scopes: serde_json::from_str(&scopes).unwrap_or_default(),
                    expires_at: row.get(4)?,
                    created_at: row.get(5)?,
                })
            })
            .optional()?;
        Ok(found.filter(|token| uuid.is_none_or(|uuid| uuid == token.uuid)))
    }

    /// Adds the token to the database.
    pub(crate) fn insert(&self, connection: &Connection) -> rusqlite::Result<()> {
        let scopes = serde_json::to_string(&self.scopes).unwrap_or_else(|_| "[]".to_owned());
        connection.execute(
            "INSERT INTO tokens (uuid, secret, user_uuid, scopes, expires_at, created_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            (
                &self.uuid,
                &self.secret,
                &self.user_uuid,
                scopes,
                self.expires_at,
                self.created_at,
            ),
        )?;
        Ok(())
    }

    /// Says whether the token allows a request; a scope that ends in a slash covers all below.
    fn allows(&self, method: &str, path: &str) -> bool {
        let method = if method == "HEAD" { "GET" } else { method };
        let wanted = format!("{method} {path}");
        self.scopes.iter().any(|scope| {
            scope == "all"
                || *scope == wanted
                || (scope.ends_with('/') && wanted.starts_with(scope))
        })
    }
}

/// Finds the token presented, whatever it allows, and returns it with the text presented.
///
/// # Errors
///
/// 401 if it is missing, unknown or expired.
pub(crate) fn identify<'a>(
    connection: &Connection,
    presented: Option<&'a str>,
    now: Micros,
) -> Result<(Token, &'a str), ApiError> {
    let presented = presented.ok_or_else(ApiError::not_logged_in)?;
    let token = Token::find(connection, presented)?.ok_or_else(ApiError::not_logged_in)?;
    if token.expires_at.is_some_and(|end| end <= now) {
        return Err(ApiError::not_logged_in());
    }
    Ok((token, presented))
}

/// Finds out who presented a token and checks that the token allows the request.
///
/// # Errors
///
/// 401 if the token is missing, unknown or expired; 403 if it does not allow this.
pub(crate) fn authenticate(
    connection: &Connection,
    presented: Option<&str>,
    method: &str,
    path: &str,
    now: Micros,
) -> Result<Actor, ApiError> {
    let (token, presented) = identify(connection, presented, now)?;
    let user: Option<(bool, bool)> = connection
        .prepare_cached("SELECT is_admin, is_active FROM users WHERE uuid = ?1")?
        .query_row([&token.user_uuid], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (is_admin, is_active) = user.ok_or_else(ApiError::not_logged_in)?;
    if !token.allows(method, path) {
        return Err(ApiError::service(StatusCode::FORBIDDEN, "Forbidden"));
    }
    let permissions = Permissions::load(
        connection,
        &token.user_uuid,
        is_admin && is_active,
        is_active,
        now,
    )?;
    Ok(Actor {
        permissions,
        token: presented.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(scopes: &[&str]) -> Token {
        Token {
            uuid: String::new(),
            secret: String::new(),
            user_uuid: String::new(),
            scopes: scopes.iter().map(ToString::to_string).collect(),
            expires_at: None,
            created_at: None,
        }
    }

    #[test]
    fn scopes_allow_one_path_or_all_below() {
        assert!(token(&["all"]).allows("POST", "/arvados/v1/links"));
        assert!(token(&["GET /"]).allows("HEAD", "/arvados/v1/links"));
        assert!(!token(&["GET /"]).allows("POST", "/arvados/v1/links"));
        assert!(!token(&["GET /arvados/v1/links"]).allows("GET", "/arvados/v1/links/x"));
        assert!(!token(&[]).allows("GET", "/arvados/v1/links"));
    }
}
