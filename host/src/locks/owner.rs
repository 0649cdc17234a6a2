//! Who holds a lock, as its file tells.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;
use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::settings::host_name;

/// The longest text that is read.
const LONGEST: u64 = 1024;

/// The process that holds a lock: one line of process ID, host, time and program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    process: u32,
    host: String,
    since: DateTime<Utc>,
    /// None in a line of an earlier version.
    program: Option<String>,
}

impl Owner {
    /// Describes this process, now.
    pub(super) fn of_this_process() -> Self {
        Owner {
            process: std::process::id(),
            host: host_name(),
            since: SystemTime::now().into(),
            program: program(),
        }
    }

    /// Writes the owner into the lock's file.
    pub(super) fn write(&self, file: &mut File) -> io::Result<()> {
        file.rewind()?;
        file.set_len(0)?;
        let since = self.since.to_rfc3339_opts(SecondsFormat::Secs, true);
        let mut line = format!("{} {} {since}", self.process, self.host);
        if let Some(program) = &self.program {
            line.push(' ');
            line.push_str(program);
        }
        line.push('\n');
        file.write_all(line.as_bytes())
    }

    /// Says for people who holds the lock on `file`.
    pub(super) fn text(file: &mut File) -> String {
        match Self::read(file) {
            // The holder may be another that wrote nothing, after this one was killed.
            Some(owner) if owner.is_gone() => "another process".into(),
            Some(owner) => format!(
                "{} (process {} on {}, since {})",
                owner.program.as_deref().unwrap_or("another run"),
                owner.process,
                owner.host,
                owner.since.to_rfc3339_opts(SecondsFormat::Secs, true)
            ),
            None => "another process".into(),
        }
    }

    fn read(file: &mut File) -> Option<Self> {
        file.rewind().ok()?;
        let mut text = String::new();
        file.take(LONGEST).read_to_string(&mut text).ok()?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let process = words.next()?.parse().ok()?;
        let host = words.next()?;
        let since = DateTime::parse_from_rfc3339(words.next()?).ok()?.to_utc();
        is_plain(host).then(|| Owner {
            process,
            host: host.to_owned(),
            since,
            program: words.next().filter(|word| is_plain(word)).map(Into::into),
        })
    }

    /// Tells whether there is certainly no such process.
    fn is_gone(&self) -> bool {
        let processes = Path::new("/proc");
        self.host == host_name()
            && processes.join("self").exists()
            && !processes.join(self.process.to_string()).exists()
    }
}

/// Tells whether a word can be shown as it is.
fn is_plain(word: &str) -> bool {
    word.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
}

/// Returns the name under which this program was started, without its folder.
fn program() -> Option<String> {
    let path = std::env::args_os().next()?;
    let name = Path::new(&path).file_name()?.to_str()?.to_owned();
    (is_plain(&name) && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_read_as_it_is_written() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"something longer that was there before, and more than that")
            .unwrap();
        let owner = Owner::of_this_process();
        owner.write(&mut file).unwrap();
        let read = Owner::read(&mut file).unwrap();
        assert_eq!((read.process, &read.host), (owner.process, &owner.host));
        let text = Owner::text(&mut file);
        let process = format!("{} (process {} on ", program().unwrap(), owner.process);
        assert!(text.starts_with(&process), "{text}");
    }

    #[test]
    fn a_dead_owner_is_not_named() {
        let mut file = tempfile::tempfile().unwrap();
        let owner = Owner {
            process: 0x7fff_fff0,
            ..Owner::of_this_process()
        };
        owner.write(&mut file).unwrap();
        assert_eq!(Owner::text(&mut file), "another process");
    }

    #[test]
    fn a_line_of_an_earlier_version_is_understood() {
        let owner = Owner::parse("7 host 2026-11-23T22:44:00Z").unwrap();
        assert_eq!((owner.process, owner.program), (7, None));
        let hostile = Owner::parse("7 host 2026-11-23T22:44:00Z \x1b[31m").unwrap();
        assert_eq!(hostile.program, None);
    }

    #[test]
    fn a_foreign_text_is_no_owner() {
        for text in [
            "",
            "1",
            "1 host",
            "1 host yesterday",
            "1 \x1b[31m 2026-11-23T22:44:00Z",
        ] {
            assert_eq!(Owner::parse(text), None, "{text:?}");
        }
    }
}
