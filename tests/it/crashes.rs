//! Runs that end where nobody expects it: killed at any moment, by a loss of power, on a full disk, many at once.
//!
//! Each verb that changes something runs many times, and a signal comes to each run at a moment that a seed
//! chooses: at one of its requests, or after a part of the time that it takes. [`judge`] looks at the end, as
//! it does for the matrix of faults. The test command takes a few moments of each verb;
//! `KEEPDOCKER_CRASHES=all` takes fifty, and a number other ones.

mod full_disk;
mod judge;
mod moments;
mod power_loss;
mod together;
mod trial;

use std::collections::BTreeMap;

use crate::fault_matrix::Verb;
use crate::support::{Python, Tally};
use moments::{Moment, moments};
use trial::Ground;

/// How many runs go on at a time.
const SIDE_BY_SIDE: usize = 4;

/// How much is tried, and by which seed.
#[derive(Debug, Clone, Copy)]
struct Extent {
    seed: u64,
    is_whole: bool,
}

impl Extent {
    /// What `KEEPDOCKER_CRASHES` says.
    fn wanted() -> Extent {
        let wanted = std::env::var("KEEPDOCKER_CRASHES").unwrap_or_default();
        Extent {
            seed: wanted.parse().unwrap_or(17),
            is_whole: wanted == "all",
        }
    }
}

#[test]
fn a_run_that_is_cut_short_at_any_moment_leaves_what_a_plain_rerun_completes() {
    let tally = Tally::begin("crashes");
    let extent = Extent::wanted();
    let of_each = if extent.is_whole { 50 } else { 3 };
    let grounds: BTreeMap<Verb, Ground> = Verb::ALL.map(|verb| (verb, Ground::of(verb))).into();
    let mut cases: Vec<(&Ground, Moment)> = Vec::new();
    for (number, ground) in grounds.values().enumerate() {
        let seed = extent.seed.wrapping_add(1000 * number as u64);
        let chosen = moments(seed, of_each, ground.requests());
        cases.extend(chosen.into_iter().map(|moment| (ground, moment)));
    }
    let short = tally.each(&cases, SIDE_BY_SIDE, |(ground, moment)| {
        let found = ground.try_moment(moment, None);
        (format!("{:?}, {moment}", ground.verb()), found)
    });
    assert_eq!(tally.end(cases.len(), &short), "");
    // A run that had ended before shows nothing.
    let cut: usize = grounds.values().map(Ground::cut).sum();
    assert!(
        2 * cut >= cases.len(),
        "{cut} of {} were cut short",
        cases.len()
    );
}

#[test]
fn the_python_client_sees_a_run_that_was_cut_short_as_done_or_not_begun() {
    let Some(python) = Python::find() else { return };
    let tally = Tally::begin("crashes that Python looks at");
    let extent = Extent::wanted();
    let (verbs, of_each) = match extent.is_whole {
        true => (Verb::ALL.to_vec(), 3),
        false => (vec![Verb::Upload, Verb::Copy, Verb::Prune], 1),
    };
    let grounds: Vec<Ground> = verbs.into_iter().map(Ground::of).collect();
    let mut cases: Vec<(&Ground, Moment)> = Vec::new();
    for (number, ground) in grounds.iter().enumerate() {
        let seed = extent.seed.wrapping_add(77 * number as u64);
        let chosen = moments(seed, of_each, ground.requests());
        cases.extend(chosen.into_iter().map(|moment| (ground, moment)));
    }
    let short = tally.each(&cases, SIDE_BY_SIDE, |(ground, moment)| {
        let found = ground.try_moment(moment, Some(&python));
        (format!("{:?}, {moment}", ground.verb()), found)
    });
    assert_eq!(tally.end(cases.len(), &short), "");
    let cut: usize = grounds.iter().map(Ground::cut).sum();
    assert!(cut > 0, "none of {} was cut short", cases.len());
}
