//! Images of registries, over the HTTP that the runtime grants.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::ready;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use keepdocker_archive::{Archive, Remote};
use keepdocker_arvados::http::Retry;
use keepdocker_arvados::turn;
use keepdocker_registry::{
    Client, Error, Exchange, HelperOutput, Later, LoginSource, Program, Resolved, Settings, Target,
};
use keepdocker_wording::harmless::excerpt;
use url::Url;

use crate::bindings::log::Level;
use crate::bindings::{archives, registry, types};
use crate::http::Connections;
use crate::session;

/// The most names that a run resolves.
const MOST_NAMES: usize = 100;

/// What registries are asked with, and what names were resolved to.
pub(crate) struct Registries {
    client: Client,
    resolved: RefCell<HashMap<String, Resolved>>,
}

thread_local! {
    static REGISTRIES: Rc<Registries> = Rc::new(Registries::new());
}

/// Returns the registries of this run.
pub(crate) fn registries() -> Rc<Registries> {
    REGISTRIES.with(Rc::clone)
}

impl Registries {
    fn new() -> Self {
        let file = |name: &'static str| {
            let path = std::env::var_os(name)?;
            Some(LoginSource::Named(path.into(), name))
        };
        let text = |name: &'static str| {
            let text = std::env::var(name).ok()?;
            (!text.trim().is_empty()).then_some(LoginSource::Text(text, name))
        };
        let logins = [file("REGISTRY_AUTH_FILE"), text("DOCKER_AUTH_CONFIG")];
        let settings = Settings {
            retry: Retry::default(),
            logins: logins.into_iter().flatten().collect(),
            ..Settings::default()
        };
        Self {
            client: Client::new(settings, Arc::new(Runtime), Arc::new(Connections)),
            resolved: RefCell::default(),
        }
    }

    /// Asks what a name means.
    pub(crate) fn resolve(&self, text: &str) -> Result<registry::Resolved, archives::Error> {
        let target = Target::named(text).ok_or_else(|| {
            archives::Error::NotFound(format!(
                "`{}` names no image of a registry",
                excerpt(text, 200)
            ))
        })?;
        let resolved = turn::run(self.client.resolve(&target)).map_err(of_registry)?;
        let candidates = resolved.candidates.iter();
        let told = registry::Resolved {
            digest: resolved.digest.to_string(),
            candidates: candidates
                .map(|candidate| registry::Candidate {
                    manifest: candidate.manifest.to_string(),
                    platform: types::Platform {
                        os: candidate.platform.os.clone(),
                        architecture: candidate.platform.architecture.clone(),
                        variant: candidate.platform.variant.clone(),
                    },
                })
                .collect(),
        };
        let mut known = self.resolved.borrow_mut();
        if known.len() < MOST_NAMES || known.contains_key(text) {
            known.insert(text.to_owned(), resolved);
        }
        Ok(told)
    }

    /// Opens an image that a name was resolved to, as an archive that holds nothing else.
    pub(crate) fn fetch(&self, text: &str, manifest: &str) -> Result<Archive, archives::Error> {
        let known = self.resolved.borrow();
        let found = known.get(text).and_then(|resolved| {
            let mut candidates = resolved.candidates.iter();
            let candidate = candidates.find(|it| it.manifest.to_string() == manifest)?;
            Some((resolved, candidate))
        });
        let (resolved, candidate) = found.ok_or_else(|| {
            archives::Error::Other("the name was not resolved to such an image".to_owned())
        })?;
        let image =
            turn::run(self.client.image(resolved, &candidate.manifest)).map_err(of_registry)?;
        let remote = Remote {
            subject: format!("`{}` in its registry", excerpt(text, 200)),
            index: image.index(&image.platform()),
            layers: Box::new(self.client.layers(&image)),
            documents: image.documents,
        };
        // There are no temporary files, hence no folder for them.
        Ok(Archive::remote(remote, Path::new("")))
    }
}

/// Says in the contract's words what a registry's error is.
fn of_registry(error: Error) -> archives::Error {
    let text = error.to_string();
    match error {
        Error::NotFound { .. } => archives::Error::NoSuchImage(text),
        Error::Unsupported(_) => archives::Error::Unsupported(text),
        _ => archives::Error::Registry(text),
    }
}

/// What the runtime lends: an ear, and no programs that know logins.
struct Runtime;

impl Program for Runtime {
    fn helper(&self, _: String, _: String) -> Later<'_, Result<HelperOutput, String>> {
        let reason =
            "cannot be started from a WASI runtime; hand a login over in DOCKER_AUTH_CONFIG";
        Box::pin(ready(Err(reason.to_owned())))
    }

    /// The runtime's own grants decide.
    fn admit(&self, _: &Url) -> Result<(), String> {
        Ok(())
    }

    fn record(&self, exchange: &Exchange) {
        let status = exchange
            .status
            .map_or("no answer".to_owned(), |status| status.to_string());
        let text = format!("{} {}: {status}", exchange.method, exchange.url);
        session::message(Level::Debug, &text);
    }

    fn notify(&self, sentence: &str) {
        session::message(Level::Info, sentence);
    }

    fn warn(&self, sentence: &str) {
        session::message(Level::Warning, sentence);
    }
}
