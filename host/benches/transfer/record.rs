//! What a run measured, kept in a file for runs to come on the same machine.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::measure::Usage;
use keepdocker_measuring::python;

/// A run is worse than an earlier one where a ratio is so many times as large.
const LOST: f64 = 1.5;

/// Below so much, what a ratio is made of is mostly chance.
const TOO_SMALL: f64 = 0.02;

/// A run, and what it ran on.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    machine: String,
    /// Programs and their versions.
    programs: BTreeMap<String, String>,
    /// The SHA-256 of each archive that was uploaded.
    inputs: BTreeMap<String, String>,
    tables: Vec<Figures>,
}

/// What was measured with images of one size.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Figures {
    size: u64,
    /// Seconds of wall and processor time, by case and program.
    times: BTreeMap<String, [f64; 2]>,
    /// Ratios and counts, of which less is better.
    comparisons: BTreeMap<String, f64>,
}

impl Figures {
    /// Begins with nothing.
    pub(crate) fn of(size: u64) -> Self {
        Self {
            size,
            times: BTreeMap::new(),
            comparisons: BTreeMap::new(),
        }
    }

    /// Notes what a program took.
    pub(crate) fn note(&mut self, case: &str, program: &str, usage: Usage) {
        let name = format!("{case}: {program}");
        self.times.insert(name, [usage.wall, usage.processor]);
    }

    /// Notes a ratio.
    pub(crate) fn compare(&mut self, what: &str, value: f64) {
        self.comparisons.insert(what.into(), value);
    }
}

impl Record {
    /// Puts together what was measured with what it was measured on; the archives are those in the folder.
    pub(crate) fn new(folder: &Path, tables: Vec<Figures>) -> Self {
        let mut programs = BTreeMap::new();
        let ours = env!("CARGO_BIN_EXE_keepdocker").into();
        let of_python = ["arv-put", "arv-get"].map(|name| (name, python(name)));
        let others = ["docker", "skopeo"].map(|name| (name, Some(name.into())));
        for (name, path) in [("keepdocker", Some(ours))]
            .into_iter()
            .chain(of_python)
            .chain(others)
        {
            let version = path.and_then(|path| Command::new(path).arg("--version").output().ok());
            if let Some(output) = version {
                let text = String::from_utf8_lossy(&output.stdout);
                let line = text.lines().next().unwrap_or_default();
                programs.insert(name.into(), line.into());
            }
        }
        let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        let archives = files.filter(|file| file.path().extension().is_some_and(|it| it == "tar"));
        let inputs = archives.map(|file| {
            let name = file.file_name().to_string_lossy().into_owned();
            (name, sha256(&file.path()))
        });
        Self {
            machine: machine(),
            programs,
            inputs: inputs.collect(),
            tables,
        }
    }

    /// Reads an earlier run.
    pub(crate) fn read(file: &Path) -> Self {
        let text = fs::read(file).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// Writes the run to a file.
    pub(crate) fn write(&self, file: &Path) {
        let mut text = serde_json::to_string_pretty(self).unwrap();
        text.push('\n');
        fs::write(file, text).unwrap();
    }

    /// Returns what the run was made with, a line each.
    pub(crate) fn made_with(&self) -> Vec<String> {
        let mut lines = vec![format!("machine: {}", self.machine)];
        let programs = self.programs.iter();
        lines.extend(programs.map(|(name, version)| format!("{name}: {version}")));
        let inputs = self.inputs.iter();
        lines.extend(inputs.map(|(name, digest)| format!("{name}: sha256:{digest}")));
        lines
    }

    /// Returns the lines of a table of what both have; and what became worse, by ratios within a run alone.
    pub(crate) fn against(&self, earlier: &Self) -> (Vec<String>, Vec<String>) {
        let mut lines = Vec::new();
        if self.machine != earlier.machine {
            lines.push(format!(
                "The earlier run was on another machine ({}), so that only ratios are compared.\n",
                earlier.machine
            ));
        }
        lines.push("| figure | earlier | now | now, to earlier |\n|---|---|---|---|".into());
        let mut worse = Vec::new();
        for table in &self.tables {
            let same = earlier.tables.iter().find(|other| other.size == table.size);
            let Some(same) = same else { continue };
            if self.machine == earlier.machine {
                for (name, [wall, processor]) in &table.times {
                    let Some([wall_before, processor_before]) = same.times.get(name) else {
                        continue;
                    };
                    lines.push(line(&format!("{name}: wall s"), *wall_before, *wall));
                    lines.push(line(
                        &format!("{name}: CPU s"),
                        *processor_before,
                        *processor,
                    ));
                }
            }
            for (what, value) in &table.comparisons {
                let Some(before) = same.comparisons.get(what) else {
                    continue;
                };
                lines.push(line(what, *before, *value));
                if *value > LOST * before.max(TOO_SMALL) {
                    worse.push(format!("{what}: {value:.2}, and {before:.2} before"));
                }
            }
        }
        (lines, worse)
    }
}

fn line(what: &str, before: f64, now: f64) -> String {
    let ratio = if before > 0.0 { now / before } else { 1.0 };
    format!("| {what} | {before:.2} | {now:.2} | {ratio:.2} |")
}

fn sha256(file: &Path) -> String {
    let mut file = fs::File::open(file).unwrap();
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let count = std::io::Read::read(&mut file, &mut buffer).unwrap();
        if count == 0 {
            break;
        }
        digest.update(&buffer[..count]);
    }
    let digest = digest.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the kind of processor and how many there are.
fn machine() -> String {
    let told = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = told
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown processor", |(_, name)| name);
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{name}, {count} processors")
}
