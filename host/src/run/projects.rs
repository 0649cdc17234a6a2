//! Which project is meant by a name or a path.
//!
//! It is looked up before the component is asked for anything, so that plans and logs have the UUID. Anybody can give
//! a project any name and share it: what is one's own comes first, and whose project it is, is told before it is used.

use std::collections::HashMap;

use keepdocker_arvados::api::Error;
use keepdocker_arvados::api::projects::NamedProject;
use keepdocker_console::{Exit, Level, Page, Report};
use keepdocker_terms::uuid::{self, Kind};

use super::Surroundings;
use crate::api::Api;
use crate::bindings::commands::Failure;
use crate::harmless::escape;

/// A path has no more parts than this.
const MOST_PARTS: usize = 16;

/// A project stands below no more others than this, as far as it is looked at.
const MOST_LEVELS: usize = 32;

/// So many projects are named at most where several can be meant, or may have been.
const MOST_TOLD: usize = 10;

/// So many projects are looked through for one that was misspelt.
const MOST_SEARCHED: u32 = 1000;

/// From this likeness on, of 0 to 1, a project may have been meant.
const LIKELY: f64 = 0.85;

impl Surroundings {
    /// Puts the UUID in the place of a project's name or path, such as `Genomics/Images`.
    ///
    /// # Errors
    /// If there is no such project, or several, or the cluster does not tell.
    pub(crate) async fn settle_project(&self, project: &mut Option<String>) -> Result<(), Report> {
        let Some(text) = project else { return Ok(()) };
        if uuid::is_owner(text) {
            return Ok(());
        }
        if [Kind::Collection, Kind::Link]
            .iter()
            .any(|kind| uuid::is(text, *kind))
        {
            return Err(Report::new(
                Exit::Usage,
                format!("`{text}` is not the UUID of a project or user; nothing was sent"),
            ));
        }
        // A policy may say to whom the token must not go.
        self.policy()?;
        let capabilities = self.capabilities()?;
        let api = capabilities.api.api();
        let names = names_in(text)?;
        let known = api.projects_named(&names).await.map_err(report)?;
        let meant = meant(text, &known);
        if meant.is_empty() {
            return Err(unknown(text, api).await);
        }
        let user = api.current_user().await.map_err(report)?;
        let homes = homes(&meant, api).await.map_err(report)?;
        let is_own = |named: &&NamedProject| homes.get(&named.uuid) == Some(&user);
        let own: Vec<&NamedProject> = meant.iter().copied().filter(is_own).collect();
        let found = match (&*own, &*meant) {
            ([found], _) | ([], [found]) => *found,
            _ => return Err(ambiguous(text, &meant, api).await),
        };
        let whose = match homes.get(&found.uuid) {
            Some(home) if *home == user => "which is your own".to_owned(),
            Some(home) => format!("which belongs to {}", who(home, api).await),
            None => "of which the token does not see whose it is".to_owned(),
        };
        let others = match meant.len() - 1 {
            0 => String::new(),
            1 => "; another one that you can see is called so".to_owned(),
            others => format!("; {others} others that you can see are called so"),
        };
        self.console().message(
            Level::Info,
            &format!(
                "project `{}` is {}, {whose}{others}",
                escape(text),
                escape(&found.uuid)
            ),
        );
        *project = Some(found.uuid.clone());
        Ok(())
    }

    /// Tells why a project, given by its UUID, has nothing to show; none where that may simply be so.
    pub(crate) async fn fault_of_project(&self, uuid: &str) -> Option<String> {
        let capabilities = self.capabilities().ok()?;
        let absent = capabilities.api.api().project(uuid).await.err()?;
        matches!(absent, Error::NotFound(_)).then(|| {
            format!(
                "there is no project {uuid}, or it is in the trash, or the token may not see it"
            )
        })
    }
}

fn report(error: Error) -> Report {
    Report::from(Failure::Api(error.into()))
}

/// Returns the names that projects of a path can have: each run of its parts, since a slash may be part of a name.
fn names_in(path: &str) -> Result<Vec<String>, Report> {
    let parts: Vec<&str> = path.split('/').collect();
    if parts.len() > MOST_PARTS || parts.iter().any(|part| part.is_empty()) {
        return Err(Report::new(
            Exit::Usage,
            format!(
                "`{}` is neither the UUID of a project nor a path of names",
                escape(path)
            ),
        )
        .advise(
            "write it like `Images` or `Genomics/Images`, or give the UUID that Workbench shows",
        ));
    }
    let runs = (0..parts.len()).flat_map(|start| {
        let parts = &parts;
        (start + 1..=parts.len()).map(move |end| parts[start..end].join("/"))
    });
    Ok(runs.collect())
}

/// Returns the projects that a path leads to. It need not begin at the top.
fn meant<'a>(path: &str, known: &'a [NamedProject]) -> Vec<&'a NamedProject> {
    let by_uuid: HashMap<&str, &NamedProject> = known
        .iter()
        .map(|project| (&*project.uuid, project))
        .collect();
    let leads_to = |project: &&NamedProject| {
        let (mut project, mut path) = (*project, path);
        loop {
            match path.strip_suffix(&*project.name) {
                _ if project.name.is_empty() => return false,
                None => return false,
                Some("") => return true,
                Some(before) => {
                    let owner = by_uuid.get(&*project.owner);
                    let (Some(owner), Some(before)) = (owner, before.strip_suffix('/')) else {
                        return false;
                    };
                    (project, path) = (owner, before);
                }
            }
        }
    };
    known.iter().filter(leads_to).collect()
}

/// Returns in whose home each project stands, by its UUID. One whose owners the token may not read is left out.
async fn homes(projects: &[&NamedProject], api: &Api) -> Result<HashMap<String, String>, Error> {
    let mut owners: HashMap<String, String> = projects
        .iter()
        .map(|project| (project.uuid.clone(), project.owner.clone()))
        .collect();
    // The first step is known; a project cannot be below more than servers allow, nor below itself.
    for _ in 0..MOST_LEVELS {
        let mut above: Vec<String> = owners
            .values()
            .filter(|owner| uuid::is(owner, Kind::Group))
            .cloned()
            .collect();
        if above.is_empty() {
            break;
        }
        above.sort();
        above.dedup();
        let above: HashMap<String, String> = api
            .projects_of(&above)
            .await?
            .into_iter()
            .map(|project| (project.uuid, project.owner))
            .collect();
        owners.retain(|_, owner| match above.get(owner) {
            Some(next) => {
                owner.clone_from(next);
                true
            }
            None => !uuid::is(owner, Kind::Group),
        });
    }
    owners.retain(|_, owner| uuid::is(owner, Kind::User));
    Ok(owners)
}

/// Names a project or user as far as the cluster tells it, which helps and is not worth failing for.
async fn who(owner: &str, api: &Api) -> String {
    match api.project(owner).await {
        Ok(known) if !known.name.is_empty() => format!("{} ({owner})", known.name),
        _ => owner.to_owned(),
    }
}

/// Says that no project has such a name, and which may have been meant.
async fn unknown(text: &str, api: &Api) -> Report {
    let report = Report::new(
        Exit::Usage,
        format!(
            "there is no project `{}`, or it is in the trash, or the token may not see it; nothing was sent",
            escape(text)
        ),
    )
    .page(Page::InKeep);
    // What cannot be listed is no failure of its own.
    let known = api.newest_projects(MOST_SEARCHED).await.unwrap_or_default();
    let last = text.rsplit('/').next().unwrap_or(text).to_lowercase();
    let likeness =
        |project: &NamedProject| strsim::jaro_winkler(&project.name.to_lowercase(), &last);
    let mut like: Vec<(f64, &NamedProject)> = known
        .iter()
        .map(|project| (likeness(project), project))
        .filter(|(likeness, _)| *likeness >= LIKELY)
        .collect();
    like.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let like: Vec<String> = like
        .iter()
        .take(3)
        .map(|(_, project)| format!("`{}` ({})", escape(&project.name), escape(&project.uuid)))
        .collect();
    match like.is_empty() {
        true => report.advise("names are told apart by upper and lower case; Workbench shows the UUID, which does as well"),
        false => report.advise(format!("did you mean {}?", like.join(", "))),
    }
}

/// Says which projects a name can mean, and where they are.
async fn ambiguous(text: &str, several: &[&NamedProject], api: &Api) -> Report {
    let mut report = Report::new(
        Exit::Usage,
        format!(
            "{} projects are called `{}`; nothing was sent",
            several.len(),
            escape(text)
        ),
    );
    for project in several.iter().take(MOST_TOLD) {
        let owner = who(&project.owner, api).await;
        report = report.detail(format!("{}, in {owner}", project.uuid));
    }
    if several.len() > MOST_TOLD {
        report = report.detail(format!("and {} more", several.len() - MOST_TOLD));
    }
    report.advise("give the UUID, or a longer path such as `Genomics/Images`")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes projects from their UUIDs, names and owners.
    fn projects(rows: &[[&str; 3]]) -> Vec<NamedProject> {
        rows.iter()
            .map(|[uuid, name, owner]| {
                let row = serde_json::json!({"uuid": uuid, "name": name, "owner_uuid": owner});
                serde_json::from_value(row).unwrap()
            })
            .collect()
    }

    #[test]
    fn a_path_leads_to_the_projects_that_stand_so_in_each_other() {
        let known = projects(&[
            ["a", "Genomics", "user"],
            ["b", "Images", "a"],
            ["c", "Images", "user"],
            ["d", "Genomics/Images", "user"],
            ["e", "Old", "b"],
            ["f", "", "a"],
            // Servers know no circles; one would have to be false.
            ["g", "x", "h"],
            ["h", "x", "g"],
        ]);
        let found = |path: &str| -> Vec<&str> {
            meant(path, &known)
                .iter()
                .map(|project| &*project.uuid)
                .collect()
        };
        for (path, expected) in [
            ("Genomics", &["a"][..]),
            ("Images", &["b", "c"]),
            ("Genomics/Images", &["b", "d"]),
            ("Genomics/Images/Old", &["e"]),
            ("Images/Old", &["e"]),
            ("images", &[]),
            ("Other/Images", &[]),
            ("enomics", &[]),
            ("x/x/x", &["g", "h"]),
        ] {
            assert_eq!(found(path), expected, "{path}");
        }
    }

    #[test]
    fn each_run_of_parts_can_be_a_name() {
        assert_eq!(
            names_in("a/b/c").unwrap(),
            ["a", "a/b", "a/b/c", "b", "b/c", "c"]
        );
        for wrong in ["", "/", "a//b", "/a", "a/", &"a/".repeat(40)] {
            assert_eq!(names_in(wrong).unwrap_err().exit, Exit::Usage, "{wrong}");
        }
    }
}
