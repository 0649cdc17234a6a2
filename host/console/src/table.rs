//! The listing as a table: byte for byte as the Python program prints it, and as people read it at a terminal.

use std::borrow::Cow;
use std::fmt::Write as _;

use chrono::{DateTime, Datelike, Timelike, Utc};
use keepdocker_terms::timestamp::Timestamp;

use keepdocker_wording::harmless::escape;

use crate::columns::{Column, Columns, Give};
use crate::json::ListedImage;

/// What stands where a name, a tag, or an ID is not known.
const NONE: &str = "<none>";
const UNKNOWN: &str = "<unknown>";

/// How an image ID is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ids {
    /// The first twelve characters, as scripts expect.
    Short,
    /// All of it.
    Whole,
}

/// Returns the table: a heading, and a line for each image.
#[must_use]
pub fn table<'a, I>(images: &'a [I], ids: Ids) -> String
where
    ListedImage<'a>: From<&'a I>,
{
    let mut text = String::with_capacity((images.len() + 1) * 128);
    row(
        &mut text,
        "REPOSITORY",
        "TAG",
        "IMAGE ID",
        "COLLECTION",
        "CREATED",
    );
    for image in images.iter().map(ListedImage::from) {
        let id = image.image.unwrap_or(UNKNOWN);
        let id = match ids {
            Ids::Short => prefix(id, 12),
            Ids::Whole => id,
        };
        row(
            &mut text,
            &escape(image.repository.unwrap_or(NONE)),
            &escape(image.tag.unwrap_or(NONE)),
            &escape(id),
            &escape(image.collection),
            &created(image.timestamp),
        );
    }
    text
}

// Scripts split or grep these lines, so the widths and the trailing blanks are not ours to change.
fn row(text: &mut String, repository: &str, tag: &str, id: &str, collection: &str, created: &str) {
    writeln!(
        text,
        "{repository:30}  {tag:10}  {id:12}  {collection:29}  {created:20}"
    )
    .expect("writing to a string does not fail");
}

/// What a long listing tells of an image besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// The size of its file, for people.
    pub size: String,
    /// For which platform it is; empty if that is not known.
    pub platform: String,
    /// Who owns its collection, by name where that can be seen.
    pub owner: String,
    /// Of several rows of one name, whether a container request that names it gets this one.
    pub is_chosen: Option<bool>,
}

impl Detail {
    fn chosen(&self) -> &'static str {
        match self.is_chosen {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        }
    }
}

/// Returns the table for people, no wider than this. An ID has the digits alone, which every command takes. A long
/// listing has a detail for each image.
#[must_use]
pub fn fitted_table<'a, I>(
    images: &'a [I],
    details: Option<&'a [Detail]>,
    ids: Ids,
    width: usize,
    now: DateTime<Utc>,
) -> String
where
    ListedImage<'a>: From<&'a I>,
{
    let mut columns = vec![
        Column::new("REPOSITORY", Give::Cut(12)),
        Column::new("TAG", Give::Cut(6)),
        Column::new("IMAGE ID", Give::Nothing),
        Column::new("COLLECTION", Give::Way(1)),
        Column::of_numbers("AGE", Give::Way(2)),
    ];
    if details.is_some() {
        columns.push(Column::of_numbers("SIZE", Give::Way(4)));
        columns.push(Column::new("PLATFORM", Give::Way(3)));
        columns.push(Column::new("OWNER", Give::Way(3)));
        let are_chosen =
            details.is_some_and(|details| details.iter().any(|it| it.is_chosen.is_some()));
        if are_chosen {
            columns.push(Column::new("CHOSEN", Give::Nothing));
        }
    }
    let rows = images.iter().enumerate().map(|(place, image)| {
        let image = ListedImage::from(image);
        let id = image.image.unwrap_or(UNKNOWN);
        let id = match ids {
            Ids::Short => prefix(id.strip_prefix("sha256:").unwrap_or(id), 12),
            Ids::Whole => id,
        };
        let mut row = vec![
            escape(image.repository.unwrap_or(NONE)),
            escape(image.tag.unwrap_or(NONE)),
            escape(id),
            escape(image.collection),
            age(image.timestamp, now),
        ];
        if let Some(detail) = details.and_then(|details| details.get(place)) {
            row.extend([&detail.size, &detail.platform, &detail.owner].map(|text| escape(text)));
            row.push(detail.chosen().into());
        }
        row
    });
    Columns::new(columns, rows.collect()).fitted(width)
}

/// Returns how long ago a moment was, in a whole number of the largest unit that gives one.
#[must_use]
pub fn age(timestamp: &str, now: DateTime<Utc>) -> Cow<'_, str> {
    const DAY: i64 = 86_400;
    let Some(moment) = Timestamp::parse(timestamp) else {
        return escape(timestamp);
    };
    // A clock that is behind makes nothing older.
    let seconds = (now.timestamp() - moment.seconds()).max(0);
    let units = [(365 * DAY, "y"), (DAY, "d"), (3600, "h"), (60, "m")];
    // One year says less than 500 days.
    let fits = |unit: i64| seconds >= unit * if unit > DAY { 2 } else { 1 };
    let unit = units.into_iter().find(|(unit, _)| fits(*unit));
    let (unit, name) = unit.unwrap_or((1, "s"));
    Cow::Owned(format!("{}{name}", seconds / unit))
}

fn prefix(text: &str, characters: usize) -> &str {
    text.char_indices()
        .nth(characters)
        .map_or(text, |(end, _)| &text[..end])
}

/// Returns a moment in UTC as the C locale writes it, such as `Tue Jun  9 07:46:16 2020`.
fn created(timestamp: &str) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    match Timestamp::parse(timestamp).and_then(Timestamp::in_utc) {
        Some(moment) => {
            // C pads no year; chrono would give four digits at least.
            format!(
                "{} {} {:2} {:02}:{:02}:{:02} {}",
                moment.weekday(),
                MONTHS[moment.month0() as usize],
                moment.day(),
                moment.hour(),
                moment.minute(),
                moment.second(),
                moment.year()
            )
        }
        None => escape(timestamp).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(timestamp: &str) -> ListedImage<'_> {
        ListedImage {
            repository: Some("arvados/jobs"),
            tag: Some("latest"),
            image: Some("sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            collection: "zzzzz-4zz18-0123456789abcde",
            timestamp,
        }
    }

    /// Makes the table of rows.
    fn table(images: &[ListedImage<'_>], ids: Ids) -> String {
        super::table(images, ids)
    }

    #[test]
    fn a_row_is_what_the_python_program_prints() {
        assert_eq!(
            table(&[image("2020-06-09T07:46:16.5Z")], Ids::Short),
            "REPOSITORY                      TAG         IMAGE ID      COLLECTION                     CREATED             \n\
             arvados/jobs                    latest      sha256:aaaaa  zzzzz-4zz18-0123456789abcde    Tue Jun  9 07:46:16 2020\n"
        );
    }

    #[test]
    fn times_are_shown_in_utc_and_early_years_without_zeros() {
        assert_eq!(
            created("2020-06-09T01:46:16+02:00"),
            "Mon Jun  8 23:46:16 2020"
        );
        assert_eq!(created("0001-01-01T00:00:00Z"), "Mon Jan  1 00:00:00 1");
    }

    #[test]
    fn a_terminal_gets_digits_that_can_be_typed_back_and_the_age() {
        let now = DateTime::from_timestamp(1_591_775_176, 0).unwrap();
        let images = [image("2020-06-09T07:46:16.5Z")];
        assert_eq!(
            fitted_table(&images, None, Ids::Short, 80, now),
            "REPOSITORY    TAG     IMAGE ID      COLLECTION                   AGE\n\
             arvados/jobs  latest  aaaaaaaaaaaa  zzzzz-4zz18-0123456789abcde   1d\n"
        );
        let narrow = fitted_table(&images, None, Ids::Short, 40, now);
        assert!(!narrow.contains("4zz18"), "{narrow}");
        assert!(narrow.contains("aaaaaaaaaaaa"), "{narrow}");
    }

    #[test]
    fn an_age_is_a_whole_number_of_its_largest_unit() {
        let now = DateTime::from_timestamp(1_591_775_176, 0).unwrap();
        for (timestamp, expected) in [
            ("2020-06-10T07:46:15Z", "1s"),
            ("2020-06-10T07:45:16Z", "1m"),
            ("2020-06-10T05:46:17Z", "1h"),
            ("2019-06-10T07:46:16Z", "366d"),
            ("2018-06-10T07:46:16Z", "2y"),
            ("2030-01-01T00:00:00Z", "0s"),
            ("yesterday", "yesterday"),
        ] {
            assert_eq!(age(timestamp, now), expected, "{timestamp}");
        }
    }

    #[test]
    fn what_is_not_known_is_said_so() {
        let unknown = ListedImage {
            repository: None,
            tag: None,
            image: None,
            ..image("2020-06-09T07:46:16Z")
        };
        let text = table(&[unknown], Ids::Short);
        assert!(
            text.lines()
                .nth(1)
                .unwrap()
                .starts_with("<none>                          <none>      <unknown>     zzzzz")
        );
    }

    #[test]
    fn a_hostile_name_cannot_reach_the_terminal() {
        let hostile = ListedImage {
            repository: Some("a\u{1b}[31m"),
            ..image("x\u{7}")
        };
        assert!(!table(&[hostile], Ids::Whole).contains('\u{1b}'));
    }
}
