//! What the program lends that reads from registries: helpers, an ear.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use keepdocker_wording::harmless::one_line;
use url::Url;

/// Of an address, no more than this is shown.
const LONGEST_ADDRESS: usize = 500;

/// Something that comes later.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One request and what came of it, as far as it may be known to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// `GET`, `HEAD` or `POST`.
    pub method: &'static str,
    /// The address without its query, its user and its fragment.
    pub url: String,
    /// The status of the answer; none if no answer came.
    pub status: Option<u16>,
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}: ",
            self.method,
            one_line(&self.url, LONGEST_ADDRESS)
        )?;
        match self.status {
            Some(status) => write!(f, "{status}"),
            None => f.write_str("no answer"),
        }
    }
}

/// What a helper wrote, and how it ended.
#[derive(Clone, PartialEq, Eq)]
pub struct HelperOutput {
    /// Whether its status was 0.
    pub succeeded: bool,
    /// What it wrote to standard output; a login if it succeeded.
    pub output: Vec<u8>,
}

/// What the program lends that reads from registries.
pub trait Program: Send + Sync + 'static {
    /// Runs `docker-credential-NAME get` with the server's name on standard input.
    ///
    /// The error is the end of a sentence that begins with the helper's name.
    fn helper(&self, name: String, server: String) -> Later<'_, Result<HelperOutput, String>>;

    /// Is asked before each request, redirects included.
    ///
    /// # Errors
    /// If the address must not be asked; with the reason.
    fn admit(&self, url: &Url) -> Result<(), String>;

    /// Is told of each request once its status is known, or that there will be none.
    fn record(&self, exchange: &Exchange);

    /// Tells the user something that may be of interest.
    fn notify(&self, sentence: &str);

    /// Warns the user.
    fn warn(&self, sentence: &str);
}

/// Leaves the login out.
impl std::fmt::Debug for HelperOutput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HelperOutput")
            .field("succeeded", &self.succeeded)
            .finish_non_exhaustive()
    }
}
