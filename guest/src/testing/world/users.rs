//! Who the user is.

use super::real::api::Error;

pub(crate) fn current() -> Result<String, Error> {
    super::with(|world| world.calls.push("users.current".into()));
    Ok(crate::testing::USER.into())
}
