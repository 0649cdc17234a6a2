//! The Python program and ours, side by side: the same command on equal clusters with one engine.
//!
//! Standard output, exit code and the records that a command leaves must be equal; ours must say each
//! warning and error of the Python program, and nothing where that says nothing. Where they are not, the case names the row of `docs/compatibility.md` that says so, and what ours does;
//! a case that turns out equal after all fails, so that the list can only shrink.

mod callers;
mod cases;
mod equal;
mod records;
mod template;

use keepdocker_sandbox::Options;

use crate::support::{Cluster, Engine, Environment, Image, Output, Python, Registry};
use cases::{Access, Case, NAMES, cases};
use records::Records;
use template::{copy, template};

/// What the two programs do differently.
const TABLE: &str = include_str!("../../docs/compatibility.md");

/// What a program did with a case.
struct Done {
    code: Option<i32>,
    stdout: String,
    /// Its warnings and errors, without times and process IDs.
    told: Vec<String>,
    has_traceback: bool,
    left: Vec<String>,
    output: Output,
}

impl Done {
    fn is_like(&self, theirs: &Done) -> bool {
        let is_quiet = |done: &Done| done.output.stderr.is_empty();
        (self.code, &self.stdout, &self.left) == (theirs.code, &theirs.stdout, &theirs.left)
            && self.has_traceback == theirs.has_traceback
            && (is_quiet(self) || !is_quiet(theirs))
            // Scripts look for what the old program says; ours may say more.
            && theirs.told.iter().all(|line| self.told.contains(line))
    }
}

#[test]
fn both_programs_do_the_same_or_the_table_says_what_differs() {
    let (Some(engine), Some(python)) = (Engine::find(), Python::find()) else {
        return;
    };
    let Some(image) = Image::build(&engine, "diff/tool:1", "the same for both") else {
        return;
    };
    for name in NAMES {
        let _ = engine.docker(&["tag", image.name(), name]).success();
    }
    let registry = Registry::find();
    let pulled = registry.map(|registry| registry.push(&engine, &image));
    let template = template();
    let cases = cases(image.id(), pulled.as_deref());
    let mut wrong = Vec::new();
    for case in &cases {
        let run = |program: &dyn Fn(&Environment, &[String]) -> Output| {
            let options = Options {
                docker_image_formats: case.formats.clone(),
                ..Options::default()
            };
            let cluster = Cluster::open(copy(template.path()), options);
            if let Some(seed) = &case.seed {
                seed(&cluster);
            }
            let before = Records::of(&cluster);
            let environment = environment(case, &cluster, &engine);
            let (last, earlier) = case.commands.split_last().unwrap();
            for command in earlier {
                let _ = program(&environment, command).success();
            }
            let output = program(&environment, last);
            Done {
                code: output.status.code(),
                stdout: before.without_new_uuids(&output.stdout()),
                told: told(&output.stderr),
                has_traceback: output.stderr.contains("Traceback (most recent call last)"),
                left: Records::of(&cluster).since(&before),
                output,
            }
        };
        let ours = run(&|environment, command| environment.arv_keepdocker(command));
        let theirs =
            run(&|environment, command| python.run(environment, "arv-keepdocker", command));
        if !is_right(case, &ours, &theirs) {
            wrong.push(format!(
                "== {:?} (difference allowed: {:?})\nours: {:?} {:#?}\n{}\ntheirs: {:?} {:#?}\n{}",
                case.commands,
                case.difference,
                ours.code,
                ours.left,
                ours.output,
                theirs.code,
                theirs.left,
                theirs.output
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} cases:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

/// Returns the warnings and errors of the program itself, as `ERROR: text`.
fn told(stderr: &str) -> Vec<String> {
    let told = stderr.lines().filter_map(|line| {
        let (_, rest) = line.split_once(" arvados.keepdocker[")?;
        let (_, text) = rest.split_once("] ")?;
        let is_wanted = text.starts_with("ERROR: ") || text.starts_with("WARNING: ");
        is_wanted.then(|| text.to_owned())
    });
    told.collect()
}

fn is_right(case: &Case, ours: &Done, theirs: &Done) -> bool {
    let is_equal = ours.is_like(theirs);
    match &case.difference {
        None => is_equal,
        Some(allowed) => {
            let is_told = TABLE.contains(&format!("\n| {} |", allowed.row));
            let codes = (Some(allowed.ours), Some(allowed.theirs));
            !is_equal && (ours.code, theirs.code) == codes && is_told
        }
    }
}

fn environment(case: &Case, cluster: &Cluster, engine: &Engine) -> Environment {
    let mut environment = Environment::on(cluster);
    match case.engine {
        Access::Running => return environment.with_engine(engine),
        Access::Down => {}
        Access::Missing => environment.set("PATH", environment.home().join("empty")),
    }
    environment
}
