//! Reads the parameters of a request.
//!
//! The controller guesses values of queries, forms and multipart bodies: numbers and truths by the
//! parameter's name, the rest as JSON if it looks like it. In a JSON body only the top-level
//! strings are. The service behind it takes texts as texts, and what they hold by parameter.

use hyper::StatusCode;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::{multipart, service_params};
use crate::error::ApiError;
use crate::query::json_error::go_json_error;
use crate::query::words::json_type;

/// Parameters that are whole numbers.
const INTEGERS: [&str; 2] = ["limit", "offset"];

/// Parameters that are true or false.
const BOOLEANS: [&str; 10] = [
    "distinct",
    "ensure_unique_name",
    "include_trash",
    "include_old_versions",
    "redirect_to_new_user",
    "send_notification_email",
    "bypass_federation",
    "recursive",
    "exclude_home_project",
    "no_forward",
];

/// Who reads the parameters.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    #[default]
    Controller,
    /// The service behind it, which gets what the controller hands on.
    Service,
}

/// The parameters of one request.
#[derive(Debug, Default, Clone)]
pub(crate) struct Params {
    reader: Reader,
    /// The parameter that holds the attributes.
    key: String,
    values: Map<String, Value>,
    attributes: Option<Value>,
}

impl Params {
    /// Reads query and body.
    ///
    /// `attribute_key` is the parameter that holds the attributes; where a JSON body lacks it,
    /// the whole body stands for it.
    ///
    /// # Errors
    ///
    /// Refuses escapes, numbers and JSON that cannot be read.
    pub(crate) fn read(
        reader: Reader,
        query: &str,
        content_type: Option<&str>,
        body: &[u8],
        attribute_key: Option<&str>,
    ) -> Result<Params, ApiError> {
        let mut params = Params {
            reader,
            key: attribute_key.unwrap_or_default().to_owned(),
            ..Params::default()
        };
        check_escapes(query)?;
        params.add_form(query)?;
        let media_type = content_type.unwrap_or_default();
        let media_type = media_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_lowercase();
        match media_type.as_str() {
            "application/x-www-form-urlencoded" => {
                let form = String::from_utf8_lossy(body);
                check_escapes(&form)?;
                params.add_form(&form)?;
            }
            "multipart/form-data" => {
                for (name, text) in multipart::fields(content_type.unwrap_or_default(), body)? {
                    params.add_text(name, text)?;
                }
            }
            "" | "application/json" if !body.is_empty() => {
                params.add_json(body, attribute_key)?;
            }
            // Other types are ignored, as on the real server.
            _ => {}
        }
        if let Some(key) = attribute_key
            && let Some(attributes) = params.values.remove(key)
            && !attributes.is_null()
        {
            params.attributes = Some(attributes);
        }
        Ok(params)
    }

    fn add_form(&mut self, form: &str) -> Result<(), ApiError> {
        for (name, value) in form_urlencoded::parse(form.as_bytes()) {
            self.add_text(name.into_owned(), value.into_owned())?;
        }
        Ok(())
    }

    fn add_text(&mut self, name: String, text: String) -> Result<(), ApiError> {
        let value = match self.reader {
            Reader::Controller => guess(&name, &text)?,
            Reader::Service => Value::String(text),
        };
        self.values.insert(name, value);
        Ok(())
    }

    fn add_json(&mut self, body: &[u8], attribute_key: Option<&str>) -> Result<(), ApiError> {
        let text = String::from_utf8_lossy(body);
        let mut stream = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
        let value = match stream.next() {
            Some(Ok(value)) => value,
            Some(Err(error)) => {
                let words = if error.is_eof() {
                    "unexpected EOF".to_owned()
                } else {
                    go_json_error(&text, &error)
                };
                return Err(ApiError::controller(StatusCode::BAD_REQUEST, words));
            }
            None => return Err(ApiError::controller(StatusCode::BAD_REQUEST, "EOF")),
        };
        let object = match value {
            Value::Object(object) => object,
            Value::Null => Map::new(),
            other => {
                return Err(ApiError::controller(
                    StatusCode::BAD_REQUEST,
                    format!(
                        "json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
                        json_type(&other)
                    ),
                ));
            }
        };
        let mut guessed = Map::new();
        for (name, value) in object {
            let value = match value {
                Value::String(text) if self.reader == Reader::Controller => guess(&name, &text)?,
                other => other,
            };
            guessed.insert(name, value);
        }
        let whole = Value::Object(guessed.clone());
        self.values.extend(guessed);
        if let Some(key) = attribute_key
            && self.values.get(key).is_none_or(Value::is_null)
        {
            self.values.insert(key.to_owned(), whole);
        }
        Ok(())
    }

    /// A parameter that was given and is not null.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name).filter(|value| !value.is_null())
    }

    /// A parameter of text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    /// A truth value; absent is false.
    pub(crate) fn is(&self, name: &str) -> bool {
        match self.get(name) {
            None | Some(Value::Bool(false)) => false,
            Some(Value::String(text)) => truth(text),
            Some(Value::Number(number)) => number.as_f64() != Some(0.0),
            Some(_) => true,
        }
    }

    /// A whole number.
    ///
    /// # Errors
    ///
    /// Refuses what is none.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, ApiError> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| {
                ApiError::transcode(format!(
                    "json: cannot unmarshal {} into Go struct field ListOptions.{name} of type int64",
                    json_type(value)
                ))
            }),
        }
    }

    /// A list of strings.
    ///
    /// # Errors
    ///
    /// Refuses what is none; `of` names the options in the message.
    pub(crate) fn strings(&self, name: &str, of: &str) -> Result<Option<Vec<String>>, ApiError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let refuse = |value: &Value, kind: &str| {
            ApiError::transcode(format!(
                "json: cannot unmarshal {} into Go struct field {of}.{name} of type {kind}",
                json_type(value)
            ))
        };
        let Value::Array(items) = value else {
            return Err(refuse(value, "[]string"));
        };
        items
            .iter()
            .map(|item| match item {
                Value::String(text) => Ok(text.clone()),
                Value::Null => Ok(String::new()),
                other => Err(refuse(other, "string")),
            })
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// The attributes of a record to create or change.
    ///
    /// # Errors
    ///
    /// Refuses what is no object; `of` names the options in the message.
    pub(crate) fn attributes(&self, of: &str) -> Result<Map<String, Value>, ApiError> {
        match &self.attributes {
            _ if self.reader == Reader::Service => {
                service_params::attributes(&self.key, self.attributes.as_ref())
            }
            None => Ok(Map::new()),
            Some(Value::Object(attributes)) => Ok(attributes.clone()),
            Some(other) => Err(ApiError::transcode(format!(
                "json: cannot unmarshal {} into Go struct field {of}.attrs of type map[string]interface {{}}",
                json_type(other)
            ))),
        }
    }
}

/// Guesses the type of a value that came as text.
fn guess(name: &str, text: &str) -> Result<Value, ApiError> {
    if INTEGERS.contains(&name) {
        return text.parse::<i64>().map(Value::from).map_err(|error| {
            let reason = match error.kind() {
                std::num::IntErrorKind::PosOverflow | std::num::IntErrorKind::NegOverflow => {
                    "value out of range"
                }
                _ => "invalid syntax",
            };
            ApiError::controller(
                StatusCode::INTERNAL_SERVER_ERROR,
                format!("strconv.ParseInt: parsing {text:?}: {reason}"),
            )
        });
    }
    if BOOLEANS.contains(&name) {
        return Ok(Value::Bool(truth(text)));
    }
    if text.is_empty() || text == "null" {
        return Ok(Value::Null);
    }
    if text.starts_with(['[', '{', '"']) {
        return serde_json::from_str(text).map_err(|error| {
            ApiError::controller(
                StatusCode::INTERNAL_SERVER_ERROR,
                go_json_error(text, &error),
            )
        });
    }
    Ok(Value::String(text.to_owned()))
}

fn truth(text: &str) -> bool {
    !matches!(text, "" | "0" | "false")
}

/// Refuses a percent sign that starts no escape.
fn check_escapes(form: &str) -> Result<(), ApiError> {
    let bytes = form.as_bytes();
    for (index, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%') {
        let digits = bytes
            .get(index + 1..index + 3)
            .unwrap_or(&bytes[index + 1..]);
        if digits.len() < 2 || !digits.iter().all(u8::is_ascii_hexdigit) {
            let escape = format!("%{}", String::from_utf8_lossy(digits));
            return Err(ApiError::controller(
                StatusCode::BAD_REQUEST,
                format!("invalid URL escape {escape:?}"),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn json_body(body: &str) -> Result<Params, ApiError> {
        Params::read(
            Reader::Controller,
            "",
            Some("application/json"),
            body.as_bytes(),
            Some("collection"),
        )
    }

    #[test]
    fn flat_and_wrapped_attributes_are_the_same() {
        let wrapped =
            json_body(r#"{"collection":{"name":"x"},"ensure_unique_name":true}"#).unwrap();
        assert_eq!(wrapped.attributes("").unwrap()["name"], "x");
        assert!(wrapped.is("ensure_unique_name"));
        assert_eq!(
            json_body(r#"{"name":"x"}"#)
                .unwrap()
                .attributes("")
                .unwrap()["name"],
            "x"
        );
        let text = json_body(r#"{"collection":"{\"name\":\"x\"}"}"#).unwrap();
        assert_eq!(text.attributes("").unwrap()["name"], "x");
    }

    #[test]
    fn a_flat_name_that_looks_like_json_fails() {
        let error = json_body(r#"{"name":"[::1]:8888/repo:latest"}"#).unwrap_err();
        assert_eq!(error.status(), 500);
    }

    #[test]
    fn forms_are_guessed() {
        let params = Params::read(
            Reader::Controller,
            "limit=5&filters=%5B%5D&distinct=maybe&x=null&y=a+b",
            None,
            b"",
            None,
        )
        .unwrap();
        assert_eq!(params.integer("limit").unwrap(), Some(5));
        assert_eq!(params.get("filters"), Some(&json!([])));
        assert!(params.is("distinct"));
        assert_eq!(params.get("x"), None);
        assert_eq!(params.text("y"), Some("a b"));
    }

    #[test]
    fn broken_input_is_refused() {
        assert_eq!(
            Params::read(Reader::Controller, "filters=%zz", None, b"", None)
                .unwrap_err()
                .status(),
            400
        );
        assert_eq!(
            Params::read(Reader::Controller, "limit=abc", None, b"", None)
                .unwrap_err()
                .status(),
            500
        );
        assert_eq!(
            json_body("{\"a\": ").unwrap_err().text("", ""),
            "unexpected EOF"
        );
        assert_eq!(json_body("[1]").unwrap_err().status(), 400);
        assert_eq!(
            json_body(r#"{"collection":5}"#)
                .unwrap()
                .attributes("CreateOptions")
                .unwrap_err()
                .status(),
            500
        );
    }
}
