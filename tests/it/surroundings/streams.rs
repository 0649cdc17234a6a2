//! Standard streams that are closed, and a locale of plain ASCII.

use super::{after, place, tasks, uploads};

#[test]
fn closed_standard_streams_are_no_reason_to_fail() {
    for closed in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", "<&- >&-"] {
        for (program, arguments) in tasks() {
            let (cluster, environment) = place();
            let output = after(&environment, &format!("exec {closed}"), program, &arguments);
            let printed = output.success();
            let is_upload = uploads(&arguments);
            if is_upload && !closed.contains(">&-") {
                assert_eq!(cluster.only_collection()["uuid"], printed.trim());
            }
            assert_eq!(cluster.collections().len(), usize::from(is_upload));
            assert_eq!(
                cluster.links_of_images().len(),
                2 * usize::from(is_upload),
                "{closed}"
            );
        }
    }
}

#[test]
fn a_locale_without_letters_beyond_ascii_changes_nothing() {
    for locale in ["POSIX", "C", "", "xx_YY.UTF-8"] {
        for (program, mut arguments) in tasks() {
            let (cluster, mut environment) = place();
            for name in ["LC_ALL", "LANG", "LC_CTYPE"] {
                environment.set(name, locale);
            }
            if uploads(&arguments) {
                arguments.extend(["--name".to_owned(), "Größe 1 µm".into()]);
            }
            let _ = environment.run(program, &arguments).success();
            for collection in cluster.collections() {
                assert_eq!(collection["name"], "Größe 1 µm", "{locale}");
            }
        }
    }
}
