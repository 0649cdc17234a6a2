//! Texts by numbers: what is known of each stands in lists then, and is found by comparing a text but once.
//!
//! Whatever is numbered is found by one function, since each further kind of map costs the components two kilobytes.

use std::collections::HashMap;

/// Texts, numbered from 0 in the order in which they came.
#[derive(Debug, Default)]
pub struct Numbers<'a>(HashMap<&'a str, usize>);

impl<'a> Numbers<'a> {
    /// Returns the number of a text, which is the next one if it is new.
    #[inline(never)]
    pub fn number(&mut self, text: &'a str) -> usize {
        let next = self.0.len();
        *self.0.entry(text).or_insert(next)
    }

    /// Returns the number of a text, if it has one.
    #[inline(never)]
    pub fn find(&self, text: &str) -> Option<usize> {
        self.0.get(text).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_has_a_number_of_its_own() {
        let mut numbers = Numbers::default();
        let given: Vec<usize> = ["b", "a", "b", "c"]
            .iter()
            .map(|text| numbers.number(text))
            .collect();
        assert_eq!(given, [0, 1, 0, 2]);
        assert_eq!((numbers.find("a"), numbers.find("d")), (Some(1), None));
    }
}
