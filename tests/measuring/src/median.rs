//! The middle of some values.

/// Sorts the values and returns the middle one.
///
/// # Panics
///
/// Panics if there are none, or one is no number.
pub fn median<T: PartialOrd + Copy>(values: &mut [T]) -> T {
    values.sort_by(|a, b| {
        a.partial_cmp(b)
            .expect("there is a middle of numbers alone")
    });
    values[values.len() / 2]
}
