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

use std::future::Future;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Error;
use super::filter::Filter;
use super::row::Row;

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
    fn is_full(&self) -> bool {
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

/// A part of a list: the UUIDs beyond one, up to and with another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Range {
    after: Option<String>,
    until: Option<String>,
}

impl Range {
    fn filters(&self) -> Vec<Filter> {
        let after = self.after.iter().map(|uuid| (">", uuid));
        let until = self.until.iter().map(|uuid| ("<=", uuid));
        after
            .chain(until)
            .map(|(operator, uuid)| Filter::compare("uuid", operator, uuid))
            .collect()
    }

    fn contains(&self, uuid: &str) -> bool {
        self.after.as_deref().is_none_or(|after| uuid > after)
            && self.until.as_deref().is_none_or(|until| uuid <= until)
    }

    /// Returns what is left of the range behind a row.
    fn behind(&self, row: &impl Row) -> Self {
        Self {
            after: Some(row.uuid().to_owned()),
            until: self.until.clone(),
        }
    }

    /// Cuts an open range into so many of one length.
    ///
    /// A range that does not begin with a usual UUID stays whole.
    fn split(self, count: usize) -> Vec<Self> {
        /// As many digits as a `u64` holds comfortably.
        const DIGITS: u32 = 8;
        let Some((kind, begin)) = self.after.as_deref().and_then(|after| {
            let (kind, rest) = after.split_at_checked("zzzzz-4zz18-".len())?;
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
fn base_36(mut number: u64, count: u32) -> String {
    let mut digits = Vec::new();
    for _ in 0..count {
        let digit = u32::try_from(number % 36).unwrap_or(0);
        digits.push(char::from_digit(digit, 36).unwrap_or('0'));
        number /= 36;
    }
    digits.into_iter().rev().collect()
}

/// Reads several lists, each row once, oldest first; or the newest rows of them all.
///
/// With each list goes the number of rows that it can have at most, where its query tells.
pub(super) async fn all<T: Row, P: Pages<T>>(
    action: &'static str,
    lists: Vec<(P, Option<usize>)>,
    newest: Option<u32>,
) -> Result<Vec<T>, Error> {
    let mut rows: Vec<T> = stream::iter(lists)
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
    rows.sort_by_cached_key(|row| (row.created_micros(), row.uuid().to_owned()));
    rows.dedup_by(|a, b| a.uuid() == b.uuid());
    let newest = newest.map_or(usize::MAX, |newest| newest as usize);
    rows.drain(..rows.len().saturating_sub(newest));
    Ok(rows)
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone, PartialEq)]
    struct Item {
        uuid: String,
        created_at: String,
    }

    impl Row for Item {
        fn uuid(&self) -> &str {
            &self.uuid
        }
        fn created_at(&self) -> &str {
            &self.created_at
        }
    }

    /// A server's table, with the rules of the real one for order, filters and cut pages.
    struct Table {
        rows: Mutex<Vec<Item>>,
        /// The sizes of the pages, in turn.
        sizes: Vec<usize>,
        requests: Mutex<Vec<Range>>,
        counts: bool,
        /// What is made and deleted once so many requests were answered.
        change: Option<(usize, Item, String)>,
    }

    impl Table {
        fn new(rows: Vec<Item>, sizes: &[usize], counts: bool) -> Self {
            Self {
                rows: Mutex::new(rows),
                sizes: sizes.to_vec(),
                requests: Mutex::default(),
                counts,
                change: None,
            }
        }

        async fn read(&self) -> Vec<Item> {
            all("list items", vec![(self, None)], None).await.unwrap()
        }

        fn requests(&self) -> Vec<Range> {
            self.requests.lock().unwrap().clone()
        }
    }

    fn item(time: u32, uuid: &str) -> Item {
        Item {
            uuid: uuid.to_owned(),
            created_at: format!("2026-01-01T00:00:00.{time:06}000Z"),
        }
    }

    /// Returns as many items, spread over all UUIDs, made in another order.
    fn items(count: u64) -> Vec<Item> {
        (0..count)
            .map(|number| {
                let digits = base_36(36_u64.pow(8) / count * number + number, 8);
                let time = u32::try_from(number * 37 % 61).unwrap();
                item(time, &format!("zzzzz-o0j2j-{digits}abcdefg"))
            })
            .collect()
    }

    impl Pages<Item> for &Table {
        async fn fetch(&self, which: Which<'_>) -> Result<Page<Item>, Error> {
            let mut requests = self.requests.lock().unwrap();
            let mut rows = self.rows.lock().unwrap();
            if let Some((after, made, deleted)) = &self.change
                && *after == requests.len()
            {
                rows.retain(|row| row.uuid != *deleted);
                rows.push(made.clone());
            }
            let size = self.sizes[requests.len() % self.sizes.len()];
            let (range, count, most) = match which {
                Which::Range { range, count } => (range.clone(), count, PAGE_SIZE),
                Which::Newest(most) => (Range::default(), false, most),
            };
            requests.push(range.clone());
            assert!(
                requests.len() < 5000,
                "no progress: {:?}",
                &requests[4990..]
            );
            let mut items: Vec<Item> = rows
                .iter()
                .filter(|item| range.contains(&item.uuid))
                .cloned()
                .collect();
            items.sort_by(|a, b| a.uuid.cmp(&b.uuid));
            if let Which::Newest(_) = which {
                items = sorted(items);
                items.reverse();
            }
            let available = items.len() as u64;
            items.truncate(size.min(most));
            Ok(Page {
                items,
                items_available: (count && self.counts).then_some(available),
                limit: Some(size as u64),
            })
        }
    }

    fn sorted(mut rows: Vec<Item>) -> Vec<Item> {
        rows.sort_by_key(|item| (item.created_micros(), item.uuid.clone()));
        rows
    }

    #[tokio::test]
    async fn a_count_saves_the_last_request() {
        for count in [0, 2, 1000] {
            let table = Table::new(items(count), &[1000], true);
            assert_eq!(table.read().await, sorted(items(count)));
            assert_eq!(table.requests().len(), 1, "{count} rows");
        }
        let table = Table::new(items(2), &[1000], false);
        assert_eq!(table.read().await.len(), 2);
        assert_eq!(table.requests().len(), 2);
    }

    #[tokio::test]
    async fn a_long_list_is_read_in_ranges_of_a_page_each() {
        let table = Table::new(items(20_000), &[1000], true);
        assert_eq!(table.read().await, sorted(items(20_000)));
        let requests = table.requests();
        assert_eq!(requests.len(), 1 + 22);
        assert_eq!(requests[0].filters(), []);
        for pair in requests[1..].windows(2) {
            assert_eq!(pair[0].until, pair[1].after);
        }
        assert_eq!(requests[22].until, None);
    }

    #[tokio::test]
    async fn a_row_behind_a_full_page_is_read_though_a_new_one_makes_up_the_count() {
        // Everything is in one range, and what is made during the reading comes before a cut.
        let rows: Vec<Item> = (0..40).map(|i| item(1, &format!("{i:03}b"))).collect();
        let mut table = Table::new(rows, &[10, 10, 10, 10], true);
        table.change = Some((2, item(2, "025c"), "000b".into()));
        let read = table.read().await;
        let has = |uuid: &str| read.iter().any(|item| item.uuid == uuid);
        assert!(has("039b") && has("025c"), "{read:?}");
    }

    #[tokio::test]
    async fn rows_of_several_lists_come_once() {
        let table = Table::new(items(5), &[1000], true);
        let rows = all("list items", vec![(&table, None), (&table, Some(5))], None);
        assert_eq!(rows.await.unwrap(), sorted(items(5)));
    }

    #[tokio::test]
    async fn the_newest_rows_take_one_request_of_each_list() {
        let table = Table::new(items(30), &[1000], true);
        let rows = all("list items", vec![(&table, None), (&table, None)], Some(4));
        assert_eq!(rows.await.unwrap(), sorted(items(30))[26..]);
        assert_eq!(table.requests().len(), 2);
        let rows = all("list items", vec![(&table, None)], Some(0));
        assert_eq!(rows.await.unwrap(), []);
        assert_eq!(table.requests().len(), 2);
    }

    #[tokio::test]
    async fn a_server_that_repeats_itself_is_noticed() {
        struct Stuck;
        impl Pages<Item> for Stuck {
            async fn fetch(&self, _: Which<'_>) -> Result<Page<Item>, Error> {
                Ok(Page {
                    items: vec![item(1, "a"), item(2, "b")],
                    items_available: None,
                    limit: None,
                })
            }
        }
        let error = all("list items", vec![(Stuck, None)], None)
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Malformed { .. }), "{error}");
    }

    #[tokio::test]
    async fn rows_out_of_order_are_noticed() {
        struct Unordered;
        impl Pages<Item> for Unordered {
            async fn fetch(&self, _: Which<'_>) -> Result<Page<Item>, Error> {
                Ok(Page {
                    items: vec![item(1, "b"), item(2, "a")],
                    items_available: None,
                    limit: None,
                })
            }
        }
        assert!(
            all("list items", vec![(Unordered, None)], None)
                .await
                .is_err()
        );
    }

    proptest! {
        #[test]
        fn every_row_is_read_once_and_in_order(
            times in prop::collection::vec(0u32..6, 0..60),
            sizes in prop::collection::vec(1usize..8, 1..5),
            counts: bool,
            is_usual: bool,
        ) {
            let rows: Vec<Item> = times
                .iter()
                .enumerate()
                // The order of creation is not that of the UUIDs.
                .map(|(i, time)| {
                    let digits = base_36(i as u64 * 37 % 61 * 46_000_000_000, 8);
                    let kind = if is_usual { "zzzzz-o0j2j-" } else { "" };
                    item(*time, &format!("{kind}{digits}0000000"))
                })
                .collect();
            let table = Table::new(rows.clone(), &sizes, counts);
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            prop_assert_eq!(runtime.block_on(table.read()), sorted(rows));
        }

        #[test]
        fn ranges_leave_nothing_out(begin in "[0-9a-z]{15}", count in 1usize..50, uuid in "[0-9a-z]{15}") {
            let uuid = format!("zzzzz-4zz18-{uuid}");
            let whole = Range { after: Some(format!("zzzzz-4zz18-{begin}")), until: None };
            let is_inside = whole.contains(&uuid);
            let ranges = whole.split(count);
            prop_assert_eq!(ranges.len(), count);
            let holders = ranges.iter().filter(|range| range.contains(&uuid)).count();
            prop_assert_eq!(holders, usize::from(is_inside));
        }
    }
}
