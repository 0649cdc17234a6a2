//! Reading a whole list, page by page.
//!
//! The server cuts pages as it likes: to its own limits of rows and of bytes, so a short page
//! says nothing about the end. Rows are ordered by creation time, then UUID, and each page asks
//! for what comes after the last row of the one before; rows that are created meanwhile come
//! last and disturb nothing. (Offsets would skip rows when others are deleted.)
//!
//! Where only the newest rows are wanted, one page is read from the other end.
//!
//! The first page also asks how many rows there are. Once as many were read, the list is whole,
//! which saves the empty page that would end it else.

use std::collections::HashSet;
use std::future::Future;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Error;
use super::filter::Filter;
use super::row::Row;

/// A list that is longer than this is not read.
pub(super) const MOST_ROWS: usize = 1_000_000;
/// How many rows to ask for at a time; servers give no more.
pub(super) const PAGE_SIZE: usize = 1000;

/// One page of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    /// How many rows match the filters, if that was asked for.
    pub(super) items_available: Option<u64>,
}

/// Which page of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// The oldest rows.
    Oldest {
        /// Whether to count all rows too.
        count: bool,
    },
    /// So many of the newest rows.
    Newest(usize),
}

/// Returns the parameters of a page's request.
pub(super) fn query(
    position: &[Filter],
    filters: &[Filter],
    select: &[&str],
    which: Which,
) -> Vec<(&'static str, String)> {
    let (limit, count, direction) = match which {
        Which::Oldest { count } => (PAGE_SIZE, count, "asc"),
        Which::Newest(most) => (most.min(PAGE_SIZE), false, "desc"),
    };
    let order = [
        format!("created_at {direction}"),
        format!("uuid {direction}"),
    ];
    let filters: Vec<&Value> = position
        .iter()
        .chain(filters)
        .map(|filter| &filter.0)
        .collect();
    vec![
        ("filters", json!(filters).to_string()),
        ("limit", limit.to_string()),
        ("count", if count { "exact" } else { "none" }.to_owned()),
        ("order", json!(order).to_string()),
        ("select", json!(select).to_string()),
    ]
}

/// Where pages come from.
pub(super) trait Pages<T> {
    /// Returns the first or last rows, by creation time and UUID, that pass these filters besides
    /// the list's own.
    fn fetch(
        &self,
        filters: &[Filter],
        which: Which,
    ) -> impl Future<Output = Result<Page<T>, Error>> + Send;
}

/// Where the next page begins.
#[derive(Debug, Clone, PartialEq)]
enum Position {
    Start,
    /// At this time or later, without the row last seen of that time.
    From {
        time: String,
        uuid: String,
    },
    /// At just this time, beyond this UUID.
    Within {
        time: String,
        uuid: String,
    },
    /// Later than this time.
    After {
        time: String,
    },
}

impl Position {
    fn filters(&self) -> Vec<Filter> {
        match self {
            Self::Start => Vec::new(),
            Self::From { time, uuid } => vec![
                Filter::compare("created_at", ">=", time),
                Filter::compare("uuid", "!=", uuid),
            ],
            Self::Within { time, uuid } => vec![
                Filter::compare("created_at", "=", time),
                Filter::compare("uuid", ">", uuid),
            ],
            Self::After { time } => vec![Filter::compare("created_at", ">", time)],
        }
    }
}

/// Reads every row of a list, oldest first.
///
/// `most` is the number of rows that the list can have at most, where the query tells.
pub(super) async fn all<T: Row, P: Pages<T>>(
    action: &'static str,
    pages: &P,
    most: Option<usize>,
) -> Result<Vec<T>, Error> {
    let disorder = |reason: &str| Error::Malformed {
        action,
        host: "the server".to_owned(),
        reason: reason.to_owned(),
    };
    let mut rows: Vec<T> = Vec::new();
    let mut available = None;
    let mut position = Position::Start;
    // The rows already read that the next page may bring again: those of the latest time.
    let mut latest: HashSet<String> = HashSet::new();
    let mut last: Option<(i64, String)> = None;
    loop {
        let first_page = position == Position::Start;
        let page = pages
            .fetch(
                &position.filters(),
                Which::Oldest {
                    count: first_page && most.is_none(),
                },
            )
            .await?;
        if first_page {
            available = most.or_else(|| {
                page.items_available
                    .and_then(|count| usize::try_from(count).ok())
            });
        }
        let Some(bounds) = page.items.first().zip(page.items.last()) else {
            match (position, &last) {
                // Nothing else of that time; there may be later ones.
                (Position::Within { time, .. }, _) => {
                    position = Position::After { time };
                    continue;
                }
                _ => break,
            }
        };
        let time = |row: &T| {
            row.created_micros()
                .ok_or_else(|| disorder("a row has no readable creation time"))
        };
        let (first_time, last_time) = (time(bounds.0)?, time(bounds.1)?);
        let last_text = bounds.1.created_at().to_owned();
        let last_uuid = bounds.1.uuid().to_owned();

        let mut previous: Option<(i64, String)> = None;
        let before = last.clone();
        for row in page.items {
            let key = (time(&row)?, row.uuid().to_owned());
            if previous.as_ref().is_some_and(|previous| *previous >= key) {
                return Err(disorder("rows are not in the order that was asked for"));
            }
            if last.as_ref().is_none_or(|last| last.0 < key.0) {
                latest.clear();
            }
            if last.as_ref().is_some_and(|last| key.0 < last.0) {
                return Err(disorder("rows come back that were read before"));
            }
            previous = Some(key.clone());
            if latest.insert(key.1.clone()) {
                rows.push(row);
            }
            if last.as_ref().is_none_or(|last| *last < key) {
                last = Some(key);
            }
        }
        if rows.len() > MOST_ROWS {
            return Err(Error::TooMany {
                action,
                limit: MOST_ROWS,
            });
        }
        if available.is_some_and(|available| rows.len() >= available) {
            break;
        }
        position = next(
            &position,
            before.as_ref(),
            (first_time, last_time),
            last_text,
            last_uuid,
        )
        .ok_or_else(|| disorder("the same page comes again and again"))?;
    }
    rows.sort_by_cached_key(|row| (row.created_micros(), row.uuid().to_owned()));
    Ok(rows)
}

/// Reads the newest rows of a list with one request.
///
/// The server may give fewer than there are, if they are large.
pub(super) async fn newest<T: Row, P: Pages<T>>(pages: &P, most: usize) -> Result<Vec<T>, Error> {
    if most == 0 {
        return Ok(Vec::new());
    }
    Ok(pages.fetch(&[], Which::Newest(most)).await?.items)
}

/// Keeps the newest of rows that are sorted by age, oldest first.
pub(super) fn keep_newest<T>(rows: &mut Vec<T>, newest: Option<u32>) {
    let most = newest.map_or(usize::MAX, |newest| newest as usize);
    rows.drain(..rows.len().saturating_sub(most));
}

/// Returns where to go on after a page, or none if that would not lead on.
fn next(
    position: &Position,
    before: Option<&(i64, String)>,
    (first_time, last_time): (i64, i64),
    last_text: String,
    last_uuid: String,
) -> Option<Position> {
    if first_time == last_time {
        // Perhaps there are more rows of this time than fit a page: go through them by UUID.
        let stuck = matches!(position, Position::Within { uuid, .. } if *uuid >= last_uuid);
        return (!stuck).then_some(Position::Within {
            time: last_text,
            uuid: last_uuid,
        });
    }
    let stuck = before.is_some_and(|before| before.0 >= last_time);
    (!stuck).then_some(Position::From {
        time: last_text,
        uuid: last_uuid,
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
        rows: Vec<Item>,
        /// The sizes of the pages, in turn.
        sizes: Vec<usize>,
        requests: Mutex<Vec<Vec<Value>>>,
        counts: bool,
    }

    fn micros(text: &str) -> i64 {
        chrono::DateTime::parse_from_rfc3339(text)
            .unwrap()
            .timestamp_micros()
    }

    impl Table {
        fn new(rows: &[(u32, &str)], sizes: &[usize], counts: bool) -> Self {
            Self {
                rows: rows.iter().map(|(time, uuid)| item(*time, uuid)).collect(),
                sizes: sizes.to_vec(),
                requests: Mutex::default(),
                counts,
            }
        }
    }

    fn item(time: u32, uuid: &str) -> Item {
        Item {
            uuid: uuid.to_owned(),
            created_at: format!("2026-01-01T00:00:00.{time:06}000Z"),
        }
    }

    fn passes(item: &Item, filter: &Filter) -> bool {
        let [attribute, operator, operand] = [0, 1, 2].map(|i| filter.0[i].as_str().unwrap());
        let order = match attribute {
            "created_at" => micros(&item.created_at).cmp(&micros(operand)),
            "uuid" => item.uuid.as_str().cmp(operand),
            other => panic!("no attribute {other}"),
        };
        match operator {
            "=" => order.is_eq(),
            "!=" => order.is_ne(),
            ">" => order.is_gt(),
            ">=" => order.is_ge(),
            other => panic!("no operator {other}"),
        }
    }

    impl Pages<Item> for Table {
        async fn fetch(&self, filters: &[Filter], which: Which) -> Result<Page<Item>, Error> {
            let mut requests = self.requests.lock().unwrap();
            let size = self.sizes[requests.len() % self.sizes.len()];
            requests.push(filters.iter().map(|filter| filter.0.clone()).collect());
            assert!(requests.len() < 1000, "no progress: {:?}", &requests[990..]);
            let mut items: Vec<Item> = self
                .rows
                .iter()
                .filter(|item| filters.iter().all(|filter| passes(item, filter)))
                .cloned()
                .collect();
            items.sort_by_key(|item| (micros(&item.created_at), item.uuid.clone()));
            let available = items.len() as u64;
            let mut counts = self.counts;
            match which {
                Which::Oldest { count } => counts &= count,
                Which::Newest(most) => {
                    items.reverse();
                    items.truncate(most);
                    counts = false;
                }
            }
            items.truncate(size);
            Ok(Page {
                items,
                items_available: counts.then_some(available),
            })
        }
    }

    async fn read(table: &Table) -> Vec<Item> {
        all("list items", table, None).await.unwrap()
    }

    #[tokio::test]
    async fn the_requests_are_those_of_the_python_client() {
        let rows = [(1, "a"), (2, "b"), (2, "c"), (2, "d"), (3, "e"), (4, "f")];
        let table = Table::new(&rows, &[3, 2], false);
        assert_eq!(read(&table).await.len(), 6);
        let time = |n: u32| item(n, "").created_at;
        let expected = serde_json::json!([
            [],
            [["created_at", ">=", time(2)], ["uuid", "!=", "c"]],
            [["created_at", "=", time(2)], ["uuid", ">", "d"]],
            [["created_at", ">", time(2)]],
            [["created_at", ">=", time(4)], ["uuid", "!=", "f"]],
        ]);
        assert_eq!(serde_json::json!(*table.requests.lock().unwrap()), expected);
    }

    #[tokio::test]
    async fn a_count_saves_the_last_request() {
        let table = Table::new(&[(1, "a"), (1, "b")], &[10], true);
        assert_eq!(read(&table).await.len(), 2);
        assert_eq!(table.requests.lock().unwrap().len(), 1);

        let table = Table::new(&[], &[10], true);
        assert_eq!(read(&table).await.len(), 0);
        assert_eq!(table.requests.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_server_that_repeats_itself_is_noticed() {
        struct Stuck;
        impl Pages<Item> for Stuck {
            async fn fetch(&self, _: &[Filter], _: Which) -> Result<Page<Item>, Error> {
                Ok(Page {
                    items: vec![item(1, "a"), item(2, "b")],
                    items_available: None,
                })
            }
        }
        let error = all("list items", &Stuck, None).await.unwrap_err();
        assert!(matches!(error, Error::Malformed { .. }), "{error}");
    }

    #[tokio::test]
    async fn rows_out_of_order_are_noticed() {
        struct Unordered;
        impl Pages<Item> for Unordered {
            async fn fetch(&self, _: &[Filter], _: Which) -> Result<Page<Item>, Error> {
                Ok(Page {
                    items: vec![item(2, "a"), item(1, "b")],
                    items_available: None,
                })
            }
        }
        assert!(all("list items", &Unordered, None).await.is_err());
    }

    proptest! {
        #[test]
        fn every_row_is_read_once_and_in_order(
            times in prop::collection::vec(0u32..6, 0..60),
            sizes in prop::collection::vec(1usize..8, 1..5),
            counts: bool,
        ) {
            let rows: Vec<Item> = times
                .iter()
                .enumerate()
                // The order of creation is not that of the UUIDs.
                .map(|(i, time)| item(*time, &format!("{:03}", i * 37 % 61)))
                .collect();
            let table = Table { rows: rows.clone(), sizes, requests: Mutex::default(), counts };
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let read = runtime.block_on(read(&table));
            let mut expected = rows;
            expected.sort_by_key(|item| (micros(&item.created_at), item.uuid.clone()));
            prop_assert_eq!(read, expected);
        }
    }
}
