//! What came of a command that changes what is said of images in Keep, as JSON; `docs/json.md` describes it.

use keepdocker_console::json::line;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::audit::as_contract;
use crate::plan::Step;

#[derive(Serialize)]
struct Changed<'a> {
    schema: String,
    /// What the contract says that the command answers, under the names of the contract.
    #[serde(flatten)]
    answer: Map<String, Value>,
    steps: Option<&'a [Step]>,
}

/// Returns what came of a command; of one that was only tried, with its steps.
///
/// # Panics
/// If the contract has come to hold fractions or bytes.
#[must_use]
pub(crate) fn changed(command: &str, answer: &impl Serialize, steps: Option<&[Step]>) -> String {
    let answer = as_contract(answer).expect("records of the contract hold texts and whole numbers");
    line(&Changed {
        schema: format!("keepdocker.{command}/1"),
        answer: serde_json::from_str(&answer).expect("an answer is a record"),
        steps,
    })
}
