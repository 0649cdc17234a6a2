//! The capabilities, answered from one thread's world.

pub(crate) mod archives;
pub(crate) mod cluster;
pub(crate) mod collections;
pub(crate) mod containers;
pub(crate) mod engine;
pub(crate) mod keep;
pub(crate) mod links;
pub(crate) mod locks;
pub(crate) mod log;
pub(crate) mod permissions;
pub(crate) mod projects;
pub(crate) mod registry;
pub(crate) mod users;

use crate::bindings::keepdocker::contract as real;

use std::cell::RefCell;

/// What a write does instead of what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing happens, and the command fails.
    Fail,
    /// It happens, and the answer is lost.
    LoseAnswer,
    /// Nothing happens, and nobody can tell.
    LoseRequest,
    /// The answer is lost, and it happens before this question for collections or links, counted
    /// from 0.
    Late(u32),
}

/// What is still to happen.
#[derive(Debug)]
pub(crate) enum Late {
    Collection(real::collections::Collection),
    Link(real::links::Link),
}

#[derive(Debug, Clone)]
pub(crate) struct GivenArchive {
    pub(crate) images: Vec<real::archives::Image>,
    pub(crate) is_stream: bool,
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) formats: Option<Vec<String>>,
    pub(crate) slash_substitute: String,
    pub(crate) links: Vec<real::links::Link>,
    pub(crate) collections: Vec<real::collections::Collection>,
    /// The projects that the token may read.
    pub(crate) projects: Vec<real::projects::Project>,
    /// What comes of every question about a project, instead of an answer.
    pub(crate) project_error: Option<real::api::Error>,
    /// Who has which level on what.
    pub(crate) permissions: Vec<(String, String, real::permissions::Level)>,
    /// What containers use: an image's portable data hash, and the last day of that; none while they wait or run.
    pub(crate) used: Vec<(String, Option<String>)>,
    /// What comes of every question for them, instead of an answer.
    pub(crate) used_error: Option<real::api::Error>,
    /// The collections in the trash, or of others who do not share them.
    pub(crate) hidden: Vec<String>,
    /// The engine's images, with the archives it would save; none if there is no engine.
    pub(crate) engine: Option<Vec<(real::engine::LocalImage, real::archives::Image)>>,
    /// What the registry has, to pull.
    pub(crate) registry: Vec<(real::engine::LocalImage, real::archives::Image)>,
    /// What registries have for those who ask them themselves: a name, and an image that it means.
    pub(crate) in_registry: Vec<(String, real::archives::Image)>,
    /// The signatures that the host has checked.
    pub(crate) signatures: Vec<real::archives::Signature>,
    pub(crate) given: Option<GivenArchive>,
    /// Images in the cache; an unsound archive has no image.
    pub(crate) cache: Vec<(String, Option<real::archives::Image>)>,
    /// What was fetched from Keep, in order.
    pub(crate) fetched: Vec<real::keep::Extent>,
    /// The name that the image fetched last got.
    pub(crate) named_on_arrival: Option<String>,
    /// What blocks hold, by their MD5, where that is not what the archive's name promises; none for
    /// what is no archive.
    pub(crate) contents: Vec<(String, Option<real::archives::Image>)>,
    /// What every stored archive turns out to hold, instead of what it held when it was opened.
    pub(crate) stored_as: Option<real::archives::Image>,
    /// The digest of the manifest that an archive turns out to have once it was read whole.
    pub(crate) manifest_once_stored: Option<String>,
    /// The digest of the manifest that an engine with a containerd store makes of every stored archive.
    pub(crate) loaded_as: Option<String>,
    /// Whether a block that is sent takes the place of what Keep has under its hash.
    pub(crate) heals: bool,
    pub(crate) locked: Vec<String>,
    pub(crate) log: Vec<(real::log::Level, String)>,
    pub(crate) calls: Vec<String>,
    /// The writes that go wrong, counted from 0.
    pub(crate) faults: Vec<(usize, Fault)>,
    pub(crate) writes: usize,
    /// What is still to happen, and how many questions come first.
    late: Vec<(u32, Late)>,
    /// How archives were stored.
    pub(crate) stores: Vec<real::keep::Options>,
    /// Whether collections are refused that refer to blocks as others do.
    pub(crate) refuses_reused: bool,
    /// Whether every change of a collection is refused.
    pub(crate) refuses_updates: bool,
    /// Whether every collection is refused.
    pub(crate) refuses_all: bool,
    /// Whether the given archive can be opened only once.
    pub(crate) reads_given_once: bool,
    /// What comes of every look into an archive, instead of an answer.
    pub(crate) examine_error: Option<real::keep::Error>,
    /// Whether the server's clock stands.
    pub(crate) is_stopped: bool,
    clock: usize,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            formats: Some(vec!["v2".into()]),
            slash_substitute: String::new(),
            links: Vec::new(),
            collections: Vec::new(),
            projects: vec![real::projects::Project {
                uuid: crate::testing::PROJECT.into(),
                name: "A Project".into(),
                group_class: Some("project".into()),
                writable: true,
            }],
            project_error: None,
            permissions: Vec::new(),
            used: Vec::new(),
            used_error: None,
            hidden: Vec::new(),
            engine: Some(Vec::new()),
            registry: Vec::new(),
            in_registry: Vec::new(),
            signatures: Vec::new(),
            given: None,
            cache: Vec::new(),
            fetched: Vec::new(),
            named_on_arrival: None,
            contents: Vec::new(),
            stored_as: None,
            manifest_once_stored: None,
            loaded_as: None,
            heals: false,
            locked: Vec::new(),
            log: Vec::new(),
            calls: Vec::new(),
            faults: Vec::new(),
            writes: 0,
            late: Vec::new(),
            stores: Vec::new(),
            refuses_reused: false,
            refuses_updates: false,
            refuses_all: false,
            reads_given_once: false,
            examine_error: None,
            is_stopped: false,
            clock: 0,
        }
    }

    fn tick(&mut self) -> String {
        self.clock += usize::from(!self.is_stopped);
        format!(
            "2026-01-01T00:{:02}:{:02}.000000000Z",
            self.clock / 60,
            self.clock % 60
        )
    }

    /// Counts a write and returns what goes wrong with it.
    fn fault(&mut self) -> Option<Fault> {
        let number = self.writes;
        self.writes += 1;
        self.faults
            .iter()
            .find(|(at, _)| *at == number)
            .map(|(_, fault)| *fault)
    }

    /// Counts a question, and lets happen what was to happen before it.
    fn ask(&mut self, call: &str) {
        self.calls.push(call.into());
        for (left, what) in std::mem::take(&mut self.late) {
            match (left, what) {
                (0, Late::Collection(collection)) => self.collections.push(collection),
                (0, Late::Link(link)) => self.links.push(link),
                (left, what) => self.late.push((left - 1, what)),
            }
        }
    }

    fn is_visible(&self, uuid: &str) -> bool {
        !self.hidden.iter().any(|hidden| hidden == uuid)
    }
}

thread_local! {
    static WORLD: RefCell<World> = RefCell::new(World::new());
}

/// Puts a collection of the recorded cluster into the form in which the capability returns it.
pub(crate) fn collection(
    recorded: crate::testing::recorded::Collection,
) -> real::collections::Collection {
    real::collections::Collection {
        owner: recorded.owner,
        name: recorded.name,
        portable_data_hash: recorded.portable_data_hash,
        created_at: recorded.created_at,
        manifest: Some(recorded.manifest),
        ..crate::testing::collection(&recorded.uuid)
    }
}

/// Lets the test look at its world, or change it.
pub(crate) fn with<T>(look: impl FnOnce(&mut World) -> T) -> T {
    WORLD.with_borrow_mut(look)
}
