//! `keepdocker prune`: images that go to the trash by a rule.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use clap::Args;
use keepdocker_console::{Column, Columns, Give, age};
use keepdocker_terms::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use super::change::{Changed, Changing};
use crate::bindings::commands::{Fate, PruneRequest, Pruned, PrunedImage};
use crate::component;
use crate::harmless::escape;
use crate::output::{Exit, Report, Stream, width_of};
use crate::policy::quantity;
use crate::settings::Environment;
use crate::wording::{bytes, count};

/// Move old images of a project to the trash, by a rule.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[command(
    about = "Move old images of a project to the trash, by a rule",
    after_help = "\
Examples:
  keepdocker prune --keep-last 3
  keepdocker prune 'lab/*' --keep-last 5 --older-than 90d --yes
  keepdocker prune --project Genomics/Images --older-than 1y --used-within 1y

Without `--yes` it shows which images would go, which stay and why, and moves nothing. What another project has a link to, or a container uses, always stays. `keepdocker restore` brings back what went, until the cluster empties its trash."
)]
pub(crate) struct Prune {
    /// Only images with such a name: a repository, or a name with `*` for any characters [default: all images of
    /// the project].
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// The project, by UUID, name or path [default: your home project].
    #[arg(
        long = "project",
        visible_alias = "project-uuid",
        value_name = "PROJECT"
    )]
    pub project_uuid: Option<String>,
    /// Keep so many images of each repository, the newest builds [default: 1 with --older-than].
    #[arg(long, value_name = "NUMBER")]
    pub keep_last: Option<u32>,
    /// Only what was last named this long ago, such as 90d or 1y.
    #[arg(long, value_name = "DURATION", value_parser = span)]
    #[serde(skip)]
    pub older_than: Option<Duration>,
    /// Keep what a container has used within this time.
    #[arg(long, value_name = "DURATION", value_parser = span, default_value = "30d")]
    #[serde(skip)]
    pub used_within: Option<Duration>,
    /// Images without a name go, too.
    #[arg(long)]
    pub unnamed: bool,
    /// Do what is shown without it.
    #[arg(long, conflicts_with = "dry_run")]
    #[serde(skip)]
    pub yes: bool,
    // A plan has moments: what it lets go must not grow with its age.
    /// What was named since then stays.
    #[arg(skip)]
    pub before: Option<String>,
    /// What was used since then stays.
    #[arg(skip)]
    pub used_since: String,
}

component::request!(PruneRequest => Pruned, Prune, "prune", Change);

/// Reads a duration, of which years have 365 days.
fn span(text: &str) -> Result<Duration, String> {
    const YEAR: u64 = 365 * 86_400;
    let years = text.strip_suffix('y').and_then(|years| years.parse().ok());
    let years = years.and_then(|years: u64| years.checked_mul(YEAR));
    // Nobody means seconds here by a bare number, and everything is older than those.
    let seconds = years.or_else(|| quantity::seconds(text));
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| "expected a number with a unit: 12h, 90d, 1y".to_owned())
}

/// Returns the moment that long ago, in RFC 3339 form.
fn ago(span: Duration) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let seconds = now.unwrap_or_default().saturating_sub(span).as_secs();
    Timestamp::from_seconds(i64::try_from(seconds).unwrap_or(i64::MAX)).text()
}

impl Changing for Prune {
    type Request = PruneRequest;
    const NAME: &'static str = "prune";
    const NOTHING: &'static str = "every image stays";

    fn project(&mut self) -> Option<&mut Option<String>> {
        Some(&mut self.project_uuid)
    }

    fn decide(&mut self, _: &Environment) -> Result<(), Report> {
        if let Some(older_than) = self.older_than {
            self.before = Some(ago(older_than));
        }
        if let Some(used_within) = self.used_within {
            self.used_since = ago(used_within);
        }
        self.keep_last = match (self.keep_last, &self.before) {
            (None, Some(_)) => Some(1),
            // Of those with a name, none is meant.
            (None, None) if self.unnamed => Some(u32::MAX),
            (None, None) => {
                return Err(
                    Report::new(Exit::Usage, "no rule says which images are to go").advise(
                        "say `--keep-last NUMBER`, `--older-than DURATION` or both, or `--unnamed`",
                    ),
                );
            }
            (given, _) => given,
        };
        Ok(())
    }

    fn is_meant(&self) -> bool {
        self.yes
    }

    fn shown_only(&self) -> &'static str {
        "leave out `--yes`"
    }

    fn asked(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    fn request(&self) -> PruneRequest {
        PruneRequest {
            names: self.names.clone(),
            project: self.project_uuid.clone(),
            keep_last: self.keep_last.unwrap_or(u32::MAX),
            before: self.before.clone(),
            used_since: self.used_since.clone(),
            unnamed: self.unnamed,
        }
    }
}

/// Tells whether an image goes.
fn goes(image: &PrunedImage) -> bool {
    matches!(image.fate, Fate::Outdated | Fate::Unnamed)
}

/// Says why an image goes, or stays.
fn why(fate: Fate) -> &'static str {
    match fate {
        Fate::Outdated => "outdated",
        Fate::Unnamed => "has no name",
        Fate::Newest => "one of the newest",
        Fate::Recent => "named lately",
        Fate::NamedOtherwise => "has another name",
        Fate::KeptUnnamed => "has no name",
        Fate::LinkedElsewhere => "others link to it",
        Fate::Used => "containers use it",
        Fate::Postponed => "next time",
    }
}

/// Returns the rows of a table in which each image says why.
fn table<'a>(images: impl Iterator<Item = &'a PrunedImage>) -> String {
    let columns = vec![
        Column::new("NAMES", Give::Cut(12)),
        Column::of_numbers("NAMED", Give::Way(2)),
        Column::of_numbers("SIZE", Give::Way(3)),
        Column::new("COLLECTION", Give::Way(1)),
        Column::new("WHY", Give::Nothing),
    ];
    let now = SystemTime::now().into();
    let row = |image: &'a PrunedImage| -> Vec<Cow<'a, str>> {
        vec![
            match image.names.as_slice() {
                [] => "<none>".into(),
                [name] => escape(name),
                [name, rest @ ..] => format!("{} and {} more", escape(name), rest.len()).into(),
            },
            age(&image.last_named, now),
            image.size.map(bytes).unwrap_or_default().into(),
            escape(&image.collection),
            why(image.fate).into(),
        ]
    };
    let width = width_of(Stream::Output).unwrap_or(usize::MAX);
    Columns::new(columns, images.map(row).collect()).fitted(width)
}

/// Says how many images these are, and how many bytes they have where that is known.
fn sum(images: &[&PrunedImage]) -> String {
    let size: u64 = images.iter().filter_map(|image| image.size).sum();
    match size {
        0 => count(images.len(), "image"),
        size => format!("{} of {}", count(images.len(), "image"), bytes(size)),
    }
}

impl Changed for Pruned {
    fn planned(&self) -> Option<String> {
        let (going, staying): (Vec<_>, Vec<_>) = self.images.iter().partition(|image| goes(image));
        let mut text = String::new();
        if !staying.is_empty() {
            let title = format!("To stay ({}):\n", count(staying.len(), "image"));
            text += &(title + &table(staying.into_iter()) + "\n");
        }
        match going.as_slice() {
            [] if self.images.is_empty() => {
                text += "nothing to do: the project has no image that the rule is about\n";
            }
            [] => text += "nothing to do: every image stays\n",
            going => {
                text += &format!("To go to the trash ({}):\n", sum(going));
                text += &table(going.iter().copied());
                text += "\nnothing was moved; `--yes` does it\n";
            }
        }
        Some(text)
    }

    fn summary(&self, _: &str) -> Vec<String> {
        let (gone, stayed): (Vec<_>, Vec<_>) = self.images.iter().partition(|image| goes(image));
        let mut told = Vec::new();
        match gone.as_slice() {
            [] if stayed.is_empty() => told.push(
                "nothing was moved: the project has no image that the rule is about".to_owned(),
            ),
            [] => told.push("nothing was moved: every image stays".to_owned()),
            [one] => told.push(format!(
                "{} went to the trash; `keepdocker restore {}` brings it back",
                sum(&gone),
                one.collection
            )),
            _ => told.push(format!(
                "{} went to the trash; `keepdocker restore UUID...` with what is printed brings them back",
                sum(&gone)
            )),
        }
        for fate in [Fate::LinkedElsewhere, Fate::Used, Fate::Postponed] {
            let number = stayed.iter().filter(|image| image.fate == fate).count();
            if number > 0 {
                told.push(match fate {
                    Fate::LinkedElsewhere => format!(
                        "{} stayed, as others have links there",
                        count(number, "image")
                    ),
                    Fate::Used => format!(
                        "{} stayed, as containers use what is in there",
                        count(number, "image")
                    ),
                    _ => format!(
                        "{} may go as well: run the command again",
                        count(number, "more image")
                    ),
                });
            }
        }
        told
    }

    fn lines(&self) -> Vec<&str> {
        let gone = self.images.iter().filter(|image| goes(image));
        gone.map(|image| &*image.collection).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prune(keep_last: Option<u32>, older_than: Option<u64>, unnamed: bool) -> Prune {
        Prune {
            names: Vec::new(),
            project_uuid: None,
            keep_last,
            older_than: older_than.map(Duration::from_secs),
            used_within: Some(Duration::from_secs(60)),
            unnamed,
            yes: false,
            before: None,
            used_since: String::new(),
        }
    }

    #[test]
    fn a_rule_is_demanded_and_one_image_of_each_repository_stays_unless_that_is_said() {
        let environment = Environment::default();
        for (mut asked, keep_last, has_age) in [
            (prune(Some(3), None, false), 3, false),
            (prune(Some(0), Some(9), false), 0, true),
            (prune(None, Some(9), false), 1, true),
            (prune(None, None, true), u32::MAX, false),
        ] {
            asked.decide(&environment).unwrap();
            let request = asked.request();
            assert_eq!(request.keep_last, keep_last);
            assert_eq!(request.before.is_some(), has_age);
            assert!(Timestamp::parse(&request.used_since).is_some());
        }
        let report = prune(None, None, false).decide(&environment).unwrap_err();
        assert_eq!(report.exit, Exit::Usage);
    }

    #[test]
    fn a_plan_keeps_its_moments_whenever_it_is_applied() {
        let environment = Environment::default();
        let mut asked = prune(None, Some(9), false);
        asked.decide(&environment).unwrap();
        let planned = serde_json::to_value(&asked).unwrap();
        let mut applied: Prune = serde_json::from_value(planned.clone()).unwrap();
        applied.decide(&environment).unwrap();
        assert_eq!(applied.request(), asked.request());
        let mut edited = planned;
        edited.as_object_mut().unwrap().remove("used_since");
        assert!(serde_json::from_value::<Prune>(edited).is_err());
    }

    #[test]
    fn years_are_durations_too() {
        assert_eq!(span("1y").unwrap().as_secs(), 31_536_000);
        assert_eq!(span("90d").unwrap().as_secs(), 90 * 86_400);
        for wrong in ["y", "-1y", "99999999999999999y", "soon"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }
}
