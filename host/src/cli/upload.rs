//! `keepdocker upload`.

mod request;
mod text;

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use super::hints;
use super::invocation::{Execute, Invocation};
use super::plan::{Apply, dry_run, refuse_file};
use super::progress_form::ProgressForm;
use super::request as common;
use super::several;
use super::uploaded::tell;
use crate::archive::Location;
use crate::bindings::commands::UploadRequest;
use crate::harmless::escape;
use crate::output::{Exit, Report};
use crate::plan::{Plan, UPLOAD};
use crate::run::{Options, Surroundings};
use crate::settings::{ImageId, Preferences, Said};
use keepdocker_console::values::settle;
use keepdocker_signature::Keyless;
pub(super) use request::platform;

/// Upload an image, or register one that the cluster already has.
#[derive(Debug, Args)]
#[command(
    about = "Upload an image, or register one that the cluster already has",
    visible_alias = "push",
    after_help = "\
Examples:
  keepdocker upload lab/tool:1.2
  keepdocker upload lab/tool:1.2 lab/other:3 saved.tar
  keepdocker upload lab/tool:1.2 --project Genomics/Images
  docker save lab/tool:1.2 | keepdocker upload --from - lab/tool:1.2"
)]
pub(crate) struct UploadArguments {
    /// The upload.
    #[command(flatten)]
    pub upload: Upload,
    /// Further images; each is uploaded whatever becomes of the others.
    #[arg(value_name = "MORE")]
    pub more: Vec<String>,
}

/// What to upload, and how.
// As JSON, which is how a plan has them, the arguments are what bears on what is written.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Upload {
    /// The image: repository, repository:tag, repository@digest, or ID; or the file or folder of an
    /// archive, or docker://REF, as with --from.
    #[arg(required_unless_present = "from")]
    pub image: Option<String>,
    /// The tag, if IMAGE has none [default: latest]; after a file, the name to give the image.
    pub tag: Option<String>,
    /// Where the image comes from; see `archive::Location` for the forms.
    #[arg(
        long,
        value_name = "SOURCE",
        help = "Upload from FILE[:REF], DIR[:REF], docker://REF for an image of a registry, docker-daemon:REF, docker-archive:FILE[:REF], oci-archive:FILE[:REF], oci:DIR[:REF], dir:DIR, or `-` for an archive on standard input; REF is a name, an ID, or @N for the N-th image, counted from 0",
        help_heading = "Source"
    )]
    #[serde(with = "text")]
    pub from: Option<OsString>,
    /// The project that will own the collection and its links, by UUID, name or path [default: your home
    /// project].
    #[arg(
        long = "project",
        visible_alias = "project-uuid",
        value_name = "PROJECT",
        help_heading = "Destination"
    )]
    pub project_uuid: Option<String>,
    /// A name for the collection.
    #[arg(long, help_heading = "Destination")]
    pub name: Option<String>,
    /// Pull the image from its registry first.
    #[arg(long, value_name = "WHEN", num_args = 0..=1, require_equals = true, default_value = "never", default_missing_value = "always", help_heading = "Source")]
    pub pull: PullWhen,
    /// Upload even if the cluster has the image, and send every block.
    #[arg(long, short, help_heading = "Reuse")]
    pub force: bool,
    /// Upload even if the cluster does not run images of this format.
    #[arg(long, help_heading = "Destination")]
    pub force_image_format: bool,
    /// Store the archive byte for byte instead of in canonical form.
    #[arg(long, help_heading = "Storage")]
    pub verbatim: bool,
    /// Where to cut the archive into blocks.
    #[arg(
        long,
        value_name = "RULE",
        default_value = "layered",
        help_heading = "Storage"
    )]
    pub block_layout: Layout,
    /// The platform that the image must be for [default: linux/amd64 if there is a choice].
    #[arg(long, value_name = "OS/ARCH[/VARIANT]", help_heading = "Source")]
    pub platform: Option<String>,
    /// Take an image of a registry only if the owner of this public key signed it, or who this issuer says it was; any one of several suffices.
    #[arg(long, value_name = "FILE|ISSUER#IDENTITY", help_heading = "Source")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub require_signature: Vec<String>,
    /// The trusted_root.json of Sigstore that signatures of an issuer's identities are checked against.
    #[arg(long, value_name = "FILE", help_heading = "Source")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trusted_root: Option<String>,
    /// How many replicas of each block to store [default: the cluster's].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Storage")]
    pub replication: Option<u32>,
    /// The storage classes that each block must reach [default: the cluster's].
    #[arg(
        long,
        value_name = "CLASS,…",
        value_delimiter = ',',
        help_heading = "Storage"
    )]
    pub storage_classes: Vec<String>,
    /// Send every block, even those the cluster has, and do not copy other people's images.
    #[arg(long, help_heading = "Reuse")]
    pub no_reuse: bool,
    /// Read back and check everything that is used without being sent.
    #[arg(long, help_heading = "Reuse")]
    #[serde(default)]
    pub verify: bool,
    /// Send every block again after an interrupted upload.
    #[arg(long, help_heading = "Reuse")]
    pub no_resume: bool,
    /// Keep no upload state in the cache; implies --no-resume.
    #[arg(long, help_heading = "Reuse")]
    pub no_cache: bool,
    /// The digest by which compute nodes look for the image: `config`, or `manifest` if their Docker
    /// uses the containerd image store [default: from config.toml or KEEPDOCKER_IMAGE_ID, else config].
    #[arg(long, value_name = "DIGEST", help_heading = "Destination")]
    #[serde(default)]
    pub image_id: Option<ImageId>,
    /// How many blocks to send at once [default: 2].
    #[arg(long, visible_alias = "concurrency", value_name = "N", value_parser = clap::value_parser!(u8).range(1..=32), help_heading = "Run")]
    #[serde(skip)]
    pub threads: Option<u8>,
    /// How long to wait for another process that is working on the same image, such as 90s or 10m
    /// [default: as long as it takes].
    #[arg(long, value_name = "DURATION", value_parser = common::duration, help_heading = "Run")]
    #[serde(skip)]
    pub lock_timeout: Option<Duration>,
    /// Show what would be written, and write nothing; the image is read to its end.
    #[arg(long, help_heading = "Run")]
    #[serde(skip)]
    pub dry_run: bool,
    /// Save the plan to a new file for `keepdocker apply`.
    #[arg(long, short, value_name = "FILE", help_heading = "Run")]
    #[serde(skip)]
    pub output: Option<PathBuf>,
    /// How to show progress.
    #[arg(long, value_name = "HOW", default_value = "auto", help_heading = "Run")]
    #[serde(skip)]
    pub progress: ProgressForm,
    /// Print JSON.
    #[arg(long, help_heading = "Run")]
    #[serde(skip)]
    pub json: bool,
}

/// When to pull.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PullWhen {
    /// Use what the engine has.
    Never,
    /// Pull if the engine does not have the image.
    Missing,
    /// Always pull, to get the newest.
    Always,
}

/// How an archive is cut into blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Layout {
    /// Also at the start of each large layer, so that equal layers give equal blocks.
    Layered,
    /// Every 64 MiB: fewer blocks, but less to share; a stream is copied to disk first.
    Dense,
}

impl Execute for UploadArguments {
    const PLANNED: Option<&'static str> = Some(UPLOAD);

    fn settle(&mut self) {
        self.upload.settle();
    }

    fn is_json(&self) -> bool {
        self.upload.json
    }

    async fn run(self, invocation: Invocation) -> Result<(), Report> {
        let upload = self.upload;
        let named = several::named(
            upload.image.as_ref(),
            upload.tag.as_ref(),
            &self.more,
            |_| false,
        );
        let Some(images) = named else {
            return upload.run(invocation).await;
        };
        let alone = [
            (upload.from.is_some(), "--from"),
            (upload.name.is_some(), "--name"),
            (upload.output.is_some(), "--output"),
        ];
        several::check(&images, |_| false, "upload", &alone)?;
        several::each(images, invocation, upload.json, |image, invocation| {
            let one = Upload {
                image: Some(image),
                tag: None,
                ..upload.clone()
            };
            one.run(invocation)
        })
        .await
    }

    async fn apply(apply: Apply, plan: &Plan, mut invocation: Invocation) -> Result<(), Report> {
        let upload: Upload = apply.asked(plan)?;
        upload.complete(&mut invocation.options)?;
        let request = upload.request(&invocation.options);
        let (start, console) = (Instant::now(), invocation.console);
        let look = invocation.look(ProgressForm::Auto);
        let mut surroundings = invocation.showing(look).await?;
        let uploaded = surroundings.apply(plan, &request).await?;
        let page = surroundings.page_of(&uploaded.collection).await;
        tell(
            &uploaded,
            start.elapsed(),
            page.as_deref(),
            apply.json,
            console,
        )
    }
}

impl Upload {
    /// Uploads one image, or plans that.
    async fn run(self, invocation: Invocation) -> Result<(), Report> {
        let mut upload = self.decided(&invocation.preferences)?;
        if upload.dry_run {
            return dry_run(upload, invocation).await;
        }
        if upload.output.is_some() {
            return Err(refuse_file("use `keepdocker plan`, or add `--dry-run`"));
        }
        let (start, console) = (Instant::now(), invocation.console);
        let (surroundings, request) = upload.prepare(invocation).await?;
        let uploaded = surroundings
            .ask(&request)
            .await
            .map_err(|report| upload.hinted(report))?;
        let page = surroundings.page_of(&uploaded.collection).await;
        tell(
            &uploaded,
            start.elapsed(),
            page.as_deref(),
            upload.json,
            console,
        )
    }

    /// Makes nothing of the values that count as not given where they are empty.
    pub(super) fn settle(&mut self) {
        settle(&mut self.project_uuid);
        settle(&mut self.name);
        settle(&mut self.tag);
    }

    /// Settles what may have been said elsewhere than on the command line, so that a plan has it.
    pub(super) fn decided(mut self, preferences: &Preferences) -> Result<Self, Report> {
        let (image_id, origin) = common::image_id_with_origin(self.image_id, preferences);
        let value = |said: &Option<Said<String>>| said.as_ref().map(|said| said.value.clone());
        self.project_uuid = self.project_uuid.or_else(|| value(&preferences.project));
        self.platform = self.platform.or_else(|| value(&preferences.platform));
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
        // A plan may be applied elsewhere.
        let keys = self.require_signature.iter_mut();
        let keys = keys.filter(|signer| Keyless::split(signer).is_none());
        for file in keys.chain(&mut self.trusted_root) {
            if let Ok(whole) = std::path::absolute(&*file)
                && let Some(whole) = whole.to_str()
            {
                *file = whole.to_owned();
            }
        }
        Ok(self)
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

    /// Returns the surroundings of the upload, and what to ask of the component in them. The project has its UUID
    /// afterwards.
    pub(super) async fn prepare(
        &mut self,
        mut invocation: Invocation,
    ) -> Result<(Surroundings, UploadRequest), Report> {
        self.complete(&mut invocation.options)?;
        let look = invocation.look(self.progress);
        let options = invocation.options.clone();
        let surroundings = invocation.showing(look).await?;
        surroundings.settle_project(&mut self.project_uuid).await?;
        let request = self.request(&options);
        Ok((surroundings, request))
    }

    /// Adds what the command's own options say of its surroundings.
    pub(super) fn complete(&self, options: &mut Options) -> Result<(), Report> {
        self.platform.as_deref().map(platform).transpose()?;
        if let Some(threads) = self.threads {
            options.concurrency = Some(threads.into());
        }
        options.lock_timeout = self.lock_timeout;
        options.no_cache = self.no_cache;
        options.given = match &self.from {
            None => self.image.as_deref().and_then(Location::of_file),
            Some(text) => Some(
                Location::of_words(text)
                    .map_err(|error| Report::new(Exit::Usage, error.to_string()))?,
            ),
        };
        if matches!(options.given, Some(Location::Stdin { .. })) && std::io::stdin().is_terminal() {
            return Err(
                Report::new(Exit::Usage, "an image archive is not read from a terminal").advise(
                    "pipe it in, or name a file: `docker save IMAGE | keepdocker upload --from -`",
                ),
            );
        }
        if !self.require_signature.is_empty()
            && !matches!(options.given, Some(Location::Registry(_)))
        {
            return Err(Report::new(
                Exit::Usage,
                "`--require-signature` is for images of registries, as no other source has signatures",
            )
            .advise("name the image as docker://IMAGE"));
        }
        let mut signers = self.require_signature.iter();
        if signers.any(|signer| Keyless::split(signer).is_some()) != self.trusted_root.is_some() {
            return Err(Report::new(
                Exit::Usage,
                "`--require-signature ISSUER#IDENTITY` and `--trusted-root FILE` need each other",
            )
            .advise("for Sigstore's public service, the file is trusted_root.json of its repository root-signing"));
        }
        options.signers.clone_from(&self.require_signature);
        options.trusted_root = self.trusted_root.as_ref().map(PathBuf::from);
        Ok(())
    }
}
