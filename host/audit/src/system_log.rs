//! The system's log, which users cannot alter: what the heads say of each run is sent there as well.
//!
//! A datagram in the form that `syslog(3)` writes, which syslog daemons and the journal of systemd read from `/dev/log`.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use super::options::Error;

/// Messages of authorization, of normal but significant conditions: facility 10, level 5.
const PRIORITY: u8 = 10 * 8 + 5;
/// A daemon that does not read is given up after so long.
const PATIENCE: Duration = Duration::from_secs(2);

/// Sends a line of the heads; an end of line is no part of the message.
///
/// # Errors
/// If nothing takes it.
pub(super) fn send(socket: &Path, line: &str) -> Result<(), Error> {
    let message = format!(
        "<{PRIORITY}>keepdocker[{}]: {}",
        std::process::id(),
        line.trim_end()
    );
    deliver(socket, message.as_bytes()).map_err(|source| Error::SystemLog {
        path: socket.to_owned(),
        source,
    })
}

/// Tells whether somebody takes what is sent there; nothing is sent.
///
/// # Errors
/// If nobody does.
pub(super) fn probe(socket: &Path) -> Result<(), Error> {
    let reached = UnixDatagram::unbound().and_then(|connection| connection.connect(socket));
    reached.map_err(|source| Error::SystemLog {
        path: socket.to_owned(),
        source,
    })
}

fn deliver(socket: &Path, message: &[u8]) -> io::Result<()> {
    let connection = UnixDatagram::unbound()?;
    connection.set_write_timeout(Some(PATIENCE))?;
    connection.send_to(message, socket).map(drop)
}

/// Returns what a line of the system's log holds, whatever a daemon has put before it: time, host, program.
pub(super) fn content(line: &str) -> &str {
    line.find('{').map_or(line, |start| &line[start..])
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::program::Quiet;
    use crate::tests::opening;
    use crate::{Closing, Heads, Log, Mask, OnFailure, Options, Run, Verdict};
    use keepdocker_gate::NO_ARGUMENTS;
    use keepdocker_gate::policy::{Cluster, Guest, Policy};

    fn run(options: &Options) -> Result<String, Error> {
        let (policy, guest, cluster) = (Policy::built_in(), Guest::default(), Cluster::default());
        let opening = opening(&[], &NO_ARGUMENTS, (&guest, &policy, &cluster));
        let log = Log::open(options.clone(), Mask::default(), &opening, Arc::new(Quiet))?;
        log.close(&Closing {
            outcome: "done",
            exit: 0,
            answer: None,
        })?;
        Ok(log.run().to_owned())
    }

    fn options(place: &Path) -> Options {
        Options {
            directory: place.join("audit"),
            system_log: Some(place.join("log")),
            on_failure: OnFailure::Stop,
            ..Options::default()
        }
    }

    fn messages(daemon: &UnixDatagram, count: usize) -> String {
        let mut bytes = [0; 4096];
        (0..count)
            .map(|number| {
                let length = daemon.recv(&mut bytes).unwrap();
                let message = String::from_utf8_lossy(&bytes[..length]).into_owned();
                assert!(message.starts_with("<85>keepdocker["), "{message}");
                // As a daemon writes it down.
                format!("Nov 29 10:00:0{number} host {}\n", &message[4..])
            })
            .collect()
    }

    /// The copy that no user can alter shows what the heads of his own folder no longer do.
    #[test]
    fn what_the_system_log_has_shows_what_was_taken_from_the_folder() {
        let place = tempfile::tempdir().unwrap();
        let daemon = UnixDatagram::bind(place.path().join("log")).unwrap();
        let options = options(place.path());
        let (first, second) = (run(&options).unwrap(), run(&options).unwrap());
        let copy = place.path().join("copy");
        std::fs::write(&copy, messages(&daemon, 4)).unwrap();

        let copy = Heads::open(&copy).unwrap();
        let folder = crate::Folder(options.directory.clone());
        for id in [&first, &second] {
            assert_eq!(copy.judge(&Run::read(&folder, id).unwrap()), Verdict::Sound);
        }
        let path = folder.0.join(format!("{second}.jsonl"));
        let text = std::fs::read_to_string(&path).unwrap();
        let cut = text.lines().next().unwrap().to_owned() + "\n";
        std::fs::write(&path, cut).unwrap();
        let verdict = copy.judge(&Run::read(&folder, &second).unwrap());
        assert!(matches!(verdict, Verdict::Tampered(_)), "{verdict}");
    }

    #[test]
    fn a_run_that_must_not_go_without_a_log_ends_where_nobody_takes_its_head() {
        let place = tempfile::tempdir().unwrap();
        let options = options(place.path());
        let refused = run(&options).unwrap_err().to_string();
        assert!(refused.contains("the system's log at"), "{refused}");
        assert!(!options.directory.exists(), "it left a log");
        let missing = options.check().unwrap_err()[0].to_string();
        assert_eq!(missing, refused);
        let warned = Options {
            on_failure: OnFailure::Continue,
            ..options
        };
        let id = run(&warned).unwrap();
        let folder = crate::Folder(warned.directory);
        let heads = Heads::read(&folder).unwrap();
        let verdict = heads.judge(&Run::read(&folder, &id).unwrap());
        assert_eq!(verdict, Verdict::Sound, "the log itself is whole");
    }
}
