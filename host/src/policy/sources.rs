//! Where the layers come from.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::error::Error;
use super::layer::{Layer, Origin};
use crate::settings::Environment;

/// Larger files are no policies.
const MAX_SIZE: u64 = 1 << 20;

/// The files of the layers above the built-in one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// The machine's policy; need not be there.
    pub system: Option<PathBuf>,
    /// The user's; need not be there.
    pub user: Option<PathBuf>,
    /// The one named on the command line; must be there.
    pub given: Option<PathBuf>,
}

impl Sources {
    /// Returns the files that a command uses.
    ///
    /// No variable of the environment can point away from the machine's policy.
    #[must_use]
    pub fn standard(environment: &Environment, given: Option<PathBuf>) -> Self {
        let base = environment
            .absolute_path("XDG_CONFIG_HOME")
            .or_else(|| Some(environment.home()?.join(".config")));
        Self {
            system: Some("/etc/keepdocker/policy.toml".into()),
            user: base.map(|base| base.join("keepdocker/policy.toml")),
            given,
        }
    }

    /// Reads the layers that are there, in order.
    pub(super) fn layers(&self) -> Result<Vec<Layer>, Error> {
        let mut layers = Vec::new();
        for (origin, file) in [(Origin::System, &self.system), (Origin::User, &self.user)] {
            if let Some(file) = file
                && let Some(text) = read(file)?
            {
                layers.push(Layer::read(origin, &file.to_string_lossy(), &text)?);
            }
        }
        if let Some(file) = &self.given {
            layers.push(Layer::open(Origin::Given, file)?);
        }
        Ok(layers)
    }
}

impl Layer {
    /// Reads a policy from a file that must be there.
    ///
    /// # Errors
    /// If it is not there, cannot be read, or is not a policy.
    pub fn open(origin: Origin, file: &Path) -> Result<Self, Error> {
        let text = open(file)?;
        Self::read(origin, &file.to_string_lossy(), &text)
    }
}

/// Reads a file of moderate size that must be there.
pub(super) fn open(file: &Path) -> Result<String, Error> {
    read(file)?.ok_or_else(|| Error::Unreadable {
        file: file.to_owned(),
        reason: "there is no such file".to_owned(),
    })
}

/// Reads a file; none if it is not there. Anything else that goes wrong is an error: a policy that
/// cannot be read must not count as none.
fn read(file: &Path) -> Result<Option<String>, Error> {
    let unreadable = |reason: String| Error::Unreadable {
        file: file.to_owned(),
        reason,
    };
    let opened = match std::fs::File::open(file) {
        Ok(opened) => opened,
        // Below what is no folder, such as `/dev/null`, there is no file.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(unreadable(error.to_string())),
    };
    let mut text = String::new();
    let length = opened
        .take(MAX_SIZE + 1)
        .read_to_string(&mut text)
        .map_err(|error| unreadable(error.to_string()))?;
    if length as u64 > MAX_SIZE {
        return Err(unreadable(format!(
            "it is larger than {} KiB",
            MAX_SIZE >> 10
        )));
    }
    Ok(Some(text))
}
