//! A cluster that runs inside the program, for as long as one command lasts.

use std::any::Any;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use keepdocker_console::Report;

/// A cluster to be started for a command.
///
/// What starts it comes from the program: `keepdocker` has an embedded Arvados to offer, and `arv-keepdocker`,
/// which is made of the same library, has none.
#[derive(Debug, Clone)]
pub(crate) struct Embedded {
    directory: PathBuf,
    start: fn(&Path) -> Starting<'_>,
}

/// A cluster about to be there.
pub(crate) type Starting<'a> = Pin<Box<dyn Future<Output = Result<Started, Report>> + 'a>>;

/// A cluster that is there until this is dropped.
pub(crate) struct Started {
    /// The variables that lead to it.
    pub(crate) environment: Vec<(String, String)>,
    /// What runs it.
    pub(crate) _running: Box<dyn Any + Send + Sync>,
}

impl Embedded {
    /// Has a cluster started with its data in this folder.
    #[cfg(feature = "sandbox")]
    pub(crate) fn new(directory: PathBuf, start: fn(&Path) -> Starting<'_>) -> Self {
        Self { directory, start }
    }

    /// Starts the cluster.
    pub(super) async fn start(&self) -> Result<Started, Report> {
        (self.start)(&self.directory).await
    }
}
