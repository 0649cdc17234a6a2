//! What the pages promise: every row of a table of promises names a test that exists, and so does every page that
//! names one.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rows that there must be: K1 to K58, and what else was found.
const LAST: usize = 58;
const OTHERS: [&str; 6] = ["A2", "A3", "A4", "A13", "A14", "A15"];

#[test]
fn every_row_of_the_table_names_a_test_that_exists() {
    let tests = tests();
    let table = page("compatibility");

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
            let named = named(row);
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

#[test]
fn every_promise_names_a_test_that_exists() {
    let tests = tests();
    let mut wrong = Vec::new();
    let mut promises = 0;
    let pages = ["where-it-runs", "reliability"].map(page);
    for table in pages.iter().flat_map(|page| {
        let tables = page.split("\n| where | what holds | test |\n");
        tables.skip(1)
    }) {
        let rows = table
            .lines()
            .skip(1)
            .take_while(|line| line.starts_with("| "));
        for row in rows {
            promises += 1;
            let named = named(row);
            if named.is_empty() {
                wrong.push(format!("no test: {row}"));
            }
            let absent = named.into_iter().filter(|name| !tests.contains(*name));
            wrong.extend(absent.map(|name| format!("there is no test {name}")));
        }
    }
    assert!(promises > 80, "{promises} are too few to be all");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_feature_that_the_first_page_compares_is_shown_by_tests() {
    let tests = tests();
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, table) = readme.split_once("| shown by |\n").unwrap();
    let rows = table
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with('|'));
    let mut wrong = Vec::new();
    let mut count = 0;
    for row in rows {
        count += 1;
        let named = named(row);
        if named.is_empty() {
            wrong.push(format!("no test: {row}"));
        }
        let absent = named.into_iter().filter(|name| !tests.contains(*name));
        wrong.extend(absent.map(|name| format!("there is no test {name}: {row}")));
    }
    assert!(count > 10, "{count} rows are too few to be all");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_test_that_a_page_names_exists() {
    /// What else is written like the name of a test.
    const FUNCTIONS: [&str; 2] = ["list_images_in_arv", "arv_docker_get_image"];
    let tests = tests();
    let mut wrong = Vec::new();
    let folders = ["docs", "docs/guide", "docs/notes"];
    for entry in folders
        .map(|folder| fs::read_dir(root().join(folder)).unwrap())
        .into_iter()
        .flatten()
    {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let absent = text
            .split('`')
            .filter(|word| is_like_a_test(word) && !FUNCTIONS.contains(word))
            .filter(|word| !tests.contains(*word));
        wrong.extend(absent.map(|word| format!("{}: {word}", path.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Tells whether a word is written as tests are: several words in small letters.
fn is_like_a_test(word: &str) -> bool {
    let is_small = |c: char| c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit();
    word.matches('_').count() >= 3 && word.chars().all(is_small)
}

/// Returns what stands between backticks in the last column of a row.
fn named(row: &str) -> Vec<&str> {
    let column = row.trim_end_matches(['|', ' ']).rsplit(" | ").next();
    column
        .unwrap_or_default()
        .split('`')
        .skip(1)
        .step_by(2)
        .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join(format!("docs/{name}.md"))).unwrap()
}

/// Returns the names of all tests.
fn tests() -> HashSet<String> {
    let mut tests = HashSet::new();
    let folders = [
        "guest",
        "host/archive",
        "host/arvados",
        "host/audit",
        "host/console",
        "host/gate",
        "host/src",
        "host/tests",
        "tests/embedding",
        "tests/it",
    ];
    for folder in folders {
        collect(&root().join(folder), &mut tests);
    }
    tests
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
