//! The contract's interfaces, each call handed on to what does it.

use std::cell::RefCell;

use std::path::Path;

use crate::archive::Archive;
use keepdocker_arvados::turn;

use crate::bindings::{
    Provider, api, archives, cluster, collections, containers, engine, keep, links, locks, log,
    permissions, projects, registry, users,
};
use crate::engine::UNAVAILABLE;
use crate::keep::Pending;
use crate::registry::registries;
use crate::session::{self, Cluster};

impl log::Guest for Provider {
    fn write(level: log::Level, message: String) {
        session::message(level, &message);
    }
}

impl engine::Guest for Provider {
    fn find(_: String) -> Result<Vec<engine::LocalImage>, engine::Error> {
        Err(engine::Error::Unavailable(UNAVAILABLE.to_owned()))
    }

    fn pull(_: String) -> Result<(), engine::Error> {
        Err(engine::Error::Unavailable(UNAVAILABLE.to_owned()))
    }
}

/// An archive that the component holds a handle of.
pub(crate) struct Opened {
    archive: RefCell<Archive>,
    /// Where its blocks go, once it was taken in.
    pending: RefCell<Option<Pending>>,
}

impl Opened {
    fn new(archive: Archive) -> Self {
        Self {
            archive: RefCell::new(archive),
            pending: RefCell::new(None),
        }
    }
}

impl archives::Guest for Provider {
    type Archive = Opened;

    fn forget(_: archives::ImageId) -> Result<(), archives::Error> {
        // There is no cache.
        Ok(())
    }
}

impl archives::GuestArchive for Opened {
    fn open(source: archives::Source) -> Result<archives::Archive, archives::Error> {
        let location = match source {
            archives::Source::Given => session::given()
                .ok_or_else(|| archives::Error::NotFound("no archive was named".to_owned()))?,
            archives::Source::Engine(_) => {
                return Err(archives::Error::Unsupported(UNAVAILABLE.to_owned()));
            }
            archives::Source::Cache(image) => {
                return Err(archives::Error::NotFound(format!(
                    "there is no cache here, so none that holds image {image}"
                )));
            }
        };
        // There are no temporary files, hence no folder for them.
        let archive = Archive::open(&location, Path::new(""))?;
        Ok(archives::Archive::new(Opened::new(archive)))
    }

    fn images(&self, wanted: archives::Wanted) -> Result<archives::Listing, archives::Error> {
        let images = self.archive.borrow_mut().images(&wanted.into())?;
        Ok(archives::Listing {
            images: images.map(|images| images.into_iter().map(Into::into).collect()),
            signatures: Vec::new(),
        })
    }
}

impl registry::Guest for Provider {
    fn resolve(name: String) -> Result<registry::Resolved, archives::Error> {
        registries().resolve(&name)
    }

    fn fetch(name: String, manifest: String) -> Result<archives::Archive, archives::Error> {
        let archive = registries().fetch(&name, &manifest)?;
        Ok(archives::Archive::new(Opened::new(archive)))
    }
}

/// The right to work on an image. WASI has no locks, so nobody else is kept away: what comes of
/// two uploads at the same time is what the server makes of them, a second collection and links.
pub(crate) struct Unlocked;

impl locks::Guest for Provider {
    type Guard = Unlocked;
}

impl locks::GuestGuard for Unlocked {
    fn acquire(_: locks::ImageId) -> Result<locks::Guard, locks::Error> {
        Ok(locks::Guard::new(Unlocked))
    }
}

impl keep::Guest for Provider {
    fn store(
        archive: archives::ArchiveBorrow<'_>,
        options: keep::Options,
    ) -> Result<keep::Progress, keep::Error> {
        let opened = archive.get::<Opened>();
        let (mut archive, mut pending) = (opened.archive.borrow_mut(), opened.pending.borrow_mut());
        let keep = &Self::keep()?.keep;
        Ok(keep::Progress {
            stored: keep.store(&mut archive, &mut pending, &options)?,
        })
    }

    fn fetch(
        _: keep::StoredArchive,
        _: keep::Target,
        _: bool,
        _: Option<String>,
    ) -> Result<keep::Fetched, keep::Error> {
        Err(keep::Error::Other(
            "a component in a WASI runtime fetches no images; `keepdocker save` does".to_owned(),
        ))
    }

    fn examine(
        archive: keep::StoredArchive,
        depth: keep::Depth,
    ) -> Result<keep::Image, keep::Error> {
        Self::keep()?.keep.examine(&archive, depth)
    }
}

impl Provider {
    fn keep() -> Result<std::rc::Rc<Cluster>, keep::Error> {
        session::cluster().map_err(|error| keep::Error::Unauthorized(error.to_string()))
    }
}

impl cluster::Guest for Provider {
    fn get() -> Result<cluster::Config, api::Error> {
        Ok(turn::run(connected()?.objects.api().cluster())?.into())
    }
}

impl users::Guest for Provider {
    fn current() -> Result<users::Uuid, api::Error> {
        Ok(turn::run(connected()?.objects.api().current_user())?)
    }
}

impl projects::Guest for Provider {
    fn get(uuid: projects::Uuid) -> Result<projects::Project, api::Error> {
        Ok(turn::run(connected()?.objects.api().project(&uuid))?.into())
    }
}

impl links::Guest for Provider {
    fn list(query: links::Query) -> Result<Vec<links::Link>, api::Error> {
        let listed = turn::run(connected()?.objects.list_links(&query.into()))?;
        Ok(listed.into_iter().map(Into::into).collect())
    }

    fn create(link: links::NewLink) -> Result<links::Link, api::Error> {
        Ok(turn::run(connected()?.objects.create_link(&link.into()))?.into())
    }

    fn delete(link: links::Removal) -> Result<(), api::Error> {
        Ok(turn::run(connected()?.objects.delete_link(&link.into()))?)
    }
}

impl collections::Guest for Provider {
    fn list(query: collections::Query) -> Result<Vec<collections::Collection>, api::Error> {
        let listed = turn::run(connected()?.objects.list_collections(&query.into()))?;
        Ok(listed.into_iter().map(Into::into).collect())
    }

    fn create(
        collection: collections::NewCollection,
    ) -> Result<collections::Collection, api::Error> {
        let created = turn::run(connected()?.objects.create_collection(&collection.into()))?;
        Ok(created.into())
    }

    fn update(change: collections::Change) -> Result<(), api::Error> {
        Ok(turn::run(
            connected()?.objects.update_collection(&change.into()),
        )?)
    }

    fn trash(disposal: collections::Disposal) -> Result<Option<String>, api::Error> {
        let objects = &connected()?.objects;
        Ok(turn::run(objects.trash_collection(&disposal.into()))?)
    }

    fn untrash(revival: collections::Revival) -> Result<(), api::Error> {
        let objects = &connected()?.objects;
        Ok(turn::run(objects.untrash_collection(&revival.into()))?)
    }
}

impl containers::Guest for Provider {
    fn used(contents: Vec<String>, since: Option<String>) -> Result<Vec<String>, api::Error> {
        let objects = &connected()?.objects;
        let used = objects.api().images_in_use(&contents, since.as_deref());
        Ok(turn::run(used)?)
    }
}

impl permissions::Guest for Provider {
    fn set(wanted: permissions::Permission) -> Result<Option<permissions::Level>, api::Error> {
        let objects = &connected()?.objects;
        let before = turn::run(objects.set_permission(&wanted.into()))?;
        Ok(before.map(Into::into))
    }
}

fn connected() -> Result<std::rc::Rc<Cluster>, api::Error> {
    session::cluster().map_err(|error| api::Error::Unauthorized(error.to_string()))
}
