//! The moments at which runs are cut short, by a seed.

use std::fmt;
use std::time::Duration;

/// What ends a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    Kill,
    Terminate,
    Interrupt,
}

impl Signal {
    /// Its name, as `kill` takes it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Signal::Kill => "KILL",
            Signal::Terminate => "TERM",
            Signal::Interrupt => "INT",
        }
    }

    pub(super) fn number(self) -> i32 {
        match self {
            Signal::Kill => 9,
            Signal::Terminate => 15,
            Signal::Interrupt => 2,
        }
    }
}

/// When it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// So long after this request, counted from 0, which is answered late.
    Request {
        number: usize,
        late: Duration,
        after: Duration,
    },
    /// After so many thousandths of the time that a run takes.
    Part(u64),
}

/// A moment of a run, and what happens then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) signal: Signal,
    pub(super) when: When,
}

impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.signal.name();
        match self.when {
            When::Request {
                number,
                late,
                after,
            } => write!(
                formatter,
                "SIG{name} {after:?} after request {number}, which is answered {late:?} late"
            ),
            When::Part(thousandths) => {
                write!(formatter, "SIG{name} after {thousandths} ‰ of the time")
            }
        }
    }
}

/// Chooses moments of a run that makes so many requests.
pub(super) fn moments(seed: u64, count: usize, requests: usize) -> Vec<Moment> {
    let mut dice = Dice(seed);
    let mut moments = Vec::new();
    for number in 0..count {
        // Every second one cannot clean up.
        let signal = match number % 4 {
            0 | 2 => Signal::Kill,
            1 => Signal::Terminate,
            _ => Signal::Interrupt,
        };
        let when = match dice.below(3) {
            0 => When::Part(dice.below(1300)),
            _ => When::Request {
                number: usize::try_from(dice.below(requests.max(1) as u64)).unwrap(),
                late: Duration::from_millis(5 * dice.below(2)),
                after: Duration::from_micros(dice.below(8000)),
            },
        };
        moments.push(Moment { signal, when });
    }
    moments
}

/// Numbers that a seed decides.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// A number below this one.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}
