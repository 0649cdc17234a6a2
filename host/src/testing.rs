//! What tests in other packages take from the inside; nothing else is to use it.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use serde_json::Value;

use crate::component::{Component, Deviation, Limits, Script, WASM};
use crate::settings;

/// The embedded component, as WebAssembly.
pub const COMPONENT: &[u8] = WASM;

/// The environment variables that the programs read.
pub const VARIABLES: &[&str] = &settings::VARIABLES;

/// More than any run of a test takes.
const LIMITS: Limits = Limits {
    memory: 256 << 20,
    fuel: 100_000_000_000,
    deadline: Duration::from_secs(60),
    spent: Duration::ZERO,
};

/// Returns the interfaces that the embedded component imports, each with its functions and resources.
///
/// # Panics
/// If the build is broken.
#[must_use]
pub fn imports() -> Vec<(String, Vec<String>)> {
    let imports = &component().description().imports;
    imports
        .iter()
        .map(|import| (import.name.clone(), import.items.clone()))
        .collect()
}

/// Has the embedded component carry out a command, its calls answered by a function, and returns what the
/// command answers.
///
/// The function gets the verb of each call (as `links.list`) and its arguments. Values are as in the audit log. It
/// returns none where the run must not go on.
///
/// # Errors
/// In words, if the component breaks off or the function does.
///
/// # Panics
/// If the build is broken.
pub async fn run(
    answer: impl FnMut(&str, Value) -> Option<Value> + Send + 'static,
    command: &str,
    request: &Value,
) -> Result<Value, String> {
    component()
        .replay(
            Arc::new(Mutex::new(Answering(answer))),
            LIMITS,
            command,
            request,
        )
        .await
        .map_err(|error| error.to_string())
}

struct Answering<F>(F);

impl<F: FnMut(&str, Value) -> Option<Value> + Send> Script for Answering<F> {
    fn answer(&mut self, verb: &str, request: Value) -> Result<Value, Deviation> {
        (self.0)(verb, request).ok_or(Deviation::End)
    }
}

fn component() -> &'static Component {
    static COMPONENT: OnceLock<Component> = OnceLock::new();
    COMPONENT.get_or_init(|| match Component::embedded() {
        Ok(component) => component,
        Err(error) => panic!("the embedded component: {error}"),
    })
}
