//! One command, from the arguments to the exit code.

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use keepdocker_arvados::secrets;
use keepdocker_console::{
    Console, Exit, Ids, Level, Purpose, Report, Style, conceal, json, table, values,
};
use keepdocker_wording::harmless::escape;
use keepdocker_wording::{bytes, count};

use crate::bindings::commands::{
    self, Answer, Failure, ImageDigest, ImagesRequest, Origin, Outcome, Pull, Reach, UploadRequest,
    Uploaded,
};
use crate::bindings::keep::{BlockLayout, Depth, Form};
use crate::bindings::log;
use crate::bindings::session;
use crate::command_line::{Arguments, Command, Images, Resolve, Upload};

/// Runs the program on the arguments that the runtime hands over.
pub(crate) fn main() -> ExitCode {
    conceal(secrets::concealed);
    let words: Vec<_> = std::env::args_os().collect();
    if let Err(error) = values::check(&Arguments::command(), &words) {
        error.exit();
    }
    let arguments = Arguments::parse().settled();
    let least = match (arguments.verbose, arguments.quiet) {
        (true, _) => log::Level::Debug,
        (_, true) => log::Level::Warning,
        _ => log::Level::Info,
    };
    session::show(least);
    let console = Console::new(Style::Plain, least.into());
    let answer = match &arguments.command {
        Command::Images(arguments) => images(arguments),
        Command::Upload(arguments) => upload(arguments, console),
        Command::Resolve(arguments) => resolve(arguments, console),
    };
    let exit = match answer.and_then(|text| print(console, &text)) {
        Ok(()) => Exit::Done,
        Err(report) => {
            console.report(&report);
            report.exit
        }
    };
    ExitCode::from(exit.code())
}

fn images(arguments: &Images) -> Result<String, Report> {
    let answer = commands::run(&commands::Command::Images(ImagesRequest {
        project: arguments.project_uuid.clone(),
        image: arguments.image.clone(),
        tag: arguments.tag.clone(),
        exact_name: arguments.exact_name.clone(),
    }));
    let listed = match answer {
        Ok(Answer::Images(listed)) => listed,
        other => return Err(unanswered(other, Purpose::Find)),
    };
    Ok(if arguments.json {
        json::images(&listed)
    } else if arguments.no_trunc {
        table(&listed, Ids::Whole)
    } else {
        table(&listed, Ids::Short)
    })
}

fn upload(arguments: &Upload, console: Console) -> Result<String, Report> {
    let source = session::give(&arguments.from).map_err(|text| Report::new(Exit::Usage, text))?;
    let (origin, selection, purpose) = match source {
        session::Source::Given(selection) => (Origin::Given, selection, Purpose::Store),
        session::Source::Registry(image) => (Origin::Registry, Some(image), Purpose::Fetch),
    };
    if arguments.dry_run {
        session::rehearse();
    }
    let answer = commands::run(&commands::Command::Upload(UploadRequest {
        origin,
        image: arguments.image.clone(),
        tag: arguments.tag.clone(),
        selection,
        platform: None,
        project: arguments.project_uuid.clone(),
        name: arguments.name.clone(),
        pull: Pull::Never,
        force: arguments.force,
        force_image_format: arguments.force_image_format,
        form: if arguments.verbatim {
            Form::Verbatim
        } else {
            Form::Canonical
        },
        block_layout: BlockLayout::Layered,
        replicas: arguments.replication,
        storage_classes: arguments.storage_classes.clone(),
        reuse: Reach::Readable,
        verify: Depth::Config,
        resume: false,
        named_by: named_by(arguments)?,
    }));
    let uploaded = match answer {
        Ok(Answer::Upload(uploaded)) => uploaded,
        other => return Err(unanswered(other, purpose)),
    };
    if arguments.dry_run {
        return Ok(told(&session::steps(), &uploaded));
    }
    console.message(Level::Info, &summary(&uploaded));
    Ok(if arguments.json {
        json::uploaded(&uploaded)
    } else {
        format!("{}\n", uploaded.collection)
    })
}

/// Says why there is no answer, or that it is the one of another command.
fn unanswered(answer: Result<Answer, Failure>, purpose: Purpose) -> Report {
    match answer {
        Err(failure) => Report::of(failure, purpose),
        Ok(_) => Report::new(
            Exit::Failed,
            "the component answers something else than it was asked".to_owned(),
        ),
    }
}

/// Returns by which of its digests the image is registered: as the command line says, else the environment.
fn named_by(arguments: &Upload) -> Result<ImageDigest, Report> {
    const VARIABLE: &str = "KEEPDOCKER_IMAGE_ID";
    let variable = std::env::var(VARIABLE).ok();
    let variable = variable.filter(|value| !value.trim().is_empty());
    match arguments.image_id.as_deref().or(variable.as_deref()) {
        None | Some("config") => Ok(ImageDigest::Config),
        Some("manifest") => Ok(ImageDigest::Manifest),
        Some(other) => Err(Report::new(
            Exit::Unauthorized,
            format!(
                "{VARIABLE} is `{}`; it can be: config, manifest",
                escape(other)
            ),
        )),
    }
}

fn resolve(arguments: &Resolve, console: Console) -> Result<String, Report> {
    let answer = commands::run(&commands::Command::Resolve(arguments.image.clone()));
    let resolution = match answer {
        Ok(Answer::Resolve(resolution)) => resolution,
        other => return Err(unanswered(other, Purpose::Resolve)),
    };
    for reason in &resolution.reasons {
        console.message(Level::Info, reason);
    }
    Ok(if arguments.json {
        json::resolved(&resolution)
    } else {
        format!("{}\n", resolution.collection)
    })
}

/// Says what an upload would write.
fn told(steps: &[String], uploaded: &Uploaded) -> String {
    if steps.is_empty() {
        return "nothing to do: the project has the image\n".to_owned();
    }
    let steps = steps.iter().map(|step| format!("{}\n", escape(step)));
    let mut text: String = steps.collect();
    if uploaded.size > 0 {
        let (sent, reused) = (bytes(uploaded.sent), bytes(uploaded.reused));
        text.push_str(&format!("{sent} to send, {reused} in Keep already\n"));
    }
    text
}

/// Says in one line what an upload came to.
fn summary(uploaded: &Uploaded) -> String {
    let what = uploaded.name.as_deref().unwrap_or(&uploaded.image);
    match uploaded.outcome {
        Outcome::Present => format!("{what} is in Keep already; nothing was written"),
        Outcome::Registered => {
            format!("{what} is in Keep already; it was registered without sending data")
        }
        Outcome::Uploaded => format!(
            "{what} was uploaded: {} in {}, {} sent",
            count(uploaded.size, "byte"),
            count(uploaded.blocks, "block"),
            uploaded.sent
        ),
    }
}

/// Writes the answer to standard output.
fn print(console: Console, text: &str) -> Result<(), Report> {
    console.answer(text).map_err(|error| {
        Report::new(
            Exit::Failed,
            format!("the answer cannot be written to standard output: {error}"),
        )
    })
}
