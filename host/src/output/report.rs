//! A failure in words: what failed, on what, why, and what to do.

use super::exit::Exit;
use crate::bindings::commands::{Failure, ProjectFault, UnusableProject};
use crate::bindings::types::CommandFailure;
use crate::bindings::{api, archives, engine, keep, locks};

/// What the user gets to read when a command fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// One sentence: what failed, on what.
    pub message: String,
    /// The same in the Python program's words, where scripts look for them; else empty.
    pub python: Vec<String>,
    /// What another program or server said.
    pub details: Vec<String>,
    /// What to do next.
    pub advice: Option<String>,
    /// How the program ends.
    pub exit: Exit,
}

impl Report {
    /// Creates a report of one sentence.
    #[must_use]
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            python: Vec::new(),
            details: Vec::new(),
            advice: None,
            exit,
        }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Adds what another program or server said, unless that is nothing.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        if !detail.trim().is_empty() {
            self.details.push(detail);
        }
        self
    }

    fn python(mut self, line: impl Into<String>) -> Self {
        self.python.push(line.into());
        self
    }
}

/// What a command is for: what it does with an image's archive, if anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// It goes from an engine or an archive to Keep.
    Store,
    /// It goes from Keep to a file.
    Save,
    /// It goes from Keep to an engine.
    Load,
    /// It stays where it is, and is registered by another digest.
    Repair,
    /// The image is only looked up on the cluster.
    Find,
    /// The text is read as the API server would.
    Resolve,
}

impl From<Failure> for Report {
    fn from(failure: Failure) -> Self {
        Self::of(failure, Purpose::Store)
    }
}

impl Report {
    /// Puts a failure in words, in a command that does `purpose`.
    #[must_use]
    pub fn of(failure: Failure, purpose: Purpose) -> Self {
        match failure {
            Failure::Usage(text) => Self::new(Exit::Usage, text),
            Failure::NoSuchImage(name) => of_absence(&name, purpose),
            Failure::AmbiguousImage(ambiguity) => {
                let count = ambiguity.images.len();
                Self::new(
                    Exit::AmbiguousImage,
                    format!("`{}` denotes {count} images", ambiguity.asked),
                )
                .python(format!("{count} images match {}", ambiguity.asked))
                .detail(ambiguity.images.join("\n"))
                .advise("give more of the ID, or a repository and tag")
            }
            Failure::UnsupportedFormat(mismatch) => {
                let refusal =
                    "refusing to store incompatible format (use --force-image-format to override)";
                let report = if mismatch.supported.is_empty() {
                    Self::new(
                        Exit::Failed,
                        format!(
                            "the image has format {}, and the cluster does not say what it runs",
                            mismatch.format
                        ),
                    )
                } else {
                    let quoted: Vec<String> = mismatch
                        .supported
                        .iter()
                        .map(|format| format!("'{format}'"))
                        .collect();
                    let supported = mismatch.supported.join(", ");
                    Self::new(
                        Exit::Failed,
                        format!(
                            "the image has format {}, and the cluster runs only: {supported}",
                            mismatch.format
                        ),
                    )
                    .python(format!(
                        "image format is '{}' but server supports only [{}]",
                        mismatch.format,
                        quoted.join(", ")
                    ))
                };
                report
                    .python(refusal)
                    .advise("use `--force-image-format` to store it anyway")
            }
            Failure::Engine(error) => of_engine(error),
            Failure::Archive(error) => of_archive(error, purpose),
            Failure::Lock(error) => of_lock(error),
            Failure::Keep(error) => of_keep(error, purpose),
            Failure::ReuseRefused(reason) => Self::new(
                Exit::Failed,
                "the cluster refused blocks that other collections have",
            )
            .detail(reason)
            .advise("the source cannot be read twice, so run the command again with `--no-reuse`, which sends every block"),
            Failure::UnusableProject(project) => of_project(project, purpose),
            Failure::Api(error) => of_api(error),
            Failure::TooEarly(text) => Self::new(Exit::Failed, text)
                .advise("run the same command again to complete it"),
        }
    }
}

fn of_absence(name: &str, purpose: Purpose) -> Report {
    let place = match purpose {
        Purpose::Store => ", neither here nor on the cluster",
        Purpose::Save | Purpose::Load | Purpose::Find | Purpose::Resolve => " on the cluster",
        Purpose::Repair => " on the cluster, or in the project if one was named",
    };
    let what_to_do = match purpose {
        Purpose::Store => ", or pull or build the image first",
        _ => "; `keepdocker images` lists what the cluster has",
    };
    let of_id = if purpose == Purpose::Resolve && is_part_of_id(name) {
        "; the server looks for names, and for what the digest begins with that an image is registered by, while `keepdocker images` takes the first digits of either"
    } else {
        ""
    };
    Report::new(
        Exit::NoSuchImage,
        format!("no image `{name}` was found{place}"),
    )
    .python("no matching image found")
    .advise(format!("check the spelling{what_to_do}{of_id}"))
}

/// Tells whether a text can be meant as the first digits of an image ID, as engines show them.
fn is_part_of_id(text: &str) -> bool {
    let digits = text.strip_prefix("sha256:").unwrap_or(text);
    (6..64).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn of_project(unusable: UnusableProject, purpose: Purpose) -> Report {
    let project = unusable.project;
    let (message, detail) = match unusable.reason {
        ProjectFault::Absent(reason) => (
            format!(
                "there is no project {project}, or it is in the trash, or the token may not see it"
            ),
            reason,
        ),
        ProjectFault::NoProject(class) => (
            format!("{project} is no project but a group of class {class}, which owns nothing"),
            String::new(),
        ),
        ProjectFault::ReadOnly(name) => {
            let name = if name.is_empty() {
                String::new()
            } else {
                format!(" ({name})")
            };
            (
                format!(
                    "the token may not write to project {project}{name}, or the project is frozen"
                ),
                String::new(),
            )
        }
    };
    // A repair writes where the image is.
    let advice = match purpose {
        Purpose::Repair => {
            "ask the owner of the project for permission to write, or have somebody run this who has it"
        }
        _ => {
            "name another project with `--project-uuid`, or ask the owner of this one for permission to write"
        }
    };
    Report::new(Exit::Failed, format!("{message}; nothing was sent"))
        .detail(detail)
        .advise(advice)
}

fn denied(reason: String) -> Report {
    Report::new(Exit::Denied, reason)
}

fn of_command(exit: Exit, failure: &CommandFailure) -> Report {
    let ending = match failure.status {
        Some(status) => format!("ended with status {status}"),
        None => "was ended by a signal".to_owned(),
    };
    Report::new(exit, format!("`{}` {ending}", failure.command)).detail(failure.message.clone())
}

/// What may help where the engine failed: it sees less than the user's shell.
const WITHHELD: &str = "the engine gets the environment variables that engines and credential helpers usually need, and no others; KEEPDOCKER_ENGINE_ENV=NAME,PREFIX_* gives it more of them";

fn of_engine(error: engine::Error) -> Report {
    match error {
        engine::Error::Denied(reason) => denied(reason),
        engine::Error::Unavailable(reason) => Report::new(Exit::Failed, "the container engine cannot be reached")
            .detail(reason)
            .advise(format!("start the engine, name another with `--engine`/KEEPDOCKER_ENGINE, read the image from its registry without one with `keepdocker upload --from docker://IMAGE`, or upload a saved archive with `keepdocker upload --from docker-archive:FILE`; {WITHHELD}")),
        engine::Error::Failed(failure) => of_command(Exit::Failed, &failure).advise(WITHHELD),
        engine::Error::Other(reason) => Report::new(Exit::Failed, "the container engine could not be used").detail(reason),
    }
}

fn of_archive(error: archives::Error, purpose: Purpose) -> Report {
    const NOTHING: &str = "nothing was registered";
    match error {
        archives::Error::Denied(reason) => denied(reason),
        archives::Error::NotFound(reason) => Report::new(Exit::Failed, reason)
            .advise("check the path; `docker save -o FILE IMAGE` makes such an archive"),
        archives::Error::Unsound(reason) if purpose != Purpose::Store => Report::new(
            Exit::Failed,
            format!("what the cluster has is not a sound image archive: {reason}"),
        )
        .advise("nothing was kept of it; upload the image again with `--force`"),
        archives::Error::Unsound(reason) => Report::new(
            Exit::Failed,
            format!("this is not a sound image archive: {reason}"),
        )
        .advise(format!(
            "{NOTHING}; save the image again, with `docker save -o FILE IMAGE` for example"
        )),
        archives::Error::NoSuchImage(reason) => Report::new(Exit::NoSuchImage, reason)
            .python("no matching image found")
            .advise("name one that is there, or make an archive of the image that is meant with `docker save -o FILE IMAGE`"),
        archives::Error::Ambiguous(reason) => Report::new(Exit::AmbiguousImage, reason)
            .advise("name one of them after the source and a colon: by its name, its ID, or `@N`, which counts from 0; or give `--platform`"),
        archives::Error::Engine(failure) if purpose != Purpose::Store => {
            of_command(Exit::Failed, &failure).advise(WITHHELD)
        }
        archives::Error::Engine(failure) => {
            of_command(Exit::Failed, &failure).advise(format!("{NOTHING}; {WITHHELD}"))
        }
        archives::Error::Unsupported(reason) => Report::new(Exit::Failed, reason),
        archives::Error::Registry(reason) => {
            Report::new(Exit::Failed, "the image could not be read from its registry")
                .detail(reason)
                .advise("see `docs/registry.md` for logins, mirrors, certificates and limits")
        }
        archives::Error::Other(reason) => {
            Report::new(Exit::Failed, "the image archive could not be read").detail(reason)
        }
    }
}

fn of_lock(error: locks::Error) -> Report {
    match error {
        locks::Error::Denied(reason) => denied(reason),
        locks::Error::TimedOut(reason) => Report::new(Exit::LockTimedOut, reason)
            .advise("wait for the other process, or give more time with `--lock-timeout`"),
        locks::Error::Unavailable(reason) => Report::new(Exit::Failed, reason),
        locks::Error::Other(reason) => {
            Report::new(Exit::Failed, "the lock on the image could not be taken").detail(reason)
        }
    }
}

fn of_keep(error: keep::Error, purpose: Purpose) -> Report {
    match error {
        keep::Error::Denied(reason) => denied(reason),
        keep::Error::Archive(error) => of_archive(error, purpose),
        keep::Error::NoServices => Report::new(
            Exit::Failed,
            "the cluster offers no Keep service that can be written to",
        )
        .advise("ask the administrator of the cluster, or set ARVADOS_KEEP_SERVICES"),
        keep::Error::TooFewReplicas(shortfall) => Report::new(
            Exit::Failed,
            format!(
                "a block reached {} of the {} replicas that were asked for",
                shortfall.written, shortfall.wanted
            ),
        )
        .detail(shortfall.reasons.join("\n"))
        .advise(
            "nothing was registered; run the command again once what the services say is mended",
        ),
        keep::Error::Unauthorized(reason) => unauthorized(reason),
        keep::Error::Other(reason) => {
            let what = match purpose {
                Purpose::Store => "the image could not be stored in Keep",
                Purpose::Save => "the image could not be saved",
                Purpose::Load => "the image could not be loaded",
                Purpose::Repair | Purpose::Find | Purpose::Resolve => {
                    "the image could not be read from Keep"
                }
            };
            Report::new(Exit::Failed, what).detail(reason)
        }
    }
}

fn of_api(error: api::Error) -> Report {
    match error {
        api::Error::Denied(reason) => denied(reason),
        api::Error::Unauthorized(reason) => unauthorized(reason),
        api::Error::Forbidden(reason) => {
            Report::new(Exit::Failed, "the cluster does not permit this").detail(reason)
        }
        api::Error::NotFound(reason) => {
            Report::new(Exit::Failed, "the cluster does not know this, or hides it").detail(reason)
        }
        api::Error::Rejected(reason) => {
            Report::new(Exit::Failed, "the cluster refused the request").detail(reason)
        }
        api::Error::Unreachable(reason) => {
            Report::new(Exit::Failed, "the cluster cannot be reached")
                .detail(reason)
                .advise("check ARVADOS_API_HOST, the network and, if there is one, the proxy")
        }
        api::Error::Uncertain(reason) => Report::new(
            Exit::Failed,
            "the cluster did not answer, so it is not known whether the request took effect",
        )
        .detail(reason)
        .advise("run the command again: it completes what is missing"),
        api::Error::Other(reason) => {
            Report::new(Exit::Failed, "the request to the cluster failed").detail(reason)
        }
    }
}

fn unauthorized(reason: String) -> Report {
    Report::new(Exit::Unauthorized, "the cluster does not accept the token")
        .detail(reason)
        .advise("get a current token from the cluster and set ARVADOS_API_TOKEN")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::commands::{Ambiguity, FormatMismatch};

    #[test]
    fn what_was_not_to_be_stored_is_not_said_to_be() {
        let failure = || Failure::Keep(keep::Error::Other("cannot write /dev/full".into()));
        for (purpose, words) in [
            (Purpose::Store, "stored in Keep"),
            (Purpose::Save, "saved"),
            (Purpose::Load, "loaded"),
        ] {
            let message = Report::of(failure(), purpose).message;
            assert_eq!(message, format!("the image could not be {words}"));
        }
        let unsound = Failure::Archive(archives::Error::Unsound("it ends".into()));
        let report = Report::of(unsound, Purpose::Save);
        assert!(
            report.message.starts_with("what the cluster has"),
            "{report:?}"
        );
    }

    #[test]
    fn an_image_is_said_to_be_missing_where_it_was_looked_for() {
        for (purpose, is_engine_meant) in [
            (Purpose::Store, true),
            (Purpose::Save, false),
            (Purpose::Load, false),
            (Purpose::Repair, false),
            (Purpose::Find, false),
            (Purpose::Resolve, false),
        ] {
            let report = Report::of(Failure::NoSuchImage("lab/x".into()), purpose);
            let advice = report.advice.unwrap_or_default();
            assert_eq!(report.message.contains("neither here"), is_engine_meant);
            assert_eq!(advice.contains("pull or build"), is_engine_meant);
            assert!(!advice.contains("the server looks"), "{advice}");
            let report = Report::of(Failure::NoSuchImage("526874b5df48".into()), purpose);
            let advice = report.advice.unwrap_or_default();
            let is_server_asked = purpose == Purpose::Resolve;
            assert_eq!(advice.contains("the server looks"), is_server_asked);
        }
    }

    #[test]
    fn another_project_is_advised_only_where_one_can_be_named() {
        for (purpose, is_advised) in [(Purpose::Store, true), (Purpose::Repair, false)] {
            let unusable = UnusableProject {
                project: "zzzzz-j7d0g-aaaaaaaaaaaaaaa".into(),
                reason: ProjectFault::ReadOnly("lab".into()),
            };
            let report = Report::of(Failure::UnusableProject(unusable), purpose);
            let advice = report.advice.unwrap_or_default();
            assert_eq!(advice.contains("--project-uuid"), is_advised, "{advice}");
        }
    }

    #[test]
    fn scripts_find_the_words_of_the_python_program() {
        let ambiguity = Ambiguity {
            asked: "abc".into(),
            images: vec!["sha256:a".into(), "sha256:b".into()],
        };
        let mismatch = |supported: &[&str]| {
            Failure::UnsupportedFormat(FormatMismatch {
                format: "v1".into(),
                supported: supported.iter().map(ToString::to_string).collect(),
            })
        };
        let refusal =
            "refusing to store incompatible format (use --force-image-format to override)";
        for (failure, words) in [
            (
                Failure::NoSuchImage("x".into()),
                vec!["no matching image found"],
            ),
            (
                Failure::AmbiguousImage(ambiguity),
                vec!["2 images match abc"],
            ),
            (
                mismatch(&["v2", "v3"]),
                vec![
                    "image format is 'v1' but server supports only ['v2', 'v3']",
                    refusal,
                ],
            ),
            (mismatch(&[]), vec![refusal]),
        ] {
            assert_eq!(Report::from(failure).python, words);
        }
    }
}
