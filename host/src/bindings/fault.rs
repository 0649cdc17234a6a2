//! Why a call of the component brings no result.

use super::{api, archives, engine, keep, locks};
use crate::gate::Refusal;

/// Why a call of the component brings no result.
///
/// A binding returns the interface's error, or the gate's refusal; one conversion for each
/// interface makes of the latter a case that the component can handle, or a trap.
#[derive(Debug)]
pub(crate) enum Fault<W> {
    /// The gate refused the operation.
    Refused(Refusal),
    /// The capability failed.
    Failed(W),
    /// The component broke the rules, or the host is at fault: the component ends here.
    Trapped(wasmtime::Error),
}

impl<W> Fault<W> {
    /// Turns the fault into the interface's error, or into a trap.
    ///
    /// # Errors
    /// If the fault is none that the component could handle.
    pub(crate) fn convert(self, denied: impl FnOnce(String) -> W) -> wasmtime::Result<W> {
        match self {
            Self::Failed(error) => Ok(error),
            Self::Refused(refusal) if refusal.is_final() => Err(wasmtime::Error::new(refusal)),
            Self::Refused(refusal) => Ok(denied(refusal.to_string())),
            Self::Trapped(trap) => Err(trap),
        }
    }
}

impl<W> From<Refusal> for Fault<W> {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl<W> From<wasmtime::component::ResourceTableError> for Fault<W> {
    fn from(error: wasmtime::component::ResourceTableError) -> Self {
        // A handle that is not in the table, or a full table, is a fault of the component.
        Self::Trapped(error.into())
    }
}

/// Why the engine's interface brings no result.
pub(crate) type EngineFault = Fault<engine::Error>;
/// Why the archives' interface brings no result.
pub(crate) type ArchiveFault = Fault<archives::Error>;
/// Why a lock is not had.
pub(crate) type LockFault = Fault<locks::Error>;
/// Why Keep's interface brings no result.
pub(crate) type KeepFault = Fault<keep::Error>;
/// Why an interface of the Arvados API brings no result.
pub(crate) type ApiFault = Fault<api::Error>;
