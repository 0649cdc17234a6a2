//! What the component can have of registries: what a name means, and an archive of an image.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use keepdocker_archive::{Archive, Platform, Remote};
use keepdocker_registry::{
    Client, Connections, Error, Image, Names, Signature, Signatures, Wanted,
};
use keepdocker_signature::Signer;
use keepdocker_terms::reference::Name;

use super::charged::Charged;
use super::{Lender, places};
use crate::audit::Log;
use crate::bindings;
use crate::bindings::archives::Error as WitError;
use crate::bindings::registry::Resolved as WitResolved;
use crate::gate::{Confirmed, Refusal};
use crate::harmless::excerpt;
use crate::http::Retry;
use crate::settings::Environment;

/// Registries, of which images are read without an engine.
pub(crate) struct Registries {
    environment: Environment,
    retry: Retry,
    lender: Arc<Lender>,
    /// Where temporary files are made.
    scratch: PathBuf,
    client: OnceLock<Client>,
    names: Names,
}

/// Why an image of a registry is not to be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RegistryError {
    /// The registry is at fault, or what goes for it on this machine.
    #[error(transparent)]
    Registry(#[from] Error),
    /// The policy allows no more.
    #[error("{0}")]
    Withheld(Refusal),
}

impl From<RegistryError> for WitError {
    fn from(error: RegistryError) -> Self {
        let text = error.to_string();
        match error {
            RegistryError::Registry(error) => of_registry(&error, text),
            RegistryError::Withheld(_) => Self::Denied(text),
        }
    }
}

keepdocker_registry::contract!(bindings);

impl Registries {
    /// Prepares to read from registries. No file is read and nothing is sent yet.
    pub(crate) fn new(
        environment: Environment,
        retry: Retry,
        lender: Lender,
        scratch: PathBuf,
    ) -> Self {
        Self {
            environment,
            retry,
            lender: Arc::new(lender),
            scratch,
            client: OnceLock::new(),
            names: Names::default(),
        }
    }

    /// Returns the client, which is made when it is wanted first.
    fn client(&self) -> Result<Client, Error> {
        if let Some(client) = self.client.get() {
            return Ok(client.clone());
        }
        let (settings, certificate_folders) = places::settings(&self.environment, self.retry)?;
        let wire = Connections::new(self.lender.clone(), certificate_folders);
        let client = Client::new(settings, self.lender.clone(), Arc::new(wire));
        Ok(self.client.get_or_init(|| client).clone())
    }

    /// Asks what a name means.
    ///
    /// # Errors
    /// If it is no name, or nobody has what it means.
    pub(crate) async fn resolve(&self, text: &str) -> Result<WitResolved, RegistryError> {
        let resolved = self.names.resolve(&self.client()?, text).await?;
        Ok((&resolved).into())
    }

    /// Fetches the manifest and the config of an image that a name was resolved to.
    ///
    /// # Errors
    /// If it was not resolved to it, or nobody has the image.
    pub(crate) async fn image(&self, text: &str, manifest: &str) -> Result<Image, RegistryError> {
        Ok(self.names.image(&self.client()?, text, manifest).await?)
    }

    /// Looks for signatures on an image that a name was resolved to, until those found suffice.
    ///
    /// # Errors
    /// If it was not resolved to it, or those found do not suffice and something could not be looked at.
    pub(crate) async fn signatures(
        &self,
        text: &str,
        image: &Image,
        signers: &[Signer],
        suffices: &(dyn Fn(&[Signature]) -> bool + Sync),
    ) -> Result<Signatures, RegistryError> {
        let resolved = self.names.resolved(text)?;
        let name = Name::parse(text).map_err(|_| Error::NoName(text.to_owned()))?;
        let client = self.client()?;
        let wanted = Wanted {
            name: &name,
            signers,
            suffices,
        };
        Ok(client.signatures(&resolved, image, &wanted).await?)
    }

    /// Opens an image as an archive that holds nothing else. The gate has confirmed that it may be used.
    ///
    /// # Errors
    /// If what goes for registries on this machine cannot be used.
    pub(crate) fn archive(
        &self,
        text: &str,
        image: &Image,
        platform: Option<&str>,
        confirmed: Confirmed,
    ) -> Result<Archive, RegistryError> {
        let layers = Charged::new(self.client()?.layers(image), confirmed);
        let mut parts = platform.unwrap_or_default().split('/').map(str::to_owned);
        let mut part = || parts.next().unwrap_or_default();
        let platform = Platform {
            os: part(),
            architecture: part(),
            variant: part(),
        };
        let remote = Remote {
            subject: format!("`{}` in its registry", excerpt(text, 200)),
            index: image.index(&platform),
            documents: image.documents.clone(),
            layers: Box::new(layers),
        };
        Ok(Archive::remote(remote, &self.scratch))
    }

    /// Has each request written down in this log.
    pub(crate) fn log_to(&self, log: &Arc<Log>) {
        self.lender.log_to(log);
    }
}

impl std::fmt::Debug for Registries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registries").finish_non_exhaustive()
    }
}
