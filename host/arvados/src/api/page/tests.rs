use std::sync::Mutex;

use proptest::prelude::*;

use super::range::base_36;
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

#[test]
fn rows_come_in_the_order_of_their_times_however_these_are_written() {
    let at = |uuid: &str, created_at: &str| Item {
        uuid: uuid.to_owned(),
        created_at: created_at.to_owned(),
    };
    let mut rows = vec![
        at("d", "2026-01-01T00:00:00.000002000Z"),
        at("c", "2026-01-01T00:00:00.000001000Z"),
        at("b", "2026-01-01T00:00:00.000001000Z"),
    ];
    let order = |rows: &[Item]| -> Vec<String> {
        let rows = oldest_first(rows.to_vec()).into_iter();
        rows.map(|row| row.uuid).collect()
    };
    assert_eq!(order(&rows), ["b", "c", "d"]);
    // As text, this one would be the last.
    rows.push(at("a", "2026-01-01T01:00:00.000002+01:00"));
    assert_eq!(order(&rows), ["b", "c", "a", "d"]);
    rows.push(at("e", ""));
    assert_eq!(order(&rows), ["e", "b", "c", "a", "d"]);
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
