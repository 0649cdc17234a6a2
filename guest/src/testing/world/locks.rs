//! Locks on images.

pub(crate) use super::real::locks::Error;

#[derive(Debug)]
pub(crate) struct Guard(String);

impl Guard {
    pub(crate) fn acquire(image: &str) -> Result<Self, Error> {
        super::with(|world| {
            if world.locked.iter().any(|locked| locked == image) {
                return Err(Error::TimedOut(format!("{image} is locked")));
            }
            world.calls.push(format!("lock {image}"));
            world.locked.push(image.into());
            Ok(Self(image.into()))
        })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        super::with(|world| world.locked.retain(|locked| *locked != self.0));
    }
}
