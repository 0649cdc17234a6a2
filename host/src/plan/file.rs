//! A plan in a file: JSON of a versioned shape, taken to the letter.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Step;
use super::error::PlanError;
use crate::new_file::write_new;

/// The shape of plans.
pub(crate) const SCHEMA: &str = "keepdocker.plan/1";

/// A longer file is no plan; the blocks of a terabyte take up less than a megabyte.
const LONGEST: u64 = 16 << 20;

/// The command of a plan that names none, as all plans were of uploads once.
pub(crate) const UPLOAD: &str = "upload";

fn upload() -> String {
    UPLOAD.to_owned()
}

fn is_upload(command: &str) -> bool {
    command == UPLOAD
}

/// What a command would write, and all that is needed to do it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plan {
    /// [`SCHEMA`].
    pub schema: String,
    /// The SHA-256 digest of the component that made the plan.
    pub component: String,
    /// The ID of the cluster.
    pub cluster: String,
    /// Which command it is for, as the command line names it.
    #[serde(default = "upload", skip_serializing_if = "is_upload")]
    pub command: String,
    /// The command's options, as the command line names them.
    pub request: Value,
    /// Whether the steps are all; if not, what follows the last one is not known yet.
    pub complete: bool,
    /// What would be written, in order; nothing if the cluster has everything.
    pub steps: Vec<Step>,
}

impl Plan {
    /// Reads a plan.
    ///
    /// # Errors
    /// If the file cannot be read, is no plan, or is one of another version.
    pub(crate) fn open(file: &Path) -> Result<Self, PlanError> {
        let unreadable = |reason: String| PlanError::Unreadable {
            file: file.to_owned(),
            reason,
        };
        let invalid = |reason: String| PlanError::Invalid {
            file: file.to_owned(),
            reason,
        };
        let mut text = Vec::new();
        File::open(file)
            .and_then(|opened| opened.take(LONGEST + 1).read_to_end(&mut text))
            .map_err(|error| unreadable(error.to_string()))?;
        if text.len() as u64 > LONGEST {
            return Err(invalid(format!("it has more than {} MiB", LONGEST >> 20)));
        }
        let plan: Self =
            serde_json::from_slice(&text).map_err(|error| invalid(error.to_string()))?;
        if plan.schema != SCHEMA {
            return Err(invalid(format!("its `schema` is not {SCHEMA}")));
        }
        Ok(plan)
    }

    /// Writes the plan to a file that is not there yet, for its owner alone.
    ///
    /// # Errors
    /// If it is there, or cannot be written.
    pub(crate) fn save(&self, file: &Path) -> Result<(), PlanError> {
        write_new(file, self.to_json().as_bytes()).map_err(|error| PlanError::Unwritable {
            file: file.to_owned(),
            reason: match error.kind() {
                ErrorKind::AlreadyExists => "it is there already, and stays".to_owned(),
                _ => error.to_string(),
            },
        })
    }

    /// Returns the plan as a line of JSON; `docs/json.md` describes it.
    #[must_use]
    pub(crate) fn to_json(&self) -> String {
        let mut text = serde_json::to_string(self)
            .expect("a record of strings, numbers and JSON is always JSON");
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan {
            schema: SCHEMA.into(),
            component: "00".into(),
            cluster: "zzzzz".into(),
            command: upload(),
            request: serde_json::json!({"image": "x"}),
            complete: false,
            steps: vec![Step::Pull { name: "x".into() }],
        }
    }

    #[test]
    fn a_plan_comes_back_from_its_file_and_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plan.json");
        plan().save(&file).unwrap();
        assert_eq!(Plan::open(&file).unwrap(), plan());
        assert!(matches!(
            plan().save(&file),
            Err(PlanError::Unwritable { .. })
        ));
    }

    #[test]
    fn only_what_is_no_upload_is_named() {
        let text = plan().to_json();
        assert!(!text.contains("\"command\""), "{text}");
        let repair = Plan {
            command: "repair".into(),
            ..plan()
        };
        let text = repair.to_json();
        assert!(text.contains(r#""command":"repair""#), "{text}");
        assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), repair);
    }

    #[test]
    fn what_is_not_a_plan_to_the_letter_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plan.json");
        let good = plan().to_json();
        for (text, reason) in [
            (good.replace("plan/1", "plan/2"), "its `schema` is not"),
            (
                good.replace("\"complete\"", "\"finished\""),
                "unknown field",
            ),
            (
                good.replace("engine.pull", "engine.push"),
                "unknown variant",
            ),
            (good.replace("\"cluster\":\"zzzzz\",", ""), "missing field"),
            (format!("{good}{good}"), "trailing characters"),
            (String::new(), "EOF"),
            (" ".repeat(17 << 20), "more than 16 MiB"),
        ] {
            std::fs::write(&file, text).unwrap();
            let error = Plan::open(&file).unwrap_err().to_string();
            assert!(error.contains(reason), "{reason}: {error}");
        }
    }
}
