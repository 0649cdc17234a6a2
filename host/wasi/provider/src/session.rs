//! What holds for the whole run: the cluster, the archive that was named, what is shown.

use std::cell::{Cell, OnceCell, RefCell};
use std::io::Write as _;
use std::rc::Rc;
use std::sync::Arc;

use keepdocker_arvados::api::Api;
use keepdocker_arvados::effects::{Effects, Objects, Script};
use keepdocker_arvados::http::Retry;
use keepdocker_arvados::keep::Keep;
use keepdocker_arvados::secrets::concealed;
use keepdocker_wording::harmless::escape;

use crate::archive::Location;
use crate::bindings::log::Level;
use crate::bindings::{Provider, session};
use crate::http::Client;
use crate::keep::ArchiveStore;
use crate::settings::{self, Settings};

/// A cluster, ready to be asked.
pub(crate) struct Cluster {
    /// Its links, collections and projects.
    pub(crate) objects: Objects<Client>,
    /// Its Keep.
    pub(crate) keep: Arc<ArchiveStore>,
}

thread_local! {
    static CLUSTER: OnceCell<Result<Rc<Cluster>, settings::Error>> = const { OnceCell::new() };
    static GIVEN: RefCell<Option<Location>> = const { RefCell::new(None) };
    static SCRIPT: RefCell<Option<Arc<Script>>> = const { RefCell::new(None) };
    static LEAST: Cell<u8> = const { Cell::new(rank(Level::Info)) };
}

impl session::Guest for Provider {
    fn give(location: String) -> Result<session::Source, String> {
        let location = location
            .parse::<Location>()
            .map_err(|error| error.to_string())?;
        if let Location::Registry(image) = location {
            return Ok(session::Source::Registry(image));
        }
        let image = location.image().map(str::to_owned);
        GIVEN.set(Some(location));
        Ok(session::Source::Given(image))
    }

    fn show(least: Level) {
        LEAST.set(rank(least));
    }

    fn rehearse() {
        SCRIPT.set(Some(Arc::new(Script::rehearsal())));
    }

    fn steps() -> Vec<String> {
        let steps = SCRIPT.with_borrow(|script| script.as_ref().map(|script| script.steps()));
        steps
            .unwrap_or_default()
            .iter()
            .map(|step| format!("{} {step}", step.sign()))
            .collect()
    }
}

/// Returns the cluster that the environment names.
pub(crate) fn cluster() -> Result<Rc<Cluster>, settings::Error> {
    CLUSTER.with(|cluster| cluster.get_or_init(connect).clone())
}

fn connect() -> Result<Rc<Cluster>, settings::Error> {
    let settings = Settings::load()?;
    let client = Client::new(&settings);
    let retry = Retry::default();
    let script = SCRIPT.with_borrow(Clone::clone);
    let effects = script.map(Effects::under).unwrap_or_default();
    let given = settings.keep_services.as_deref();
    let api = Arc::new(Api::new(settings.api.clone(), client.clone(), retry));
    let keep = Keep::new(given, client, api.clone(), retry);
    Ok(Rc::new(Cluster {
        objects: Objects::new(api, effects.clone()),
        keep: Arc::new(ArchiveStore::new(keep, effects)),
    }))
}

/// Returns the archive that was named.
pub(crate) fn given() -> Option<Location> {
    GIVEN.with_borrow(Clone::clone)
}

/// Shows a message on standard error, if its level is high enough.
pub(crate) fn message(level: Level, text: &str) {
    if rank(level) < LEAST.get() {
        return;
    }
    let prefix = match level {
        Level::Debug => "debug: ",
        Level::Info => "",
        Level::Warning => "warning: ",
        Level::Error => "error: ",
    };
    // There is nowhere to report that standard error is gone.
    let _ = writeln!(std::io::stderr(), "{prefix}{}", escape(&concealed(text)));
}

const fn rank(level: Level) -> u8 {
    match level {
        Level::Debug => 0,
        Level::Info => 1,
        Level::Warning => 2,
        Level::Error => 3,
    }
}
