//! One set of recorded transcripts with the cluster that answers it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use keepdocker_sandbox::{Options, Sandbox, ServiceKind};
use serde_json::Value;

use crate::renewal::{self, Renewal};
use crate::transcript::Transcript;
use keepdocker_bare_client as client;

/// The ports of the recorded Keep services, in the order in which the sandbox runs them.
pub(crate) const KEEP: [(&str, ServiceKind); 3] = [
    ("http://127.0.0.1:18026", ServiceKind::Disk),
    ("http://127.0.0.1:18025", ServiceKind::Proxy),
    ("http://127.0.0.1:18027", ServiceKind::Disk),
];

/// The most differences of one transcript that are printed.
const SHOWN: usize = 6;

/// One set of recorded transcripts.
#[derive(Clone)]
pub(crate) struct Suite {
    /// What the result is called.
    pub(crate) name: &'static str,
    /// The folder with `controller` and `fixtures`.
    pub(crate) golden: PathBuf,
    /// How the recorded cluster was set up, as far as the sets differ.
    pub(crate) options: Options,
    /// How many transcripts must match at least, in hundredths of all.
    pub(crate) least: f64,
    /// `name <TAB> reason` lines: the transcripts that the sandbox does not match.
    pub(crate) exceptions: &'static str,
    /// What absent requests did, as far as later transcripts show it; see [`Suite::fill_in`].
    pub(crate) missing: &'static str,
}

impl Suite {
    /// Starts a sandbox like the recorded cluster, with its fixtures.
    pub(crate) async fn cluster(&self, dir: &Path) -> Sandbox {
        let options = Options {
            cluster_id: "zzzzz".to_owned(),
            blob_signing_key: Some(renewal::KEY.to_owned()),
            keep_services: KEEP.map(|(_, kind)| kind).to_vec(),
            is_keep_encrypted: false,
            management_token: Some("e687950a23c3a9bceec28c6223a06c79".to_owned()),
            // Nobody had emptied the trash when the clusters were recorded.
            is_trash_swept: false,
            ..self.options.clone()
        };
        let sandbox = Sandbox::start(dir, options).await.unwrap();
        let (seed, fixtures) = (sandbox.seed(), self.golden.join("fixtures"));
        tokio::task::spawn_blocking(move || seed.fixtures(&fixtures))
            .await
            .unwrap()
            .unwrap();
        sandbox
    }

    /// Replays every transcript in the order of the recording.
    ///
    /// # Panics
    ///
    /// Panics if one differs without an exception, or has one and does not differ, or if there are
    /// too many exceptions.
    pub(crate) async fn replay(&self, dir: &Path) {
        let sandbox = self.cluster(dir).await;
        let missing: Vec<Value> = serde_json::from_str(self.missing).unwrap();
        let exceptions = self.read_exceptions();
        let transcripts = Transcript::read_all(&self.golden);
        let mut renewal = Renewal::default();
        for transcript in &transcripts {
            if let Some(authorization) = transcript.authorization() {
                renewal.add_token(authorization);
            }
        }
        let (mut matching, mut failures, mut needless) = (0, Vec::new(), Vec::new());
        for transcript in &transcripts {
            let mut uuids = transcript.created_uuids();
            for entry in missing.iter().filter(|e| e["before"] == *transcript.name) {
                match entry["uuids"].as_array() {
                    Some(further) => uuids.extend(further.iter().filter_map(Value::as_str)),
                    None => fill_in(&sandbox, entry, &renewal).await,
                }
            }
            sandbox.seed().plan_uuids(&uuids);
            transcript.wait().await;
            let answer = transcript.replay(&sandbox, &renewal, &KEEP).await;
            let differences = transcript.compare(&answer, &mut renewal);
            let is_exception = exceptions.contains_key(&transcript.name);
            match (differences.is_empty(), is_exception) {
                (true, true) => needless.push(transcript.name.clone()),
                (true, false) => matching += 1,
                (false, true) => {}
                (false, false) => failures.push(describe(transcript, &differences)),
            }
        }
        sandbox.shutdown().await;
        let total = transcripts.len();
        let percentage = f64::from(matching) * 100.0 / f64::from(u32::try_from(total).unwrap());
        println!(
            "conformance with {}: {matching} of {total} transcripts match, {percentage:.1} %",
            self.name
        );
        assert!(
            percentage >= self.least,
            "{}: at least {} % must match",
            self.name,
            self.least
        );
        let unknown: Vec<&String> = exceptions
            .keys()
            .filter(|name| !transcripts.iter().any(|known| known.name == **name))
            .collect();
        assert!(
            unknown.is_empty(),
            "exceptions for unknown transcripts: {unknown:?}"
        );
        assert!(
            needless.is_empty(),
            "these match and need no exception: {needless:?}"
        );
        assert!(
            failures.is_empty(),
            "{} transcripts differ without an exception:\n{}",
            failures.len(),
            failures.join("\n")
        );
    }

    fn read_exceptions(&self) -> BTreeMap<String, String> {
        self.exceptions
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
            .map(|line| {
                let (name, reason) = line.split_once('\t').expect("a name, a tab and a reason");
                assert!(reason.len() > 10, "{name}: no reason is given");
                (name.to_owned(), reason.to_owned())
            })
            .collect()
    }
}

fn describe(transcript: &Transcript, differences: &[String]) -> String {
    let shown: Vec<&str> = differences.iter().take(SHOWN).map(String::as_str).collect();
    format!("{}:\n    {}", transcript.name, shown.join("\n    "))
}

/// Does what an absent request did before a transcript.
///
/// An entry holds either a `record` for a `table`, put there as it is, or a `request`: its method,
/// path, body, authorization and the UUIDs that it gave. One with `uuids` only names those that the
/// recorded request itself gave to records which its answer does not show.
async fn fill_in(sandbox: &Sandbox, entry: &Value, renewal: &Renewal) {
    let now = chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now());
    let later = now + chrono::Duration::days(14);
    let form = "%Y-%m-%dT%H:%M:%S%.6fZ";
    let text = entry
        .to_string()
        .replace("@now", &now.format(form).to_string())
        .replace("@later", &later.format(form).to_string());
    let entry: Value = serde_json::from_str(&renewal.uuids(&text)).unwrap();
    if entry["request"].is_object() {
        return send(sandbox, &entry["request"]).await;
    }
    let (seed, record) = (sandbox.seed(), entry["record"].clone());
    let is_link = entry["table"] == "links";
    let add = move || {
        if is_link {
            seed.links(&[record])
        } else {
            seed.collections(&[record])
        }
    };
    tokio::task::spawn_blocking(add).await.unwrap().unwrap();
}

async fn send(sandbox: &Sandbox, request: &Value) {
    let text = |name: &str| request[name].as_str().unwrap_or_default().to_owned();
    let uuids: Vec<&str> = request["uuids"]
        .as_array()
        .map(|uuids| uuids.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    sandbox.seed().plan_uuids(&uuids);
    let body = match &request["body"] {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    let headers = [
        ("authorization".to_owned(), text("authorization")),
        ("content-type".to_owned(), "application/json".to_owned()),
        ("content-length".to_owned(), body.len().to_string()),
    ];
    let answer = client::send(
        &sandbox.api_host(),
        Some(&sandbox.ca_certificate()),
        &text("method"),
        &text("path"),
        &headers,
        body.as_bytes(),
    )
    .await;
    assert_eq!(
        answer.status,
        200,
        "{request}: {}",
        String::from_utf8_lossy(&answer.body)
    );
}
