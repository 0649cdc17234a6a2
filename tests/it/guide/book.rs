//! That the book has every page, and that no link of its pages is dead.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Returns the pages below a folder, by their paths in `docs`.
fn pages(docs: &Path, folder: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            pages(docs, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.insert(path.strip_prefix(docs).unwrap().to_owned());
        }
    }
}

/// Returns where the links of a page lead, without those to other sites.
fn links(text: &str) -> Vec<&str> {
    let starts = text.split("](").skip(1);
    let links = starts.filter_map(|rest| rest.split_once(')').map(|(link, _)| link));
    links.filter(|link| !link.contains("://")).collect()
}

#[test]
fn the_book_has_every_page_once() {
    let docs = super::root().join("docs");
    let mut there = BTreeSet::new();
    pages(&docs, &docs, &mut there);
    let summary = fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    let listed = links(&summary);
    let mut chapters: BTreeSet<PathBuf> = listed.iter().map(PathBuf::from).collect();
    assert_eq!(listed.len(), chapters.len(), "a page is listed twice");
    chapters.insert("SUMMARY.md".into());
    assert_eq!(there, chapters);
}

#[test]
fn no_link_of_a_page_is_dead() {
    let docs = super::root().join("docs");
    let mut there = BTreeSet::new();
    pages(&docs, &docs, &mut there);
    let mut dead = Vec::new();
    let mut count = 0;
    for page in &there {
        let text = fs::read_to_string(docs.join(page)).unwrap();
        let folder = docs.join(page);
        let folder = folder.parent().unwrap();
        for link in links(&text) {
            count += 1;
            let (file, _) = link.split_once('#').unwrap_or((link, ""));
            if !file.is_empty() && !folder.join(file).is_file() {
                dead.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(count > 40, "{count} links are too few to be all");
    assert!(dead.is_empty(), "{dead:#?}");
}
