//! What a binding may touch: one capability, the gate before it, and the handles given out.

use std::marker::PhantomData;

use wasmtime::component::{HasData, ResourceTable};

use crate::gate::{Gate, Guarded, Refusal};

/// The slice of the store that the binding of one capability works on.
#[derive(Debug)]
pub struct View<'a, C> {
    /// The gate that every operation passes first.
    pub gate: &'a Gate,
    /// The capability, which only a permit opens.
    pub capability: &'a Guarded<C>,
    /// The handles that the component holds.
    pub table: &'a mut ResourceTable,
}

/// Tells the linker that a binding works on a [`View`] of the capability `C`.
#[derive(Debug)]
pub struct Viewing<C>(PhantomData<C>);

impl<C: Send + Sync + 'static> HasData for Viewing<C> {
    type Data<'a> = View<'a, C>;
}

/// Why a call of the component brings no result.
///
/// A binding returns the capability's own error, or the gate's refusal; one conversion for each
/// interface makes of it a case that the component can handle, or a trap.
#[derive(Debug)]
pub enum Fault<E> {
    /// The gate refused the operation.
    Refused(Refusal),
    /// The capability failed.
    Failed(E),
    /// The component broke the rules, or the host is at fault: the component ends here.
    Trapped(wasmtime::Error),
}

impl<E> Fault<E> {
    /// Turns the fault into the interface's error, or into a trap.
    ///
    /// # Errors
    /// If the fault is none that the component could handle.
    pub fn convert<W>(self, denied: impl FnOnce(String) -> W) -> wasmtime::Result<W>
    where
        W: From<E>,
    {
        match self {
            Self::Failed(error) => Ok(error.into()),
            Self::Refused(refusal) if refusal.is_final() => Err(wasmtime::Error::new(refusal)),
            Self::Refused(refusal) => Ok(denied(refusal.to_string())),
            Self::Trapped(trap) => Err(trap),
        }
    }
}

impl<E> From<Refusal> for Fault<E> {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl<E> From<wasmtime::component::ResourceTableError> for Fault<E> {
    fn from(error: wasmtime::component::ResourceTableError) -> Self {
        // A handle that is not in the table, or a full table, is a fault of the component.
        Self::Trapped(error.into())
    }
}
