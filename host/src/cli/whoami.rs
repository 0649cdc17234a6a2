//! `keepdocker whoami`.

use clap::Args;
use serde_json::json;

use super::invocation::{Execute, Invocation};
use super::request;
use crate::harmless::escape;
use crate::output::Report;
use crate::run::WhoAmI;

/// Show whom the token stands for, on which cluster, and until when.
#[derive(Debug, Args)]
#[command(
    about = "Show whom the token stands for, on which cluster, and until when",
    after_help = "\
Examples:
  keepdocker whoami
  keepdocker whoami --json
  keepdocker whoami --cluster zzzzz"
)]
pub(crate) struct WhoAmIArguments {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Execute for WhoAmIArguments {
    fn is_json(&self) -> bool {
        self.json
    }

    async fn run(self, invocation: Invocation) -> Result<(), Report> {
        let console = invocation.console;
        let who = invocation.surroundings().await?.who_am_i().await?;
        let text = match self.json {
            true => as_json(&who),
            false => in_lines(&who),
        };
        request::answer(console, text)
    }
}

fn as_json(who: &WhoAmI) -> String {
    let account = &who.account;
    let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let document = json!({
        "schema": "keepdocker.whoami/1",
        "user": account.user,
        "name": known(&account.name),
        "email": known(&account.email),
        "is_admin": account.is_admin,
        "cluster": who.cluster,
        "host": who.host,
        "token_ends": account.token_ends,
    });
    format!("{document}\n")
}

fn in_lines(who: &WhoAmI) -> String {
    let account = &who.account;
    let ends = match &account.token_ends {
        Some(moment) => format!("ends {moment}"),
        None => "does not say when it ends".to_owned(),
    };
    let admin = if account.is_admin {
        " (administrator)"
    } else {
        ""
    };
    let lines = [
        ("name", account.name.clone()),
        ("email", account.email.clone()),
        ("user", format!("{}{admin}", account.user)),
        ("cluster", format!("{} at {}", who.cluster, who.host)),
        ("token", ends),
    ];
    lines
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(what, value)| format!("{what:8} {}\n", escape(value)))
        .collect()
}

/// Returns the user in a few words, for a sentence.
pub(super) fn in_words(who: &WhoAmI) -> String {
    let account = &who.account;
    match account.name.as_str() {
        "" => account.user.clone(),
        name => format!("{name} ({})", account.user),
    }
}
