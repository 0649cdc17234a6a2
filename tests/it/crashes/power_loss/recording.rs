//! What a program does to the files of some folders, in order, as `strace` sees it.

use std::collections::HashMap;
use std::fs;
use std::process::Command;

use super::model::Step;
use crate::support::{Environment, Output};

/// The calls that change files or tell where the next write goes.
const CALLS: &str = "trace=openat,fcntl,write,pwrite64,writev,ftruncate,fsync,fdatasync,rename,renameat,\
                     renameat2,linkat,unlink,unlinkat,lseek";

/// Tells whether programs can be watched here.
pub(super) fn is_possible() -> bool {
    let tried = Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .output();
    tried.is_ok_and(|output| output.status.success())
}

/// Runs `keepdocker`, and returns what it did to the files of these folders of the environment.
pub(super) fn record(
    environment: &Environment,
    words: &[String],
    folders: &[&str],
) -> (Output, Vec<Step>) {
    let file = environment.home().join("calls");
    let told = file.display().to_string();
    let mut line = vec![
        "-f",
        "-y",
        "-xx",
        "-s",
        "100000000",
        "-e",
        CALLS,
        "-o",
        &told,
    ];
    line.push(env!("CARGO_BIN_EXE_keepdocker"));
    line.extend(words.iter().map(String::as_str));
    let output = environment.run("strace", &line);
    let text = fs::read_to_string(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let home = environment.home().display().to_string() + "/";
    let mut reader = Reader {
        home,
        folders,
        places: HashMap::new(),
        open: HashMap::new(),
        named: HashMap::new(),
        steps: Vec::new(),
    };
    for line in whole_lines(&text) {
        reader.take(&line);
    }
    (output, reader.steps)
}

/// The lines of all threads, each whole, without the number of its thread.
fn whole_lines(text: &str) -> Vec<String> {
    let mut begun: HashMap<&str, &str> = HashMap::new();
    let mut lines = Vec::new();
    for line in text.lines() {
        let (thread, line) = line.split_once(' ').unwrap();
        let line = line.trim_start();
        if let Some(beginning) = line.strip_suffix(" <unfinished ...>") {
            begun.insert(thread, beginning);
        } else if line.starts_with("<... ") {
            let end = line.split_once(" resumed>").unwrap().1;
            lines.push(begun.remove(thread).unwrap().to_owned() + end);
        } else {
            lines.push(line.to_owned());
        }
    }
    lines
}

struct Reader<'a> {
    home: String,
    folders: &'a [&'a str],
    /// Where the next write to a descriptor goes; none if that is always the end.
    places: HashMap<i64, Option<usize>>,
    /// The paths of what is open.
    open: HashMap<i64, String>,
    /// The names that nameless files got, by what the system calls these.
    named: HashMap<String, String>,
    steps: Vec<Step>,
}

impl Reader<'_> {
    fn take(&mut self, line: &str) {
        let Some((call, rest)) = line.split_once('(') else {
            return;
        };
        let Some((arguments, result)) = rest.rsplit_once(" = ") else {
            return;
        };
        let arguments = arguments.trim_end().trim_end_matches(')');
        let told = result;
        let word = result.split([' ', '<']).next().unwrap_or_default();
        let Some(result) = word.parse::<i64>().ok().filter(|result| *result >= 0) else {
            return;
        };
        if matches!(call, "openat" | "fcntl")
            && let Some(path) = self.path(&of_descriptor(told, 0))
        {
            self.open.insert(result, path);
        }
        let texts: Vec<Vec<u8>> = texts(arguments);
        let descriptor = arguments
            .split('<')
            .next()
            .unwrap_or_default()
            .parse::<i64>();
        match (call, descriptor) {
            ("openat", _) => {
                if let Some(path) = self.named(arguments, &texts, 0) {
                    self.open(path, arguments, result);
                }
            }
            ("rename" | "renameat" | "renameat2", _) => {
                let names = [0, 1].map(|number| self.named(arguments, &texts, number));
                if let [Some(from), Some(to)] = names {
                    for name in self.named.values_mut().filter(|name| **name == from) {
                        name.clone_from(&to);
                    }
                    self.steps.push(Step::Rename(from, to));
                }
            }
            // A file that had no name gets one; no other links are made.
            ("linkat", _) => {
                let names =
                    [0, 1].map(|number| texts.get(number).and_then(|name| self.opened(name)));
                if let [Some(from), Some(to)] = names {
                    self.named.insert(from.clone(), to.clone());
                    self.steps.push(Step::Rename(from, to));
                }
            }
            ("unlink" | "unlinkat", _) => {
                if let Some(path) = self.named(arguments, &texts, 0) {
                    self.steps.push(Step::Remove(path));
                }
            }
            (_, Ok(descriptor)) => {
                if let Some(path) = self.path(&of_descriptor(arguments, 0)) {
                    let path = self.named.get(&path).cloned().unwrap_or(path);
                    self.of_file(call, descriptor, path, texts, arguments, result);
                }
            }
            _ => {}
        }
    }

    /// The path of a name that goes on from that of a descriptor of the program, or stands for it.
    fn opened(&self, name: &[u8]) -> Option<String> {
        let text = String::from_utf8(name.to_vec()).ok()?;
        let Some(rest) = text.strip_prefix("/proc/self/fd/") else {
            return self.path(name);
        };
        let (descriptor, rest) = rest.split_once('/').unwrap_or((rest, ""));
        let open = self.open.get(&descriptor.parse().ok()?)?;
        match rest {
            "" => Some(open.clone()),
            rest => Some(format!("{open}/{rest}")),
        }
    }

    fn open(&mut self, path: String, arguments: &str, descriptor: i64) {
        let flags = arguments.rsplit(", ").find(|word| word.starts_with("O_"));
        let has = |flag: &str| flags.is_some_and(|flags| flags.split('|').any(|word| word == flag));
        if has("O_CREAT") {
            self.steps.push(Step::Create(path.clone()));
        }
        if has("O_TRUNC") {
            self.steps.push(Step::Truncate(path, 0));
        }
        let place = (!has("O_APPEND")).then_some(0);
        self.places.insert(descriptor, place);
    }

    fn of_file(
        &mut self,
        call: &str,
        descriptor: i64,
        path: String,
        texts: Vec<Vec<u8>>,
        arguments: &str,
        result: i64,
    ) {
        let count = usize::try_from(result).unwrap();
        match call {
            "write" | "writev" => {
                let mut bytes = texts.concat();
                bytes.truncate(count);
                let place = self.places.entry(descriptor).or_default();
                self.steps.push(Step::Write(path, *place, bytes));
                *place = place.map(|place| place + count);
            }
            "pwrite64" => {
                let place = arguments.rsplit(", ").next().unwrap();
                let place = Some(place.parse().unwrap());
                self.steps.push(Step::Write(path, place, texts.concat()));
            }
            "ftruncate" => {
                let length = arguments.rsplit(", ").next().unwrap();
                self.steps
                    .push(Step::Truncate(path, length.parse().unwrap()));
            }
            "fsync" | "fdatasync" => self.steps.push(Step::Sync(path)),
            "lseek" => {
                if let Some(Some(place)) = self.places.get_mut(&descriptor) {
                    *place = count;
                }
            }
            _ => {}
        }
    }

    /// The path of a name, which may go on from that of a descriptor before it.
    fn named(&self, arguments: &str, texts: &[Vec<u8>], number: usize) -> Option<String> {
        let name = texts.get(number)?;
        if name.starts_with(b"/") {
            return self.path(name);
        }
        let folder = of_descriptor(arguments, number);
        self.path(&[folder.as_slice(), b"/", name].concat())
    }

    /// The path below the home folder, if it is in one of the folders.
    fn path(&self, bytes: &[u8]) -> Option<String> {
        let path = String::from_utf8(bytes.to_vec()).ok()?;
        let path = path
            .strip_prefix(&self.home)?
            .trim_end_matches(" (deleted)");
        let folder = path.split('/').next()?;
        let is_file = path.contains('/');
        (is_file && self.folders.contains(&folder)).then(|| path.to_owned())
    }
}

/// The texts in quotes, of which every byte is written as `\xNN`.
fn texts(arguments: &str) -> Vec<Vec<u8>> {
    arguments.split('"').skip(1).step_by(2).map(bytes).collect()
}

/// The path of a descriptor, counted from 0; empty if there are not so many.
fn of_descriptor(arguments: &str, number: usize) -> Vec<u8> {
    let after = arguments.split('<').nth(number + 1);
    after.map_or_else(Vec::new, |text| bytes(text.split('>').next().unwrap()))
}

fn bytes(text: &str) -> Vec<u8> {
    let digits = text.split("\\x").skip(1);
    let byte = |digits: &str| u8::from_str_radix(&digits[..2], 16).unwrap();
    digits.map(byte).collect()
}
