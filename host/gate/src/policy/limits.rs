//! How much a run may use up.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::document::{Document, Entry, Table, entry};
use super::origin::Origin;
use super::quantity::{self, show_seconds, show_size};
use crate::Verb;

/// The keys of the table.
pub(super) const LIMIT_KEYS: [&str; 8] = [
    "memory",
    "fuel",
    "deadline",
    "host-calls",
    "keep-bytes",
    "registry-bytes",
    "writes",
    "calls",
];

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Bytes of the component's memory.
    Memory,
    /// Units of computing, about one WebAssembly instruction each.
    Fuel,
    /// Seconds from the command's start to its end.
    Deadline,
    /// Calls of the component to the host.
    HostCalls,
    /// Bytes sent to Keep, each replica counted once.
    KeepBytes,
    /// Bytes of layers that come from registries.
    RegistryBytes,
    /// Objects created on the cluster: links and collections.
    Writes,
    /// Calls to the interface in this place of [`Verb::INTERFACES`].
    Calls(usize),
}

/// How many limits there are apart from those for each interface.
const SINGLE: usize = 7;

impl Counted {
    /// The limits that have a key of their own.
    pub(super) const KEYS: [(&'static str, Self); SINGLE] = [
        ("memory", Self::Memory),
        ("fuel", Self::Fuel),
        ("deadline", Self::Deadline),
        ("host-calls", Self::HostCalls),
        ("keep-bytes", Self::KeepBytes),
        ("registry-bytes", Self::RegistryBytes),
        ("writes", Self::Writes),
    ];

    fn index(self) -> usize {
        match self {
            Self::Memory => 0,
            Self::Fuel => 1,
            Self::Deadline => 2,
            Self::HostCalls => 3,
            Self::KeepBytes => 4,
            Self::RegistryBytes => 5,
            Self::Writes => 6,
            Self::Calls(interface) => SINGLE + interface,
        }
    }

    /// Writes a value of the limit as a policy does.
    pub(super) fn show(self, value: u64) -> String {
        match self {
            Self::Memory | Self::KeepBytes | Self::RegistryBytes => show_size(value),
            Self::Deadline => show_seconds(value),
            Self::Fuel | Self::HostCalls | Self::Writes | Self::Calls(_) => value.to_string(),
        }
    }

    /// Returns every limit that there can be.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        Self::KEYS
            .iter()
            .map(|(_, counted)| *counted)
            .chain((0..Verb::INTERFACES.len()).map(Self::Calls))
    }
}

/// Writes the limit's place in the file, such as `limits.calls.engine`.
impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Calls(interface) => {
                write!(f, "limits.calls.{}", Verb::INTERFACES[*interface])
            }
            _ => write!(f, "limits.{}", Self::KEYS[self.index()].0),
        }
    }
}

/// One limit, and where it is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// What is counted.
    pub counted: Counted,
    /// The most that there may be.
    pub value: u64,
    /// Whose policy sets it.
    pub origin: Origin,
    /// The file that sets it.
    pub file: Arc<str>,
    /// The line in it, from 1.
    pub line: usize,
}

/// The limits of one layer, or of all: then each is the smallest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    limits: [Option<Limit>; SINGLE + Verb::INTERFACES.len()],
}

impl Limits {
    /// Reads the table `limits` of a policy.
    pub(super) fn read(document: &mut Document<'_>, origin: Origin, top: &Table<'_>) -> Self {
        let mut limits = Self::default();
        let Some(entry_of_limits) = entry(top, "limits") else {
            return limits;
        };
        let Some(table) = document.table(&entry_of_limits) else {
            return limits;
        };
        document.known_keys(table, "`limits`", &LIMIT_KEYS);
        for (key, counted) in Counted::KEYS {
            if let Some(limit) = entry(table, key) {
                read_limit(document, origin, &mut limits, counted, &limit);
            }
        }
        let Some(calls) = entry(table, "calls") else {
            return limits;
        };
        let Some(table) = document.table(&calls) else {
            return limits;
        };
        document.known_keys(table, "`limits.calls`", &Verb::INTERFACES);
        for (index, interface) in Verb::INTERFACES.iter().enumerate() {
            if let Some(limit) = entry(table, interface) {
                read_limit(document, origin, &mut limits, Counted::Calls(index), &limit);
            }
        }
        limits
    }

    /// Adds a limit, unless there is one that is smaller.
    pub(super) fn tighten(&mut self, limit: Limit) {
        let place = &mut self.limits[limit.counted.index()];
        if place
            .as_ref()
            .is_none_or(|present| limit.value < present.value)
        {
            *place = Some(limit);
        }
    }

    /// Returns the limit on something, if there is one.
    #[must_use]
    pub fn get(&self, counted: Counted) -> Option<&Limit> {
        self.limits[counted.index()].as_ref()
    }

    /// Returns every limit that is set.
    pub fn iter(&self) -> impl Iterator<Item = &Limit> {
        self.limits.iter().flatten()
    }

    fn value(&self, counted: Counted) -> u64 {
        self.get(counted).map_or(u64::MAX, |limit| limit.value)
    }

    /// Returns how many bytes of memory the component may have.
    #[must_use]
    pub fn memory(&self) -> usize {
        usize::try_from(self.value(Counted::Memory)).unwrap_or(usize::MAX)
    }

    /// Returns how much the component may compute.
    #[must_use]
    pub fn fuel(&self) -> u64 {
        self.value(Counted::Fuel)
    }

    /// Returns how long a command may take.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        Duration::from_secs(self.value(Counted::Deadline))
    }
}

fn read_limit(
    document: &mut Document<'_>,
    origin: Origin,
    limits: &mut Limits,
    counted: Counted,
    entry: &Entry<'_, '_>,
) {
    let at = entry.value.span();
    let value = match counted {
        Counted::Memory | Counted::KeepBytes | Counted::RegistryBytes => {
            document.quantity(entry, quantity::size, quantity::SIZE)
        }
        Counted::Deadline => document.quantity(entry, quantity::seconds, quantity::DURATION),
        Counted::Fuel | Counted::HostCalls | Counted::Writes | Counted::Calls(_) => {
            document.number(entry)
        }
    };
    let Some(value) = value else { return };
    let least = u64::from(matches!(
        counted,
        Counted::Memory | Counted::Fuel | Counted::Deadline | Counted::HostCalls
    ));
    if value < least {
        document.fault(at, "with 0 of this nothing can run");
        return;
    }
    let line = document.line(&at);
    limits.tighten(Limit {
        counted,
        value,
        origin,
        file: Arc::clone(&document.file),
        line,
    });
}
