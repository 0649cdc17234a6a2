//! Where logins are kept: the files of Docker and Podman, and the helpers that they name.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use keepdocker_wording::harmless::one_line;
use keepdocker_wording::json_fault;
use serde::{Deserialize, Deserializer};
use tokio::sync::{Mutex, OnceCell};

use crate::error::Error;
use crate::login::Login;
use crate::mirrors::Helpers;
use crate::place::Place;
use crate::program::{HelperOutput, Program};

/// The longest file that is read.
const LONGEST: u64 = 1 << 20;

/// What begins the name of every helper's program.
const HELPER: &str = "docker-credential-";

/// A place where logins may be kept.
#[derive(Clone, PartialEq, Eq)]
pub enum LoginSource {
    /// A file that may be there.
    File(PathBuf),
    /// A file that has to be there, as the user names it by this variable.
    Named(PathBuf, &'static str),
    /// The text of such a file, in this variable.
    Text(String, &'static str),
}

/// What is kept in files, and what helpers said so far.
#[derive(Default)]
pub(crate) struct Logins {
    files: Vec<LoginFile>,
    helpers: Helpers,
    asked: Mutex<HashMap<(String, String), Asked>>,
}

/// What a helper said, once it was asked.
type Asked = Arc<OnceCell<Option<Login>>>;

struct LoginFile {
    name: String,
    content: Content,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Content {
    #[serde(deserialize_with = "null_as_absent")]
    auths: BTreeMap<String, Entry>,
    #[serde(deserialize_with = "null_as_absent")]
    cred_helpers: BTreeMap<String, String>,
    #[serde(deserialize_with = "null_as_absent")]
    creds_store: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    #[serde(deserialize_with = "null_as_absent")]
    auth: String,
    #[serde(deserialize_with = "null_as_absent")]
    username: String,
    #[serde(deserialize_with = "null_as_absent")]
    password: String,
    #[serde(deserialize_with = "null_as_absent")]
    identitytoken: String,
    #[serde(deserialize_with = "null_as_absent")]
    registrytoken: String,
}

/// What helpers answer.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default, deserialize_with = "null_as_absent")]
    username: String,
    #[serde(default, deserialize_with = "null_as_absent")]
    secret: String,
}

fn null_as_absent<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

impl Logins {
    /// Reads the files that are there.
    pub(crate) fn read(sources: &[LoginSource], helpers: &Helpers) -> Result<Self, Error> {
        let mut files = Vec::new();
        for source in sources {
            let (name, bytes) = match source {
                LoginSource::Text(text, variable) => {
                    ((*variable).to_owned(), text.clone().into_bytes())
                }
                LoginSource::File(path) | LoginSource::Named(path, _) => {
                    let name = path.display().to_string();
                    match (crate::files::read(path, LONGEST), source) {
                        (Err(error), LoginSource::File(_)) if is_absence(&error) => continue,
                        (Err(error), LoginSource::Named(_, variable)) if is_absence(&error) => {
                            let reason = format!("{variable} names it, and it does not exist");
                            return Err(unusable(&name, reason));
                        }
                        (read, _) => (
                            name.clone(),
                            read.map_err(|error| unusable(&name, error.to_string()))?,
                        ),
                    }
                }
            };
            // Whoever logs out of the last registry may be left with an empty file.
            if bytes.trim_ascii().is_empty() {
                continue;
            }
            let content = parse(&bytes, is_legacy(source))
                .map_err(|error| unusable(&name, json_fault(&error)))?;
            files.push(LoginFile { name, content });
        }
        Ok(Self {
            files,
            helpers: helpers.clone(),
            asked: Mutex::default(),
        })
    }

    /// Returns the login for a place, or none where there is none: then it is asked without one.
    ///
    /// # Errors
    /// If a helper that may know one fails, or what stands for one in a file is none.
    pub(crate) async fn find(
        &self,
        place: &Place,
        program: &dyn Program,
    ) -> Result<Option<Login>, Error> {
        let names = &self.helpers.names;
        for name in names {
            let found = match name.as_str() {
                Helpers::FILES => self.in_files(place, program).await?,
                name => {
                    self.ask(&self.helpers.file, name, place.login_key(), program)
                        .await?
                }
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        // They are the user's own, and not that file's to forbid.
        match names.iter().any(|name| name == Helpers::FILES) {
            true => Ok(None),
            false => self.in_files(place, program).await,
        }
    }

    async fn in_files(&self, place: &Place, program: &dyn Program) -> Result<Option<Login>, Error> {
        for file in &self.files {
            if let Some(login) = self.in_file(file, place, program).await? {
                return Ok(Some(login));
            }
        }
        Ok(None)
    }

    async fn in_file(
        &self,
        file: &LoginFile,
        place: &Place,
        program: &dyn Program,
    ) -> Result<Option<Login>, Error> {
        let content = &file.content;
        let helper = matching(&content.cred_helpers, place);
        let store = Some(&content.creds_store).filter(|store| !store.is_empty());
        let server = place.login_key();
        let helpers = helper
            .map(|(key, helper)| (helper, if key.contains('/') { key } else { server }))
            .into_iter()
            .chain(store.map(|store| (store, server)));
        for (helper, server) in helpers {
            if helper.is_empty() {
                continue;
            }
            let login = self.ask(&file.name, helper, server, program).await?;
            if login.is_some() {
                return Ok(login);
            }
        }
        match matching(&content.auths, place) {
            None => Ok(None),
            Some((key, entry)) => entry.login().map_err(|()| {
                unusable(&file.name, format!("what it has as login for `{}` is not base64 of NAME:PASSWORD; log in again", one_line(key, 200)))
            }),
        }
    }

    /// Asks a helper, once in a run for each server.
    async fn ask(
        &self,
        file: &str,
        helper: &str,
        server: &str,
        program: &dyn Program,
    ) -> Result<Option<Login>, Error> {
        let failed = |reason: String| Error::Helper {
            program: format!("{HELPER}{}", one_line(helper, 80)),
            file: file.to_owned(),
            server: server.to_owned(),
            reason,
        };
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if !helper.bytes().all(is_name) {
            return Err(failed("has a name that no helper can have".into()));
        }
        let cell = {
            let mut asked = self.asked.lock().await;
            let key = (helper.to_owned(), server.to_owned());
            asked.entry(key).or_default().clone()
        };
        let asked = cell.get_or_try_init(|| async {
            let output = program
                .helper(helper.to_owned(), server.to_owned())
                .await
                .map_err(failed)?;
            answer(&output).map_err(failed)
        });
        asked.await.cloned()
    }
}

/// Reads what a helper said: a login, or that it knows none.
fn answer(output: &HelperOutput) -> Result<Option<Login>, String> {
    const NONE: [&str; 3] = [
        "credentials not found in native keychain",
        "no credentials server URL",
        "no credentials username",
    ];
    if !output.succeeded {
        let text = String::from_utf8_lossy(&output.output);
        return match text.trim() {
            text if NONE.contains(&text) => Ok(None),
            "" => Err("failed without a word".into()),
            text => Err(format!("failed: {}", one_line(text, 300))),
        };
    }
    // What is wrong with it is not said in its own words, which may be a secret.
    let answer: Answer = serde_json::from_slice(&output.output)
        .map_err(|_| "did not answer with the JSON that helpers answer with".to_owned())?;
    if answer.username.is_empty() && answer.secret.is_empty() {
        return Ok(None);
    }
    Ok(Some(Login::of_user(&answer.username, &answer.secret)))
}

impl Entry {
    fn login(&self) -> Result<Option<Login>, ()> {
        if !self.registrytoken.is_empty() {
            return Ok(Some(Login::Registry(self.registrytoken.clone())));
        }
        if !self.identitytoken.is_empty() {
            return Ok(Some(Login::Identity(self.identitytoken.clone())));
        }
        if !self.auth.is_empty() {
            return Login::of_base64(&self.auth).map(Some).ok_or(());
        }
        let has_name = !self.username.is_empty();
        Ok(has_name.then(|| Login::of_user(&self.username, &self.password)))
    }
}

/// Returns what a file has for a place, the most specific first: for a repository, for those below a path, for
/// the host.
fn matching<'a, T>(map: &'a BTreeMap<String, T>, place: &Place) -> Option<(&'a str, &'a T)> {
    let name = place.name();
    let mut wanted = Some(&*name);
    while let Some(want) = wanted {
        let found = map.iter().find(|(key, _)| normal(key) == want);
        if let Some((key, value)) = found {
            return Some((key, value));
        }
        wanted = want.rsplit_once('/').map(|(above, _)| above);
    }
    None
}

/// Returns a key as names have it: without the scheme, without the path of an address, Docker Hub by one name.
fn normal(key: &str) -> String {
    let address = ["https://", "http://"]
        .iter()
        .find_map(|scheme| key.strip_prefix(scheme));
    let (host, path) = match (address, key.split_once('/')) {
        (Some(address), _) => (address.split('/').next().unwrap_or(address), ""),
        (None, Some((host, path))) => (host, path.trim_end_matches('/')),
        (None, None) => (key, ""),
    };
    let host = match host.strip_suffix(":443").unwrap_or(host) {
        "index.docker.io" | "registry-1.docker.io" => "docker.io",
        host => host,
    };
    // Docker writes the version of the protocol behind the host, now and then without the scheme.
    match path {
        "" | "v1" | "v2" => host.to_owned(),
        path => format!("{host}/{path}"),
    }
}

fn parse(bytes: &[u8], is_legacy: bool) -> serde_json::Result<Content> {
    if is_legacy {
        return Ok(Content {
            auths: serde_json::from_slice(bytes)?,
            ..Content::default()
        });
    }
    serde_json::from_slice(bytes)
}

/// Tells whether a file is of the form of old: what is in `auths` now was all that there was.
fn is_legacy(source: &LoginSource) -> bool {
    matches!(source, LoginSource::File(path) if path.file_name().is_some_and(|name| name == ".dockercfg"))
}

fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn unusable(file: impl AsRef<Path>, reason: String) -> Error {
    Error::Configuration {
        file: file.as_ref().display().to_string(),
        reason,
    }
}

/// Leaves the text out.
impl std::fmt::Debug for LoginSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) | Self::Named(path, _) => f.debug_tuple("File").field(path).finish(),
            Self::Text(_, variable) => f.debug_tuple("Text").field(variable).finish(),
        }
    }
}
