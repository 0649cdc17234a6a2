//! The verbs of `keepdocker policy`: check, show, explain, compare, try out, and draft.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::audit::{folder, not_found};
use super::invocation::{Execute, Invocation};
use super::request;
use crate::confinement;
use crate::gate::Operation;
use crate::harmless::escape_lines;
use crate::output::{Console, Exit, Level, Report};
use crate::policy::{
    Case, Cluster, Context, Decision, Difference, Layer, Policy, draft, schema_json,
};
use crate::run::no_policy;
use crate::settings::Environment;
use crate::wording::count;

/// Check, show and explain the policy that limits the component.
#[derive(Debug, Args)]
#[command(
    about = "Check, show and explain the policy that limits the component",
    after_help = "\
Examples:
  keepdocker policy check policy.toml
  keepdocker policy explain engine.pull lab/tool:1.2
  keepdocker policy init --from-audit last"
)]
pub(crate) struct PolicyArguments {
    /// What to do.
    #[command(subcommand)]
    pub command: PolicyCommand,
}

/// What can be done with policies.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Check a policy, or those in force, for faults and for rules that change nothing.
    Check {
        /// The policy to check [default: all layers in force].
        file: Option<PathBuf>,
    },
    /// Show the layers in force with their rules and limits.
    Show {
        /// Show, for each verb, what all layers together allow.
        #[arg(long, conflicts_with = "json")]
        effective: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Explain, rule by rule, whether an operation is allowed; exit code 3 if it is denied.
    Explain {
        /// The verb, such as engine.pull.
        verb: String,
        /// Its object: bare values, or member=value.
        object: Vec<String>,
        /// A name that the engine knows the image by, where the object has an image ID only.
        #[arg(long = "image-name", value_name = "REFERENCE")]
        names: Vec<String>,
        /// The cluster's API host [default: ARVADOS_API_HOST].
        #[arg(long, value_name = "HOST")]
        cluster: Option<String>,
        /// The five characters that begin the cluster's UUIDs.
        #[arg(long, value_name = "ID")]
        cluster_id: Option<String>,
    },
    /// Show what one policy allows that the other does not.
    Diff {
        /// The first policy.
        first: PathBuf,
        /// The second policy.
        second: PathBuf,
    },
    /// Test the policy in force with the cases of a file.
    Test {
        /// The file with the cases.
        file: PathBuf,
    },
    /// Draft the narrowest policy under which a recorded run would have gone through.
    Init {
        /// The run: its ID or the beginning of it, `last`, or the file of its audit log.
        #[arg(long, value_name = "RUN")]
        from_audit: String,
    },
    /// Print the JSON Schema of policy files.
    Schema,
}

impl Execute for PolicyArguments {
    fn is_json(&self) -> bool {
        matches!(self.command, PolicyCommand::Show { json: true, .. })
    }

    async fn run(self, invocation: Invocation) -> Result<(), Report> {
        let given = invocation.options.policies;
        run(&self, given, &invocation.environment, invocation.console)
    }
}

/// Runs one of the verbs; `given` are the policies that the command line names.
fn run(
    arguments: &PolicyArguments,
    given: Vec<PathBuf>,
    environment: &Environment,
    console: Console,
) -> Result<(), Report> {
    let sources = environment.policies(given.clone());
    match &arguments.command {
        PolicyCommand::Check { file } => {
            let policy = match file {
                Some(file) => over_built_in(file)?,
                None => Policy::load(&sources).map_err(no_policy)?,
            };
            check(&policy, environment, console)
        }
        PolicyCommand::Show { effective, json } => {
            let policy = Policy::load(&sources).map_err(no_policy)?;
            let text = match (json, effective) {
                (true, _) => {
                    let mut shown = policy.to_json();
                    shown["confinement"] = confinement_json();
                    format!("{shown}\n")
                }
                (_, true) => policy.effective_overview() + &confinement_told(),
                _ => policy.overview() + &confinement_told(),
            };
            request::answer(console, &text)
        }
        PolicyCommand::Explain {
            verb,
            object,
            names,
            cluster,
            cluster_id,
        } => {
            let operation = Operation::from_words(verb, object)
                .map_err(|error| Report::new(Exit::Usage, error.to_string()))?;
            let host = cluster
                .clone()
                .or_else(|| environment.text("ARVADOS_API_HOST"))
                .unwrap_or_default();
            let cluster = Cluster {
                host,
                id: cluster_id.clone(),
            };
            explain(
                &Policy::load(&sources).map_err(no_policy)?,
                &operation,
                &cluster,
                names,
                console,
            )
        }
        PolicyCommand::Diff { first, second } => {
            let difference = over_built_in(first)?.difference(&over_built_in(second)?);
            request::answer(console, told(&difference))
        }
        PolicyCommand::Test { file } => {
            test(&Policy::load(&sources).map_err(no_policy)?, file, console)
        }
        PolicyCommand::Init { from_audit } => {
            let file = folder(given, environment)?
                .find(from_audit)
                .map_err(not_found)?;
            let record = std::fs::read_to_string(&file).map_err(|error| {
                Report::new(
                    Exit::Failed,
                    format!("the audit log {} cannot be read: {error}", file.display()),
                )
            })?;
            let text =
                draft(&record).map_err(|error| Report::new(Exit::Failed, error.to_string()))?;
            request::answer(console, &text)
        }
        PolicyCommand::Schema => request::answer(console, schema_json()),
    }
}

/// Tells what the program denies itself whatever the policy says.
fn confinement_told() -> String {
    let mut text = "confinement of the program itself\n".to_owned();
    for measure in confinement::measures() {
        let (name, denies) = (measure.name, measure.denies);
        match &measure.lacking {
            None => line(&mut text, &format!("  {name}: {denies}")),
            Some(reason) => line(&mut text, &format!("  {name}: not in force: {reason}")),
        }
    }
    text
}

fn confinement_json() -> serde_json::Value {
    confinement::measures()
        .map(|measure| {
            serde_json::json!({
                "name": measure.name,
                "in_force": measure.lacking.is_none(),
                "denies": measure.denies,
                "lacking": measure.lacking,
            })
        })
        .collect()
}

fn over_built_in(file: &Path) -> Result<Policy, Report> {
    Layer::open(file)
        .and_then(|layer| Policy::built_in().and(layer))
        .map_err(no_policy)
}

/// Tells what is wrong with a policy, of which the first layer is the built-in one, and with the files that it names.
fn check(policy: &Policy, environment: &Environment, console: Console) -> Result<(), Report> {
    let layers = &policy.layers()[1..];
    let mut text = String::new();
    // Who may use a file, and whether it is there, differs with users and machines: no fault of the policy.
    let unkept = match environment.audit_options(policy.audit()) {
        Ok(options) => options.check().err().unwrap_or_default(),
        Err(error) => vec![error],
    };
    for error in unkept {
        let warning = format!("on this machine, by you, the audit log cannot be kept: {error}");
        console.message(Level::Warning, &warning);
    }
    for layer in layers {
        for warning in layer.lint() {
            console.message(Level::Warning, &warning.to_string());
        }
        line(
            &mut text,
            &format!(
                "{}: {}, sound",
                layer.file,
                count(layer.rules.len(), "rule")
            ),
        );
    }
    if layers.is_empty() {
        line(&mut text, "only the built-in policy is in force");
    }
    request::answer(console, &text)
}

fn explain(
    policy: &Policy,
    operation: &Operation,
    cluster: &Cluster,
    names: &[String],
    console: Console,
) -> Result<(), Report> {
    let names = (!names.is_empty()).then_some(names);
    let explanation = policy.explain(operation, &Context { cluster, names });
    let text: String = explanation
        .text
        .lines()
        .map(|line| escape_lines(line) + "\n")
        .collect();
    request::answer(console, &text)?;
    match explanation.decision {
        Decision::Deny => Err(Report::new(
            Exit::Denied,
            format!("denied by policy: `{operation}`"),
        )),
        Decision::Allow | Decision::WouldDeny => Ok(()),
    }
}

fn test(policy: &Policy, file: &Path, console: Console) -> Result<(), Report> {
    let cases = Case::open(file).map_err(no_policy)?;
    let failed: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            Some(format!(
                "{}:{}: {}",
                file.display(),
                case.line,
                case.fails(policy)?
            ))
        })
        .collect();
    if failed.is_empty() {
        return request::answer(console, format!("{} cases, all as expected\n", cases.len()));
    }
    Err(Report::new(
        Exit::Failed,
        format!(
            "{} of {} cases came out otherwise than expected",
            failed.len(),
            cases.len()
        ),
    )
    .detail(failed.join("\n")))
}

/// The most operations of each kind that a comparison lists.
const MAX_LISTED: usize = 50;

fn told(difference: &Difference) -> String {
    let mut text = String::new();
    for (what, operations) in [
        ("only the second allows", &difference.allowed),
        ("only the first allows", &difference.denied),
    ] {
        for operation in operations.iter().take(MAX_LISTED) {
            line(&mut text, &format!("{what}: {operation}"));
        }
        if operations.len() > MAX_LISTED {
            line(
                &mut text,
                &format!("{what}: and {} more", operations.len() - MAX_LISTED),
            );
        }
    }
    for (limit, first, second) in &difference.limits {
        line(
            &mut text,
            &format!("{limit}: {first} in the first, {second} in the second"),
        );
    }
    if difference.incomplete {
        line(
            &mut text,
            "there are too many patterns, so not everything was compared",
        );
    } else if text.is_empty() {
        line(&mut text, "both allow the same");
    }
    text
}

fn line(text: &mut String, words: &str) {
    writeln!(text, "{words}").expect("writing to a string does not fail");
}
