//! Several images in one command: each by itself, whatever becomes of the others.

use keepdocker_terms::reference::Reference;

use super::invocation::Invocation;
use crate::archive::Location;
use crate::harmless::escape;
use crate::output::{self, Exit, Report};
use crate::wording::count;

/// Returns the images that the words name, if these are several; none if all words are about one. What names an image whatever
/// stands before it, is told by `is_image`.
pub(super) fn named(
    first: Option<&String>,
    second: Option<&String>,
    more: &[String],
    is_image: fn(&str) -> bool,
) -> Option<Vec<String>> {
    let (first, second) = (first?, second?);
    let are_several = !more.is_empty() || is_image(second) || is_another(first, second);
    are_several.then(|| [first, second].into_iter().chain(more).cloned().collect())
}

/// Tells whether a word behind an image is another one, and neither its tag nor the name that it is to have.
fn is_another(first: &str, second: &str) -> bool {
    let is_file = |word: &str| Location::of_file(word).is_some();
    if is_file(first) || is_file(second) {
        return is_file(second);
    }
    // A name that was split at the colon of a registry's port is one.
    second.contains(['/', ':', '@']) && Reference::with_tag(first, Some(second)).is_err()
}

/// Checks that each word is an image for sure, and that no option is given that is for one image alone.
///
/// # Errors
/// If it is not clear whether the second word is an image, for nobody is to get another one than they meant; or for the
/// options, of which it is said whether they are given.
pub(super) fn check(
    images: &[String],
    is_image: fn(&str) -> bool,
    command: &str,
    options: &[(bool, &str)],
) -> Result<(), Report> {
    if !is_image(&images[1]) && !is_another(&images[0], &images[1]) {
        let [first, second] = [&images[0], &images[1]].map(|word| escape(word));
        return Err(Report::new(
            Exit::Usage,
            format!("`{second}` may be an image of its own, or the tag or name of `{first}`"),
        )
        .advise(format!(
            "write each image with its tag, such as `debian:12`, and an archive that gets a name in a command of its own; \
             see `keepdocker {command} --help`",
        )));
    }
    for (is_given, option) in options {
        if *is_given {
            return Err(Report::new(
                Exit::Usage,
                format!("`{option}` is for one image, and here are {}", images.len()),
            )
            .advise("run the command for each image by itself"));
        }
    }
    Ok(())
}

/// Runs a command for each image.
///
/// # Errors
/// If it fails for one, with the exit code of the first that failed; each failure has been told by then.
pub(super) async fn each<F: Future<Output = Result<(), Report>>>(
    images: Vec<String>,
    invocation: Invocation,
    as_json: bool,
    run: impl Fn(String, Invocation) -> F,
) -> Result<(), Report> {
    let all = images.len();
    let mut failed: Vec<(String, Exit)> = Vec::new();
    for image in images {
        let Err(report) = Box::pin(run(image.clone(), invocation.clone())).await else {
            continue;
        };
        let console = invocation.console;
        console.report(&report);
        if as_json {
            // What cannot be written there was said on standard error.
            let _ = console.answer(output::failure(&report));
        }
        failed.push((image, report.exit));
    }
    let Some((_, exit)) = failed.first() else {
        return Ok(());
    };
    let names: Vec<String> = failed
        .iter()
        .map(|(image, _)| format!("`{}`", escape(image)))
        .collect();
    Err(Report::new(
        *exit,
        format!(
            "{} of {} failed: {}",
            names.len(),
            count(all, "image"),
            names.join(", ")
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_a_name_and_the_half_of_a_name_are_no_further_images() {
        for (first, second, expected) in [
            ("debian", "12", false),
            ("lab/tool", "lab/other", true),
            ("lab/tool:1", "lab/other:1", true),
            // Whoever writes two tags is told so.
            ("lab/tool:1", "2", false),
            ("localhost", "5000/lab/tool:1", false),
            ("docker://lab/tool:1", "lab/other:1", false),
            ("docker://lab/tool:1", "docker://lab/other:1", true),
            ("lab/tool:1", "docker://lab/other:1", true),
            // Docker takes that for a tag.
            ("lab/tool", "zzzzz-4zz18-0123456789abcde", false),
        ] {
            assert_eq!(is_another(first, second), expected, "{first} {second}");
        }
    }
}
