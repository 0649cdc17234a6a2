//! HTTP over `wasi:http`: the client of both the Arvados API and Keep, and the one of registries.

mod failure;
mod send;
mod wire;

use std::fmt;
use std::time::Duration;

use keepdocker_arvados::http::{Answer, Failure, Http, Reading, Request, Waits};

pub(crate) use wire::Connections;

use crate::bindings::log::Level;
use crate::session;
use crate::settings::Settings;

/// The longest block.
const MAXIMUM_BLOCK: usize = 64 << 20;

/// Sends requests with the user's token.
#[derive(Clone)]
pub(crate) struct Client {
    authorization: String,
}

impl Client {
    /// Creates a client for the servers that the settings name. Nothing is sent.
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            authorization: format!("Bearer {}", settings.token.expose()),
        }
    }
}

impl Http for Client {
    /// Memory is not used again here. An answer is always read to its end: a stream that is given up is not
    /// something that every runtime takes well.
    async fn exchange(&self, request: Request, reading: Reading) -> Result<Answer, Failure> {
        let limit = match reading {
            Reading::Whole { limit, .. } => limit,
            Reading::Beginning(_) => MAXIMUM_BLOCK,
        };
        send::exchange(request, &self.authorization, limit)
    }
}

impl Waits for Client {
    fn notify(&self, sentence: &str) {
        session::message(Level::Warning, sentence);
    }

    async fn pause(&self, delay: Duration) {
        std::thread::sleep(delay);
    }
}

/// Leaves the token out.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
