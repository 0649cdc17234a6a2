//! What is measured: one function for each row of the table of aims, and what they have in common.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use keepdocker_measuring::median;

use super::image::{self, Image};
use super::measure::{Program, Usage};
use super::server::{Counts, Server};
use super::table::Table;
use super::{downloads, registry, several, uploads};

/// A row's name and how it is measured.
type Row = (&'static str, fn(&Bench, &mut Table));

/// Every row, in the order of the table.
pub(crate) const ROWS: [Row; 12] = [
    ("cold", uploads::cold),
    ("file", uploads::file),
    ("second", uploads::second),
    ("asked", uploads::asked),
    ("present", uploads::present),
    ("latency", uploads::latency),
    ("killed", uploads::killed),
    ("download", downloads::save),
    ("load", downloads::load),
    ("registry", registry::whole),
    ("small", registry::small),
    ("several", several::files),
];

pub(crate) const MIB: f64 = 1024.0 * 1024.0;
/// The time that each request takes longer in the rows `latency` and `registry`.
pub(crate) const ROUND_TRIP: Duration = Duration::from_millis(50);

/// The images and folders of one size.
pub(crate) struct Bench {
    pub(crate) folder: PathBuf,
    pub(crate) size: u64,
    pub(crate) runs: usize,
    images: OnceCell<[Image; 2]>,
    loaded: OnceCell<bool>,
}

impl Bench {
    /// Prepares nothing yet: what is needed is made when a row needs it.
    pub(crate) fn new(folder: &Path, size: u64, runs: usize) -> Self {
        Self {
            folder: folder.to_owned(),
            size,
            runs: runs.max(1),
            images: OnceCell::new(),
            loaded: OnceCell::new(),
        }
    }

    /// Two versions of an image as archives.
    pub(crate) fn images(&self) -> &[Image; 2] {
        self.images
            .get_or_init(|| [1, 2].map(|version| image::write(&self.folder, self.size, version)))
    }

    /// Tells whether there is an engine, which then has both images.
    pub(crate) fn has_engine(&self) -> bool {
        *self.loaded.get_or_init(|| {
            let Some(host) = std::env::var_os("KEEPDOCKER_TEST_DOCKER_HOST") else {
                return false;
            };
            for image in self.images() {
                let mut docker = Command::new("docker");
                docker.args(["load", "--quiet", "--input"]).arg(&image.file);
                done(docker.env("DOCKER_HOST", &host));
            }
            true
        })
    }

    pub(crate) fn home(&self) -> tempfile::TempDir {
        tempfile::tempdir_in(&self.folder).unwrap()
    }

    /// Runs programs in turn, each on a cluster and in a home of its own, after what prepares them.
    pub(crate) fn compare(
        &self,
        table: &mut Table,
        case: &str,
        programs: &[(Program, Option<Program>)],
    ) -> Vec<(Usage, Counts)> {
        let mut results: Vec<Vec<(Usage, Counts)>> = programs.iter().map(|_| Vec::new()).collect();
        for _ in 0..self.runs {
            for ((program, before), results) in programs.iter().zip(&mut results) {
                let mut server = Server::start(&self.folder, false);
                let home = self.home();
                if let Some(before) = before {
                    before.run(home.path(), &server.environment);
                }
                let start = server.counts();
                let usage = program.run(home.path(), &server.environment);
                results.push((usage, server.counts() - start));
            }
        }
        programs
            .iter()
            .zip(results)
            .map(|((program, _), results)| {
                let middle = middle(&results);
                table.add(case, program.name, middle.0, middle.1);
                middle
            })
            .collect()
    }
}

/// Returns the median of each figure.
pub(crate) fn middle(results: &[(Usage, Counts)]) -> (Usage, Counts) {
    fn of<T: PartialOrd + Copy>(
        results: &[(Usage, Counts)],
        figure: impl Fn(&(Usage, Counts)) -> T,
    ) -> T {
        median(&mut results.iter().map(figure).collect::<Vec<_>>())
    }
    (
        Usage {
            wall: of(results, |r| r.0.wall),
            processor: of(results, |r| r.0.processor),
            resident: of(results, |r| r.0.resident),
            written: of(results, |r| r.0.written),
        },
        Counts {
            api: of(results, |r| r.1.api),
            puts: of(results, |r| r.1.puts),
            heads: of(results, |r| r.1.heads),
            sent: of(results, |r| r.1.sent),
            processor: of(results, |r| r.1.processor),
        },
    )
}

/// Our program with these arguments.
pub(crate) fn ours(name: &'static str, arguments: &[&str]) -> Program {
    Program::new(
        name,
        env!("CARGO_BIN_EXE_keepdocker"),
        arguments.iter().copied(),
    )
}

/// Our program with an image from a file.
pub(crate) fn from_file(name: &'static str, image: &Image, arguments: &[&str]) -> Program {
    let source = format!("docker-archive:{}", image.file.display());
    ours(name, &[&["upload", "--from", &source], arguments].concat())
}

/// Runs what prepares a row.
///
/// # Panics
/// If that fails.
pub(crate) fn done(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}
