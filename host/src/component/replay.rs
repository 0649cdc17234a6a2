//! The component run again on the answers of a record: no capability is behind its imports.
//!
//! Every import is bound by its type alone, so a verb that the contract gains can be replayed
//! without a line here.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use wasmtime::Store;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Instance, Linker, LinkerInstance, ResourceType, Val};

use super::limits::MemoryLimiter;
use super::value::{Nothing, from_json, to_json};
use super::{Component, Error, Limits, MAX_HANDED_OVER, unsuitable};

/// Answers the component's calls from a record.
pub(crate) trait Script: Send {
    /// Returns the recorded answer to a call, which is `null` where the contract has none.
    ///
    /// # Errors
    /// If the call is not the one that was recorded, or the record ends before it.
    fn answer(&mut self, verb: &str, request: Value) -> Result<Value, Deviation>;
}

/// The component does not do what the record says, or the record goes no further.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Deviation {
    /// It asks for something else.
    #[error("{0}")]
    Other(String),
    /// The record ends here.
    #[error("the record ends here")]
    End,
}

struct State {
    script: Arc<Mutex<dyn Script>>,
    memory: MemoryLimiter,
}

impl Component {
    /// Runs a command, and answers each of the component's calls by the script.
    ///
    /// Returns what the command answers.
    ///
    /// # Errors
    /// If the component has no such command, or breaks off; a deviation is in [`Error::Deviates`].
    pub(crate) async fn replay(
        &self,
        script: Arc<Mutex<dyn Script>>,
        limits: Limits,
        command: &str,
        request: &Value,
    ) -> Result<Value, Error> {
        let mut linker = Linker::new(&self.engine);
        let ty = self.code.component_type();
        for (interface, item) in ty.imports(&self.engine) {
            let ComponentItem::ComponentInstance(instance) = item.ty else {
                continue;
            };
            let mut bound = linker.instance(interface).map_err(unsuitable)?;
            let short = interface.rsplit('/').next().unwrap_or(interface);
            let short = short.split('@').next().unwrap_or(short);
            for (name, item) in instance.exports(&self.engine) {
                bind(&mut bound, short, name, &item.ty).map_err(unsuitable)?;
            }
        }
        let memory = MemoryLimiter::new(limits.memory);
        let mut store = Store::new(&self.engine, State { script, memory });
        store.limiter(|state| &mut state.memory);
        store.set_fuel(limits.fuel).map_err(unsuitable)?;
        store.set_hostcall_fuel(limits.memory.min(MAX_HANDED_OVER));
        let commands = ty
            .exports(&self.engine)
            .map(|(name, _)| name)
            .find(|name| name.contains("/commands@"))
            .unwrap_or_default();
        let replayed = async {
            let instance = linker.instantiate_async(&mut store, &self.code).await?;
            call(&mut store, &instance, commands, (command, request)).await
        };
        replayed.await.map_err(
            |trap: wasmtime::Error| match trap.downcast_ref::<Deviation>() {
                Some(deviation) => Error::Deviates(deviation.clone()),
                None => Error::from_trap(&trap, &limits),
            },
        )
    }
}

fn bind(
    bound: &mut LinkerInstance<'_, State>,
    interface: &str,
    name: &str,
    item: &ComponentItem,
) -> wasmtime::Result<()> {
    match item {
        ComponentItem::Resource(_) => {
            bound.resource(name, ResourceType::host::<Nothing>(), |_, _| Ok(()))
        }
        ComponentItem::ComponentFunc(_) => {
            // A function of a resource is named as `[static]archive.open`.
            let function = name.rsplit('.').next().unwrap_or(name);
            let verb = format!("{interface}.{function}");
            bound.func_new(name, move |mut store, ty, arguments, results| {
                let request = arguments
                    .iter()
                    .map(|argument| to_json(argument, &mut store))
                    .collect::<wasmtime::Result<Vec<Value>>>()?;
                let script = Arc::clone(&store.data().script);
                let answer = script
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .answer(&verb, Value::Array(request))
                    .map_err(wasmtime::Error::new)?;
                for (result, ty) in results.iter_mut().zip(ty.results()) {
                    *result = from_json(&answer, &ty, &mut store)?;
                }
                Ok(())
            })
        }
        _ => Ok(()),
    }
}

/// Runs a command, and returns what it answers, without the case that repeats the command.
async fn call(
    store: &mut Store<State>,
    instance: &Instance,
    interface: &str,
    command: (&str, &Value),
) -> wasmtime::Result<Value> {
    let missing = || wasmtime::Error::msg("the component runs no commands");
    let (command, request) = command;
    let interface = instance
        .get_export_index(&mut *store, None, interface)
        .ok_or_else(missing)?;
    let function = instance
        .get_export_index(&mut *store, Some(&interface), "run")
        .and_then(|index| instance.get_func(&mut *store, index))
        .ok_or_else(missing)?;
    let ty: ComponentFunc = function.ty(&*store);
    let (_, parameter) = ty.params().next().ok_or_else(missing)?;
    // A log has the arguments of the command, of which there is one.
    let asked = json!({ command: request[0] });
    let arguments = [from_json(&asked, &parameter, &mut *store)?];
    let mut results = vec![Val::Bool(false); ty.results().len()];
    function
        .call_async(&mut *store, &arguments, &mut results)
        .await?;
    let mut answer = match results.first() {
        Some(result) => to_json(result, store)?,
        None => Value::Null,
    };
    if let Some(answered) = answer.get_mut("ok").and_then(|ok| ok.get_mut(command)) {
        let answered = answered.take();
        answer["ok"] = answered;
    }
    Ok(answer)
}
