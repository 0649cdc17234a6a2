//! Accounts as containers and services have them: no home, a number without a name, nothing to write to.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::{ARV_KEEPDOCKER, IMAGE, KEEPDOCKER, after, place, tasks, uploads};
use crate::support::{Environment, data, skip};

/// A number without an entry in the account database, as OpenShift gives them.
const FOREIGN: &str = "1000640000";

/// Takes away all that says where something could be kept.
const HOMELESS: &str =
    "unset HOME XDG_CACHE_HOME XDG_CONFIG_HOME XDG_STATE_HOME XDG_DATA_HOME CACHE_DIRECTORY";

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// Copies a program to where every user can start it.
fn for_everybody(environment: &Environment, program: &str) -> String {
    let name = Path::new(program).file_name().unwrap();
    let copy = environment.home().join(name);
    if !copy.exists() {
        let copied = std::process::Command::new("cp")
            .args([Path::new(program), &copy])
            .status();
        assert!(copied.unwrap().success());
        fs::set_permissions(environment.home(), fs::Permissions::from_mode(0o755)).unwrap();
    }
    copy.to_str().unwrap().to_owned()
}

#[test]
fn a_foreign_user_without_a_home_lists_and_uploads() {
    if !is_root() {
        skip("root, to become a user that the machine does not know");
        return;
    }
    for no_cache in [false, true] {
        for (program, mut arguments) in tasks() {
            let (cluster, mut environment) = place();
            let archive = environment.home().join("image.tar");
            fs::copy(data("hello-world-ManifestV2.tar"), &archive).unwrap();
            fs::set_permissions(&archive, fs::Permissions::from_mode(0o644)).unwrap();
            if program == KEEPDOCKER && uploads(&arguments) {
                arguments[2] = format!("docker-archive:{}", archive.display());
            }
            if no_cache && program == ARV_KEEPDOCKER {
                arguments.insert(0, "--no-cache".into());
            }
            let program = for_everybody(&environment, program);
            let authority = environment.home().join("authority.pem");
            fs::copy(environment.variable("SSL_CERT_FILE"), &authority).unwrap();
            fs::set_permissions(&authority, fs::Permissions::from_mode(0o644)).unwrap();
            environment.set("SSL_CERT_FILE", authority);
            // The program in the engine's place reads its archive where only root may look.
            StandInFor::everybody(&environment, &archive);
            let mut words = vec![
                "--reuid".to_owned(),
                FOREIGN.into(),
                "--regid".into(),
                FOREIGN.into(),
                "--clear-groups".into(),
                program,
            ];
            words.extend(arguments.iter().cloned());
            let output = after(&environment, HOMELESS, "setpriv", &words);
            let _ = output.success();
            assert!(
                output
                    .stderr
                    .contains("there is no audit log of this run: "),
                "{output}"
            );
            let is_upload = arguments
                .iter()
                .any(|word| word == IMAGE || word == "upload");
            let goes_on = "this run goes on without a lock on its image: ";
            assert_eq!(
                output.stderr.matches(goes_on).count(),
                usize::from(is_upload),
                "{output}"
            );
            assert_eq!(cluster.collections().len(), usize::from(is_upload));
        }
    }
}

struct StandInFor;

impl StandInFor {
    fn everybody(environment: &Environment, archive: &Path) {
        let program = environment.home().join("stand-in/docker");
        let text = fs::read_to_string(&program).unwrap();
        let original = data("hello-world-ManifestV2.tar");
        let text = text.replace(original.to_str().unwrap(), archive.to_str().unwrap());
        let other = environment.home().join("stand-in/new");
        fs::write(&other, text).unwrap();
        fs::set_permissions(&other, fs::Permissions::from_mode(0o755)).unwrap();
        let moved = std::process::Command::new("mv")
            .args([&other, &program])
            .status();
        assert!(moved.unwrap().success());
    }
}

#[test]
fn on_a_system_that_can_only_be_read_everything_that_keeps_its_promises_works() {
    if !is_root() {
        skip("root, to make the system read-only for one program");
        return;
    }
    for (program, arguments) in tasks() {
        let (cluster, environment) = place();
        let mut words = vec![
            "--mount".to_owned(),
            "--propagation".into(),
            "private".into(),
            "bash".into(),
            "-c".into(),
            // The file system of the home and, if it is another, that of everything else.
            "mount --bind \"$HOME\" \"$HOME\" && mount -o remount,bind,ro \"$HOME\" && \
             mount -o remount,bind,ro / && ! touch \"$HOME/x\" 2>/dev/null && exec \"$@\""
                .into(),
            "bash".into(),
            program.into(),
        ];
        words.extend(arguments.iter().cloned());
        let output = environment.run("unshare", &words);
        let _ = output.success();
        assert!(
            output
                .stderr
                .contains("there is no audit log of this run: "),
            "{output}"
        );
        assert_eq!(
            cluster.collections().len(),
            usize::from(uploads(&arguments))
        );
    }
}

#[test]
fn a_cache_that_cannot_be_used_is_no_reason_to_fail() {
    for (program, arguments) in tasks() {
        let (cluster, environment) = place();
        fs::write(environment.home().join("cache/arvados"), "in the way").unwrap();
        let output = environment.run(program, &arguments);
        let _ = output.success();
        let goes_on = "this run goes on without a lock on its image: cannot use the cache folder `";
        assert_eq!(
            output.stderr.contains(goes_on),
            uploads(&arguments),
            "{output}"
        );
        assert_eq!(
            cluster.collections().len(),
            usize::from(uploads(&arguments))
        );
    }
}
