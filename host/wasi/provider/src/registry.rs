//! Images of registries, over the HTTP that the runtime grants.

use std::future::ready;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use keepdocker_archive::{Archive, Remote};
use keepdocker_arvados::http::Retry;
use keepdocker_arvados::turn;
use keepdocker_registry::{
    Client, Error, Exchange, HelperOutput, Later, LoginSource, Names, Program, Settings,
};
use keepdocker_wording::harmless::excerpt;
use url::Url;

use crate::bindings::log::Level;
use crate::bindings::{self, archives, registry};
use crate::http::Connections;
use crate::session;

/// What registries are asked with, and what names were resolved to.
pub(crate) struct Registries {
    client: Client,
    names: Names,
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
            names: Names::default(),
        }
    }

    /// Asks what a name means.
    pub(crate) fn resolve(&self, text: &str) -> Result<registry::Resolved, archives::Error> {
        let resolved = turn::run(self.names.resolve(&self.client, text)).map_err(told)?;
        Ok((&resolved).into())
    }

    /// Opens an image that a name was resolved to, as an archive that holds nothing else.
    pub(crate) fn fetch(&self, text: &str, manifest: &str) -> Result<Archive, archives::Error> {
        let image = turn::run(self.names.image(&self.client, text, manifest)).map_err(told)?;
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

keepdocker_registry::contract!(bindings);

fn told(error: Error) -> archives::Error {
    of_registry(&error, error.to_string())
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
        session::message(Level::Debug, &exchange.to_string());
    }

    fn notify(&self, sentence: &str) {
        session::message(Level::Info, sentence);
    }

    fn warn(&self, sentence: &str) {
        session::message(Level::Warning, sentence);
    }
}
