//! What a binding may touch: one capability, the gate before it, and the handles given out.

use std::fmt;
use std::marker::PhantomData;

use serde::Serialize;
use wasmtime::component::{HasData, Resource, ResourceTable, ResourceTableError};

use super::fault::Fault;
use crate::gate::{Gate, Guarded, Permit};

/// The slice of the store that the binding of one capability works on.
#[derive(Debug)]
pub(crate) struct View<'a, C> {
    /// The gate that every operation passes first.
    pub gate: &'a Gate,
    /// The capability, which only a permit opens.
    pub capability: &'a Guarded<C>,
    /// The handles that the component holds.
    pub table: &'a mut ResourceTable,
}

/// Tells the linker that a binding works on a [`View`] of the capability `C`.
#[derive(Debug)]
pub(crate) struct Viewing<C>(PhantomData<C>);

impl<C: Send + Sync + 'static> HasData for Viewing<C> {
    type Data<'a> = View<'a, C>;
}

impl<C> View<'_, C> {
    /// Returns what a handle stands for that was handed out for an `R`.
    ///
    /// # Errors
    /// If no such handle was handed out, or it was given back.
    pub(crate) fn held<R: 'static>(
        &self,
        handle: &Resource<impl Sized + 'static>,
    ) -> Result<&R, ResourceTableError> {
        self.table.get(&Resource::new_borrow(handle.rep()))
    }

    /// Takes back what a handle stands for.
    ///
    /// # Errors
    /// If no such handle was handed out, or it was given back.
    pub(crate) fn take_back<R: 'static>(
        &mut self,
        handle: &Resource<impl Sized + 'static>,
    ) -> Result<R, ResourceTableError> {
        self.table.delete(Resource::new_own(handle.rep()))
    }

    /// Hands out what an operation brought, and closes the operation: of a resource, the component
    /// and the record get the handle. The contract has a type of its own for it, `H`.
    ///
    /// # Errors
    /// If the operation failed, or the component holds too many handles.
    pub(crate) fn hand_out<R, H, E, W>(
        table: &mut ResourceTable,
        permit: Permit<'_>,
        result: Result<R, E>,
    ) -> Result<Resource<H>, Fault<W>>
    where
        R: Send + 'static,
        H: 'static,
        E: fmt::Display + Into<W>,
        W: Serialize + Clone + Send + 'static,
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
