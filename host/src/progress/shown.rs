//! The forms in which progress is shown.

use std::time::Duration;

use keepdocker_console::Line;
use serde_json::json;

use super::bar;
use super::{Counts, Direction};
use crate::wording::bytes;

/// One form of showing progress.
pub(super) trait Shown: Send + 'static {
    /// How long after the start it is shown first.
    fn first_interval(&self) -> Duration {
        self.interval()
    }

    /// How often it is shown.
    fn interval(&self) -> Duration;

    /// What is written, line ends included, where a line has room for so many characters.
    fn text(&self, counts: &Counts, width: usize) -> String;

    /// What stands on the line afterwards: by default lines are whole.
    fn line(&self) -> Line {
        Line::Fresh
    }
}

/// One line on a terminal.
pub(super) struct Bar;
/// Lines of text.
pub(super) struct Plain;
/// Lines of JSON.
pub(super) struct Json;
/// What the Python program shows to people.
pub(super) struct Human;
/// What the Python program shows to programs.
pub(super) struct Batch;

impl Shown for Bar {
    fn interval(&self) -> Duration {
        Duration::from_millis(100)
    }

    fn text(&self, counts: &Counts, width: usize) -> String {
        // Carriage return, and erase to the end of the line. At the last column a terminal would go on
        // with the next line.
        let line = bar::line(counts, width.saturating_sub(1));
        format!("\r{line}\u{1b}[K")
    }

    fn line(&self) -> Line {
        Line::Erasable
    }
}

impl Shown for Plain {
    fn interval(&self) -> Duration {
        Duration::from_secs(5)
    }

    fn text(&self, counts: &Counts, _: usize) -> String {
        format!("{}\n", line(counts))
    }
}

impl Shown for Json {
    fn interval(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn text(&self, counts: &Counts, _: usize) -> String {
        let value = json!({
            "schema": "keepdocker.progress/1",
            "total": counts.total,
            "read": counts.read,
            "sent": counts.sent,
            "reused": counts.reused,
            "seconds": counts.elapsed.as_secs_f64(),
            "finished": counts.finished,
        });
        format!("{value}\n")
    }
}

// The texts of the next two are what scripts parse; arv-put writes them after a second, then
// every minute, and at the end.
const PYTHON_FIRST: Duration = Duration::from_secs(1);
const PYTHON_INTERVAL: Duration = Duration::from_secs(60);

impl Shown for Human {
    fn first_interval(&self) -> Duration {
        PYTHON_FIRST
    }

    fn interval(&self) -> Duration {
        PYTHON_INTERVAL
    }

    fn text(&self, counts: &Counts, _: usize) -> String {
        match python_total(counts) {
            Some(total) if total > 0 => {
                let percent = 100.0 * counts.read as f64 / total as f64;
                format!("\r{}M / {}M {percent:.1}% ", counts.read >> 20, total >> 20)
            }
            _ => format!("\r{} ", counts.read),
        }
    }

    fn line(&self) -> Line {
        Line::Lasting
    }
}

impl Shown for Batch {
    fn first_interval(&self) -> Duration {
        PYTHON_FIRST
    }

    fn interval(&self) -> Duration {
        PYTHON_INTERVAL
    }

    fn text(&self, counts: &Counts, _: usize) -> String {
        let program = std::env::args()
            .next()
            .unwrap_or_else(|| "arv-keepdocker".into());
        let total = python_total(counts).map_or_else(|| "-1".to_owned(), |total| total.to_string());
        format!(
            "{} {}: {} written {total} total\n",
            crate::harmless::escape(&program),
            std::process::id(),
            counts.read
        )
    }
}

/// The Python program saves the image first, so it always knows the total; a stream's total is
/// known at its end.
fn python_total(counts: &Counts) -> Option<u64> {
    counts.total.or(counts.finished.then_some(counts.read))
}

fn line(counts: &Counts) -> String {
    let speed = counts.speed();
    let of = counts
        .total
        .map(|total| format!(" of {}", bytes(total)))
        .unwrap_or_default();
    let parts = match counts.direction {
        Direction::Up => format!(
            "{}{of} read, {} sent, {} reused",
            bytes(counts.read),
            bytes(counts.sent),
            bytes(counts.reused)
        ),
        Direction::Down => format!("{}{of} fetched", bytes(counts.read)),
    };
    let left = match counts.left() {
        Some(left) => format!("{} left", time(left)),
        None => time(counts.elapsed),
    };
    format!("{parts}, {}/s, {left}", bytes(speed as u64))
}

/// Returns for people how long a transfer took, and how fast it was: `12.3 s, 87.1 MiB/s`.
#[must_use]
pub(crate) fn pace(count: u64, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64().max(0.001);
    format!(
        "{seconds:.1} s, {}/s",
        bytes((count as f64 / seconds) as u64)
    )
}

pub(super) fn time(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes}:{seconds:02}"),
        (hours, minutes, seconds) => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts() -> Counts {
        Counts {
            direction: Direction::Up,
            total: Some(206 << 20),
            read: 103 << 20,
            sent: 64 << 20,
            reused: 0,
            elapsed: Duration::from_secs(2),
            finished: false,
        }
    }

    #[test]
    fn the_text_for_people_is_that_of_the_python_program() {
        assert_eq!(Human.text(&counts(), 80), "\r103M / 206M 50.0% ");
        assert_eq!(
            Human.text(
                &Counts {
                    total: None,
                    ..counts()
                },
                80
            ),
            format!("\r{} ", 103 << 20)
        );
    }

    #[test]
    fn the_line_for_programs_is_that_of_the_python_program() {
        let counts = Counts {
            total: None,
            ..counts()
        };
        let line = Batch.text(&counts, 80);
        assert!(
            line.ends_with(&format!(
                " {}: {} written -1 total\n",
                std::process::id(),
                103 << 20
            )),
            "{line}"
        );
    }

    #[test]
    fn a_transfer_that_hardly_moves_has_a_time_left_all_the_same() {
        let counts = Counts {
            total: Some(u64::MAX),
            sent: 1,
            elapsed: Duration::from_secs(u64::MAX / 4),
            ..counts()
        };
        let text = Plain.text(&counts, 80);
        assert!(text.contains("left"), "{text}");
    }
}
