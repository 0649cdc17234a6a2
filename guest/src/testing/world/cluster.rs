//! What the cluster says of itself.

use super::real::api::Error;
pub(crate) use super::real::cluster::Config;

pub(crate) fn get() -> Result<Config, Error> {
    super::with(|world| {
        Ok(Config {
            id: "zzzzz".into(),
            image_formats: world.formats.clone(),
            default_replication: 2,
            slash_substitute: world.slash_substitute.clone(),
        })
    })
}
