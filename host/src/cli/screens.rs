//! What stands on terminals of three widths, as text; see `snapshots` for what files and pipes get.

use chrono::DateTime;

use super::snapshots::failures;
use crate::bindings::commands::ListedImage;
use crate::output::{self, Detail, Ids, Report};
use keepdocker_console::Purpose;

/// A wide terminal, one that nobody has widened, and half of one.
const WIDTHS: [usize; 3] = [120, 80, 40];

/// Returns what is shown at each width, after making sure that each line fits.
pub(super) fn screens(show: impl Fn(usize) -> String) -> String {
    let screens = WIDTHS.map(|width| {
        let shown = show(width);
        for line in shown.lines() {
            // What is copied is never broken.
            let is_whole = line.contains('`') || !line.trim().contains(' ');
            assert!(line.chars().count() <= width || is_whole, "{width}: {line}");
        }
        format!("{}\n{shown}", "-".repeat(width))
    });
    screens.join("\n")
}

fn listed(name: &str, tag: &str, id: &str, timestamp: &str) -> ListedImage {
    ListedImage {
        repository: Some(name.into()),
        tag: Some(tag.into()),
        image: Some(format!("sha256:{}", id.repeat(64))),
        collection: "zzzzz-4zz18-0123456789abcde".into(),
        timestamp: timestamp.into(),
    }
}

#[test]
fn listings() {
    let now = DateTime::from_timestamp(1_717_000_000, 0).unwrap();
    let images = [
        listed("lab/tool", "1.2", "a", "2024-05-29T10:00:00Z"),
        listed(
            "quay.io/biocontainers/bioconductor-genomicranges",
            "1.54.1--r43ha9d7317_0",
            "b",
            "2024-05-06T07:08:09Z",
        ),
        ListedImage {
            repository: None,
            tag: None,
            ..listed("", "", "c", "2021-05-06T07:08:09Z")
        },
    ];
    let text = screens(|width| output::fitted_table(&images, None, Ids::Short, width, now));
    insta::assert_snapshot!("screens_of_images", text);

    let detail = |size: &str, owner: &str, is_chosen| Detail {
        size: size.into(),
        platform: "linux/amd64".into(),
        owner: owner.into(),
        is_chosen,
    };
    let details = [
        detail("112.4 MiB", "Genomics", Some(true)),
        detail("1.2 GiB", "Somebody Else of the Laboratory", Some(false)),
        detail("18.5 KiB", "zzzzz-tpzed-0123456789abcde", None),
    ];
    let text =
        screens(|width| output::fitted_table(&images, Some(&details), Ids::Short, width, now));
    insta::assert_snapshot!("screens_of_images_long", text);
}

#[test]
fn messages() {
    let shown = [
        "no such image",
        "ambiguous image",
        "archive unsound",
        "too early",
    ];
    let reports: Vec<Report> = failures()
        .into_iter()
        .filter(|(name, _)| shown.contains(name))
        .map(|(_, failure)| Report::of(failure, Purpose::Store))
        .collect();
    assert_eq!(reports.len(), shown.len());
    let text = screens(|width| {
        let reports = reports.iter();
        reports.map(|report| report.in_lines(Some(width))).collect()
    });
    insta::assert_snapshot!("screens_of_messages", text);
}
