//! Reading a whole list, page by page.
//!
//! The server cuts pages as it likes: to its own limits of rows and of bytes, so a short page
//! says nothing about the end. Rows are ordered by UUID, and each page asks for what comes after
//! the last row of the one before: no two rows are equal in that, and rows that are made or
//! deleted meanwhile move no others. (Offsets would skip rows.) Where only the newest rows are
//! wanted, one page is read in the order of creation.
//!
//! The first page also asks how many rows there are. Once as many were read, the list is whole,
//! which saves the empty page that would end it else. And as the ends of UUIDs are random, the
//! rest of a long list is cut into ranges of about a page, which are read at the same time.

mod range;

#[cfg(test)]
mod tests;

use std::future::Future;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Error;
use super::filter::Filter;
use super::row::Row;

pub(super) use range::Range;

/// A list that is longer than this is not read.
pub(super) const MOST_ROWS: usize = 1_000_000;
/// How many rows to ask for at a time; servers give no more.
pub(super) const PAGE_SIZE: usize = 1000;
/// How many rows a range is to hold: so many fewer than a page that it hardly ever holds more.
const RANGE_SIZE: usize = 880;
/// How many pages are read at the same time.
const CONCURRENT_PAGES: usize = 4;

/// One page of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    /// How many rows match the filters, if that was asked for.
    pub(super) items_available: Option<u64>,
    /// How many rows the server would have given; fewer than asked for where it cut the page.
    pub(super) limit: Option<u64>,
}

impl<T> Page<T> {
    /// Tells whether more rows would not have had room.
    pub(super) fn is_full(&self) -> bool {
        let limit = self.limit.and_then(|limit| usize::try_from(limit).ok());
        self.items.len() >= limit.unwrap_or(PAGE_SIZE).min(PAGE_SIZE)
    }
}

/// Which page of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which<'a> {
    /// The first rows of a range, by UUID.
    Range {
        range: &'a Range,
        /// Whether to count all rows of the range too.
        count: bool,
    },
    /// So many of the rows that were made last, the last one first.
    Newest(usize),
}

/// Returns the parameters of a page's request.
pub(super) fn query(
    which: Which<'_>,
    filters: &[Filter],
    select: &[&str],
) -> Vec<(&'static str, String)> {
    let (range, limit, count, order) = match which {
        Which::Range { range, count } => (range.filters(), PAGE_SIZE, count, json!(["uuid asc"])),
        Which::Newest(most) => {
            // The server drops an order by columns that are not selected, so both are.
            let order = json!(["created_at desc", "uuid desc"]);
            (Vec::new(), most.min(PAGE_SIZE), false, order)
        }
    };
    let filters: Vec<&Value> = range
        .iter()
        .chain(filters)
        .map(|filter| &filter.0)
        .collect();
    vec![
        ("filters", json!(filters).to_string()),
        ("limit", limit.to_string()),
        ("count", if count { "exact" } else { "none" }.to_owned()),
        ("order", order.to_string()),
        ("select", json!(select).to_string()),
    ]
}

/// Where pages come from.
pub(super) trait Pages<T> {
    /// Returns the rows, as many of them as the server gives at a time.
    fn fetch(&self, which: Which<'_>) -> impl Future<Output = Result<Page<T>, Error>> + Send;
}

/// Reads several lists, each row once, oldest first; or the newest rows of them all.
///
/// With each list goes the number of rows that it can have at most, where its query tells.
pub(super) async fn all<T: Row, P: Pages<T>>(
    action: &'static str,
    lists: Vec<(P, Option<usize>)>,
    newest: Option<u32>,
) -> Result<Vec<T>, Error> {
    let rows: Vec<T> = stream::iter(lists)
        .map(|(pages, most)| async move {
            match newest {
                // The server may give fewer than there are, if they are large.
                Some(0) => Ok(Vec::new()),
                Some(newest) => Ok(pages.fetch(Which::Newest(newest as usize)).await?.items),
                None => list(action, &pages, most).await,
            }
        })
        .buffered(CONCURRENT_PAGES)
        .try_concat()
        .await?;
    let mut rows = oldest_first(rows);
    let newest = newest.map_or(usize::MAX, |newest| newest as usize);
    rows.drain(..rows.len().saturating_sub(newest));
    Ok(rows)
}

/// Puts rows in the order of their creation, then of their UUIDs, each row once.
fn oldest_first<T: Row>(mut rows: Vec<T>) -> Vec<T> {
    // Places are sorted, which are small, and no text is copied.
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let uuid = |place: usize| rows[place].uuid();
    if rows.iter().all(|row| has_usual_time(row.created_at())) {
        // The database keeps microseconds; what stands behind them is not kept.
        let time = |place: usize| &rows[place].created_at()[..USUAL_TIME.len()];
        order.sort_unstable_by_key(|place| (time(*place), uuid(*place), *place));
    } else {
        let times: Vec<Option<i64>> = rows.iter().map(Row::created_micros).collect();
        order.sort_unstable_by_key(|place| (times[*place], uuid(*place), *place));
    }
    arrange(&mut rows, order);
    rows.dedup_by(|row, before| row.uuid() == before.uuid());
    rows
}

/// Puts into each place what stands in the place that `order` has there.
///
/// Nothing but two rows at a time is moved: memory for a second list of that size costs more.
fn arrange<T>(rows: &mut [T], mut order: Vec<usize>) {
    for start in 0..order.len() {
        let mut place = start;
        while order[place] != start {
            let from = std::mem::replace(&mut order[place], place);
            rows.swap(place, from);
            place = from;
        }
        order[place] = place;
    }
}

/// How the server writes a time, up to the microsecond.
const USUAL_TIME: &str = "0000-00-00T00:00:00.000000";

/// Tells whether a time is written as the server usually does: then the order of such texts is that of
/// the times.
fn has_usual_time(text: &str) -> bool {
    let Some((micros, rest)) = text.split_at_checked(USUAL_TIME.len()) else {
        return false;
    };
    let is_like = |(is, like): (u8, u8)| match like {
        b'0' => is.is_ascii_digit(),
        _ => is == like,
    };
    micros.bytes().zip(USUAL_TIME.bytes()).all(is_like) && rest == "000Z"
}

/// Reads every row of one list.
async fn list<T: Row, P: Pages<T>>(
    action: &'static str,
    pages: &P,
    most: Option<usize>,
) -> Result<Vec<T>, Error> {
    let whole = Range::default();
    let page = pages
        .fetch(Which::Range {
            range: &whole,
            count: most.is_none(),
        })
        .await?;
    check(action, &whole, &page.items)?;
    let available = most.or_else(|| {
        page.items_available
            .and_then(|count| usize::try_from(count).ok())
    });
    let mut rows = page.items;
    let is_whole = |rows: &[T]| available.is_some_and(|available| rows.len() >= available);
    let mut open = match rows.last() {
        Some(last) if !is_whole(&rows) => {
            let left = available.map_or(1, |available| available - rows.len());
            whole.behind(last).split(left.div_ceil(RANGE_SIZE))
        }
        _ => Vec::new(),
    };
    while !open.is_empty() {
        let mut parts = stream::iter(std::mem::take(&mut open))
            .map(|range| async move {
                let which = Which::Range {
                    range: &range,
                    count: false,
                };
                Ok((pages.fetch(which).await?, range))
            })
            .buffered(CONCURRENT_PAGES);
        let mut full = Vec::new();
        while let Some((page, range)) = parts.try_next().await? {
            check(action, &range, &page.items)?;
            // A range has been read when nothing more of it comes.
            if let Some(last) = page.items.last() {
                full.push(page.is_full());
                open.push(range.behind(last));
            }
            rows.extend(page.items);
            if rows.len() > MOST_ROWS {
                return Err(Error::TooMany {
                    action,
                    limit: MOST_ROWS,
                });
            }
        }
        if is_whole(&rows) {
            // Rows that were made meanwhile may have taken the place of some behind a full page.
            let mut full = full.into_iter();
            open.retain(|_| full.next().unwrap_or(false));
        }
    }
    Ok(rows)
}

/// Refuses rows that are not those of the range, in the order that was asked for.
fn check<T: Row>(action: &'static str, range: &Range, rows: &[T]) -> Result<(), Error> {
    let is_ordered = rows.windows(2).all(|pair| pair[0].uuid() < pair[1].uuid());
    if is_ordered && rows.iter().all(|row| range.contains(row.uuid())) {
        return Ok(());
    }
    Err(Error::Malformed {
        action,
        host: "the server".to_owned(),
        reason: "rows are not in the order that was asked for, or were read before".to_owned(),
    })
}
