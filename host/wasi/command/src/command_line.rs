//! What can be said on the command line: what needs neither engine nor cache of the native
//! program's options, in the same words.

use clap::{Args, Parser, Subcommand};

use keepdocker_console::values::settle;

/// Puts container images into Arvados Keep, from inside a WASI runtime.
#[derive(Debug, Parser)]
#[command(name = "keepdocker", version, args_override_self = true)]
pub(crate) struct Arguments {
    /// Say more.
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
    /// Say nothing but warnings and errors.
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// The command.
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Arguments {
    /// Makes nothing of the values that count as not given where they are empty.
    pub(crate) fn settled(mut self) -> Self {
        match &mut self.command {
            Command::Images(images) => {
                settle(&mut images.project_uuid);
                settle(&mut images.tag);
            }
            Command::Upload(upload) => {
                settle(&mut upload.project_uuid);
                settle(&mut upload.name);
                settle(&mut upload.tag);
            }
            Command::Resolve(_) => {}
        }
        self
    }
}

/// What can be asked for.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the images that the cluster has.
    Images(Images),
    /// Upload an image from an archive, or register one that the cluster has already.
    Upload(Upload),
    /// Tell which collection a container request that names an image would get.
    Resolve(Resolve),
}

/// Arguments of `images`.
#[derive(Debug, Args)]
pub(crate) struct Images {
    /// Only images of this name or ID.
    pub(crate) image: Option<String>,
    /// The tag, if IMAGE has none.
    pub(crate) tag: Option<String>,
    /// Only images that are registered under exactly this name, letter by letter.
    #[arg(long, value_name = "NAME", conflicts_with = "image")]
    pub(crate) exact_name: Option<String>,
    /// Only what this project owns.
    #[arg(long, value_name = "UUID")]
    pub(crate) project_uuid: Option<String>,
    /// Show image IDs whole.
    #[arg(long)]
    pub(crate) no_trunc: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `upload`.
#[derive(Debug, Args)]
pub(crate) struct Upload {
    /// The name to give the image, or its ID [default: what the archive says].
    pub(crate) image: Option<String>,
    /// The tag, if IMAGE has none [default: latest].
    pub(crate) tag: Option<String>,
    /// An archive, in a folder that the runtime opens: docker-archive:FILE[:REF],
    /// oci-archive:FILE[:REF], or `-` for standard input. Or an image of a registry: docker://IMAGE.
    #[arg(long, value_name = "TRANSPORT:REF", required = true)]
    pub(crate) from: String,
    /// The project to own the collection and its links [default: your home project].
    #[arg(long, value_name = "UUID")]
    pub(crate) project_uuid: Option<String>,
    /// The collection's name.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Upload even if the cluster has the image.
    #[arg(long, short)]
    pub(crate) force: bool,
    /// Upload even if the cluster does not run images of this format.
    #[arg(long)]
    pub(crate) force_image_format: bool,
    /// Store the archive's bytes as they come, not in canonical form.
    #[arg(long)]
    pub(crate) verbatim: bool,
    /// By which digest compute nodes look for the image: `config`, or `manifest` where their Docker has the
    /// containerd image store [default: as KEEPDOCKER_IMAGE_ID says, else config].
    #[arg(long, value_name = "DIGEST", value_parser = ["config", "manifest"])]
    pub(crate) image_id: Option<String>,
    /// How many replicas of each block to store [default: the cluster's].
    #[arg(long, value_name = "N")]
    pub(crate) replication: Option<u32>,
    /// The storage classes that each block must reach [default: the cluster's].
    #[arg(long, value_name = "CLASS,…", value_delimiter = ',')]
    pub(crate) storage_classes: Vec<String>,
    /// Tell what would be written, and write nothing.
    #[arg(long, conflicts_with = "json")]
    pub(crate) dry_run: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `resolve`.
#[derive(Debug, Args)]
pub(crate) struct Resolve {
    /// What a container request would name: repository:tag, image ID, or portable data hash.
    pub(crate) image: String,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}
