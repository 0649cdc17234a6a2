//! Containers.

use super::real::api::Error;

pub(crate) fn used(contents: &[String], since: Option<&str>) -> Result<Vec<String>, Error> {
    super::with(|world| {
        world.ask("containers.used");
        if let Some(error) = &world.used_error {
            return Err(error.clone());
        }
        let is_meant = |(content, last): &&(String, Option<String>)| {
            let is_used = last
                .as_deref()
                .is_none_or(|last| since.is_some_and(|since| since <= last));
            is_used && contents.contains(content)
        };
        let used = world.used.iter().filter(is_meant);
        Ok(used.map(|(content, _)| content.clone()).collect())
    })
}
