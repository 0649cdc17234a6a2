//! How both programs begin and end: words, secrets, signals, breakdowns, the work on a thread of its own.

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use clap::{CommandFactory, FromArgMatches};

use super::breakdown;
use crate::audit::Mask;
use crate::confinement;
use keepdocker_console::values;

use crate::output::{self, Console, Exit, Level, Report};
use crate::settings::Environment;
use crate::signals::{Stop, supervise};
use crate::terminal;

/// Returns whether the process was started by this name, in whatever folder: through a link, or as a copy.
#[must_use]
pub(crate) fn is_called(name: &str) -> bool {
    let started = std::env::args_os().next();
    started
        .as_deref()
        .and_then(|path| Path::new(path).file_name())
        .is_some_and(|file| file == name)
}

/// Returns the words of the process's command line; what is not UTF-8 in them becomes U+FFFD.
pub(super) fn words() -> Vec<String> {
    std::env::args_os()
        .map(|word| word.to_string_lossy().into_owned())
        .collect()
}

/// Reads the words of a command line; see `values` for what is refused first.
pub(super) fn read<T: CommandFactory + FromArgMatches>(
    words: &[OsString],
) -> Result<T, clap::Error> {
    let mut command = T::command();
    values::check(&command, words)?;
    let mut matches = command.try_get_matches_from_mut(words)?;
    T::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

/// Has no secret of the environment shown, and breakdowns told as other failures are; to be done before
/// anything is said.
pub(super) fn prepare(environment: &Environment, console: Console) {
    let mask = Mask::new(environment.secrets());
    output::conceal(move |text| mask.text(text).into_owned());
    breakdown::tell(console);
}

/// Prints what the parser of the command line says, without secrets that are words of it.
pub(super) fn print(error: &clap::Error, console: Console) {
    let text = error.render().to_string();
    let shown = output::concealed(&text);
    if shown == text {
        // There is nowhere to report that standard error is gone.
        let _ = error.print();
    } else {
        console.raw(&shown);
    }
}

/// Returns what the parser of the command line says as a failure like any other.
pub(super) fn refusal(error: &clap::Error) -> Report {
    let text = error.render().to_string();
    let mut lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("For more information"));
    let first = lines.next().unwrap_or_default();
    let message = first.strip_prefix("error: ").unwrap_or(first);
    lines.fold(
        Report::new(Exit::Usage, message),
        |report, line| match line.strip_prefix("tip: ") {
            Some(tip) => report.advise(tip),
            None => report.detail(line),
        },
    )
}

/// What a program is going to do.
pub(super) struct Job {
    pub(super) console: Console,
    pub(super) farewell: Farewell,
    /// Whether others connect to it, as to the embedded cluster.
    pub(super) listens: bool,
    pub(super) work: Pin<Box<dyn Future<Output = Exit>>>,
}

/// How a program takes leave where a signal ends it.
#[derive(Clone, Copy)]
pub(super) struct Farewell {
    pub(super) console: Console,
    pub(super) level: Level,
    /// What it says of the signal.
    pub(super) words: fn(i32) -> String,
    /// With which status it ends.
    pub(super) code: fn(i32) -> i32,
}

/// How long the last words may take: whoever reads standard error may have stopped reading.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Runs a program to its end, or until a signal asks it to end. `prepare` reads the command line; it may
/// end the program at once.
pub(super) fn drive(
    console: Console,
    prepare: impl FnOnce() -> Result<Job, ExitCode> + Send + 'static,
) -> ExitCode {
    breakdown::tell(console);
    // All threads inherit it, so it comes before any other.
    confinement::enter();
    let farewell = Arc::new(OnceLock::new());
    let announced = farewell.clone();
    let work = move |stop: Stop| match prepare() {
        Ok(job) => {
            let _ = announced.set(job.farewell);
            // No thread of the runtime is there yet.
            if !job.listens {
                confinement::close_ports();
            }
            run(job, stop)
        }
        Err(code) => code,
    };
    // What waits for signals panics where there is not even a file to be had for that.
    let ended = catch_unwind(AssertUnwindSafe(|| supervise(work)));
    let ended = ended.unwrap_or(Ok(Ok(None)));
    match ended {
        Ok(Ok(Some(code))) => code,
        // Whoever broke down has said why.
        Ok(Ok(None)) => ExitCode::from(Exit::Failed.code()),
        Ok(Err(interrupted)) => leave(interrupted.signal, farewell.get().copied()),
        Err(error) => {
            console.report(&no_threads(&error));
            ExitCode::from(Exit::Failed.code())
        }
    }
}

/// Does the work on threads of its own runtime.
fn run(job: Job, stop: Stop) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            job.console.report(&no_threads(&error));
            return ExitCode::from(Exit::Failed.code());
        }
    };
    let exit = runtime.block_on(stop.or(job.work));
    // Work on threads that wait for the engine or a file is not waited for: it can do no more harm.
    runtime.shutdown_background();
    // Where a signal came first, whoever waited for it knows the status.
    ExitCode::from(exit.unwrap_or(Exit::Failed).code())
}

/// Says that a signal ended the program, and returns the status.
fn leave(signal: i32, farewell: Option<Farewell>) -> ExitCode {
    terminal::show_typing();
    let code = farewell.map_or(128 + signal, |farewell| (farewell.code)(signal));
    if let Some(farewell) = farewell {
        let (said, done) = mpsc::channel();
        let say = move || {
            farewell.console.end_line();
            let text = (farewell.words)(signal);
            farewell.console.message(farewell.level, &text);
            let _ = said.send(());
        };
        if thread::Builder::new().spawn(say).is_ok() {
            let _ = done.recv_timeout(LAST_WORDS);
        }
    }
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

fn no_threads(error: &std::io::Error) -> Report {
    Report::new(
        Exit::Failed,
        format!("the program cannot start its threads: {error}"),
    )
    .advise("`ulimit -a` tells what a program may have here; this one needs some 20 threads and open files")
}
