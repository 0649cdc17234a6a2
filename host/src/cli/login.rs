//! `keepdocker login`.

use clap::Args;

use super::invocation::{Execute, Invocation};
use super::whoami::in_words;
use crate::output::{Exit, Level, Report};
use crate::progress::{Look, show};
use crate::run::Surroundings;
use crate::settings::keeping;
use crate::settings::origins;
use crate::terminal;

/// Check a token, and keep it for this user in settings.conf.
#[derive(Debug, Args)]
#[command(
    about = "Check a token, and keep it for this user in settings.conf",
    after_help = "\
Examples:
  keepdocker login zzzzz.example.org
  keepdocker login zzzzz.example.org <token.txt
  keepdocker login zzzzz.example.org --cluster zzzzz

Workbench shows the token under `Get API token`. It is asked for, or read from standard input, and never shown; what the cluster does not accept is not kept. All Arvados clients read the file; nobody else can."
)]
pub(crate) struct Login {
    /// The cluster's API host [default: that which is set].
    pub host: Option<String>,
}

impl Execute for Login {
    async fn run(self, invocation: Invocation) -> Result<(), Report> {
        let console = invocation.console;
        if invocation.options.sandbox.is_some() {
            return Err(Report::new(
                Exit::Usage,
                "the embedded cluster has a token of its own, and there is nothing to log in to",
            )
            .advise("leave out `login`, or `--sandbox`"));
        }
        let environment = invocation.environment.clone();
        let set = || {
            let settings = origins::of_cluster(&environment);
            let host = settings
                .into_iter()
                .find(|setting| setting.name == "ARVADOS_API_HOST");
            host.and_then(|host| host.value)
        };
        let Some(host) = self.host.or_else(set) else {
            return Err(
                Report::new(Exit::Usage, "which cluster is meant is not known")
                    .advise("name its API host: `keepdocker login zzzzz.example.org`"),
            );
        };
        let host = host.trim().to_owned();
        let prompt = format!("token for {host} (it is not shown): ");
        let token = tokio::task::spawn_blocking(move || terminal::read_secret(console, &prompt))
            .await
            .unwrap_or_else(|_| Err(std::io::Error::other("the terminal cannot be read")))
            .map_err(|error| {
                Report::new(Exit::Failed, format!("the token cannot be read: {error}"))
            })?;
        let token = token.trim().to_owned();
        if token.is_empty() {
            return Err(Report::new(Exit::Usage, "no token was given")
                .advise("paste the one that Workbench shows under `Get API token`"));
        }
        let asking = environment
            .clone()
            .with("ARVADOS_API_HOST", &host)
            .with("ARVADOS_API_TOKEN", &token);
        let progress = show(Look::None, console);
        let surroundings = Surroundings::new(invocation.options, asking, console, progress).await?;
        let who = surroundings.who_am_i().await?;
        let file = keeping::keep(&environment, &host, &token).map_err(|error| {
            Report::new(
                Exit::Failed,
                format!("the token is good, and cannot be kept in settings.conf: {error}"),
            )
            .advise("mend that, or set ARVADOS_API_HOST and ARVADOS_API_TOKEN")
        })?;
        console.message(
            Level::Info,
            &format!(
                "logged in to {} as {}; the token is in {}, which nobody else can read",
                who.cluster,
                in_words(&who),
                file.display()
            ),
        );
        if let Some(reason) = keeping::hidden_by(&environment) {
            console.message(Level::Warning, &format!("it does not count yet: {reason}"));
        }
        Ok(())
    }
}
