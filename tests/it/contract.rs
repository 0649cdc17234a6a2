//! The component against the contract: what it may ask for, and in what words.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use keepdocker::testing;

/// The list stands in a file, so that a new capability shows in every review.
#[test]
fn the_component_imports_what_the_golden_list_says_and_nothing_else() {
    let mut list = String::new();
    for (interface, items) in testing::imports() {
        writeln!(list, "{interface}").unwrap();
        for item in items {
            writeln!(list, "  {item}").unwrap();
        }
    }

    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/component-imports.txt");
    let golden = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        list == golden,
        "the component imports, where {} lists something else:\n{list}",
        file.display()
    );
    assert!(
        !list.contains("wasi:"),
        "the guest needs nothing of WASI:\n{list}"
    );
}

/// Sizes are kept from growing unnoticed.
#[test]
fn the_component_stays_small() {
    let size = testing::COMPONENT.len();
    assert!(size < 400 << 10, "the component has {size} bytes");
}
