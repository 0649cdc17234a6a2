//! The forms in which progress is shown.

use std::time::Duration;

use serde_json::json;

use super::{Counts, Direction};

/// One form of showing progress.
pub(super) trait Shown: Send + 'static {
    /// How long after the start it is shown first.
    fn first_interval(&self) -> Duration {
        self.interval()
    }

    /// How often it is shown.
    fn interval(&self) -> Duration;

    /// What is written, line ends included.
    fn text(&self, counts: &Counts) -> String;

    /// What is written at the very end.
    fn last(&self) -> &'static str {
        ""
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

const WIDTH: u64 = 24;

impl Shown for Bar {
    fn interval(&self) -> Duration {
        Duration::from_millis(100)
    }

    fn text(&self, counts: &Counts) -> String {
        let bar = match counts.total {
            Some(total) if total > 0 => {
                let filled = counts.done().min(total).saturating_mul(WIDTH) / total;
                let filled = usize::try_from(filled).unwrap_or(0);
                let width = usize::try_from(WIDTH).unwrap_or(0);
                format!("[{}{}] ", "=".repeat(filled), " ".repeat(width - filled))
            }
            _ => String::new(),
        };
        // Carriage return, and erase to the end of the line.
        format!("\r{bar}{}\u{1b}[K", line(counts))
    }

    fn last(&self) -> &'static str {
        "\n"
    }
}

impl Shown for Plain {
    fn interval(&self) -> Duration {
        Duration::from_secs(5)
    }

    fn text(&self, counts: &Counts) -> String {
        format!("{}\n", line(counts))
    }
}

impl Shown for Json {
    fn interval(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn text(&self, counts: &Counts) -> String {
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

    fn text(&self, counts: &Counts) -> String {
        match python_total(counts) {
            Some(total) if total > 0 => {
                let percent = 100.0 * counts.read as f64 / total as f64;
                format!("\r{}M / {}M {percent:.1}% ", counts.read >> 20, total >> 20)
            }
            _ => format!("\r{} ", counts.read),
        }
    }

    fn last(&self) -> &'static str {
        "\n"
    }
}

impl Shown for Batch {
    fn first_interval(&self) -> Duration {
        PYTHON_FIRST
    }

    fn interval(&self) -> Duration {
        PYTHON_INTERVAL
    }

    fn text(&self, counts: &Counts) -> String {
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
    let seconds = counts.elapsed.as_secs_f64().max(0.001);
    let done = counts.done();
    let speed = done as f64 / seconds;
    let of = counts
        .total
        .map(|total| format!(" of {}", bytes(total)))
        .unwrap_or_default();
    let left = match counts.total {
        Some(total) if !counts.finished && speed > 0.0 => {
            let left = total.saturating_sub(done) as f64 / speed;
            // A speed of next to nothing gives more than any clock shows.
            let left = Duration::try_from_secs_f64(left).unwrap_or(Duration::MAX);
            format!(", {} left", time(left))
        }
        _ => format!(", {}", time(counts.elapsed)),
    };
    let parts = match counts.direction {
        Direction::Up => format!(
            "{}{of} read, {} sent, {} reused",
            bytes(counts.read),
            bytes(counts.sent),
            bytes(counts.reused)
        ),
        Direction::Down => format!("{}{of} fetched", bytes(counts.read)),
    };
    format!("{parts}, {}/s{left}", bytes(speed as u64))
}

/// Returns for people how long a transfer took, and how fast it was: `12.3 s, 87.1 MiB/s`.
#[must_use]
pub fn pace(count: u64, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64().max(0.001);
    format!(
        "{seconds:.1} s, {}/s",
        bytes((count as f64 / seconds) as u64)
    )
}

fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{count} B")
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

fn time(duration: Duration) -> String {
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
        assert_eq!(Human.text(&counts()), "\r103M / 206M 50.0% ");
        assert_eq!(
            Human.text(&Counts {
                total: None,
                ..counts()
            }),
            format!("\r{} ", 103 << 20)
        );
    }

    #[test]
    fn the_line_for_programs_is_that_of_the_python_program() {
        let line = Batch.text(&Counts {
            total: None,
            ..counts()
        });
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
    fn the_bar_shows_what_is_in_keep_and_not_what_was_read() {
        let text = Bar.text(&Counts {
            sent: 51 << 20,
            reused: 52 << 20,
            read: 206 << 20,
            ..counts()
        });
        assert!(
            text.contains(&format!("[{}{}]", "=".repeat(12), " ".repeat(12))),
            "{text}"
        );
        assert!(
            text.contains("51.0 MiB sent, 52.0 MiB reused, 51.5 MiB/s, 2 s left"),
            "{text}"
        );
        let text = Bar.text(&Counts {
            direction: Direction::Down,
            sent: 0,
            ..counts()
        });
        assert!(
            text.contains(&format!("[{}{}]", "=".repeat(12), " ".repeat(12))),
            "{text}"
        );
        assert!(
            text.contains("103.0 MiB of 206.0 MiB fetched, 51.5 MiB/s"),
            "{text}"
        );
    }

    #[test]
    fn a_transfer_that_hardly_moves_has_a_time_left_all_the_same() {
        let text = Plain.text(&Counts {
            total: Some(u64::MAX),
            sent: 1,
            elapsed: Duration::from_secs(u64::MAX / 4),
            ..counts()
        });
        assert!(text.contains("left"), "{text}");
    }

    #[test]
    fn the_bar_never_overflows() {
        let text = Bar.text(&Counts {
            sent: 500 << 20,
            ..counts()
        });
        assert!(text.contains(&format!("[{}]", "=".repeat(24))));
    }
}
