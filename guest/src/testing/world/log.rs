//! Messages for the user.

pub(crate) use super::real::log::Level;

pub(crate) fn write(level: Level, message: &str) {
    super::with(|world| world.log.push((level, message.into())));
}
