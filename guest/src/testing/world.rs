//! The capabilities, answered from one thread's world.

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
    /// The collections in the trash, or of others who do not share them.
    pub(crate) hidden: Vec<String>,
    /// The engine's images, with the archives it would save; none if there is no engine.
    pub(crate) engine: Option<Vec<(real::engine::LocalImage, real::archives::Image)>>,
    /// What the registry has, to pull.
    pub(crate) registry: Vec<(real::engine::LocalImage, real::archives::Image)>,
    pub(crate) given: Option<GivenArchive>,
    /// Images in the cache; an unsound archive has no image.
    pub(crate) cache: Vec<(String, Option<real::archives::Image>)>,
    /// What was fetched from Keep, in order.
    pub(crate) fetched: Vec<real::keep::Extent>,
    pub(crate) locked: Vec<String>,
    pub(crate) log: Vec<(real::log::Level, String)>,
    pub(crate) calls: Vec<String>,
    /// The writes that go wrong, counted from 0.
    pub(crate) faults: Vec<(usize, Fault)>,
    pub(crate) writes: usize,
    /// How archives were stored.
    pub(crate) stores: Vec<real::keep::Options>,
    /// Whether collections are refused that refer to blocks as others do.
    pub(crate) refuses_reused: bool,
    /// Whether every collection is refused.
    pub(crate) refuses_all: bool,
    /// Whether the given archive can be opened only once.
    pub(crate) reads_given_once: bool,
    clock: usize,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            formats: Some(vec!["v2".into()]),
            slash_substitute: String::new(),
            links: Vec::new(),
            collections: Vec::new(),
            hidden: Vec::new(),
            engine: Some(Vec::new()),
            registry: Vec::new(),
            given: None,
            cache: Vec::new(),
            fetched: Vec::new(),
            locked: Vec::new(),
            log: Vec::new(),
            calls: Vec::new(),
            faults: Vec::new(),
            writes: 0,
            stores: Vec::new(),
            refuses_reused: false,
            refuses_all: false,
            reads_given_once: false,
            clock: 0,
        }
    }

    fn tick(&mut self) -> String {
        self.clock += 1;
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
        uuid: recorded.uuid,
        owner: recorded.owner,
        name: recorded.name,
        portable_data_hash: recorded.portable_data_hash,
        created_at: recorded.created_at,
        properties: Vec::new(),
        manifest: Some(recorded.manifest),
    }
}

/// Lets the test look at its world, or change it.
pub(crate) fn with<T>(look: impl FnOnce(&mut World) -> T) -> T {
    WORLD.with_borrow_mut(look)
}

pub(crate) mod log {
    pub(crate) use super::real::log::Level;

    pub(crate) fn write(level: Level, message: &str) {
        super::with(|world| world.log.push((level, message.into())));
    }
}

pub(crate) mod engine {
    pub(crate) use super::real::engine::{Error, LocalImage};

    pub(crate) fn find(name: &str) -> Result<Vec<LocalImage>, Error> {
        super::with(|world| {
            world.calls.push(format!("engine.find {name}"));
            let Some(images) = &world.engine else {
                return Err(Error::Unavailable("no engine".into()));
            };
            let is_meant = |image: &LocalImage| {
                let digits = image.id.trim_start_matches("sha256:");
                let asked = name.trim_start_matches("sha256:");
                image
                    .repo_tags
                    .iter()
                    .any(|tag| tag == name || *tag == format!("{name}:latest"))
                    || image.repo_digests.iter().any(|digest| digest == name)
                    || (asked.len() >= 12 && digits.starts_with(asked))
            };
            Ok(images
                .iter()
                .map(|(image, _)| image)
                .filter(|image| is_meant(image))
                .cloned()
                .collect())
        })
    }

    pub(crate) fn pull(name: &str) -> Result<(), Error> {
        super::with(|world| {
            world.calls.push(format!("engine.pull {name}"));
            let found: Vec<_> = world
                .registry
                .iter()
                .filter(|(image, _)| image.repo_tags.iter().any(|tag| tag == name))
                .cloned()
                .collect();
            if found.is_empty() {
                return Err(Error::Other(format!("manifest for {name} not found")));
            }
            let Some(images) = &mut world.engine else {
                return Err(Error::Unavailable("no engine".into()));
            };
            images.retain(|(image, _)| !image.repo_tags.iter().any(|tag| tag == name));
            images.extend(found);
            Ok(())
        })
    }
}

pub(crate) mod archives {
    pub(crate) use super::real::archives::{Error, Image, Selection, Source};

    #[derive(Debug)]
    pub(crate) struct Archive {
        /// None if it is not sound.
        pub(super) images: Option<Vec<Image>>,
        is_stream: bool,
    }

    impl Archive {
        pub(crate) fn open(source: &Source) -> Result<Self, Error> {
            super::with(|world| {
                world.calls.push(format!("archive.open {source:?}"));
                let missing = || Error::NotFound("there is no such archive".into());
                match source {
                    Source::Engine(id) => {
                        let images = world.engine.as_ref().ok_or_else(missing)?;
                        let saved = images
                            .iter()
                            .find(|(image, _)| crate::image::normalized(&image.id) == *id)
                            .ok_or_else(missing)?;
                        Ok(Self {
                            images: Some(vec![saved.1.clone()]),
                            is_stream: true,
                        })
                    }
                    Source::Given => {
                        let given = world.given.clone().ok_or_else(missing)?;
                        if world.reads_given_once {
                            world.given = None;
                        }
                        Ok(Self {
                            images: Some(given.images),
                            is_stream: given.is_stream,
                        })
                    }
                    Source::Cache(id) => {
                        let (_, image) = world
                            .cache
                            .iter()
                            .find(|(cached, _)| cached == id)
                            .ok_or_else(missing)?;
                        Ok(Self {
                            images: image.clone().map(|image| vec![image]),
                            is_stream: false,
                        })
                    }
                }
            })
        }

        pub(crate) fn images(&self) -> Result<Option<Vec<Image>>, Error> {
            Ok(if self.is_stream {
                None
            } else {
                self.images.clone()
            })
        }
    }

    pub(crate) fn forget(image: &str) -> Result<(), Error> {
        super::with(|world| world.cache.retain(|(cached, _)| cached != image));
        Ok(())
    }
}

pub(crate) mod locks {
    pub(crate) use super::real::locks::Error;

    #[derive(Debug)]
    pub(crate) struct Guard(String);

    impl Guard {
        pub(crate) fn acquire(image: &str) -> Result<Self, Error> {
            super::with(|world| {
                if world.locked.iter().any(|locked| locked == image) {
                    return Err(Error::TimedOut(format!("{image} is locked")));
                }
                world.calls.push(format!("lock {image}"));
                world.locked.push(image.into());
                Ok(Self(image.into()))
            })
        }
    }

    impl Drop for Guard {
        fn drop(&mut self) {
            super::with(|world| world.locked.retain(|locked| *locked != self.0));
        }
    }
}

pub(crate) mod keep {
    use super::archives::{Archive, Error as ArchiveError, Image, Selection};
    pub(crate) use super::real::keep::{
        Error, Extent, Fetched, Options, Stored, StoredArchive, Target,
    };

    /// The signature of a block that was not sent.
    pub(super) const REUSED: &str = "A1111111111111111111111111111111111111111@6fffffff";

    /// Returns a locator that the image alone determines, with the user's signature.
    pub(crate) fn locator(image: &Image) -> String {
        format!(
            "{}+1000+A0123456789abcdef0123456789abcdef01234567@6fffffff",
            &image.id["sha256:".len()..][..32]
        )
    }

    pub(crate) fn store(archive: &Archive, options: &Options) -> Result<Stored, Error> {
        super::with(|world| {
            world
                .calls
                .push(format!("keep.store {:?}", options.selection));
            world.stores.push(options.clone());
            if world.fault().is_some() {
                return Err(Error::Other("Keep is down".into()));
            }
            let Some(images) = &archive.images else {
                return Err(Error::Archive(ArchiveError::Unsound("cut short".into())));
            };
            let is_meant = |image: &&Image| match &options.selection {
                Selection::Only => true,
                Selection::Id(id) => image.id == *id || image.manifest.as_ref() == Some(id),
                Selection::Name(name) => image.repo_tags.contains(name),
            };
            let meant: Vec<&Image> = images.iter().filter(is_meant).collect();
            let image = match meant.as_slice() {
                [image] => (*image).clone(),
                [] => return Err(Error::Archive(ArchiveError::NoSuchImage("".into()))),
                _ => return Err(Error::Archive(ArchiveError::Ambiguous("".into()))),
            };
            let own = locator(&image);
            let has_it = |collection: &super::real::collections::Collection| {
                let manifest = collection.manifest.as_deref().unwrap_or_default();
                options.reuse.contains(&collection.uuid) && manifest.contains(&own[..32])
            };
            let reused = if world.collections.iter().any(has_it) {
                1000
            } else {
                0
            };
            Ok(Stored {
                blocks: vec![match reused {
                    0 => own,
                    _ => format!("{}+1000+{REUSED}", &own[..32]),
                }],
                image,
                size: 1000,
                sent: 1000 - reused,
                reused,
            })
        })
    }

    /// Finds in the archive what its name promises.
    pub(crate) fn fetch(archive: &StoredArchive, target: Target) -> Result<Fetched, Error> {
        super::with(|world| {
            world
                .calls
                .push(format!("keep.fetch {} {target:?}", archive.image));
            world.fetched.extend(archive.extents.iter().cloned());
            Ok(Fetched {
                image: Image {
                    id: archive.image.clone(),
                    manifest: None,
                    repo_tags: Vec::new(),
                    config: "{}".into(),
                    diff_ids: Vec::new(),
                    platform: crate::types::Platform {
                        os: "linux".into(),
                        architecture: "amd64".into(),
                        variant: String::new(),
                    },
                },
                size: archive
                    .extents
                    .iter()
                    .map(|extent| u64::from(extent.length))
                    .sum(),
            })
        })
    }
}

pub(crate) mod cluster {
    use super::real::api::Error;
    pub(crate) use super::real::cluster::Config;

    pub(crate) fn get() -> Result<Config, Error> {
        super::with(|world| {
            Ok(Config {
                id: "zzzzz".into(),
                image_formats: world.formats.clone(),
                default_replication: 2,
                slash_substitute: world.slash_substitute.clone(),
            })
        })
    }
}

pub(crate) mod users {
    use super::real::api::Error;

    pub(crate) fn current() -> Result<String, Error> {
        super::with(|world| world.calls.push("users.current".into()));
        Ok(crate::testing::USER.into())
    }
}

pub(crate) mod links {
    use super::Fault;
    use super::real::api::Error;
    pub(crate) use super::real::links::{Class, Link, Names, NewLink, Query};

    pub(crate) fn list(query: &Query) -> Result<Vec<Link>, Error> {
        super::with(|world| {
            world.calls.push("links.list".into());
            let is_meant = |link: &&Link| {
                let is_named = match &query.names {
                    Names::All => true,
                    Names::Exactly(names) => names.contains(&link.name),
                    Names::StartingWith(beginning) => link.name.starts_with(beginning.as_str()),
                };
                is_named
                    && query.classes.contains(&link.class)
                    && query
                        .heads
                        .as_ref()
                        .is_none_or(|heads| heads.contains(&link.head))
                    && query
                        .owner
                        .as_ref()
                        .is_none_or(|owner| *owner == link.owner)
            };
            let mut links: Vec<Link> = world.links.iter().filter(is_meant).cloned().collect();
            links.sort_by(|a, b| (&a.created_at, &a.uuid).cmp(&(&b.created_at, &b.uuid)));
            let newest = query.newest.map_or(usize::MAX, |newest| newest as usize);
            links.drain(..links.len().saturating_sub(newest));
            Ok(links)
        })
    }

    pub(crate) fn create(new: &NewLink) -> Result<Link, Error> {
        super::with(|world| {
            world.calls.push(format!("links.create {}", new.name));
            let fault = world.fault();
            if fault == Some(Fault::Fail) {
                return Err(Error::Other("the server is down".into()));
            }
            let link = Link {
                uuid: format!("zzzzz-o0j2j-{:015}", world.links.len()),
                class: new.class,
                name: new.name.clone(),
                head: new.head.clone(),
                tail: String::new(),
                owner: new.owner.clone().unwrap_or(crate::testing::USER.into()),
                properties: new.properties.clone(),
                created_at: world.tick(),
            };
            if fault != Some(Fault::LoseRequest) {
                world.links.push(link.clone());
            }
            match fault {
                None => Ok(link),
                Some(_) => Err(Error::Uncertain("no answer".into())),
            }
        })
    }
}

pub(crate) mod collections {
    use super::Fault;
    use super::real::api::Error;
    pub(crate) use super::real::collections::{Collection, Detail, NewCollection, Query, Which};

    pub(crate) fn list(query: &Query) -> Result<Vec<Collection>, Error> {
        super::with(|world| {
            world.calls.push("collections.list".into());
            let is_meant = |collection: &&Collection| {
                let is_asked = match &query.which {
                    Which::Uuids(uuids) => uuids.contains(&collection.uuid),
                    Which::PortableDataHash(content) => *content == collection.portable_data_hash,
                    Which::Property(property) => collection.properties.contains(property),
                };
                is_asked
                    && world.is_visible(&collection.uuid)
                    && query
                        .owner
                        .as_ref()
                        .is_none_or(|owner| *owner == collection.owner)
            };
            let mut found: Vec<_> = world.collections.iter().filter(is_meant).cloned().collect();
            let newest = query.newest.map_or(usize::MAX, |newest| newest as usize);
            found.drain(..found.len().saturating_sub(newest));
            Ok(found
                .into_iter()
                .map(|collection| match query.detail {
                    Detail::Manifest => collection,
                    Detail::Attributes => Collection {
                        manifest: None,
                        ..collection
                    },
                    Detail::Identity => Collection {
                        uuid: collection.uuid,
                        owner: String::new(),
                        name: String::new(),
                        portable_data_hash: String::new(),
                        created_at: collection.created_at,
                        properties: Vec::new(),
                        manifest: None,
                    },
                })
                .collect())
        })
    }

    pub(crate) fn create(new: &NewCollection) -> Result<Collection, Error> {
        super::with(|world| {
            world.calls.push(format!("collections.create {}", new.name));
            let fault = world.fault();
            if fault == Some(Fault::Fail) {
                return Err(Error::Other("the server is down".into()));
            }
            let is_reused = new.manifest.contains(super::keep::REUSED);
            if world.refuses_all || (world.refuses_reused && is_reused) {
                return Err(Error::Forbidden("403".into()));
            }
            let owner = new.owner.clone().unwrap_or(crate::testing::USER.into());
            let is_taken = world
                .collections
                .iter()
                .any(|other| other.owner == owner && other.name == new.name);
            let uuid = format!("zzzzz-4zz18-{:015}", world.collections.len());
            let collection = Collection {
                name: if is_taken {
                    format!("{} ({})", new.name, &uuid[12..])
                } else {
                    new.name.clone()
                },
                uuid,
                owner,
                portable_data_hash: crate::manifest::portable_data_hash(&new.manifest),
                created_at: world.tick(),
                properties: new.properties.clone(),
                manifest: Some(new.manifest.clone()),
            };
            if fault != Some(Fault::LoseRequest) {
                world.collections.push(collection.clone());
            }
            match fault {
                None => Ok(collection),
                Some(_) => Err(Error::Uncertain("no answer".into())),
            }
        })
    }
}
