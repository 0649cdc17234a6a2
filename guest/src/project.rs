//! Whether a project can take an image, asked before any of the image's data is sent.
//!
//! The server decides that when the collection is created, which is after all of the data. So this
//! can only spare a person the wait: where it is not known, the upload goes on.

use crate::bindings::exports::keepdocker::contract::commands::{
    Failure, ProjectFault, UnusableProject,
};
use crate::bindings::keepdocker::contract::api;
use crate::bindings::keepdocker::contract::log::Level;
use crate::capabilities::{log, projects};
use crate::failure::words;
use crate::uuid;

/// Fails if the project is known not to take what is created for it.
pub(crate) fn check(project: &str) -> Result<(), Failure> {
    // To the server an empty owner is none: the user becomes the owner.
    if project.is_empty() {
        return Ok(());
    }
    check_form(project)?;
    let found = match projects::get(project) {
        Ok(found) => found,
        Err(api::Error::NotFound(text)) => {
            return Err(unusable(project, ProjectFault::Absent(text)));
        }
        // A policy or a token that withholds the question may allow the upload.
        Err(error @ (api::Error::Denied(_) | api::Error::Forbidden(_))) => {
            log::write(
                Level::Debug,
                &format!(
                    "whether project {project} can take the image shows only at the end: {}",
                    words(&error)
                ),
            );
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    match found.group_class {
        Some(class) if class != "project" => Err(unusable(project, ProjectFault::NoProject(class))),
        _ if found.writable => Ok(()),
        _ => Err(unusable(project, ProjectFault::ReadOnly(found.name))),
    }
}

/// Tells whether the token may change what is in the project.
pub(crate) fn is_writable(project: &str) -> Result<bool, Failure> {
    match projects::get(project) {
        Ok(found) => Ok(found.writable),
        Err(api::Error::NotFound(_)) => Ok(false),
        // A policy or a token that withholds the question may allow the change.
        Err(api::Error::Denied(_) | api::Error::Forbidden(_)) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// Fails if the text is not the UUID of a project or user.
pub(crate) fn check_form(project: &str) -> Result<(), Failure> {
    match uuid::is_owner(project) {
        true => Ok(()),
        false => Err(Failure::Usage(format!(
            "`{project}` is not the UUID of a project or user; nothing was sent"
        ))),
    }
}

fn unusable(project: &str, reason: ProjectFault) -> Failure {
    Failure::UnusableProject(UnusableProject {
        project: project.into(),
        reason,
    })
}
