//! Whether a link that is made now is later for the server than one that is there.
//!
//! Nothing but what the server makes tells its time.

use crate::capabilities::links;
use crate::timestamp::Timestamp;

/// The server's clock, as far as it matters whether a link is later than another.
#[derive(Debug)]
pub(super) struct Clock {
    /// The second of the latest link that a new one has to come after; none if there is none.
    last: Option<i64>,
}

impl Clock {
    /// Makes the clock for links with these names.
    pub(super) fn new(former: &[links::Link], names: &[String]) -> Self {
        let is_meant =
            |link: &&links::Link| link.class == links::Class::RepoTag && names.contains(&link.name);
        let seconds = |link: &links::Link| second(&link.created_at);
        Self {
            last: former.iter().filter(is_meant).filter_map(seconds).max(),
        }
    }

    /// Tells whether what is made after this time is later for the server, too.
    pub(super) fn is_past(&self, created_at: &str) -> bool {
        second(created_at) > self.last
    }
}

/// Returns the second of a time of the server's.
fn second(time: &str) -> Option<i64> {
    Timestamp::parse(time).map(Timestamp::seconds)
}

/// Tells whether nothing is made in truth, so that the time is not the server's.
pub(super) fn is_planned(uuid: &str) -> bool {
    crate::pattern::holds(uuid, "-plan0000")
}
