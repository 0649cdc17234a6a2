//! An engine's command and all that it starts, which end together.
//!
//! The engine's program may be a wrapper, whose child does the work. So the command gets a process
//! group of its own, and the group is what is ended. Where this program is ended itself, by
//! whatever, a guard in the group sees its pipe close, and ends the group in its place.
//!
//! ```text
//! this program ══ pipe ══▶ guard ┐
//!      └─ starts ─▶ wrapper ─▶ docker   one group
//! ```
//! At a terminal there is none of this: what is not in the terminal's foreground may not ask there for
//! a password, as `ssh` and `sudo` do, and its keys reach the engine by themselves. Then the
//! children are looked for in the system's list of processes.
#![expect(
    unsafe_code,
    reason = "process groups and signals can be had in no other way"
)]

use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, Command, Stdio};

/// What the guard does: it waits for the end of its input, and ends its group, itself with it.
const VIGIL: &str = "read -r word; kill -s KILL 0";

/// An engine's command and all that it started. Dropping it ends them, unless the command has ended
/// by itself.
#[derive(Debug)]
pub(super) struct Family {
    /// Whether the command has a group of its own.
    is_apart: bool,
    guard: Option<Guard>,
    /// The command itself.
    head: Option<libc::pid_t>,
}

/// A process that ends the group when this program is no more.
#[derive(Debug)]
struct Guard {
    child: Child,
    /// Its number, which is the group's.
    id: libc::pid_t,
    /// Closed when this program ends, however that happens.
    _line: ChildStdin,
}

impl Family {
    /// Prepares a command to be the head of a family.
    pub(super) fn found(command: &mut Command) -> Self {
        let is_apart = !is_in_foreground();
        let guard = if is_apart { Guard::start() } else { None };
        if is_apart {
            // Without a guard, the command begins the group.
            command.process_group(guard.as_ref().map_or(0, |guard| guard.id));
        }
        Self {
            is_apart,
            guard,
            head: None,
        }
    }

    /// Says that the command runs.
    pub(super) fn begun(&mut self, head: Option<u32>) {
        self.head = head.and_then(|head| head.try_into().ok());
    }

    /// Says that the command has ended by itself: what it left running is meant to run.
    pub(super) fn ended(&mut self) {
        self.head = None;
        if let Some(mut guard) = self.guard.take() {
            guard.dismiss();
        }
    }

    /// Ends the command and all that it started.
    pub(super) fn end(&mut self) {
        let Some(head) = self.head.take() else {
            return self.ended();
        };
        if self.is_apart {
            let group = self.guard.as_ref().map_or(head, |guard| guard.id);
            // SAFETY: the call gets numbers alone. The group is the command's own as long as its
            // first process has not been waited for, which is done after this.
            unsafe { libc::killpg(group, libc::SIGKILL) };
        } else {
            let mut members = vec![head];
            add_descendants(&mut members);
            for member in members {
                // SAFETY: the call gets numbers alone.
                unsafe { libc::kill(member, libc::SIGKILL) };
            }
        }
        self.ended();
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        self.end();
    }
}

impl Guard {
    /// Starts a guard; none where there is no shell, and then an end of this program by SIGKILL ends
    /// the command alone.
    fn start() -> Option<Self> {
        let mut child = Command::new("/bin/sh")
            .args(["-c", VIGIL])
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .ok()?;
        let line = child.stdin.take()?;
        let id = child.id().try_into().ok()?;
        Some(Self {
            child,
            id,
            _line: line,
        })
    }

    /// Ends the guard alone. Both calls fail only if it has ended.
    fn dismiss(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Tells whether this program may talk to the terminal that it was started from.
fn is_in_foreground() -> bool {
    use std::os::fd::AsRawFd as _;

    std::fs::File::open("/dev/tty").is_ok_and(|terminal| {
        // SAFETY: the handle is open as long as `terminal` lives, and the calls get numbers alone.
        unsafe { libc::tcgetpgrp(terminal.as_raw_fd()) == libc::getpgrp() }
    })
}

/// Adds the children of these processes, their children, and so on, as far as the system tells.
fn add_descendants(members: &mut Vec<libc::pid_t>) {
    /// No family of an engine's command comes near this.
    const MOST: usize = 4096;

    let mut next = 0;
    while let Some(member) = members.get(next).filter(|_| members.len() < MOST) {
        next += 1;
        // Each thread has children of its own.
        let Ok(threads) = std::fs::read_dir(format!("/proc/{member}/task")) else {
            continue;
        };
        for thread in threads.flatten() {
            let listed = std::fs::read_to_string(thread.path().join("children"));
            let children = listed.unwrap_or_default();
            let children = children.split_ascii_whitespace();
            members.extend(children.filter_map(|child| child.parse::<libc::pid_t>().ok()));
        }
    }
}
