//! The table of differences from the Python program: every row has a test that exists.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

/// The rows that there must be: K1 to K58, and what else was found.
const LAST: usize = 58;
const OTHERS: [&str; 6] = ["A2", "A3", "A4", "A13", "A14", "A15"];

#[test]
fn every_row_of_the_table_names_a_test_that_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut tests = HashSet::new();
    for folder in ["guest", "host/src", "host/tests", "tests/it"] {
        collect(&root.join(folder), &mut tests);
    }
    let table = fs::read_to_string(root.join("docs/compatibility.md")).unwrap();

    let mut wrong = Vec::new();
    let numbers = (1..=LAST).map(|number| format!("K{number}"));
    for number in numbers.chain(OTHERS.map(String::from)) {
        let start = format!("| {number} |");
        let rows: Vec<&str> = table
            .lines()
            .filter(|line| line.starts_with(&start))
            .collect();
        if rows.is_empty() {
            wrong.push(format!("{number} has no row"));
        }
        for row in rows {
            let column = row
                .trim_end_matches(['|', ' '])
                .rsplit(" | ")
                .next()
                .unwrap();
            let named: Vec<&str> = column.split('`').skip(1).step_by(2).collect();
            if named.is_empty() {
                wrong.push(format!("{number} names no test"));
            }
            wrong.extend(
                named
                    .into_iter()
                    .filter(|name| !tests.contains(*name))
                    .map(|name| format!("{number}: there is no test {name}")),
            );
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Collects the names of functions that are marked as tests.
fn collect(folder: &Path, tests: &mut HashSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, tests);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let mut is_marked = false;
            for line in text.lines().map(str::trim) {
                if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                    is_marked = true;
                } else if let Some(rest) = line
                    .strip_prefix("async ")
                    .unwrap_or(line)
                    .strip_prefix("fn ")
                {
                    if is_marked {
                        tests.insert(rest.split('(').next().unwrap_or(rest).to_owned());
                    }
                    is_marked = false;
                }
            }
        }
    }
}
