//! A cluster with two people in it, who ask in turn.

use keepdocker_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

use crate::{Heard, client, escape};

/// A cluster with its default user and another.
pub(crate) struct People {
    _dir: tempfile::TempDir,
    pub(crate) sandbox: Sandbox,
    /// The UUID of the other user.
    pub(crate) other: String,
    other_token: String,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Who {
    /// The default user.
    User,
    /// The other one.
    Other,
    /// An administrator.
    Admin,
}

impl People {
    pub(crate) async fn meet() -> People {
        let dir = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::start(dir.path(), Options::default())
            .await
            .unwrap();
        let seed = sandbox.seed();
        let (other, other_token) =
            tokio::task::spawn_blocking(move || seed.user(None, "other", false))
                .await
                .unwrap()
                .unwrap();
        People {
            _dir: dir,
            sandbox,
            other,
            other_token,
        }
    }

    /// Asks, and returns the status and the answer.
    pub(crate) async fn ask(
        &self,
        who: Who,
        method: &str,
        target: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let token = match who {
            Who::User => self.sandbox.token(),
            Who::Other => self.other_token.clone(),
            Who::Admin => self.sandbox.admin_token(),
        };
        let mut headers = vec![("authorization".to_owned(), format!("Bearer {token}"))];
        let body = body.map_or_else(Vec::new, |body| body.to_string().into_bytes());
        if !body.is_empty() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
            headers.push(("content-length".to_owned(), body.len().to_string()));
        }
        let target = format!("/arvados/v1/{target}");
        let (host, ca) = (self.sandbox.api_host(), self.sandbox.ca_certificate());
        let answer = client::send(&host, Some(&ca), method, &target, &headers, &body).await;
        let value = serde_json::from_slice(&answer.body).unwrap_or_default();
        (answer.status, value)
    }

    /// Asks, and returns the status and all that was said.
    pub(crate) async fn hear(
        &self,
        who: Who,
        method: &str,
        target: &str,
        body: Option<Value>,
    ) -> Heard {
        let (status, answer) = self.ask(who, method, target, body).await;
        let errors = answer["errors"].as_array().cloned().unwrap_or_default();
        let texts: Vec<&str> = errors.iter().filter_map(Value::as_str).collect();
        (status, texts.join("; "))
    }

    /// Makes something and returns its UUID.
    pub(crate) async fn make(&self, who: Who, kind: &str, attributes: Value) -> String {
        let body = json!({ kind: attributes });
        let (status, made) = self.ask(who, "POST", &format!("{kind}s"), Some(body)).await;
        assert_eq!(status, 200, "{kind}: {made}");
        made["uuid"].as_str().unwrap().to_owned()
    }

    /// Lists something with some parameters, each written as JSON unless it is a text.
    pub(crate) async fn list(&self, who: Who, path: &str, query: &[(&str, Value)]) -> (u16, Value) {
        let query: Vec<String> = query
            .iter()
            .map(|(name, value)| match value {
                Value::String(text) => format!("{name}={}", escape(text)),
                other => format!("{name}={}", escape(&other.to_string())),
            })
            .collect();
        let target = format!("{path}?{}", query.join("&"));
        self.ask(who, "GET", &target, None).await
    }
}

/// The UUIDs of a list, in its order.
pub(crate) fn uuids(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["uuid"].as_str().unwrap())
        .collect()
}
