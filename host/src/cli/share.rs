//! `keepdocker share`: images and projects that others may read, change or manage.

use clap::{Args, ValueEnum};
use keepdocker_terms::uuid::{self, Kind};
use serde::{Deserialize, Serialize};

use super::change::{Changed, Changing};
use crate::bindings::commands::{Share as One, ShareRequest, Shared};
use crate::bindings::permissions::Level;
use crate::component;
use crate::output::{Exit, Report};
use crate::run::called;
use crate::settings::Environment;

/// Let others read, change or manage images in Keep, or a project.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[command(
    about = "Let others read, change or manage images in Keep, or a project",
    after_help = "\
Examples:
  keepdocker share --project Genomics/Images --with everyone
  keepdocker share lab/tool:1.2 --with alice@example.org --with 'Lab group'
  keepdocker share lab/tool:1.2 --with everyone --remove

The names of an image belong to its project: who can read the image alone names it by its portable data hash, which is told. Whoever can read the project has all of its images with their names. Printed is what is shared."
)]
pub(crate) struct Share {
    /// An image: its name, or the UUID of its collection [default: the project as a whole].
    #[arg(value_name = "NAME", required_unless_present = "project_uuid")]
    pub names: Vec<String>,
    /// The project, by UUID, name or path; with NAME, only what it owns.
    #[arg(
        long = "project",
        visible_alias = "project-uuid",
        value_name = "PROJECT"
    )]
    pub project_uuid: Option<String>,
    /// With whom: a user by name, address or UUID, a group by name or UUID, or `everyone`: all users of the cluster.
    #[arg(long = "with", value_name = "WHO", required = true)]
    pub holders: Vec<String>,
    /// What they may do.
    #[arg(
        long,
        value_name = "LEVEL",
        default_value = "read",
        conflicts_with = "remove"
    )]
    pub can: Can,
    /// Take away what is given to them here; what they have by the project stays.
    #[arg(long)]
    pub remove: bool,
}

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Can {
    /// Read it.
    Read,
    /// Change it, too.
    Write,
    /// Share it, too.
    Manage,
}

impl From<Can> for Level {
    fn from(can: Can) -> Self {
        match can {
            Can::Read => Self::Read,
            Can::Write => Self::Write,
            Can::Manage => Self::Manage,
        }
    }
}

component::request!(ShareRequest => Shared, Share, "share", Change);

impl Changing for Share {
    type Request = ShareRequest;
    const NAME: &'static str = "share";
    const NOTHING: &'static str = "that is so already";

    fn project(&mut self) -> Option<&mut Option<String>> {
        Some(&mut self.project_uuid)
    }

    fn holders(&mut self) -> Option<&mut Vec<String>> {
        Some(&mut self.holders)
    }

    fn decide(&mut self, _: &Environment) -> Result<(), Report> {
        // An edited plan may lack what the command line demands.
        let has_object = !self.names.is_empty() || self.project_uuid.is_some();
        match has_object && !self.holders.is_empty() {
            true => Ok(()),
            false => Err(Report::new(
                Exit::Usage,
                "it is not said what is to be shared, or with whom",
            )
            .advise("name an image or a `--project`, and whom `--with`")),
        }
    }

    fn asked(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    fn request(&self) -> ShareRequest {
        ShareRequest {
            names: self.names.clone(),
            project: self.project_uuid.clone(),
            holders: self.holders.clone(),
            level: (!self.remove).then(|| self.can.into()),
        }
    }
}

/// Returns what a level lets somebody do, for people.
fn verb(level: Level) -> &'static str {
    match level {
        Level::Read => "read",
        Level::Write => "write",
        Level::Manage => "manage",
    }
}

/// Says what became of one, and how it is undone.
fn told(share: &One) -> String {
    let One {
        object,
        before,
        level,
        ..
    } = share;
    let holder = called(&share.holder);
    // A project is named by its option.
    let asked = match share.portable_data_hash {
        Some(_) => object.clone(),
        None => format!("--project {object}"),
    };
    let undo =
        |rest: String| format!("`keepdocker share {asked} --with {holder} {rest}` undoes that");
    match (level, before) {
        (level, before) if level == before => match level {
            Some(level) => format!(
                "{holder} can {} {object} already; nothing was changed",
                verb(*level)
            ),
            None => format!("{holder} was given nothing on {object}; nothing was changed"),
        },
        (Some(level), None) => format!(
            "{holder} can {} {object} now; {}",
            verb(*level),
            undo("--remove".to_owned())
        ),
        (Some(level), Some(before)) => format!(
            "{holder} can {} {object} now, in place of {}; {}",
            verb(*level),
            verb(*before),
            undo(format!("--can {}", verb(*before)))
        ),
        (None, before) => format!(
            "what {holder} was given on {object} is taken away; {}",
            undo(format!("--can {}", before.map_or("read", verb)))
        ),
    }
}

impl Changed for Shared {
    fn summary(&self, _: &str) -> Vec<String> {
        let mut texts: Vec<String> = self.shares.iter().map(told).collect();
        let mut last = "";
        for share in &self.shares {
            let is_new = share.level.is_some() && share.before.is_none();
            let Some(content) = share.portable_data_hash.as_deref().filter(|_| is_new) else {
                continue;
            };
            if share.object != last {
                last = &share.object;
                let owner = &share.owner;
                let way = match uuid::is(owner, Kind::Group) {
                    true => format!(
                        "`keepdocker share --project {owner} --with WHO` shares all that is there with its names, `keepdocker copy` gives another project this image"
                    ),
                    false => "a home project cannot be shared, but `keepdocker copy` gives a project this image".to_owned(),
                };
                texts.push(format!(
                    "the names of {} belong to {owner}, and whoever cannot read that names the image {content} in container requests; {way}",
                    share.object,
                ));
            }
        }
        texts
    }

    fn lines(&self) -> Vec<&str> {
        let mut lines: Vec<&str> = self.shares.iter().map(|share| &*share.object).collect();
        lines.dedup();
        lines
    }
}
