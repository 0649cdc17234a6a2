//! What a shell asks for where somebody presses the tab key: what may follow, with the names of images.
//!
//! The script of `keepdocker completions` calls the program with [`VARIABLE`] set and the words so far behind `--`. Whatever
//! goes wrong then, there are fewer candidates, and not a word about it: a person is typing.

mod bash;
mod names;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::FromArgMatches as _;
use clap_complete::engine::{
    ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter as _,
};
use clap_complete::env::{Elvish, EnvCompleter, Fish, Powershell, Shells, Zsh};

use super::keepdocker::{Common, described};
use super::{Farewell, Job};
use crate::output::{Console, Exit, Level, Style};
use crate::settings::Environment;
use bash::Bash;
use names::{Asked, Names, Place};

/// The variable by which a script says that it asks, and for which shell.
pub(super) const VARIABLE: &str = "KEEPDOCKER_COMPLETE";

/// How long the cluster and the engine may take to tell their names.
const DEADLINE: Duration = Duration::from_millis(800);

/// When the program ends at the latest, whatever it hangs on.
const LATEST: Duration = Duration::from_millis(950);

/// Which arguments are names of images, and who has them.
const OFFERED: [(&str, &str, Place); 17] = [
    ("upload", "image", Place::Engine),
    ("upload", "more", Place::Engine),
    ("plan", "image", Place::Engine),
    ("images", "image", Place::Cluster),
    ("resolve", "image", Place::Cluster),
    ("inspect", "names", Place::Cluster),
    ("history", "names", Place::Cluster),
    ("save", "image", Place::Cluster),
    ("load", "image", Place::Cluster),
    ("tag", "image", Place::Cluster),
    ("untag", "names", Place::Cluster),
    ("rm", "names", Place::Cluster),
    ("prune", "names", Place::Cluster),
    ("copy", "image", Place::Cluster),
    ("share", "names", Place::Cluster),
    ("repair", "image", Place::Cluster),
    ("repair", "more", Place::Cluster),
];

/// Returns the shells that there are scripts for.
pub(super) fn shells() -> [&'static dyn EnvCompleter; 5] {
    [&Bash, &Elvish, &Fish, &Powershell, &Zsh]
}

/// Returns what a shell wants to know, if that is why the program was started.
pub(super) fn job(environment: &Environment, words: &[OsString]) -> Option<Job> {
    let shell = environment.text(VARIABLE)?;
    let typed = words
        .get(2..)
        .filter(|typed| words[1] == "--" && !typed.is_empty())?;
    let console = Console::new(Style::Plain, Level::Error);
    let common = common(typed);
    let (environment, typed) = (environment.clone(), typed.to_vec());
    Some(Job {
        console,
        farewell: Farewell {
            console,
            level: Level::Debug,
            words: |_| String::new(),
            code: |signal| 128 + signal,
        },
        listens: common.as_ref().is_some_and(Common::listens),
        work: Box::pin(async move {
            // Nothing that hangs may keep somebody from typing.
            tokio::spawn(async {
                tokio::time::sleep(LATEST).await;
                std::process::exit(0);
            });
            let text = answer(&shell, &typed, common, &environment, console).await;
            // A shell that does not listen any more wants no answer.
            let _ = console.answer(text);
            Exit::Done
        }),
    })
}

/// Returns the candidates, as the shell reads them.
async fn answer(
    shell: &str,
    typed: &[OsString],
    common: Option<Common>,
    environment: &Environment,
    console: Console,
) -> Vec<u8> {
    let known = shells();
    let shells = Shells(&known);
    let Some(shell) = shells.completer(shell) else {
        return Vec::new();
    };
    let folder = std::env::current_dir().ok();
    let written = |asked: &Arc<Asked>| written(shell, typed, folder.as_deref(), asked);
    // The first pass finds out whose names are wanted, if any.
    let asked = Arc::new(Asked::default());
    let text = written(&asked);
    if !asked.is_asked() {
        return text;
    }
    let names = match common {
        Some(common) => Names::gather(&asked, &common, environment, console, DEADLINE).await,
        None => Names::default(),
    };
    written(&Arc::new(Asked::knowing(names)))
}

/// Has the parser of the command line say what may follow.
fn written(
    shell: &dyn EnvCompleter,
    typed: &[OsString],
    folder: Option<&Path>,
    asked: &Arc<Asked>,
) -> Vec<u8> {
    let mut command = offering(asked);
    let mut text = Vec::new();
    match shell.write_complete(&mut command, typed.to_vec(), folder, &mut text) {
        Ok(()) => text,
        Err(_) => Vec::new(),
    }
}

/// Returns the command line, of which arguments that are images ask for names.
fn offering(asked: &Arc<Asked>) -> clap::Command {
    OFFERED
        .iter()
        .fold(described(), |command, (verb, argument, place)| {
            let (asked, place) = (asked.clone(), *place);
            let candidates = move |typed: &OsStr| candidates(&asked, place, typed);
            command.mut_subcommand(verb, |verb| {
                // An argument that is changed by its name would become the last.
                verb.mut_args(|found| match found.get_id() == *argument {
                    true => found.add(ArgValueCompleter::new(candidates.clone())),
                    false => found,
                })
            })
        })
}

/// Returns the names that begin as what was typed, and files where an image may come from one.
fn candidates(asked: &Asked, place: Place, typed: &OsStr) -> Vec<CompletionCandidate> {
    let mut found = match place {
        Place::Engine => PathCompleter::any().complete(typed),
        Place::Cluster => Vec::new(),
    };
    let names = asked.names(place);
    let typed = typed.to_string_lossy();
    let names = names.iter().filter(|name| name.starts_with(&*typed));
    found.extend(names.map(CompletionCandidate::new));
    found
}

/// Returns the options of every command as far as they were typed.
fn common(typed: &[OsString]) -> Option<Common> {
    let matches = described()
        .ignore_errors(true)
        .try_get_matches_from(typed)
        .ok()?;
    let (_, below) = matches.subcommand()?;
    let mut common = Common::from_arg_matches(below).ok()?;
    common.policies = super::layers::given(&matches);
    Some(common)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_argument_of_the_list_is_one_of_its_command() {
        let mut command = described();
        command.build();
        for (verb, argument, _) in OFFERED {
            let verb = command.find_subcommand(verb).unwrap();
            assert!(
                verb.get_positionals()
                    .any(|positional| positional.get_id() == argument),
                "{} {argument}",
                verb.get_name()
            );
        }
    }

    #[test]
    fn candidates_begin_as_what_was_typed() {
        let names = Names {
            engine: vec!["lab/here:1".into()],
            cluster: vec!["busybox:1".into(), "busybox:2".into(), "lab/tool:1".into()],
        };
        let asked = Arc::new(Asked::knowing(names));
        let written = |words: &[&str]| {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            let text = written(&Fish, &words, None, &asked);
            String::from_utf8(text).unwrap()
        };
        assert_eq!(
            written(&["keepdocker", "save", "bus"]),
            "busybox:1\nbusybox:2\n"
        );
        assert_eq!(written(&["keepdocker", "rm", "x:1", "lab"]), "lab/tool:1\n");
        assert_eq!(written(&["keepdocker", "upload", "lab/h"]), "lab/here:1\n");
        assert!(written(&["keepdocker", "res"]).contains("resolve"));
        assert_eq!(written(&["keepdocker", "save", "none"]), "");
    }
}
