//! What a binding may touch: one capability, the gate before it, and the handles given out.

use std::fmt;
use std::marker::PhantomData;

use serde::Serialize;
use wasmtime::component::{HasData, Resource, ResourceTable};

use crate::gate::{Gate, Guarded, Permit, Refusal};

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
/// A binding returns the interface's error, or the gate's refusal; one conversion for each
/// interface makes of the latter a case that the component can handle, or a trap.
#[derive(Debug)]
pub enum Fault<W> {
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
    pub fn convert(self, denied: impl FnOnce(String) -> W) -> wasmtime::Result<W> {
        match self {
            Self::Failed(error) => Ok(error),
            Self::Refused(refusal) if refusal.is_final() => Err(wasmtime::Error::new(refusal)),
            Self::Refused(refusal) => Ok(denied(refusal.to_string())),
            Self::Trapped(trap) => Err(trap),
        }
    }
}

impl<C> View<'_, C> {
    /// Hands out what an operation brought, and closes the operation: of a resource, the component
    /// and the record get the handle.
    ///
    /// # Errors
    /// If the operation failed, or the component holds too many handles.
    pub fn hand_out<R, E, W>(
        table: &mut ResourceTable,
        permit: Permit<'_>,
        result: Result<R, E>,
    ) -> Result<Resource<R>, Fault<W>>
    where
        R: Send + 'static,
        E: fmt::Display + Into<W>,
        W: Serialize,
    {
        let resource = match result {
            Ok(value) => Ok(table.push(value)?),
            Err(error) => Err(error),
        };
        permit
            .close(resource.map(|resource| resource.rep()))
            .map(Resource::new_own)
            .map_err(Fault::Failed)
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
