//! Where the layers come from.

use std::path::{Path, PathBuf};

use keepdocker_signature::Keyless;

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

    /// Makes the policy of the option `--require-signature`: it asks for a signature of one of these, and for nothing else.
    /// Each is a file with a public key, or `ISSUER#IDENTITY`, which is checked against the file `root`.
    ///
    /// # Errors
    /// If a file cannot be read, can be changed by others, or holds no public key or no root of trust.
    pub fn of_signers(signers: &[String], root: Option<&Path>) -> Result<Self, Error> {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let root = quoted(&root.unwrap_or(Path::new("")).to_string_lossy());
        let stated = |signer: &String| match Keyless::split(signer) {
            None => format!("{{ key = {} }}", quoted(signer)),
            Some((issuer, identity)) => format!(
                "{{ issuer = {}, identity = {}, trusted-root = {root} }}",
                quoted(issuer),
                quoted(identity)
            ),
        };
        let signers: Vec<String> = signers.iter().map(stated).collect();
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
