//! The pages for a task: every command in them is run in order, and what they show is what comes.

mod book; // that the book has every page, and no dead link
mod given; // what the commands of a page find
mod page; // what a page tells to type, and what it says comes of it
mod shell; // the commands of a page in one shell

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use given::Given;
use page::Page;

/// Makes a test of each page.
macro_rules! pages {
    ($($test:ident: $page:literal;)*) => {
        /// The pages that have a test.
        const PAGES: &[&str] = &[$($page),*];

        $(
            #[test]
            fn $test() {
                follow($page);
            }
        )*
    };
}

pages! {
    the_first_upload_goes_as_its_page_says: "docs/guide/first-upload.md";
    a_ci_job_goes_as_its_page_says: "docs/guide/ci.md";
    docker_29_goes_as_its_page_says: "docs/guide/docker-29.md";
    sharing_goes_as_its_page_says: "docs/guide/sharing.md";
    moving_goes_as_its_page_says: "docs/guide/moving.md";
    tidying_up_goes_as_its_page_says: "docs/guide/tidying-up.md";
    a_locked_down_site_goes_as_its_page_says: "docs/guide/locked-down.md";
    embedding_goes_as_its_page_says: "docs/guide/embedding.md";
    the_first_page_says_what_can_be_typed: "README.md";
}

fn root() -> PathBuf {
    let host = Path::new(env!("CARGO_MANIFEST_DIR"));
    host.parent().unwrap().to_owned()
}

/// Runs what a page says, and fails with all that is not as it says.
#[track_caller]
fn follow(name: &str) {
    let text = fs::read_to_string(root().join(name)).unwrap();
    let page = Page::read(&text);
    assert_eq!(page.faults, Vec::<String>::new(), "{name}");
    assert!(!page.commands.is_empty(), "{name} has no command");
    let Some(given) = Given::find(&page.needs) else {
        return;
    };
    let wrong = shell::run(&page.commands, &given);
    assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
}

#[test]
fn every_page_of_the_guide_has_a_test() {
    let there = fs::read_dir(root().join("docs/guide")).unwrap();
    let there: BTreeSet<String> = there
        .map(|entry| {
            format!(
                "docs/guide/{}",
                entry.unwrap().file_name().to_str().unwrap()
            )
        })
        .collect();
    let tested = PAGES.iter().filter(|page| **page != "README.md");
    let tested: BTreeSet<String> = tested.map(|page| (*page).to_owned()).collect();
    assert_eq!(there, tested);
}

#[test]
fn what_is_wrong_in_a_page_is_found() {
    let page = |text: &str| Page::read(&text.replace("'''", "```"));
    let given = Given::find(&[]).unwrap();
    let wrong = |text: &str| {
        let page = page(text);
        assert_eq!(page.faults, Vec::<String>::new(), "{text}");
        shell::run(&page.commands, &given)
    };
    for right in [
        "'''console\n$ keepdocker -V\nkeepdocker …\n'''",
        "'''console\n$ echo one && \\\n> echo two\none\ntwo\n$ (exit 3)\n$ echo $?\n3\n'''",
        "'''console\n$ seq 9\n1\n…\n8\n9\n'''",
        "'''sh\ncd ..\ntest -d \"$OLDPWD\"\n'''",
        "'''yaml\n- run: echo 1\n- run: |\n    false || true\n    true\n'''",
    ] {
        assert_eq!(wrong(right), Vec::<String>::new(), "{right}");
    }
    for (text, words) in [
        ("'''console\n$ keepdocker imges\n…\n'''", "ended with 2"),
        ("'''console\n$ echo one\n'''", "printed"),
        ("'''console\n$ echo one\ntwo\n'''", "printed"),
        ("'''console\n$ echo one\none\n…\nthree\n'''", "printed"),
        ("'''console\n$ true\n$ echo $?\n4\n'''", "printed"),
        (
            "'''sh\ntrue\nkeepdocker images --no-such-option\ntrue\n'''",
            "ended with 2",
        ),
        (
            "'''yaml\n- run: |\n    false\n    true\n'''",
            "ended with 1",
        ),
    ] {
        let wrong = wrong(text);
        assert_eq!(wrong.len(), 1, "{text}: {wrong:?}");
        assert!(wrong[0].contains(words), "{text}: {wrong:?}");
    }
    for (text, words) in [
        ("'''\nkeepdocker images\n'''", "has no language"),
        ("text\n\n    keepdocker images\n", "has no language"),
        ("'''bash\nkeepdocker images\n'''", "`bash`"),
        ("'''console\nkeepdocker images\n'''", "no command"),
        (
            "<!-- run by: .ci/try-release -->\n'''sh\nkeepdocker dance now\n'''",
            "does not run `keepdocker dance`",
        ),
        (
            "<!-- run by: .ci/nowhere -->\n'''sh\ntrue now\n'''",
            ".ci/nowhere",
        ),
    ] {
        let faults = page(text).faults.join("\n");
        assert!(faults.contains(words), "{text}: {faults}");
    }
}
