//! How a program ends.

/// The exit codes of `keepdocker`; `docs/exit-codes.md` explains them to users.
///
/// The drop-in `arv-keepdocker` promises only 0, 1 and 2, as the Python program does: 2 is for what
/// its parser of the command line refuses, 1 for everything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The command did what it was asked.
    Done = 0,
    /// It failed.
    Failed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The policy withholds an operation that the command needs.
    Denied = 3,
    /// There is no such image.
    NoSuchImage = 4,
    /// The name or ID denotes more than one image.
    AmbiguousImage = 5,
    /// Another process kept a lock beyond the time limit.
    LockTimedOut = 6,
    /// There is no configuration, or the cluster does not accept the token.
    Unauthorized = 7,
    /// An audit log was altered, or a run came out otherwise when it was replayed.
    Tampered = 8,
    /// An audit log has no last line: the run was killed, or goes on still.
    Incomplete = 9,
    /// The component does not fit the contract, used up a limit, or broke off.
    Component = 10,
    /// A plan does not fit any more, and nothing was registered.
    OffPlan = 11,
}

impl Exit {
    /// Returns the code that the operating system gets to see.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// Returns the nearest code that the Python program knows.
    #[must_use]
    pub fn drop_in(self) -> Self {
        match self {
            Self::Done => self,
            // The parser of the command line ends the program by itself; what it lets through and
            // is found wrong later, such as two tags, is a failure like any other.
            _ => Self::Failed,
        }
    }
}
