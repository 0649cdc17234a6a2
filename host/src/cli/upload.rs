//! `keepdocker upload`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use super::plan::refuse_file;
use super::progress_form::ProgressForm;
use super::{hints, request};
use crate::archive::{Location, Platform, fewest_blocks};
use crate::bindings::commands::{Origin, Outcome, Pull, Reach, UploadRequest, Uploaded};
use crate::bindings::keep::{BlockLayout, Depth, Form};
use crate::bindings::log::Level;
use crate::bindings::types;
use crate::harmless::escape;
use crate::output::{Console, Exit, Report, json};
use crate::progress::{Look, pace, show};
use crate::run::{Options, Surroundings};
use crate::settings::{Environment, ImageId};
use crate::wording::count;

/// Arguments of `keepdocker upload`. As JSON, which is how a plan has them, it is what bears on what
/// is written.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upload {
    /// The image: repository, repository:tag, repository@digest, or ID; or the file or folder of an
    /// archive, or docker://REF, as --from takes it.
    #[arg(required_unless_present = "from")]
    pub image: Option<String>,
    /// The tag, if IMAGE has none [default: latest]; after a file, the image's name.
    pub tag: Option<String>,
    /// Where the image comes from; see `archive::Location` for the forms.
    #[arg(
        long,
        value_name = "SOURCE",
        help = "Where the image comes from: FILE[:REF], DIR[:REF], docker://REF for an image of a registry, docker-daemon:REF, docker-archive:FILE[:REF], oci-archive:FILE[:REF], oci:DIR[:REF], dir:DIR, or `-` for an archive on standard input; REF is a name, an ID, or @N for the N-th image, counted from 0"
    )]
    #[serde(with = "text")]
    pub from: Option<OsString>,
    /// The project to own the collection and its links [default: your home project].
    #[arg(long, value_name = "UUID")]
    pub project_uuid: Option<String>,
    /// The collection's name.
    #[arg(long)]
    pub name: Option<String>,
    /// Pull the image from its registry first.
    #[arg(long, value_name = "WHEN", num_args = 0..=1, require_equals = true, default_value = "never", default_missing_value = "always")]
    pub pull: PullWhen,
    /// Upload even if the cluster has the image, and send every block of it.
    #[arg(long, short)]
    pub force: bool,
    /// Upload even if the cluster does not run images of this format.
    #[arg(long)]
    pub force_image_format: bool,
    /// Store the archive's bytes as they come, not in canonical form.
    #[arg(long)]
    pub verbatim: bool,
    /// Where to cut the archive into blocks.
    #[arg(long, value_name = "RULE", default_value = "layered")]
    pub block_layout: Layout,
    /// The platform that the image must be for; where there is a choice and none is asked for,
    /// linux/amd64 is taken.
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    pub platform: Option<String>,
    /// How many replicas of each block to store [default: the cluster's].
    #[arg(long, value_name = "N")]
    pub replication: Option<u32>,
    /// The storage classes that each block must reach [default: the cluster's].
    #[arg(long, value_name = "CLASS,…", value_delimiter = ',')]
    pub storage_classes: Vec<String>,
    /// Send every block, even if an image of the cluster has it, and copy no image of somebody else.
    #[arg(long)]
    pub no_reuse: bool,
    /// Read from Keep, and check, all that is used without being sent.
    #[arg(long)]
    #[serde(default)]
    pub verify: bool,
    /// Send every block, even if an interrupted upload has sent it.
    #[arg(long)]
    pub no_resume: bool,
    /// Note down in the cache nothing of what is sent; implies --no-resume.
    #[arg(long)]
    pub no_cache: bool,
    /// By which digest compute nodes look for the image: `config`, or `manifest` where their Docker has the
    /// containerd image store [default: as `config.toml` or KEEPDOCKER_IMAGE_ID says, else config].
    #[arg(long, value_name = "DIGEST")]
    #[serde(default)]
    pub image_id: Option<ImageId>,
    /// How many blocks to send at once [default: 2].
    #[arg(long, visible_alias = "concurrency", value_name = "N", value_parser = clap::value_parser!(u8).range(1..=32))]
    #[serde(skip)]
    pub threads: Option<u8>,
    /// How long to wait for another process that works on the same image, such as 90s or 10m
    /// [default: as long as it takes].
    #[arg(long, value_name = "DURATION", value_parser = request::duration)]
    #[serde(skip)]
    pub lock_timeout: Option<Duration>,
    /// Tell what would be written, and write nothing; the image is read to its end.
    #[arg(long)]
    #[serde(skip)]
    pub dry_run: bool,
    /// Keep the plan in a new file, for `keepdocker apply`.
    #[arg(long, short, value_name = "FILE")]
    #[serde(skip)]
    pub output: Option<PathBuf>,
    /// How to show progress.
    #[arg(long, value_name = "HOW", default_value = "auto")]
    #[serde(skip)]
    pub progress: ProgressForm,
    /// Print JSON.
    #[arg(long)]
    #[serde(skip)]
    pub json: bool,
}

/// When to pull.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PullWhen {
    /// Take what the engine has.
    Never,
    /// Pull if the engine does not have it.
    Missing,
    /// Pull, so that the newest is taken.
    Always,
}

/// How an archive is cut into blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// At the starts of large layers too: equal layers give equal blocks.
    Layered,
    /// Every 64 MiB: fewer blocks, less to share; a stream is copied to disk first.
    Dense,
}

impl Upload {
    /// Settles what may have been said elsewhere than on the command line, so that a plan has it.
    pub(super) fn decided(mut self, environment: &Environment) -> Result<Self, Report> {
        let (image_id, origin) = request::image_id_with_origin(self.image_id, environment)?;
        if self.verbatim && image_id == ImageId::Manifest {
            return Err(Report::new(
                Exit::Usage,
                format!(
                    "images are registered by the digest of their manifest here, which can be told only of the canonical form, \
                     and `--verbatim` stores another one; {} says so",
                    escape(&origin)
                ),
            )
            .advise("leave out `--verbatim`, or add `--image-id=config` if compute nodes look for that"));
        }
        self.image_id = Some(image_id);
        Ok(self)
    }

    /// Uploads.
    pub(super) async fn run(
        &self,
        options: Options,
        environment: Environment,
        console: Console,
        is_quiet: bool,
    ) -> Result<(), Report> {
        if self.output.is_some() {
            return Err(refuse_file("use `keepdocker plan`, or add `--dry-run`"));
        }
        let start = Instant::now();
        let (surroundings, request) = self
            .prepare(options, environment, console, is_quiet)
            .await?;
        let uploaded = surroundings
            .upload(&request)
            .await
            .map_err(|report| self.hinted(report))?;
        tell(&uploaded, start.elapsed(), self.json, console)
    }

    /// Adds to a failure what helps with this source.
    pub(super) fn hinted(&self, report: Report) -> Report {
        let given = match &self.from {
            Some(from) => from.to_str(),
            None => self
                .image
                .as_deref()
                .filter(|image| Location::of_file(image).is_some()),
        };
        match given {
            Some(given) => hints::for_several(report, given),
            None if self.from.is_none() => hints::for_archive(report, self.image.as_deref()),
            None => report,
        }
    }

    /// Returns the surroundings of the upload, and what to ask of the component in them.
    pub(super) async fn prepare(
        &self,
        mut options: Options,
        environment: Environment,
        console: Console,
        is_quiet: bool,
    ) -> Result<(Surroundings, UploadRequest), Report> {
        self.complete(&mut options)?;
        let progress = show(Look::of(self.progress, console, is_quiet), console);
        let request = self.request(&options);
        let surroundings = Surroundings::new(options, environment, console, progress).await?;
        Ok((surroundings, request))
    }

    /// Adds what the command's own options say of its surroundings.
    pub(super) fn complete(&self, options: &mut Options) -> Result<(), Report> {
        self.platform.as_deref().map(platform).transpose()?;
        options.concurrency = self.threads.map(usize::from);
        options.lock_timeout = self.lock_timeout;
        options.no_cache = self.no_cache;
        options.given = match &self.from {
            None => self.image.as_deref().and_then(Location::of_file),
            Some(text) => Some(
                Location::of_words(text)
                    .map_err(|error| Report::new(Exit::Usage, error.to_string()))?,
            ),
        };
        Ok(())
    }

    /// Tells whether a file stands where the image is named.
    fn names_file(&self, options: &Options) -> bool {
        self.from.is_none() && options.given.is_some()
    }

    pub(super) fn request(&self, options: &Options) -> UploadRequest {
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

/// How a plan holds the source: JSON has text alone.
mod text {
    use std::ffi::OsString;

    use serde::ser::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(
        source: &Option<OsString>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match source.as_ref().map(|source| source.to_str()) {
            None => None::<&str>.serialize(serializer),
            Some(Some(text)) => text.serialize(serializer),
            Some(None) => Err(S::Error::custom("the source is not UTF-8")),
        }
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(
        deserializer: D,
    ) -> Result<Option<OsString>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.map(OsString::from))
    }
}

fn platform(text: &str) -> Result<types::Platform, Report> {
    let platform = Platform::parse(text).ok_or_else(|| {
        Report::new(Exit::Usage, format!("`{text}` is no platform"))
            .advise("write it like `linux/amd64` or `linux/arm/v7`")
    })?;
    Ok(types::Platform {
        os: platform.os,
        architecture: platform.architecture,
        variant: platform.variant,
    })
}

/// Tells what an upload came to.
pub(super) fn tell(
    uploaded: &Uploaded,
    elapsed: Duration,
    as_json: bool,
    console: Console,
) -> Result<(), Report> {
    console.message(Level::Info, &summary(uploaded, elapsed));
    if let Some(note) = note_of_blocks(uploaded) {
        console.message(Level::Info, &note);
    }
    request::answer(
        console,
        &if as_json {
            json::uploaded(uploaded)
        } else {
            format!("{}\n", escape(&uploaded.collection))
        },
    )
}

/// Says what blocks that are not full cost, if they are many.
///
/// Compute nodes set aside scratch space for 64 MiB a block, full or not; see `docs/archives.md`.
pub(super) fn note_of_blocks(uploaded: &Uploaded) -> Option<String> {
    const NOTEWORTHY: u64 = 1 << 30;
    let (blocks, fewest) = (u64::from(uploaded.blocks), fewest_blocks(uploaded.size));
    (uploaded.size > NOTEWORTHY && 10 * blocks > 14 * fewest).then(|| {
        format!(
            "these are {} % more blocks than the {fewest} that the image needs, so compute nodes set aside {} MiB of scratch space for it; \
             `keepdocker upload --force --block-layout=dense` stores it in {fewest}, which share less with other images",
            100 * (blocks - fewest) / fewest,
            64 * blocks,
        )
    })
}

/// Says in one line what an upload came to.
fn summary(uploaded: &Uploaded, elapsed: Duration) -> String {
    let what = uploaded.name.as_deref().unwrap_or(&uploaded.image);
    match uploaded.outcome {
        Outcome::Present => format!("{what} is in Keep already; nothing was written"),
        Outcome::Registered => {
            format!("{what} is in Keep already; it was registered without sending data")
        }
        Outcome::Uploaded => {
            format!(
                "{what} was uploaded: {} in {}, {} sent, {} reused, {}",
                count(uploaded.size, "byte"),
                count(uploaded.blocks, "block"),
                uploaded.sent,
                uploaded.reused,
                pace(uploaded.size, elapsed)
            )
        }
    }
}

/// Describes an upload of so many bytes in so many blocks.
#[cfg(test)]
pub(super) fn uploaded(size: u64, blocks: u32) -> Uploaded {
    Uploaded {
        collection: "zzzzz-4zz18-000000000000000".into(),
        portable_data_hash: String::new(),
        image: String::new(),
        registered_as: String::new(),
        name: None,
        outcome: Outcome::Uploaded,
        size,
        sent: size,
        reused: 0,
        blocks,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_blocks_of_a_large_image_are_noted() {
        let note = |size, blocks| note_of_blocks(&uploaded(size, blocks));
        let size = 30 * (35 << 20);
        let text = note(size, 31).unwrap();
        assert!(
            text.starts_with("these are 82 % more blocks than the 17"),
            "{text}"
        );
        assert!(text.contains("1984 MiB"), "{text}");
        assert!(text.contains("--block-layout=dense"), "{text}");
        assert_eq!(note(size, 23), None, "35 %");
        assert!(note(size, 24).is_some(), "41 %");
        assert_eq!(note(1 << 30, 100), None, "no more than a gibibyte");
        assert_eq!(note(0, 0), None, "nothing was written");
    }
}
