//! Locks as the component sees them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use keepdocker_console::Level;
use wasmtime::component::Resource;

use super::{Error as LockError, Guard};
use crate::bindings::locks::{Error, Guard as Handle, Host, HostGuard};
use crate::bindings::{LockFault as Fault, View};
use crate::cache::Place;
use crate::gate::Operation;
use crate::messages::Messages;

/// Takes locks, and tells the user when that takes long.
#[derive(Debug)]
pub(crate) struct Locks {
    cache: Arc<Place>,
    timeout: Option<Duration>,
    messages: Messages,
    /// Whether it was said that there are no locks here.
    is_told: AtomicBool,
}

impl Locks {
    /// Creates the capability; without a `timeout` it waits as long as it takes.
    pub(crate) fn new(cache: Arc<Place>, timeout: Option<Duration>, messages: Messages) -> Self {
        Self {
            cache,
            timeout,
            messages,
            is_told: AtomicBool::new(false),
        }
    }

    /// Waits for the lock. Where there are no locks the run goes on without: of two that do the same at
    /// once, the second finds what the first has registered, or both have sent the same.
    async fn acquire(&self, image: &str) -> Result<Guard, LockError> {
        let acquired = Guard::acquire(&self.cache, image, self.timeout, |line| {
            self.messages.show(Level::Info, line)
        })
        .await;
        match acquired {
            Err(lack) if lack.is_lack() => {
                if !self.is_told.swap(true, Ordering::Relaxed) {
                    let text = format!("this run goes on without a lock on its image: {lack}");
                    self.messages.show(Level::Warning, &text);
                }
                Ok(Guard::lacking())
            }
            acquired => acquired,
        }
    }
}

impl Host for View<'_, Locks> {
    fn convert_error(&mut self, fault: Fault) -> wasmtime::Result<Error> {
        fault.convert(Error::Denied)
    }
}

impl HostGuard for View<'_, Locks> {
    async fn acquire(&mut self, image: String) -> Result<Resource<Handle>, Fault> {
        let operation = Operation::LocksAcquire {
            image: image.clone(),
        };
        let permit = self.gate.admit(operation, &(&image,))?;
        let acquired = self.capability.open(&permit).acquire(&image).await;
        Self::hand_out(self.table, permit, acquired)
    }

    async fn drop(&mut self, guard: Resource<Handle>) -> wasmtime::Result<()> {
        self.take_back::<Guard>(&guard)?;
        Ok(())
    }
}
