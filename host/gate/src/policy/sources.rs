//! Where the layers come from.

use std::path::{Path, PathBuf};

use super::error::Error;
use super::file::PolicyFile;
use super::keepers::Keepers;
use super::layer::Layer;
use super::origin::Origin;
use super::reader::SCHEMA;
use crate::Verb;

/// What the policy of the option for signers is called in place of a file.
pub(super) const SIGNERS: &str = "--require-signature";

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
                layers.push(Layer::of(keepers, origin, &file)?);
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

    /// Makes the policy of the option `--require-signature`: it asks for a signature of one of those whose public keys
    /// these files hold, and for nothing else.
    ///
    /// # Errors
    /// If a file cannot be read, can be changed by others, or holds no public key.
    pub fn of_signers(files: &[PathBuf]) -> Result<Self, Error> {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let mut once: Vec<&PathBuf> = Vec::new();
        for file in files {
            if !once.contains(&file) {
                once.push(file);
            }
        }
        let signers: Vec<String> = once
            .iter()
            .map(|file| format!("{{ key = {} }}", quoted(&file.to_string_lossy())))
            .collect();
        let fetch = Verb::RegistryFetch;
        let others: Vec<String> = Verb::ALL
            .iter()
            .filter(|verb| **verb != fetch)
            .map(|verb| quoted(verb.name()))
            .collect();
        let text = format!(
            "schema = {}\n[[allow]]\nid = \"signed\"\nreason = \"asked for\"\nverbs = [{}]\nrequire-signature = true\nsigners = [{}]\n[[allow]]\nid = \"others\"\nreason = \"not asked for\"\nverbs = [{}]\n",
            quoted(SCHEMA),
            quoted(fetch.name()),
            signers.join(", "),
            others.join(", "),
        );
        Self::read(Origin::Given, SIGNERS, &text)
    }

    fn open_as(path: &Path, keepers: &Keepers) -> Result<Self, Error> {
        let file = PolicyFile::open(path)?;
        keepers.check(Origin::Given, &file, None)?;
        Self::of(keepers, Origin::Given, &file)
    }

    fn of(keepers: &Keepers, origin: Origin, file: &PolicyFile) -> Result<Self, Error> {
        Self::read_kept_by(keepers, origin, &file.path.to_string_lossy(), &file.text)
    }
}
