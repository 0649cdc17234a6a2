//! A sample of the cases in which nothing is left out altogether.

use std::collections::BTreeSet;

use super::Case;

/// Chooses cases so that each step of each verb, each fault of each party, and each fault of each verb comes up.
///
/// The seed decides which cases those are.
pub(super) fn covering(all: &[Case], seed: u64) -> Vec<Case> {
    let mut shuffled = all.to_vec();
    shuffle(&mut shuffled, seed);
    let mut seen = BTreeSet::new();
    shuffled.retain(|case| {
        let step = format!("{:?} {:?} {}", case.verb, case.whom, case.step);
        let fault = format!("{:?} {:?} {:?}", case.whom, case.fault, case.manner);
        let is_new = [seen.insert(step), seen.insert(fault)];
        is_new.contains(&true)
    });
    shuffled
}

fn shuffle(cases: &mut [Case], seed: u64) {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for left in (1..cases.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let other = usize::try_from(state % (left as u64 + 1)).unwrap();
        cases.swap(left, other);
    }
}
