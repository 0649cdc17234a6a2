//! How far a transfer has come, and how that is shown.

mod bar;
mod meter;
mod shown;

use keepdocker_console::Console;

use std::sync::Arc;

pub(crate) use meter::Counts;
use meter::Meter;
pub(crate) use shown::pace;
use shown::{Bar, Batch, Human, Json, Plain};

/// Is told how far a transfer has come. Calls are frequent, and must be cheap.
pub(crate) trait Progress: Send + Sync {
    /// Says how many bytes there will be in all, or that it is not known.
    fn total(&self, bytes: Option<u64>);

    /// Says that this many more bytes were read from the source.
    fn read(&self, bytes: u64);

    /// Says that this many more bytes were sent to Keep. Replicas and repetitions count once.
    fn sent(&self, bytes: u64);

    /// Says that this many more bytes did not have to be sent, since Keep has them.
    fn reused(&self, bytes: u64);

    /// Says that the transfer is complete.
    fn finish(&self) {}
}

/// Shows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Silent;

impl Progress for Silent {
    fn total(&self, _: Option<u64>) {}
    fn read(&self, _: u64) {}
    fn sent(&self, _: u64) {}
    fn reused(&self, _: u64) {}
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Not at all.
    None,
    /// One line on a terminal that is drawn again and again.
    Bar,
    /// A line of text every few seconds.
    Plain,
    /// A line of JSON every second.
    Json,
    /// The Python program's text for people.
    Human,
    /// The Python program's lines for programs.
    Batch,
}

/// Which way the bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From a source into Keep: a byte is done once it is sent or known to be there.
    Up,
    /// Out of Keep: a byte is done once it is read and verified.
    Down,
}

/// Creates what shows the progress of an upload on the console.
#[must_use]
pub(crate) fn show(look: Look, console: Console) -> Arc<dyn Progress> {
    show_going(Direction::Up, look, console)
}

/// Creates what shows the progress of a transfer in this direction on the console.
#[must_use]
pub(crate) fn show_going(direction: Direction, look: Look, console: Console) -> Arc<dyn Progress> {
    match look {
        Look::None => Arc::new(Silent),
        Look::Bar => Arc::new(Meter::new(direction, Bar, console)),
        Look::Plain => Arc::new(Meter::new(direction, Plain, console)),
        Look::Json => Arc::new(Meter::new(direction, Json, console)),
        Look::Human => Arc::new(Meter::new(direction, Human, console)),
        Look::Batch => Arc::new(Meter::new(direction, Batch, console)),
    }
}
