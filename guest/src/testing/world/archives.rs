//! Image archives: from the engine, given, and in the cache.

pub(crate) use super::real::archives::{Chosen, Error, Image, Listing, Signature, Source, Wanted};
use crate::types::HeldImage;
use std::cell::Cell;

#[derive(Debug)]
pub(crate) struct Archive {
    /// None if it is not sound.
    pub(super) images: Option<Vec<Image>>,
    /// Whether it tells what it holds only once it was taken in.
    pub(super) is_stream: Cell<bool>,
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
                        is_stream: Cell::new(true),
                    })
                }
                Source::Given => {
                    let given = world.given.clone().ok_or_else(missing)?;
                    if world.reads_given_once {
                        world.given = None;
                    }
                    Ok(Self {
                        images: Some(given.images),
                        is_stream: Cell::new(given.is_stream),
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
                        is_stream: Cell::new(false),
                    })
                }
            }
        })
    }

    pub(crate) fn images(&self, wanted: &Wanted) -> Result<Listing, Error> {
        super::with(|world| {
            let called = wanted.called.as_deref().unwrap_or("anything");
            world.calls.push(format!("archive.images {called}"));
        });
        let images = match (&self.images, self.is_stream.get()) {
            (Some(images), false) => Some(images.iter().zip(0..).map(held).collect()),
            (None, false) => return Err(Error::Unsound("cut short".into())),
            (_, true) => None,
        };
        let signatures = super::with(|world| world.signatures.clone());
        Ok(Listing { images, signatures })
    }
}

fn held((image, at): (&Image, u32)) -> HeldImage {
    HeldImage {
        position: at,
        group: at,
        id: image.id.clone(),
        manifest: image.manifest.clone(),
        indexes: Vec::new(),
        repo_tags: image.repo_tags.clone(),
        references: Vec::new(),
        base_layer: image.diff_ids.first().cloned(),
        platform: image.platform.clone(),
    }
}

pub(crate) fn forget(image: &str) -> Result<(), Error> {
    super::with(|world| world.cache.retain(|(cached, _)| cached != image));
    Ok(())
}
