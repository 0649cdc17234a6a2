//! Permissions.

use super::Fault;
use super::real::api::Error;
pub(crate) use super::real::permissions::{Level, Permission};

pub(crate) fn set(wanted: &Permission) -> Result<Option<Level>, Error> {
    super::with(|world| {
        world.calls.push(format!(
            "permissions.set {} {:?}",
            wanted.object, wanted.owner
        ));
        let is_it = |known: &(String, String, Level)| {
            (&known.0, &known.1) == (&wanted.object, &wanted.holder)
        };
        let before = world.permissions.iter().find(|known| is_it(known));
        let before = before.map(|known| known.2);
        if before == wanted.level {
            return Ok(before);
        }
        if world.fault() == Some(Fault::Fail) {
            return Err(Error::Forbidden("403".into()));
        }
        world.permissions.retain(|known| !is_it(known));
        if let Some(level) = wanted.level {
            let known = (wanted.object.clone(), wanted.holder.clone(), level);
            world.permissions.push(known);
        }
        Ok(before)
    })
}
