//! What stands before the engine, counts its calls, and does something else at one of them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::Environment;

/// The first `docker` of an environment's search path.
pub(crate) struct Front;

impl Front {
    /// Stands before the engine that the environment has, and lets it load nothing but whole archives.
    pub(crate) fn install(environment: &mut Environment) {
        let folder = folder(environment);
        fs::create_dir_all(&folder).unwrap();
        let behind = environment.variable("PATH").to_str().unwrap().to_owned();
        let real = Path::new(behind.split(':').next().unwrap()).join("docker");
        let script = format!(
            "#!/bin/sh\n\
             cd '{folder}'\nreal='{real}'\n\
             n=$(wc -l < calls 2>/dev/null) || n=0\n\
             echo \"$1\" >> calls\necho $$ >> processes\n\
             if [ -e deed ] && [ \"$n\" -eq \"$(cat step)\" ]; then\n\
             echo $$ > met\n. ./deed\nexit\nfi\n\
             if [ \"$1\" = load ]; then\n\
             cat > whole\n\
             tar -xOf whole manifest.json >/dev/null 2>&1 || {{ echo 'unexpected EOF' >&2; exit 1; }}\n\
             exec < whole\nfi\n\
             exec \"$real\" \"$@\"\n",
            folder = folder.display(),
            real = real.display()
        );
        let (text, program) = (folder.join("text"), folder.join("docker"));
        fs::write(&text, script).unwrap();
        fs::set_permissions(&text, fs::Permissions::from_mode(0o755)).unwrap();
        // A program that this process has open for writing while another thread forks could not be
        // started, so a child writes it.
        let copied = Command::new("cp").args([&text, &program]).status();
        assert!(copied.unwrap().success());
        environment.set("PATH", format!("{}:{behind}", folder.display()));
    }

    /// Does this at the call of this number, counted from now.
    pub(crate) fn plan(environment: &Environment, step: usize, script: &str) {
        let folder = folder(environment);
        fs::write(folder.join("step"), step.to_string()).unwrap();
        fs::write(folder.join("deed"), format!("{script}\n")).unwrap();
    }

    /// Does nothing but count, from now on.
    pub(crate) fn clear(environment: &Environment) {
        let _ = fs::remove_file(folder(environment).join("deed"));
    }

    /// Whether a call came to what was planned.
    pub(crate) fn was_met(environment: &Environment) -> bool {
        folder(environment).join("met").exists()
    }

    /// Whether a process of the engine is there still.
    pub(crate) fn goes_on(environment: &Environment) -> bool {
        let processes = fs::read_to_string(folder(environment).join("processes"));
        processes.unwrap_or_default().lines().any(|id| {
            let state = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            // What has ended and was not asked for its status yet is a zombie.
            !state.is_empty() && !state.contains(") Z")
        })
    }

    /// The verbs that were called.
    pub(crate) fn calls(environment: &Environment) -> Vec<String> {
        let calls = fs::read_to_string(folder(environment).join("calls")).unwrap_or_default();
        calls.lines().map(str::to_owned).collect()
    }
}

fn folder(environment: &Environment) -> PathBuf {
    environment.home().join("front")
}
