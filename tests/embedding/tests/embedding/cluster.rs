//! A cluster, an engine and archives in memory, which answer the component's calls and note them.

mod records;

use keepdocker_decisions::manifest::portable_data_hash;
use keepdocker_decisions::testing::USER;
use serde_json::{Value, json};

const AT: &str = "2024-01-01T00:00:00.000000000Z";
const SIGNATURE: &str = "A0123456789abcdef0123456789abcdef01234567@7fffffff";

/// What goes wrong at one call.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    /// The number of the call, from 0.
    pub(crate) call: usize,
    /// The error that the component gets to see, without what says that it is one.
    pub(crate) error: Value,
    /// Whether the call has its effect all the same, so that only the answer is lost.
    pub(crate) is_done: bool,
}

/// Values are as in the audit log: fields as `created_at`, cases as `repo-tag`.
#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    pub(crate) formats: Value,
    pub(crate) slash_substitute: String,
    pub(crate) links: Vec<Value>,
    pub(crate) collections: Vec<Value>,
    /// The collections in the trash.
    pub(crate) trash: Vec<Value>,
    /// What somebody may do.
    pub(crate) permissions: Vec<Value>,
    /// The portable data hashes of the images that containers use.
    pub(crate) used: Vec<Value>,
    /// What every project is said to be, but for its UUID; none if there is no project.
    pub(crate) project: Option<Value>,
    /// The images of the engine; without them there is no engine.
    pub(crate) engine: Option<Vec<Value>>,
    /// What the engine can pull.
    pub(crate) registry: Vec<Value>,
    /// What a registry has for those who ask it themselves, each under all of its names.
    pub(crate) in_registry: Vec<Value>,
    /// The signatures on what is in the registry.
    pub(crate) signatures: Vec<Value>,
    /// The images of the archive that the command line names.
    pub(crate) given: Vec<Value>,
    /// Whether that archive can be read only once.
    pub(crate) is_stream: bool,
    /// The IDs of images with a saved archive.
    pub(crate) cache: Vec<String>,
    /// The digest of the manifest that an engine with a containerd store makes of every archive.
    pub(crate) loaded_as: Option<String>,
    pub(crate) fault: Option<Fault>,
    /// The calls so far, each with its answer.
    pub(crate) calls: Vec<Value>,
    /// What each archive that was opened holds.
    pub(crate) open: Vec<Vec<Value>>,
    /// The archives that were taken in, as streams are before they tell what they hold.
    pub(crate) taken_in: Vec<Value>,
}

impl Default for Cluster {
    fn default() -> Self {
        Self {
            formats: json!(["v2"]),
            slash_substitute: String::new(),
            links: Vec::new(),
            collections: Vec::new(),
            trash: Vec::new(),
            permissions: Vec::new(),
            used: Vec::new(),
            project: Some(project("project", true)),
            engine: Some(Vec::new()),
            registry: Vec::new(),
            in_registry: Vec::new(),
            signatures: Vec::new(),
            given: Vec::new(),
            is_stream: false,
            cache: Vec::new(),
            loaded_as: None,
            fault: None,
            calls: Vec::new(),
            open: Vec::new(),
            taken_in: Vec::new(),
        }
    }
}

impl Cluster {
    /// Does what is asked, and returns the answer.
    pub(crate) fn answer(&mut self, verb: &str, request: Value) -> Value {
        let fault = self
            .fault
            .clone()
            .filter(|fault| fault.call == self.calls.len());
        let answer = match fault {
            // What has no error in the contract cannot fail.
            Some(fault) if verb != "log.write" => {
                if fault.is_done {
                    self.act(verb, &request);
                }
                json!({ "err": fault.error })
            }
            _ => self.act(verb, &request),
        };
        self.calls
            .push(json!({ "verb": verb, "request": request, "answer": answer }));
        answer
    }

    fn act(&mut self, verb: &str, request: &Value) -> Value {
        let first = &request[0];
        let done = match verb {
            "log.write" => return Value::Null,
            "cluster.get" => Ok(json!({
                "id": "zzzzz", "image_formats": self.formats, "default_replication": 2,
                "slash_substitute": self.slash_substitute,
            })),
            "users.current" => Ok(json!(USER)),
            "projects.get" => self.project(text(first)),
            "locks.acquire" => Ok(json!(1)),
            "engine.find" => self.find(text(first)),
            "engine.pull" => self.pull(text(first)),
            "archives.open" => self.open(first),
            "archives.images" => Ok(self.images(first)),
            "archives.forget" => {
                self.cache.retain(|id| id != text(first));
                Ok(Value::Null)
            }
            "registry.resolve" => self.resolve(text(first)),
            "registry.fetch" => self.fetch(text(first), text(&request[1])),
            "keep.store" => self.store(first, &request[1]),
            "keep.fetch" => Ok(json!({
                "image": self.examined(text(&first["image"])),
                "size": if request[2] == true { 0 } else { 1000 },
            })),
            "keep.examine" => Ok(self.examined(text(&first["image"]))),
            "links.list" => Ok(self.list_links(first)),
            "links.create" => Ok(self.create_link(first)),
            "links.delete" => {
                self.links.retain(|link| link["uuid"] != first["uuid"]);
                Ok(Value::Null)
            }
            "collections.list" => Ok(self.list_collections(first)),
            "collections.create" => Ok(self.create_collection(first)),
            "collections.update" => {
                self.update_collection(first);
                Ok(Value::Null)
            }
            "collections.trash" => {
                let is_it = |one: &mut Value| one["uuid"] == first["collection"];
                self.trash.extend(self.collections.extract_if(.., is_it));
                Ok(json!("2024-02-01T00:00:00.000000000Z"))
            }
            "collections.untrash" => {
                let is_it = |one: &mut Value| one["uuid"] == first["collection"];
                self.collections.extend(self.trash.extract_if(.., is_it));
                Ok(Value::Null)
            }
            "containers.used" => {
                let is_used = |content: &&Value| self.used.contains(content);
                Ok(array(first).iter().filter(is_used).cloned().collect())
            }
            "permissions.set" => {
                let is_it = |one: &Value| {
                    one["object"] == first["object"] && one["holder"] == first["holder"]
                };
                let before = self.permissions.iter().find(|one| is_it(one));
                let before = before.map_or(Value::Null, |one| one["level"].clone());
                self.permissions.retain(|one| !is_it(one));
                self.permissions.push(first.clone());
                Ok(before)
            }
            other => panic!("the cluster in memory does not know {other}"),
        };
        match done {
            Ok(value) => json!({ "ok": value }),
            Err(error) => json!({ "err": error }),
        }
    }

    fn project(&self, uuid: &str) -> Result<Value, Value> {
        self.project
            .clone()
            .map(|mut project| {
                project["uuid"] = json!(uuid);
                project
            })
            .ok_or_else(|| json!({ "not-found": "there is no such project" }))
    }

    fn find(&self, name: &str) -> Result<Value, Value> {
        let images = self
            .engine
            .as_ref()
            .ok_or_else(|| json!({ "unavailable": "there is no engine" }))?;
        let digits = name.trim_start_matches("sha256:");
        let is_meant = |image: &&Value| {
            let has_name = |tag: &Value| *tag == name || *tag == format!("{name}:latest");
            array(&image["repo_tags"]).iter().any(has_name)
                || digits.len() >= 12
                    && text(&image["id"])
                        .trim_start_matches("sha256:")
                        .starts_with(digits)
        };
        let found: Vec<Value> = images
            .iter()
            .filter(is_meant)
            .map(|image| {
                json!({
                    "id": image["id"], "repo_tags": image["repo_tags"], "repo_digests": [],
                    "platform": image["platform"], "diff_ids": image["diff_ids"],
                })
            })
            .collect();
        Ok(json!(found))
    }

    fn pull(&mut self, name: &str) -> Result<Value, Value> {
        let is_meant = |image: &&Value| array(&image["repo_tags"]).contains(&json!(name));
        let found = self.registry.iter().find(is_meant).cloned();
        match (found, &mut self.engine) {
            (Some(image), Some(images)) => {
                images.push(image);
                Ok(Value::Null)
            }
            (None, Some(_)) => Err(json!({ "failed": {
                "command": format!("docker pull {name}"), "status": 1, "message": "not found",
            }})),
            (_, None) => Err(json!({ "unavailable": "there is no engine" })),
        }
    }

    fn resolve(&self, name: &str) -> Result<Value, Value> {
        let is_meant = |image: &&Value| array(&image["repo_tags"]).contains(&json!(name));
        let candidates: Vec<Value> = self
            .in_registry
            .iter()
            .filter(is_meant)
            .map(|image| json!({ "manifest": image["manifest"], "platform": image["platform"] }))
            .collect();
        if candidates.is_empty() {
            return Err(json!({ "no-such-image": "the registry has no such image" }));
        }
        let digest = format!("sha256:{}", "9".repeat(64));
        Ok(json!({ "digest": digest, "candidates": candidates }))
    }

    fn fetch(&mut self, name: &str, manifest: &str) -> Result<Value, Value> {
        let is_meant = |image: &&Value| {
            array(&image["repo_tags"]).contains(&json!(name)) && image["manifest"] == manifest
        };
        let image = self.in_registry.iter().find(is_meant).cloned();
        let image = image.ok_or_else(|| json!({ "other": "the name was not resolved" }))?;
        self.open.push(vec![image]);
        Ok(json!(self.open.len()))
    }

    fn open(&mut self, source: &Value) -> Result<Value, Value> {
        let absent = || json!({ "not-found": "there is no such archive" });
        let images = if let Some(id) = source["cache"].as_str() {
            let is_there = self.cache.iter().any(|cached| cached == id);
            is_there
                .then(|| vec![image(id, &[], AT)])
                .ok_or_else(absent)?
        } else if let Some(id) = source["engine"].as_str() {
            let mut images = self.engine.iter().flatten();
            vec![
                images
                    .find(|image| image["id"] == id)
                    .cloned()
                    .ok_or_else(absent)?,
            ]
        } else {
            self.given.clone()
        };
        self.open.push(images);
        Ok(json!(self.open.len()))
    }

    fn images(&self, handle: &Value) -> Value {
        let is_from_engine =
            self.given.is_empty() && self.cache.is_empty() && self.in_registry.is_empty();
        if (self.is_stream || is_from_engine) && !self.taken_in.contains(handle) {
            return json!({ "images": null, "signatures": [] });
        }
        let images = self.opened(handle).iter().enumerate();
        let images: Vec<Value> = images.map(|(at, image)| held(at, image)).collect();
        json!({ "images": images, "signatures": self.signatures })
    }

    fn opened(&self, handle: &Value) -> &[Value] {
        let number = usize::try_from(handle.as_u64().unwrap()).unwrap();
        &self.open[number - 1]
    }

    fn store(&mut self, handle: &Value, options: &Value) -> Result<Value, Value> {
        let chosen = &options["image"];
        if chosen.is_null() {
            self.taken_in.push(handle.clone());
            return Ok(json!({ "stored": null }));
        }
        let is_chosen = |image: &&Value| {
            image["id"] == chosen["image"] && image["manifest"] == chosen["manifest"]
        };
        let found: Vec<&Value> = self.opened(handle).iter().filter(is_chosen).collect();
        let error = |kind: &str| json!({ "archive": { kind: "see the archive" } });
        match found.first() {
            Some(image) => {
                let own = locator(text(&image["id"]));
                let has_it = |collection: &Value| {
                    array(&options["reuse"]).contains(&collection["uuid"])
                        && text(&collection["manifest"]).contains(&own[..32])
                };
                let reused = if self.collections.iter().any(has_it) {
                    1000
                } else {
                    0
                };
                let layer =
                    |diff_id: &Value| json!({ "diff_id": diff_id, "size": 2 << 20, "read": true });
                let layers: Vec<Value> = array(&image["diff_ids"]).iter().map(layer).collect();
                Ok(json!({ "stored": {
                    "image": image, "loaded_as": self.loaded_as, "blocks": [own], "size": 1000,
                    "sent": 1000 - reused, "reused": reused, "layers": layers,
                } }))
            }
            None => Err(error("no-such-image")),
        }
    }

    /// Returns what an archive of this name holds: of one that is named by its manifest, image `a`.
    fn examined(&self, name: &str) -> Value {
        let mut found = match self.loaded_as.as_deref() == Some(name) {
            true => image(&format!("sha256:{}", "a".repeat(64)), &[], AT),
            false => image(name, &[], AT),
        };
        found["manifest"] = json!(self.loaded_as);
        found
    }
}

/// Makes an image as an archive has it.
pub(crate) fn image(id: &str, tags: &[&str], created: &str) -> Value {
    json!({
        "id": id, "manifest": null, "repo_tags": tags,
        "config": json!({ "created": created, "os": "linux" }).to_string(), "diff_ids": [],
        "platform": { "os": "linux", "architecture": "amd64", "variant": "" },
    })
}

/// Makes a group that can be asked for.
pub(crate) fn project(class: &str, writable: bool) -> Value {
    json!({ "uuid": "", "name": "a project", "group_class": class, "writable": writable })
}

/// Makes a collection that holds an image.
pub(crate) fn collection(uuid: &str, owner: &str, id: &str) -> Value {
    let manifest = format!(". {} 0:1000:{id}.tar\n", locator(id));
    json!({
        "uuid": uuid, "owner": owner, "name": "image", "created_at": AT,
        "portable_data_hash": portable_data_hash(&manifest), "properties": [], "replicas": null, "storage_classes": [],
        "size": 1000, "manifest": manifest,
    })
}

/// Returns the signed locator of the block that the image alone determines.
fn locator(id: &str) -> String {
    format!("{}+1000+{SIGNATURE}", &id["sha256:".len()..][..32])
}

fn owner(new: &Value) -> Value {
    match &new["owner"] {
        Value::Null => json!(USER),
        owner => owner.clone(),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Tells of an image of an archive as it stands in its list.
fn held(at: usize, image: &Value) -> Value {
    json!({
        "position": at, "group": at, "id": image["id"], "manifest": image["manifest"],
        "indexes": [], "repo_tags": image["repo_tags"], "references": [],
        "base_layer": image["diff_ids"][0], "platform": image["platform"],
    })
}
