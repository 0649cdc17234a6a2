//! One recorded request with its answer.

use std::path::Path;

use chrono::DateTime;
use keepdocker_sandbox::{Sandbox, ServiceKind};
use serde_json::{Map, Value};

use crate::compare;
use crate::renewal::Renewal;
use keepdocker_bare_client::{self as client, Answer};

/// Headers that are compared; the others differ from run to run or are the same everywhere.
const HEADERS: [&str; 5] = [
    "content-type",
    "x-keep-replicas-stored",
    "x-keep-storage-classes-confirmed",
    "vary",
    "location",
];

/// One recorded request with its answer.
#[derive(Debug)]
pub(crate) struct Transcript {
    pub(crate) name: String,
    base: Option<String>,
    request: Map<String, Value>,
    response: Map<String, Value>,
}

impl Transcript {
    /// Reads all transcripts in the order in which they were recorded.
    pub(crate) fn read_all(golden: &Path) -> Vec<Transcript> {
        let folder = golden.join("controller");
        let index = std::fs::read_to_string(folder.join("INDEX.tsv")).unwrap();
        index
            .lines()
            .filter_map(|line| line.split('\t').next())
            .map(|name| {
                let text = std::fs::read(folder.join(format!("{name}.json"))).unwrap();
                let mut whole: Map<String, Value> = serde_json::from_slice(&text).unwrap();
                let mut part = |name: &str| match whole.remove(name) {
                    Some(Value::Object(part)) => part,
                    other => panic!("{name}: {other:?}"),
                };
                let (request, response) = (part("request"), part("response"));
                Transcript {
                    name: name.to_owned(),
                    base: whole["base"].as_str().map(str::to_owned),
                    request,
                    response,
                }
            })
            .collect()
    }

    /// The `Authorization` header of the request.
    pub(crate) fn authorization(&self) -> Option<&str> {
        self.request["headers"]["Authorization"].as_str()
    }

    /// How many seconds ago the transcript was recorded.
    fn age(&self) -> i64 {
        let date = self.response["headers"]["date"]
            .as_str()
            .unwrap_or("Mon, 23 Nov 2026 21:51:00 GMT");
        let then = DateTime::parse_from_rfc2822(date).unwrap().timestamp();
        chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now()).timestamp() - then
    }

    /// Waits as long as the recording did before this request.
    ///
    /// A collection keeps an old version only when some time has passed since its last change.
    pub(crate) async fn wait(&self) {
        if self.name == "collections.version-after-idle" {
            tokio::time::sleep(std::time::Duration::from_secs(11)).await;
        }
    }

    /// Sends the request again, with what differs in this run replaced.
    pub(crate) async fn replay(
        &self,
        sandbox: &Sandbox,
        renewal: &Renewal,
        keep: &[(&str, ServiceKind)],
    ) -> Answer {
        let renew = |text: &str| renewal.signatures(&renewal.uuids(text), self.age());
        let target = renew(&self.target());
        let body = renew(&self.body());
        let mut headers: Vec<(String, String)> = Vec::new();
        let mut has_length = false;
        for (name, value) in self.request["headers"].as_object().unwrap() {
            let value = value.as_str().unwrap_or_default();
            if name.eq_ignore_ascii_case("content-length") {
                // An empty length stands for none at all.
                has_length = true;
            } else {
                headers.push((name.clone(), value.to_owned()));
            }
        }
        let sends_body = !matches!(self.method(), "GET" | "HEAD" | "DELETE" | "OPTIONS");
        if !has_length && (sends_body || !body.is_empty()) {
            headers.push(("content-length".to_owned(), body.len().to_string()));
        }
        let body = if has_length { "" } else { &body };
        let ca = sandbox.ca_certificate();
        let (address, ca) = match &self.base {
            None => (sandbox.api_host(), Some(ca.as_path())),
            Some(base) => {
                let index = keep.iter().position(|(known, _)| known == base).unwrap();
                let url = sandbox.keep_urls().remove(index);
                (
                    url["http://".len()..].trim_end_matches('/').to_owned(),
                    None,
                )
            }
        };
        client::send(
            &address,
            ca,
            self.method(),
            &target,
            &headers,
            body.as_bytes(),
        )
        .await
    }

    /// Writes path and query as they were sent; long ones were recorded in parts only.
    fn target(&self) -> String {
        let raw = self.request["raw_target"].as_str().unwrap();
        if !raw.ends_with("...") {
            return raw.to_owned();
        }
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.request["query"].as_object().unwrap() {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            form.append_pair(name, &text);
        }
        format!(
            "{}?{}",
            self.request["path"].as_str().unwrap(),
            form.finish()
        )
    }

    /// The UUIDs that were given to the record made by the request, in the order of the tries.
    pub(crate) fn created_uuids(&self) -> Vec<&str> {
        let body = &self.response["body"];
        let text = |name: &str| body[name].as_str();
        // A final request has what an older container left, in copies.
        let further: Vec<&str> = match text("state") {
            Some("Final") => ["output_uuid", "log_uuid"]
                .into_iter()
                .filter_map(text)
                .collect(),
            _ => text("container_uuid").into_iter().collect(),
        };
        if !self.is_create() {
            // A request for a container makes one when it is committed.
            return further;
        }
        let Some(uuid) = body["uuid"].as_str() else {
            return Vec::new();
        };
        let suffix = format!(" ({})", &uuid[12..]);
        if body["name"]
            .as_str()
            .is_some_and(|name| name.ends_with(&suffix))
        {
            // The first try's UUID is not known.
            vec!["zzzzz-4zz18-000000firsttry0", uuid]
        } else {
            std::iter::once(uuid).chain(further).collect()
        }
    }

    /// Says whether the request made a record, and not brought one into or out of the trash.
    fn is_create(&self) -> bool {
        let path = self.request["path"].as_str().unwrap();
        self.method() == "POST"
            && self.response["status"] == 200
            && !path.ends_with("/trash")
            && !path.ends_with("/untrash")
    }

    fn method(&self) -> &str {
        self.request["method"].as_str().unwrap()
    }

    /// Writes the body as it was sent.
    fn body(&self) -> String {
        let body = &self.request["body"];
        match (self.request["body_encoding"].as_str(), body) {
            (Some("raw"), Value::String(text)) => text.clone(),
            (Some("form"), Value::Object(fields)) => {
                let mut form = url::form_urlencoded::Serializer::new(String::new());
                for (name, value) in fields {
                    match value {
                        Value::String(text) => form.append_pair(name, text),
                        other => form.append_pair(name, &other.to_string()),
                    };
                }
                form.finish()
            }
            (Some("json"), Value::Null) => "{}".to_owned(),
            (Some("json"), body) => body.to_string(),
            (None, Value::Null) => String::new(),
            (encoding, body) => panic!("{}: {encoding:?} {body}", self.name),
        }
    }

    /// Compares the answer with the recorded one and learns the UUID of what was made.
    pub(crate) fn compare(&self, answer: &Answer, renewal: &mut Renewal) -> Vec<String> {
        let mut differences = Vec::new();
        let status = self.response["status"].as_u64().unwrap();
        if u64::from(answer.status) != status {
            let body = String::from_utf8_lossy(&answer.body);
            differences.push(format!(
                "status {}, recorded {status}: {}",
                answer.status,
                body.chars().take(300).collect::<String>()
            ));
            return differences;
        }
        for name in HEADERS {
            let then = self.response["headers"].get(name).and_then(Value::as_str);
            if answer.header(name) != then {
                differences.push(format!(
                    "header {name}: {:?}, recorded {then:?}",
                    answer.header(name)
                ));
            }
        }
        let then = &self.response["body"];
        if self.response["body_format"] != "json" {
            if is_cut_short(answer) != self.response.contains_key("broken_off") {
                differences.push("only one of the two bodies is whole".to_owned());
            }
            let then = compare::text("", then.as_str().unwrap_or_default());
            let now = compare::text("", &String::from_utf8_lossy(&answer.body));
            if then != now {
                differences.push(format!("body {now:?}, recorded {then:?}"));
            }
            return differences;
        }
        let now: Value = serde_json::from_slice(&answer.body).unwrap();
        if let (Some(then), Some(now)) = (then["uuid"].as_str(), now["uuid"].as_str())
            && self.is_create()
        {
            renewal.rename(then, now);
        }
        renewal.learn(then, &now);
        let then: Value = serde_json::from_str(&renewal.uuids(&then.to_string())).unwrap();
        match self.name.trim_start_matches("server.") {
            "config-endpoint" | "config" | "config-noauth" => {
                compare::shape("", &then, &now, &mut differences)
            }
            // Only the start of this long document was recorded.
            "discovery-post" => compare::prefix(&then, &now, &mut differences),
            "discovery" => compare_discovery(&then, &now, &mut differences),
            name if name.starts_with("keep_services-") => {
                compare_services(&then, &now, &mut differences);
            }
            _ => compare::json("", &then, &now, &mut differences),
        }
        differences
    }
}

/// Says whether the body ended before its `Content-Length`.
fn is_cut_short(answer: &Answer) -> bool {
    !answer.body.is_empty()
        && answer
            .header("content-length")
            .and_then(|length| length.parse().ok())
            .is_some_and(|length: usize| answer.body.len() < length)
}

/// The sandbox offers a part of the API: what it lists must be recorded, all else must match.
fn compare_discovery(then: &Value, now: &Value, differences: &mut Vec<String>) {
    let (mut then, mut now) = (then.clone(), now.clone());
    for part in ["resources", "schemas", "parameters", "auth"] {
        let (then, now) = (then[part].take(), now[part].take());
        compare::subset(&format!(".{part}"), &then, &now, differences);
    }
    compare::shape("", &then, &now, differences);
    for stable in [
        "revision",
        "servicePath",
        "basePath",
        "uuidPrefix",
        "dockerImageFormats",
        "maxItemsPerResponse",
        "maxRequestSize",
        "blobSignatureTtl",
        "defaultCollectionReplication",
        "defaultTrashLifetime",
        "name",
        "version",
        "kind",
        "batchPath",
        "protocol",
    ] {
        compare::json(
            &format!(".{stable}"),
            &then[stable],
            &now[stable],
            differences,
        );
    }
}

/// UUIDs and ports are the cluster's own, except that the sandbox keeps to 27 characters.
fn compare_services(then: &Value, now: &Value, differences: &mut Vec<String>) {
    let blank = |list: &Value| {
        let mut list = list.clone();
        if let Some(items) = list["items"].as_array_mut() {
            for item in items {
                item["uuid"] = item["uuid"]
                    .as_str()
                    .map(|uuid| uuid[..12].to_owned())
                    .into();
                item["service_port"] = item["service_port"].is_u64().into();
                item["service_host"] = item["service_host"].is_string().into();
            }
        }
        list
    };
    compare::json("", &blank(then), &blank(now), differences);
}
