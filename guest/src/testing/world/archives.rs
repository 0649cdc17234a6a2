//! Image archives: from the engine, given, and in the cache.

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
