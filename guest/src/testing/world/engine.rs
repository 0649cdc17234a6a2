//! The container engine, and what it can pull.

pub(crate) use super::real::engine::{Error, LocalImage};

pub(crate) fn find(name: &str) -> Result<Vec<LocalImage>, Error> {
    super::with(|world| {
        world.calls.push(format!("engine.find {name}"));
        let Some(images) = &world.engine else {
            return Err(Error::Unavailable("no engine".into()));
        };
        let is_meant = |image: &LocalImage| {
            let digits = image.id.trim_start_matches("sha256:");
            let asked = name.trim_start_matches("sha256:");
            image
                .repo_tags
                .iter()
                .any(|tag| tag == name || *tag == format!("{name}:latest"))
                || image.repo_digests.iter().any(|digest| digest == name)
                || (asked.len() >= 12 && digits.starts_with(asked))
        };
        Ok(images
            .iter()
            .map(|(image, _)| image)
            .filter(|image| is_meant(image))
            .cloned()
            .collect())
    })
}

pub(crate) fn pull(name: &str) -> Result<(), Error> {
    super::with(|world| {
        world.calls.push(format!("engine.pull {name}"));
        let found: Vec<_> = world
            .registry
            .iter()
            .filter(|(image, _)| image.repo_tags.iter().any(|tag| tag == name))
            .cloned()
            .collect();
        if found.is_empty() {
            return Err(Error::Other(format!("manifest for {name} not found")));
        }
        let Some(images) = &mut world.engine else {
            return Err(Error::Unavailable("no engine".into()));
        };
        images.retain(|(image, _)| !image.repo_tags.iter().any(|tag| tag == name));
        images.extend(found);
        Ok(())
    })
}
