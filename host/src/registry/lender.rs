//! What the client for registries is lent.

use std::fmt;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use keepdocker_console::Level;
use keepdocker_registry::{Certificates, Exchange, HelperOutput, Later, Network, Program};
use url::Url;

use crate::audit::Log;
use crate::engine::{Passed, helper};
use crate::harmless::one_line;
use crate::http::{Failure, RegistryTls};
use crate::messages::Messages;
use crate::policy::quantity;
use crate::settings::{ClientCertificate, Environment, Protocol, Proxies, Settings, Trust};

/// How long a helper may take where nothing is said.
const PATIENCE: Duration = Duration::from_secs(60);
/// After so long the user is told what is waited for.
const NOTEWORTHY: Duration = Duration::from_secs(5);
/// The longest line of a helper that is shown.
const LONGEST_LINE: usize = 300;

/// Lends certificates, proxies and helpers, and notes what is asked.
pub(crate) struct Lender {
    tls: RegistryTls,
    proxies: Proxies,
    passed: Passed,
    patience: Duration,
    messages: Messages,
    /// Its end is written once the command lets go of it, which must not wait for a request that is still on its way.
    log: OnceLock<Weak<Log>>,
}

impl Lender {
    /// Makes one of what the environment and the settings say; `passed` are the variables that helpers get, too.
    ///
    /// # Errors
    /// If the time that helpers may take is none.
    pub(crate) fn new(
        environment: &Environment,
        settings: &Settings,
        passed: Passed,
        messages: Messages,
    ) -> Result<Self, String> {
        let patience = match environment.text("KEEPDOCKER_HELPER_TIMEOUT") {
            None => PATIENCE,
            Some(text) => text
                .parse()
                .ok()
                .or_else(|| quantity::seconds(&text))
                .map(Duration::from_secs)
                .ok_or("KEEPDOCKER_HELPER_TIMEOUT is no duration; write it like 90s or 5m")?,
        };
        Ok(Self {
            tls: RegistryTls::new(Trust::usual(environment)),
            proxies: settings.proxies.clone(),
            passed,
            patience,
            messages,
            log: OnceLock::new(),
        })
    }

    /// Has each request written down in this log.
    pub(super) fn log_to(&self, log: &Arc<Log>) {
        // There is one log for a run.
        let _ = self.log.set(Arc::downgrade(log));
    }
}

impl Network for Lender {
    fn tls(&self, certificates: &Certificates) -> Result<rustls::ClientConfig, String> {
        let shown = certificates.shown.as_ref();
        let shown = shown.map(|(certificate, key)| ClientCertificate {
            certificate: certificate.clone(),
            key: key.clone(),
        });
        self.tls
            .config(
                &certificates.authorities,
                shown.as_ref(),
                certificates.trusts_anything,
            )
            .map_err(|error| error.to_string())
    }

    fn proxy(&self, url: &Url) -> Option<Url> {
        let host = url.host_str()?.trim_matches(['[', ']']);
        let port = url.port_or_known_default()?;
        let proxy = self.proxies.route(url.scheme() == "https", host, port)?;
        let scheme = match proxy.protocol {
            Protocol::Http => "http",
            Protocol::Https => "https",
            Protocol::Socks4 => "socks4",
            Protocol::Socks4a => "socks4a",
            Protocol::Socks5 => "socks5",
            Protocol::Socks5h => "socks5h",
        };
        let mut address = Url::parse(&format!("{scheme}://{}", proxy.address())).ok()?;
        if let Some(login) = &proxy.login {
            // Both fail for addresses without a host alone.
            let _ = address.set_username(&login.user);
            let _ = address.set_password(Some(&login.password));
        }
        Some(address)
    }

    fn explain(&self, error: &(dyn std::error::Error + 'static)) -> Failure {
        self.tls.explain(error)
    }
}

impl Program for Lender {
    fn helper(&self, name: String, server: String) -> Later<'_, Result<HelperOutput, String>> {
        Box::pin(async move {
            let program = format!("docker-credential-{name}");
            let report = |line: &str| {
                let line = one_line(line, LONGEST_LINE);
                self.messages
                    .show(Level::Info, &format!("{program}: {line}"));
            };
            let asked = helper::ask(&program, &server, &self.passed, self.patience, report);
            let told = async {
                tokio::time::sleep(NOTEWORTHY).await;
                let text =
                    format!("still waiting for {program}, which is to know the login for {server}");
                self.messages.show(Level::Info, &text);
                std::future::pending::<()>().await;
            };
            let answered = tokio::select! {
                answered = asked => answered?,
                () = told => return Err("was not waited for".into()),
            };
            Ok(HelperOutput {
                succeeded: answered.succeeded,
                output: answered.output,
            })
        })
    }

    fn admit(&self, _: &Url) -> Result<(), String> {
        Ok(())
    }

    fn record(&self, exchange: &Exchange) {
        self.messages.show(Level::Debug, &exchange.to_string());
        if let Some(log) = self.log.get().and_then(Weak::upgrade) {
            log.asked(exchange.method, &exchange.url, exchange.status);
        }
    }

    fn notify(&self, sentence: &str) {
        self.messages.show(Level::Info, sentence);
    }

    fn warn(&self, sentence: &str) {
        self.messages.show(Level::Warning, sentence);
    }
}

impl fmt::Debug for Lender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lender").finish_non_exhaustive()
    }
}
