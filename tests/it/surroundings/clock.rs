//! Machines that do not know the time.

use super::{place, preload, tasks, uploads};

/// A day before 1970, for whoever asks for the time of day.
const BEFORE: &str = "#define _GNU_SOURCE\n#include <time.h>\n#include <unistd.h>\n\
    #include <sys/syscall.h>\n\
    int clock_gettime(clockid_t id, struct timespec *t) {\n\
      int r = syscall(SYS_clock_gettime, id, t);\n\
      if (r == 0 && id == CLOCK_REALTIME) t->tv_sec = -86400;\n\
      return r;\n}\n";

#[test]
fn before_1970_the_clock_is_named_and_nothing_breaks() {
    for (program, arguments) in tasks() {
        let (cluster, mut environment) = place();
        preload(&mut environment, BEFORE);
        let output = environment.run(program, &arguments);
        let told = output.failure(1);
        assert!(
            told.contains("the clock of this machine says that it is before 1970"),
            "{output}"
        );
        assert!(
            !told.contains("panicked") && !told.contains("broke down"),
            "{output}"
        );
        assert!(cluster.collections().is_empty());
    }
    let (_cluster, mut environment) = place();
    preload(&mut environment, BEFORE);
    // What asks no server needs no clock.
    for arguments in [
        &["cache", "list"][..],
        &["policy", "show"],
        &["audit", "show"],
    ] {
        let _ = environment.keepdocker(arguments).success();
    }
}

#[test]
fn a_clock_that_is_wrong_by_hours_or_years_changes_nothing() {
    const YEAR: i64 = 365 * 24;
    for hours in [-30, 30, -5 * YEAR, 5 * YEAR] {
        let shifted = BEFORE.replace(
            "t->tv_sec = -86400",
            &format!("t->tv_sec += {}", hours * 3600),
        );
        for (program, arguments) in tasks() {
            let (cluster, mut environment) = place();
            preload(&mut environment, &shifted);
            let _ = environment.run(program, &arguments).success();
            let expected = usize::from(uploads(&arguments));
            assert_eq!(cluster.collections().len(), expected, "{hours} h");
            assert_eq!(cluster.links_of_images().len(), 2 * expected, "{hours} h");
        }
    }
}
