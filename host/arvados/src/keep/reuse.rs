//! The blocks of collections that the cluster has already.

use super::Keep;
use super::known::KnownBlocks;
use crate::api::collections::{Detail, Query, Which};
use crate::http::Http;

/// More collections than this are not looked at.
const MOST_COLLECTIONS: usize = 32;

/// How many manifests are asked for at once: that of a large image is some 50 kB.
const AT_A_TIME: usize = 8;

/// Once so many bytes of manifests were read, no more are asked for.
const MOST_BYTES: usize = 32 << 20;

/// Whose collections may lend blocks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Lenders {
    /// Those of everybody, as far as the token may read them.
    #[default]
    Anybody,
    /// Those of this project, and of the user's home project.
    Own(Option<String>),
    /// None.
    Nobody,
}

impl<H: Http> Keep<H> {
    /// Returns the blocks of these collections, as far as their owners are among those who may lend.
    ///
    /// Whose a collection is, the cluster is asked; who asks for the blocks is not believed.
    pub async fn blocks_lent_by(&self, lenders: &Lenders, collections: &[String]) -> KnownBlocks {
        match lenders {
            Lenders::Anybody => self.blocks_of(collections).await,
            Lenders::Nobody => KnownBlocks::default(),
            Lenders::Own(project) => {
                let mut owners: Vec<String> = project.iter().cloned().collect();
                owners.extend(self.services.api().current_user().await.ok());
                self.blocks(collections, |owner| owners.iter().any(|own| own == owner))
                    .await
            }
        }
    }

    /// Returns the blocks of these collections, as far as the token may read them.
    ///
    /// They only spare sending, so a collection that is not to be had is passed over, and so is
    /// what comes after an answer that fails.
    pub async fn blocks_of(&self, collections: &[String]) -> KnownBlocks {
        self.blocks(collections, |_| true).await
    }

    async fn blocks(&self, collections: &[String], may_lend: impl Fn(&str) -> bool) -> KnownBlocks {
        let mut known = KnownBlocks::default();
        let mut bytes = 0;
        let most = collections.len().min(MOST_COLLECTIONS);
        for some in collections[..most].chunks(AT_A_TIME) {
            let query = Query {
                which: Which::Uuids(some.to_vec()),
                owner: None,
                detail: Detail::Manifest,
                newest: None,
            };
            let Ok(found) = self.services.api().list_collections(&query).await else {
                break;
            };
            let lent = found.iter().filter(|found| may_lend(&found.owner));
            for manifest in lent.filter_map(|found| found.manifest.as_deref()) {
                bytes += manifest.len();
                known.insert_manifest(manifest);
            }
            if bytes > MOST_BYTES {
                break;
            }
        }
        known
    }
}
