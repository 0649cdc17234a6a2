//! The line that is drawn again and again on a terminal, cut to its width.

use super::shown::time;
use super::{Counts, Direction};
use crate::wording::bytes;

/// The widths of the bar itself, where there is room for more or less of it.
const WIDE: usize = 24;
const NARROW: usize = 10;

/// Returns the fullest line that has no more than `room` characters.
///
/// What tells least goes first: what was reused, what was sent, how much there is in all, the bar.
pub(super) fn line(counts: &Counts, room: usize) -> String {
    let read = bytes(counts.read);
    let of = match counts.total {
        Some(total) => format!("{read} of {}", bytes(total)),
        None => read.clone(),
    };
    let sent = format!("{} sent", bytes(counts.sent));
    let reused = format!("{} reused", bytes(counts.reused));
    let speed = format!("{}/s", bytes(counts.speed() as u64));
    let clock = time(counts.left().unwrap_or(counts.elapsed));
    let left = match counts.left() {
        Some(_) => format!("{clock} left"),
        None => clock.clone(),
    };
    let wide = bar(counts, WIDE);
    let narrow = bar(counts, NARROW);
    let percent = match counts.per_mille() {
        Some(share) => format!("{} %", share / 10),
        None => read.clone(),
    };
    let lines = match counts.direction {
        Direction::Up => [
            format!("{wide}{of} read, {sent}, {reused}, {speed}, {left}"),
            format!("{wide}{of} read, {sent}, {speed}, {left}"),
            format!("{wide}{of} read, {speed}, {left}"),
            format!("{wide}{percent} {speed} {clock}"),
            format!("{narrow}{percent} {speed} {clock}"),
            format!("{percent} {speed} {clock}"),
            format!("{percent} {speed}"),
            percent,
        ],
        Direction::Down => [
            format!("{wide}{of} fetched, {speed}, {left}"),
            format!("{wide}{of}, {speed}, {left}"),
            format!("{wide}{percent} {speed} {left}"),
            format!("{wide}{percent} {speed} {clock}"),
            format!("{narrow}{percent} {speed} {clock}"),
            format!("{percent} {speed} {clock}"),
            format!("{percent} {speed}"),
            percent,
        ],
    };
    // All of it is ASCII: a character is a byte and a column.
    lines
        .into_iter()
        .find(|line| line.len() <= room)
        .unwrap_or_default()
}

/// Returns the bar and a blank; nothing where it is not known how much there will be.
fn bar(counts: &Counts, width: usize) -> String {
    let Some(share) = counts.per_mille() else {
        return String::new();
    };
    let filled = usize::try_from(share).unwrap_or(0) * width / 1000;
    format!("[{}{}] ", "=".repeat(filled), " ".repeat(width - filled))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn counts() -> Counts {
        Counts {
            direction: Direction::Up,
            total: Some(206 << 20),
            read: 206 << 20,
            sent: 51 << 20,
            reused: 52 << 20,
            elapsed: Duration::from_secs(2),
            finished: false,
        }
    }

    #[test]
    fn the_bar_shows_what_is_in_keep_and_not_what_was_read() {
        let text = line(&counts(), 200);
        let half = format!("[{}{}] ", "=".repeat(12), " ".repeat(12));
        let rest =
            "206.0 MiB of 206.0 MiB read, 51.0 MiB sent, 52.0 MiB reused, 51.5 MiB/s, 2 s left";
        assert_eq!(text, format!("{half}{rest}"));
        let text = line(
            &Counts {
                direction: Direction::Down,
                read: 103 << 20,
                ..counts()
            },
            200,
        );
        assert_eq!(
            text,
            format!("{half}103.0 MiB of 206.0 MiB fetched, 51.5 MiB/s, 2 s left")
        );
    }

    #[test]
    fn what_tells_least_goes_first() {
        for (room, expected) in [
            (
                100,
                "[============            ] 206.0 MiB of 206.0 MiB read, 51.0 MiB sent, 51.5 MiB/s, 2 s left",
            ),
            (
                79,
                "[============            ] 206.0 MiB of 206.0 MiB read, 51.5 MiB/s, 2 s left",
            ),
            (39, "[=====     ] 50 % 51.5 MiB/s 2 s"),
            (20, "50 % 51.5 MiB/s 2 s"),
            (10, "50 %"),
            (3, ""),
        ] {
            assert_eq!(line(&counts(), room), expected, "{room}");
        }
    }

    #[test]
    fn no_line_is_wider_than_its_room_and_every_one_says_something() {
        for direction in [Direction::Up, Direction::Down] {
            for total in [None, Some(0), Some(1), Some(206 << 20), Some(u64::MAX)] {
                for (read, elapsed) in [(0, 0), (1 << 20, 1), (u64::MAX, u64::MAX / 4)] {
                    let counts = Counts {
                        direction,
                        total,
                        read,
                        sent: read,
                        reused: read,
                        elapsed: Duration::from_secs(elapsed),
                        finished: false,
                    };
                    for room in 0..250 {
                        let line = line(&counts, room);
                        assert!(line.len() <= room, "{line}");
                        assert!(line.is_ascii());
                        assert!(room < 16 || !line.is_empty(), "{counts:?} {room}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_bar_is_full_at_the_end_and_never_overflows() {
        let full = format!("[{}]", "=".repeat(24));
        // Of an archive's length a little is neither sent nor reused.
        let end = Counts {
            sent: 100 << 20,
            finished: true,
            ..counts()
        };
        assert!(line(&end, 200).starts_with(&full));
        let beyond = Counts {
            sent: 500 << 20,
            ..counts()
        };
        assert!(line(&beyond, 200).starts_with(&full));
    }
}
