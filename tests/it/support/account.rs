//! A user of a cluster, who asks it for what he likes.

use std::collections::BTreeMap;

use md5::{Digest as _, Md5};
use reqwest::Method;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};

use super::{Cluster, Environment, hex};

/// An active user without any privilege.
pub(crate) struct Account<'a> {
    cluster: &'a Cluster,
    uuid: String,
    token: String,
    client: reqwest::Client,
}

/// A file of a collection: its path and its bytes.
pub(crate) type File = (String, Vec<u8>);

impl<'a> Account<'a> {
    /// The user whom every cluster has.
    pub(crate) fn usual(cluster: &'a Cluster) -> Account<'a> {
        Account::new(cluster, cluster.user_uuid(), cluster.token())
    }

    /// One more user.
    pub(crate) fn further(cluster: &'a Cluster, name: &str) -> Account<'a> {
        let (uuid, token) = cluster.seed().user(None, name, false).unwrap();
        Account::new(cluster, uuid, token)
    }

    fn new(cluster: &'a Cluster, uuid: String, token: String) -> Account<'a> {
        let mut roots = rustls::RootCertStore::empty();
        let authority = CertificateDer::from_pem_file(cluster.ca_certificate()).unwrap();
        roots.add(authority).unwrap();
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let builder = reqwest::Client::builder().tls_backend_preconfigured(tls);
        Account {
            cluster,
            uuid,
            token,
            client: builder.no_proxy().build().unwrap(),
        }
    }

    /// The user's UUID, which is the home project's too.
    pub(crate) fn uuid(&self) -> &str {
        &self.uuid
    }

    /// The user's token.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// An environment that is set up for the user.
    pub(crate) fn environment(&self) -> Environment {
        let mut environment = Environment::on(self.cluster);
        environment.set("ARVADOS_API_TOKEN", &self.token);
        environment
    }

    fn send(&self, method: Method, url: &str, body: Vec<u8>) -> (u16, Vec<u8>) {
        let request = self
            .client
            .request(method, url)
            .bearer_auth(&self.token)
            .header("content-type", "application/json")
            .body(body);
        self.cluster.wait(async {
            let answer = request.send().await.unwrap();
            let status = answer.status().as_u16();
            (status, answer.bytes().await.unwrap().to_vec())
        })
    }

    /// Asks the API, and returns the status and the answer.
    pub(crate) fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("https://{}/arvados/v1/{path}", self.cluster.api_host());
        let body = body.map_or_else(Vec::new, |body| body.to_string().into_bytes());
        let (status, answer) = self.send(method.parse().unwrap(), &url, body);
        (
            status,
            serde_json::from_slice(&answer).unwrap_or(Value::Null),
        )
    }

    /// Asks the API for what must succeed.
    #[track_caller]
    pub(crate) fn done(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.ask(method, path, body);
        assert_eq!(status, 200, "{method} {path}: {answer}");
        answer
    }

    /// Makes something, and returns its UUID.
    #[track_caller]
    pub(crate) fn make(&self, kind: &str, attributes: Value) -> String {
        let name = kind.trim_end_matches('s');
        let made = self.done("POST", kind, Some(json!({name: attributes})));
        made["uuid"].as_str().unwrap().to_owned()
    }

    /// Makes a project.
    pub(crate) fn make_project(&self, name: &str) -> String {
        self.make("groups", json!({"name": name, "group_class": "project"}))
    }

    /// Makes a project that everybody can read.
    pub(crate) fn make_public_project(&self, name: &str) -> String {
        let project = self.make_project(name);
        let everybody = format!("{}-j7d0g-fffffffffffffff", self.cluster.cluster_id());
        let link = json!({
            "link_class": "permission", "name": "can_read",
            "tail_uuid": everybody, "head_uuid": project,
        });
        self.make("links", link);
        project
    }

    /// Stores a block, and returns its signed locator.
    #[track_caller]
    pub(crate) fn store(&self, block: &[u8]) -> String {
        let url = format!("{}{}", self.cluster.keep_urls()[0], hash(block));
        let (status, locator) = self.send(Method::PUT, &url, block.to_vec());
        let locator = String::from_utf8(locator).unwrap();
        assert_eq!(status, 200, "{locator}");
        locator
    }

    /// Reads a block, which must be the one that its locator names.
    pub(crate) fn block(&self, locator: &str) -> Result<Vec<u8>, String> {
        let url = format!("{}{locator}", self.cluster.keep_urls()[0]);
        let (status, bytes) = self.send(Method::GET, &url, Vec::new());
        let name = locator.split("+A").next().unwrap_or_default();
        if status != 200 {
            return Err(format!("block {name}: status {status}"));
        }
        let found = format!("{}+{}", hash(&bytes), bytes.len());
        if found != name {
            return Err(format!("block {name} is {found}"));
        }
        Ok(bytes)
    }

    /// Makes a collection of these files, each in a block of its own, and returns its UUID.
    #[track_caller]
    pub(crate) fn collect(
        &self,
        owner: &str,
        files: &[(&str, &[u8])],
        properties: Value,
    ) -> String {
        let mut streams: BTreeMap<String, Stream> = BTreeMap::new();
        for (path, bytes) in files {
            let (folder, name) = match path.rsplit_once('/') {
                Some((folder, name)) => (format!("./{folder}"), name),
                None => (".".to_owned(), *path),
            };
            let stream = streams.entry(folder).or_default();
            match bytes.is_empty() {
                true => stream
                    .blocks
                    .push("d41d8cd98f00b204e9800998ecf8427e+0".into()),
                false => {
                    let blocks = bytes.chunks(64 << 20).map(|block| self.store(block));
                    stream
                        .blocks
                        .extend(blocks.map(|block| block.trim().to_owned()));
                }
            }
            let segment = format!("{}:{}:{name}", stream.length, bytes.len());
            stream.segments.push(segment);
            stream.length += bytes.len();
        }
        let line = |(folder, stream): (String, Stream)| {
            let (blocks, segments) = (stream.blocks.join(" "), stream.segments.join(" "));
            format!("{folder} {blocks} {segments}\n")
        };
        let text: String = streams.into_iter().map(line).collect();
        self.make(
            "collections",
            json!({"owner_uuid": owner, "manifest_text": text, "properties": properties}),
        )
    }

    /// Reads the files of a collection, block by block.
    pub(crate) fn files(&self, collection: &str) -> Result<Vec<File>, String> {
        let path = format!("collections/{collection}");
        let (status, answer) = self.ask("GET", &path, None);
        if status != 200 {
            return Err(format!("collection {collection}: status {status}"));
        }
        let text = answer["manifest_text"].as_str().unwrap_or_default();
        let mut files: Vec<File> = Vec::new();
        for line in text.lines() {
            let mut words = line.split(' ');
            let folder = words.next().unwrap_or_default().to_owned();
            let (blocks, segments): (Vec<&str>, Vec<&str>) =
                words.partition(|word| word.as_bytes().get(32) == Some(&b'+'));
            let mut data = Vec::new();
            for block in blocks {
                data.extend(self.block(block)?);
            }
            for segment in segments {
                let mut parts = segment.splitn(3, ':');
                let mut number = || parts.next()?.parse::<usize>().ok();
                let bounds = number().zip(number());
                let bytes = bounds.and_then(|(start, length)| data.get(start..start + length));
                let (Some(bytes), Some(name)) = (bytes, parts.next()) else {
                    return Err(format!("collection {collection}: bad segment {segment}"));
                };
                let path = format!("{folder}/{}", plain(name));
                let path = path.trim_start_matches("./").to_owned();
                match files.iter_mut().find(|(known, _)| *known == path) {
                    Some((_, file)) => file.extend_from_slice(bytes),
                    None => files.push((path, bytes.to_vec())),
                }
            }
        }
        Ok(files)
    }

    /// Checks that a collection holds an image, and nothing else, as the user reads it.
    pub(crate) fn check(&self, collection: &str, image: &super::Made) -> Result<(), String> {
        let files = self.files(collection)?;
        let [(name, bytes)] = files.as_slice() else {
            let names: Vec<&String> = files.iter().map(|(name, _)| name).collect();
            return Err(format!("collection {collection} has the files {names:?}"));
        };
        if *name != image.file() {
            return Err(format!("collection {collection} has the file {name}"));
        }
        image
            .is_in(bytes)
            .map_err(|why| format!("collection {collection}: {why}"))
    }
}

/// A line of a manifest under construction.
#[derive(Default)]
struct Stream {
    blocks: Vec<String>,
    segments: Vec<String>,
    length: usize,
}

/// Reads the escapes of a name in a manifest.
fn plain(name: &str) -> String {
    let mut parts = name.split('\\');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part
            .get(..3)
            .and_then(|code| u8::from_str_radix(code, 8).ok());
        match code {
            Some(code) => {
                text.push(char::from(code));
                text.push_str(&part[3..]);
            }
            None => text.push_str(part),
        }
    }
    text
}

fn hash(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}
