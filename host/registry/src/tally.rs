//! What came of the signatures in one place, in numbers and in words.

use std::fmt;

use keepdocker_archive::Digest;
use keepdocker_signature::{Objection, Signed};
use keepdocker_wording::harmless::one_line;

use crate::error::Error;

/// How many signatures of one kind on one digest are looked at.
pub(crate) const MOST: usize = 32;

/// What came of one signature: whose it is and what holds it, or why it does not count.
pub(crate) type Checked = Result<(Signed, Digest), Objection>;

/// Takes what is wrong with one signature for what it is: whoever can push one must not hide the others by it.
pub(crate) fn of_one(checked: Result<Checked, Error>) -> Result<Checked, Error> {
    match checked {
        Err(error @ (Error::Unsound { .. } | Error::NotFound { .. } | Error::Nonsense { .. })) => {
            let words = one_line(&error.to_string(), 200);
            Ok(Err(Objection::Unreadable(words)))
        }
        other => other,
    }
}

/// How many signatures there are somewhere, and why those that were looked at do not count.
#[derive(Default)]
pub(crate) struct Tally {
    all: usize,
    counted: usize,
    objections: Vec<(Objection, usize)>,
}

impl Tally {
    /// Begins to count where there are so many.
    pub(crate) fn of(all: usize) -> Self {
        Self {
            all,
            ..Self::default()
        }
    }

    pub(crate) fn count(&mut self, checked: Checked) -> Option<(Signed, Digest)> {
        match checked {
            Ok(it) => {
                self.counted += 1;
                return Some(it);
            }
            Err(objection) => match self.objections.iter_mut().find(|(it, _)| *it == objection) {
                Some((_, times)) => *times += 1,
                None => self.objections.push((objection, 1)),
            },
        }
        None
    }
}

/// Says what there is, after the words for where.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.all == 0 {
            return f.write_str("there is none");
        }
        let mut parts = Vec::new();
        if self.counted > 0 {
            parts.push(format!("{} counts", self.counted));
        }
        for (objection, times) in self.objections.iter().take(5) {
            parts.push(match times {
                1 => format!("one {objection}"),
                times => format!("{times} times one {objection}"),
            });
        }
        let left = self.all.saturating_sub(MOST);
        if left > 0 {
            parts.push(format!("{left} more were not looked at"));
        }
        f.write_str(&parts.join(", "))
    }
}
