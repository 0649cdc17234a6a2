//! What a repair came to, as JSON; `docs/json.md` describes it.

use keepdocker_console::json::line;
use serde::Serialize;

use crate::bindings::commands::{Outcome, Repaired};
use crate::plan::Step;

#[derive(Serialize)]
struct Repair<'a> {
    schema: &'static str,
    outcome: &'static str,
    collection: &'a str,
    portable_data_hash: &'a str,
    image: &'a str,
    registered_as: &'a str,
    names: &'a [String],
    former: Option<&'a str>,
    former_links: &'a [String],
    steps: Option<&'a [Step]>,
}

/// Returns what a repair came to; of one that was only tried, with its steps.
#[must_use]
pub(crate) fn repaired(repaired: &Repaired, steps: Option<&[Step]>) -> String {
    line(&Repair {
        schema: "keepdocker.repair/1",
        outcome: match repaired.outcome {
            Outcome::Present => "present",
            Outcome::Registered | Outcome::Uploaded => "registered",
        },
        collection: &repaired.collection,
        portable_data_hash: &repaired.portable_data_hash,
        image: &repaired.image,
        registered_as: &repaired.registered_as,
        names: &repaired.names,
        former: repaired.former.as_deref(),
        former_links: &repaired.former_links,
        steps,
    })
}
