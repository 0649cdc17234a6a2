//! Where the layers come from.

use std::path::{Path, PathBuf};

use super::error::Error;
use super::file::PolicyFile;
use super::keepers::Keepers;
use super::layer::Layer;
use super::origin::Origin;

/// The files of the layers above the built-in one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// The machine's policy; need not be there.
    pub system: Option<PathBuf>,
    /// The user's; need not be there.
    pub user: Option<PathBuf>,
    /// The user's home directory; what is above it is not asked who can change it.
    pub home: Option<PathBuf>,
    /// Those named on the command line, in their order; must be there.
    pub given: Vec<PathBuf>,
}

impl Sources {
    /// Returns the files that a command uses, for a user with this home directory and this base directory for
    /// configuration, `~/.config` where there is none.
    ///
    /// Neither can point away from the machine's policy.
    #[must_use]
    pub fn standard(
        home: Option<&Path>,
        configuration: Option<PathBuf>,
        given: Vec<PathBuf>,
    ) -> Self {
        let home = home.map(Path::to_owned);
        let base = configuration.or_else(|| Some(home.as_ref()?.join(".config")));
        Self {
            system: Some("/etc/keepdocker/policy.toml".into()),
            user: base.map(|base| base.join("keepdocker/policy.toml")),
            home,
            given,
        }
    }

    /// Reads the layers that are there, in order.
    pub(super) fn layers(&self, keepers: &Keepers) -> Result<Vec<Layer>, Error> {
        let mut layers = Vec::new();
        for (origin, path) in [(Origin::System, &self.system), (Origin::User, &self.user)] {
            if let Some(path) = path
                && let Some(file) = PolicyFile::find(path)?
            {
                keepers.check(origin, &file, self.home.as_deref())?;
                layers.push(Layer::of(origin, &file)?);
            }
        }
        for path in &self.given {
            layers.push(Layer::open_as(path, keepers)?);
        }
        Ok(layers)
    }
}

impl Layer {
    /// Reads a policy that the command line names; its file must be there.
    ///
    /// # Errors
    /// If it is not there, cannot be read, can be changed by others, or is not a policy.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::open_as(path, &Keepers::of_process())
    }

    fn open_as(path: &Path, keepers: &Keepers) -> Result<Self, Error> {
        let file = PolicyFile::open(path)?;
        keepers.check(Origin::Given, &file, None)?;
        Self::of(Origin::Given, &file)
    }

    fn of(origin: Origin, file: &PolicyFile) -> Result<Self, Error> {
        Self::read(origin, &file.path.to_string_lossy(), &file.text)
    }
}
