//! The Arvados API as the component has it.
//!
//! What is asked, what the answers mean, and when to try again is `keepdocker_arvados`', which knows neither the
//! contract nor the HTTP client.

pub(crate) mod host;

use crate::bindings;
use crate::http::Client;

pub(crate) use keepdocker_arvados::api::links;

keepdocker_arvados::contract!(bindings);

/// The API of one cluster over this program's client.
pub(crate) type Api = keepdocker_arvados::api::Api<Client>;

/// Links and collections as one run sees them.
pub(crate) type Objects = keepdocker_arvados::effects::Objects<Client>;
