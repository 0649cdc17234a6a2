//! How wide the terminals are that answers and messages go to.

use std::sync::OnceLock;

/// Where a text goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Answers.
    Output,
    /// Messages.
    Error,
}

/// Tells the width of a stream's terminal, now.
type Ask = fn(Stream) -> Option<usize>;

/// Only `keepdocker` fits its texts to terminals: scripts know every byte that the drop-in writes.
static ASK: OnceLock<Ask> = OnceLock::new();

/// Has texts from now on fit the terminals whose width `ask` tells; at first no text is changed.
pub fn fit(ask: Ask) {
    // The first one stays: there is one for the whole program.
    let _ = ASK.set(ask);
}

/// Returns the width that texts for this stream must fit; none where nobody reads them on a terminal.
#[must_use]
pub fn width_of(stream: Stream) -> Option<usize> {
    ASK.get().and_then(|ask| ask(stream))
}
