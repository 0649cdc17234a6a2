//! Projects.

use super::real::api::Error;
pub(crate) use super::real::projects::Project;

pub(crate) fn get(uuid: &str) -> Result<Project, Error> {
    super::with(|world| {
        world.calls.push(format!("projects.get {uuid}"));
        if let Some(error) = &world.project_error {
            return Err(error.clone());
        }
        let found = world.projects.iter().find(|project| project.uuid == uuid);
        found.cloned().ok_or_else(|| Error::NotFound("404".into()))
    })
}
