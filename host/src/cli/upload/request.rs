//! What an upload asks of the component.

use super::{Layout, PullWhen, Upload};
use crate::archive::{Location, Platform};
use crate::bindings::commands::{Answer, Command, Origin, Pull, Reach, UploadRequest, Uploaded};
use crate::bindings::keep::{BlockLayout, Depth, Form};
use crate::bindings::types;
use crate::component::Request;
use crate::keep::Lenders;
use crate::output::{Exit, Purpose, Report};
use crate::policy::{Demands, Reuse, Verify};
use crate::run::Options;

impl Request for UploadRequest {
    type Answer = Uploaded;
    const COMMAND: &'static str = "upload";

    fn purpose(&self) -> Purpose {
        match self.origin {
            Origin::Registry => Purpose::Fetch,
            Origin::Engine | Origin::Given => Purpose::Store,
        }
    }

    fn tightened(self, demands: &Demands) -> Self {
        let asked = match self.reuse {
            Reach::Readable => Reuse::Readable,
            Reach::Own => Reuse::Own,
            Reach::None => Reuse::Nothing,
        };
        let reuse = demands
            .reuse()
            .map_or(asked, |demanded| demanded.max(asked));
        Self {
            reuse: match reuse {
                Reuse::Readable => Reach::Readable,
                Reuse::Own => Reach::Own,
                Reuse::Nothing => Reach::None,
            },
            verify: match demands.verify() {
                Some(Verify::Content) => Depth::Content,
                Some(Verify::Config) | None => self.verify,
            },
            ..self
        }
    }

    fn lenders(&self) -> Lenders {
        match self.reuse {
            Reach::Readable => Lenders::Anybody,
            Reach::Own => Lenders::Own(self.project.clone()),
            Reach::None => Lenders::Nobody,
        }
    }

    fn command(self) -> Command {
        Command::Upload(self)
    }

    fn answer(answer: Answer) -> Option<Uploaded> {
        match answer {
            Answer::Upload(answer) => Some(answer),
            _ => None,
        }
    }
}

impl Upload {
    /// Tells whether a file stands where the image is named.
    fn names_file(&self, options: &Options) -> bool {
        self.from.is_none() && options.given.is_some()
    }

    /// Returns what to ask of the component in these surroundings.
    pub(in crate::cli) fn request(&self, options: &Options) -> UploadRequest {
        let (origin, image, selection) = match &options.given {
            Some(Location::Engine(source)) => match &self.image {
                // What is after the source is the name that the image gets.
                Some(name) => (Origin::Engine, Some(name.clone()), Some(source.clone())),
                // `docker-daemon:REF` is another way to write REF.
                None => (Origin::Engine, Some(source.clone()), None),
            },
            Some(Location::Registry(source)) => {
                let name = if self.names_file(options) {
                    &self.tag
                } else {
                    &self.image
                };
                (Origin::Registry, name.clone(), Some(source.clone()))
            }
            Some(_) if self.names_file(options) => (Origin::Given, self.tag.clone(), None),
            Some(_) => (Origin::Given, self.image.clone(), None),
            None => (Origin::Engine, self.image.clone(), None),
        };
        // What is written behind an archive says which of its images is meant.
        let behind = options.given.as_ref().and_then(Location::image);
        let selection = selection.or(behind.map(str::to_owned));
        let tag = self.tag.clone().filter(|_| !self.names_file(options));
        UploadRequest {
            origin,
            image,
            selection,
            platform: self
                .platform
                .as_deref()
                .and_then(|text| platform(text).ok()),
            tag,
            project: self.project_uuid.clone(),
            name: self.name.clone(),
            pull: match self.pull {
                PullWhen::Never => Pull::Never,
                PullWhen::Missing => Pull::Missing,
                PullWhen::Always => Pull::Always,
            },
            force: self.force,
            force_image_format: self.force_image_format,
            form: if self.verbatim {
                Form::Verbatim
            } else {
                Form::Canonical
            },
            block_layout: match self.block_layout {
                Layout::Layered => BlockLayout::Layered,
                Layout::Dense => BlockLayout::Dense,
            },
            replicas: self.replication,
            storage_classes: self.storage_classes.clone(),
            reuse: if self.no_reuse {
                Reach::None
            } else {
                Reach::Readable
            },
            verify: if self.verify {
                Depth::Content
            } else {
                Depth::Config
            },
            resume: !self.no_resume && !self.no_cache,
            named_by: self.image_id.unwrap_or_default().into(),
        }
    }
}

/// Reads a platform.
pub(in crate::cli) fn platform(text: &str) -> Result<types::Platform, Report> {
    let platform = Platform::parse(text).ok_or_else(|| {
        Report::new(Exit::Usage, format!("`{text}` is not a platform"))
            .advise("write it like `linux/amd64` or `linux/arm/v7`")
    })?;
    Ok(types::Platform {
        os: platform.os,
        architecture: platform.architecture,
        variant: platform.variant,
    })
}
