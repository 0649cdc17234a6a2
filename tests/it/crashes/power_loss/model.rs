//! What a disk may have of files after a loss of power.
//!
//! What was forced to disk is there. Of what was written since, a file has all, nothing, zeros in its place, or
//! all but the last half of the last write; and one file may have lost it while another has it. Names and sizes
//! change in their order, as file systems with a journal keep it: names are those of the last moment or, where no
//! file has grown since, of the last time when anything was forced to disk.

use std::collections::{BTreeMap, BTreeSet};

/// Files by their paths below the home folder.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// What a program does to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// It is there from now on, if it was not.
    Create(String),
    /// It is so long from now on.
    Truncate(String, usize),
    /// These bytes come to this place, or to its end.
    Write(String, Option<usize>, Vec<u8>),
    /// What was written to it is forced to disk.
    Sync(String),
    /// It has another name, and what had that name is gone.
    Rename(String, String),
    /// It is gone.
    Remove(String),
}

/// What there may be after a loss of power.
#[derive(Debug, Clone)]
pub(super) struct State {
    /// What led to it, for people.
    pub(super) name: String,
    pub(super) files: Files,
}

#[derive(Debug, Clone, Default)]
struct File {
    written: Vec<u8>,
    synced: Vec<u8>,
    /// Where the last write began.
    last: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    Nothing,
    Unsynced,
    Zeros,
    Half,
}

impl File {
    fn after(&self, loss: Loss) -> Vec<u8> {
        match loss {
            Loss::Nothing => self.written.clone(),
            Loss::Unsynced => self.synced.clone(),
            Loss::Zeros => {
                let mut bytes = vec![0; self.written.len()];
                let kept = self.synced.len().min(bytes.len());
                bytes[..kept].copy_from_slice(&self.written[..kept]);
                bytes
            }
            Loss::Half => {
                let synced = self.synced.len().min(self.written.len());
                let half = self.last + (self.written.len() - self.last) / 2;
                self.written[..half.max(synced)].to_vec()
            }
        }
    }
}

/// The files of a disk, by numbers that outlive their names.
#[derive(Debug, Clone, Default)]
struct Disk {
    files: Vec<File>,
    names: BTreeMap<String, usize>,
    /// The names that no loss of power takes back.
    kept_names: BTreeMap<String, usize>,
}

impl Disk {
    fn of(files: &Files) -> Disk {
        let mut disk = Disk::default();
        for (name, bytes) in files {
            disk.names.insert(name.clone(), disk.files.len());
            disk.files.push(File {
                written: bytes.clone(),
                synced: bytes.clone(),
                last: bytes.len(),
            });
        }
        disk.kept_names = disk.names.clone();
        disk
    }

    fn file(&mut self, name: &str) -> &mut File {
        let number = match self.names.get(name) {
            Some(number) => *number,
            None => {
                self.names.insert(name.to_owned(), self.files.len());
                self.files.push(File::default());
                self.files.len() - 1
            }
        };
        &mut self.files[number]
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Create(name) => drop(self.file(name)),
            Step::Truncate(name, length) => {
                let file = self.file(name);
                file.written.resize(*length, 0);
                file.last = file.last.min(*length);
                // Sizes are kept as names are; a shorter file is the more trying one.
                file.synced.truncate(*length);
            }
            Step::Write(name, place, bytes) => {
                let file = self.file(name);
                let place = place.unwrap_or(file.written.len());
                let end = place + bytes.len();
                file.written.resize(file.written.len().max(end), 0);
                file.written[place..end].copy_from_slice(bytes);
                file.last = place;
            }
            Step::Sync(name) => {
                let file = self.file(name);
                file.synced = file.written.clone();
                file.last = file.written.len();
                self.kept_names = self.names.clone();
            }
            Step::Rename(from, to) => {
                if let Some(number) = self.names.remove(from) {
                    self.names.insert(to.clone(), number);
                }
            }
            Step::Remove(name) => drop(self.names.remove(name)),
        }
    }

    /// What is there if each file loses what `loss` says.
    fn after(&self, names: &BTreeMap<String, usize>, loss: impl Fn(&str) -> Loss) -> Files {
        let file = |(name, number): (&String, &usize)| {
            (name.clone(), self.files[*number].after(loss(name)))
        };
        // What has no name yet is called by a number, and is gone.
        let has_name = |(name, _): &(&String, &usize)| !name.contains("/#");
        names.iter().filter(has_name).map(file).collect()
    }

    /// The files of which something was not forced to disk.
    fn at_risk(&self) -> BTreeSet<String> {
        let is_at_risk = |number: &usize| self.files[*number].synced != self.files[*number].written;
        let names = self.names.iter().chain(&self.kept_names);
        let at_risk = names.filter(|(_, number)| is_at_risk(number));
        at_risk.map(|(name, _)| name.clone()).collect()
    }
}

/// Every state that a loss of power after one of the steps may leave; the last one is that of no loss.
pub(super) fn states(before: &Files, steps: &[Step]) -> Vec<State> {
    let mut disk = Disk::of(before);
    let mut states = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        disk.take(step);
        let what = format!("step {number} ({})", described(step));
        states.push(State {
            name: format!("{what}, names and files of the last sync"),
            files: disk.after(&disk.kept_names, |_| Loss::Unsynced),
        });
        let mut add = |how: String, loss: &dyn Fn(&str) -> Loss| {
            states.push(State {
                name: format!("{what}, {how}"),
                files: disk.after(&disk.names, loss),
            });
        };
        for loss in [Loss::Unsynced, Loss::Zeros, Loss::Half] {
            add(format!("{loss:?} of all"), &|_| loss);
            for alone in disk.at_risk() {
                let of_one = |name: &str| if name == alone { loss } else { Loss::Nothing };
                add(format!("{loss:?} of {alone}"), &of_one);
                let of_others = |name: &str| if name == alone { Loss::Nothing } else { loss };
                add(format!("{loss:?} of all but {alone}"), &of_others);
            }
        }
        add("no loss".into(), &|_| Loss::Nothing);
    }
    states
}

fn described(step: &Step) -> String {
    match step {
        Step::Write(name, _, bytes) => format!("{} bytes to {name}", bytes.len()),
        other => format!("{other:?}"),
    }
}

#[test]
fn what_was_forced_to_disk_stays_and_all_else_may_go() {
    let write = |text: &str| Step::Write("a".into(), None, text.as_bytes().to_vec());
    let steps = [
        Step::Create("a".into()),
        write("1234"),
        Step::Sync("a".into()),
        write("5678"),
        Step::Rename("a".into(), "b".into()),
    ];
    let made = states(&Files::new(), &steps);
    let has = |name: &str, text: &[u8]| {
        let wanted = Files::from([(name.to_owned(), text.to_vec())]);
        made.iter().any(|state| state.files == wanted)
    };
    for (name, text) in [
        ("a", &b""[..]),
        ("a", b"12"),
        ("a", b"\0\0\0\0"),
        ("a", b"1234"),
        ("a", b"1234\0\0\0\0"),
        ("a", b"123456"),
        ("b", b"1234"),
        ("b", b"12345678"),
    ] {
        assert!(has(name, text), "{name} {text:?}");
    }
    assert!(made.iter().any(|state| state.files.is_empty()));
    // Nothing that was forced to disk is lost, under whatever name.
    for state in made.iter().filter(|state| state.name.starts_with("step 4")) {
        let text = state.files.values().next().unwrap();
        assert!(text.starts_with(b"1234"), "{}", state.name);
    }
    assert!(!has("b", b"12"));
}
