//! Parts of a long list, to be read at the same time.

use keepdocker_terms::uuid::BEFORE_OWN;

use crate::api::filter::Filter;
use crate::api::row::Row;

/// A part of a list: the UUIDs beyond one, up to and with another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Range {
    pub(super) after: Option<String>,
    pub(super) until: Option<String>,
}

impl Range {
    pub(super) fn filters(&self) -> Vec<Filter> {
        let after = self.after.iter().map(|uuid| (">", uuid));
        let until = self.until.iter().map(|uuid| ("<=", uuid));
        after
            .chain(until)
            .map(|(operator, uuid)| Filter::compare("uuid", operator, uuid))
            .collect()
    }

    pub(super) fn contains(&self, uuid: &str) -> bool {
        self.after.as_deref().is_none_or(|after| uuid > after)
            && self.until.as_deref().is_none_or(|until| uuid <= until)
    }

    /// Returns what is left of the range behind a row.
    pub(super) fn behind(&self, row: &impl Row) -> Self {
        Self {
            after: Some(row.uuid().to_owned()),
            until: self.until.clone(),
        }
    }

    /// Cuts an open range into so many of one length.
    ///
    /// A range that does not begin with a usual UUID stays whole.
    pub(super) fn split(self, count: usize) -> Vec<Self> {
        /// As many digits as a `u64` holds comfortably.
        const DIGITS: u32 = 8;
        let Some((kind, begin)) = self.after.as_deref().and_then(|after| {
            let (kind, rest) = after.split_at_checked(BEFORE_OWN)?;
            let digits = rest.get(..DIGITS as usize)?;
            Some((kind, u64::from_str_radix(digits, 36).ok()?))
        }) else {
            return vec![self];
        };
        let step = (36_u64.pow(DIGITS) - begin) / count.max(1) as u64;
        let bounds: Vec<String> = (1..count as u64)
            .map(|number| format!("{kind}{}0000000", base_36(begin + step * number, DIGITS)))
            .collect();
        let begins = std::iter::once(self.after.clone()).chain(bounds.iter().cloned().map(Some));
        let ends = bounds.iter().cloned().map(Some).chain([self.until.clone()]);
        begins
            .zip(ends)
            .map(|(after, until)| Self { after, until })
            .collect()
    }
}

/// Writes a number as so many digits and small letters.
pub(super) fn base_36(mut number: u64, count: u32) -> String {
    let mut digits = Vec::new();
    for _ in 0..count {
        let digit = u32::try_from(number % 36).unwrap_or(0);
        digits.push(char::from_digit(digit, 36).unwrap_or('0'));
        number /= 36;
    }
    digits.into_iter().rev().collect()
}
