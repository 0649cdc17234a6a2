//! Measures whole transfers beside those of the Python program and beside the limits of the machine:
//! `tests/bench`, or `cargo bench --workspace --bench transfer` where an engine and the Python client are at hand.
//!
//! The programs take turns, so that what else the machine does meets all of them alike. The cluster
//! is a stand-in with TLS in a process of its own, whose processor time is told apart; it discards
//! blocks without hashing them, as the processor of a real one is elsewhere, except for the rows that
//! read them back. `docs/performance.md` has a
//! table and says how to read it.

#![expect(clippy::print_stdout, reason = "the figures are the answer")]
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark ends where something is not as it must be"
)]

mod downloads;
mod image;
mod measure;
mod record;
mod registry;
mod relay;
mod rows;
mod server;
mod several;
mod table;
mod uploads;

use std::path::PathBuf;

use clap::Parser;

use record::Record;

/// Measures transfers.
#[derive(Debug, Parser)]
struct Arguments {
    /// Sizes of the images: a number and MiB or GiB.
    #[arg(long, value_delimiter = ',', default_value = "128MiB", value_parser = size)]
    sizes: Vec<u64>,
    /// Which rows to measure; all, if none is named.
    #[arg(long, value_delimiter = ',')]
    rows: Vec<String>,
    /// How often each program runs; the median counts.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Where images and temporary files go.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Writes what was measured to a file.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Compares with an earlier run, as `--save` wrote it.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Fails where a ratio within the run is more than 1.5 times that of the earlier one.
    #[arg(long, requires = "against")]
    check: bool,
    /// Serves a cluster to the benchmark itself.
    #[arg(long, hide = true)]
    serve: Option<PathBuf>,
    /// Whether that cluster keeps blocks.
    #[arg(long, hide = true)]
    keeping: bool,
    /// Tells the limit of the machine for the image in this archive, to the benchmark itself.
    #[arg(long, hide = true)]
    limit: Option<PathBuf>,
    /// What cargo says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let arguments = Arguments::parse();
    if let Some(folder) = &arguments.serve {
        server::serve(folder, arguments.keeping);
        return;
    }
    if let Some(file) = &arguments.limit {
        registry::limit(file);
        return;
    }
    let folder = match &arguments.folder {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    }
    .unwrap();
    let mut tables = Vec::new();
    for size in &arguments.sizes {
        let mut table = table::Table::new(*size);
        let bench = rows::Bench::new(folder.path(), *size, arguments.runs);
        for (name, row) in rows::ROWS {
            if arguments.rows.is_empty() || arguments.rows.iter().any(|wanted| wanted == name) {
                row(&bench, &mut table);
            }
        }
        println!("{table}");
        tables.push(table.figures());
    }
    let record = Record::new(folder.path(), tables);
    println!("Made with:\n");
    for line in record.made_with() {
        println!("- {line}");
    }
    if let Some(file) = &arguments.save {
        record.write(file);
    }
    let Some(earlier) = &arguments.against else {
        return;
    };
    let (lines, worse) = record.against(&Record::read(earlier));
    println!("\nAgainst {}:\n\n{}", earlier.display(), lines.join("\n"));
    for what in &worse {
        println!("worse: {what}");
    }
    if arguments.check && !worse.is_empty() {
        std::process::exit(1);
    }
}

/// Reads `64MiB` or `3GiB`.
fn size(text: &str) -> Result<u64, String> {
    let (number, shift) = match (text.strip_suffix("MiB"), text.strip_suffix("GiB")) {
        (Some(number), _) => (number, 20),
        (_, Some(number)) => (number, 30),
        _ => return Err("a size is a number and MiB or GiB".into()),
    };
    let number: u64 = number.parse().map_err(|_| "a size begins with a number")?;
    Ok(number << shift)
}
