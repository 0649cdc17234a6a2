//! What a command finds around it: settings, cluster or sandbox, engine, cache, console.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use keepdocker_console::{Console, Exit, Level, Report, conceal};

use super::embedded::{Embedded, Started};
use super::ending::{no_key, no_policy};
use crate::api::{Api, Objects};
use crate::archive::{Archives, Location};
use crate::audit::{self, Mask};
use crate::cache::Place;
use crate::component::Capabilities;
use crate::engine::{self, Engine, LocalEngine, Passed};
use crate::http::{self, Client, Retry};
use crate::keep::{ArchiveStore, Destination, Identity, Keep};
use crate::locks::Locks;
use crate::messages::Messages;
use crate::plan::Effects;
use crate::policy::{AuditRules, Layer, Policy};
use crate::progress::Progress;
use crate::registry::{Lender, Registries};
use crate::settings::{CacheBase, Detour, Environment, Settings, Trust};
use crate::target::Target;

/// What the command line says of a command's surroundings.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    /// Use a cluster inside the program.
    pub sandbox: Option<Embedded>,
    /// The container engine's program.
    pub engine: Option<String>,
    /// Where the image comes from, if not from the engine.
    pub given: Option<Location>,
    /// Where a fetched image goes.
    pub target: Option<Target>,
    /// How often to repeat a request that fails for now.
    pub retries: u32,
    /// The same as long as the cluster was never reached; none for no difference.
    pub retries_at_first: Option<u32>,
    /// How many blocks to send at once.
    pub concurrency: Option<usize>,
    /// How long to wait for another process that works on the same image.
    pub lock_timeout: Option<Duration>,
    /// Keep nothing in the cache of what was sent, and go by nothing that is there.
    pub no_cache: bool,
    /// Policies on top of the program's, the machine's and the user's.
    pub policies: Vec<PathBuf>,
    /// Those of whom one must have signed an image of a registry: files with public keys, and `ISSUER#IDENTITY`; none to
    /// leave that to the policies.
    pub signers: Vec<String>,
    /// What certificates and logs of the latter are checked against.
    pub trusted_root: Option<PathBuf>,
    /// The component to run in place of the embedded one.
    pub component: Option<PathBuf>,
    /// Whether to show each call of the component.
    pub trace: bool,
    /// Whether to keep no audit log.
    pub no_audit: bool,
    /// The words of the command line, for the audit log.
    pub arguments: Vec<String>,
}

impl Options {
    /// Returns the engine that the user has or chose, with the variables that it is to get.
    ///
    /// # Errors
    /// If the list of variables cannot be meant.
    pub(crate) fn engine(&self, environment: &Environment) -> Result<Engine, Report> {
        let list = environment.text(engine::SETTING).unwrap_or_default();
        let passed = Passed::parse(&list).map_err(|error| {
            Report::new(Exit::Usage, format!("{} cannot be used", engine::SETTING))
                .detail(error.to_string())
        })?;
        Ok(Engine::new(self.engine.as_deref()).passing(passed))
    }
}

/// The surroundings of one command.
pub(crate) struct Surroundings {
    console: Console,
    environment: Environment,
    settings: Settings,
    options: Options,
    progress: Arc<dyn Progress>,
    /// What becomes of the writes of the next command.
    pub(super) effects: Effects,
    /// Lives as long as the command that uses it.
    _sandbox: Option<Started>,
}

impl Surroundings {
    /// Gathers the surroundings, starting the sandbox if there is to be one.
    ///
    /// # Errors
    /// If there is no usable configuration, or the sandbox does not start.
    pub(crate) async fn new(
        options: Options,
        mut environment: Environment,
        console: Console,
        progress: Arc<dyn Progress>,
    ) -> Result<Self, Report> {
        // No certificate is valid then, and what checks them does not count so far back.
        if SystemTime::now() < SystemTime::UNIX_EPOCH {
            return Err(Report::new(
                Exit::Failed,
                "the clock of this machine says that it is before 1970",
            )
            .advise("set the clock, and run the command again"));
        }
        let sandbox = match &options.sandbox {
            None => None,
            Some(embedded) => {
                let started = embedded.start().await?;
                for (name, value) in &started.environment {
                    environment = environment.with(name, value);
                }
                Some(started)
            }
        };
        let settings = Settings::load(&environment).map_err(|error| {
            let report = Report::new(Exit::Unauthorized, error.to_string());
            match error {
                crate::settings::Error::Missing { hints, .. } => hints
                    .into_iter()
                    .fold(report, Report::detail)
                    .advise("to try without a cluster, use `keepdocker --sandbox`, which runs an embedded one"),
                _ => report,
            }
        })?;
        let console = if settings.debug {
            console.debugging()
        } else {
            console
        };
        // What a server says of a request may repeat what came with it.
        let mut secrets = environment.secrets();
        secrets.extend(settings.secrets());
        let mask = Mask::new(secrets);
        conceal(move |text| mask.text(text).into_owned());
        let elsewhere = CacheBase::new(&environment).and_then(|base| base.warning());
        for warning in settings.warnings.iter().chain(&elsewhere) {
            console.message(Level::Warning, warning);
        }
        Ok(Self {
            console,
            environment,
            settings,
            options,
            progress,
            effects: Effects::default(),
            _sandbox: sandbox,
        })
    }

    pub(super) fn console(&self) -> Console {
        self.console
    }

    /// Loads the policies that are in force, and what the command line demands of signatures.
    pub(super) fn load_policy(&self) -> Result<Policy, Report> {
        let sources = self.environment.policies(self.options.policies.clone());
        let policy = Policy::load(&sources).map_err(no_policy)?;
        match &*self.options.signers {
            [] => Ok(policy),
            signers => {
                let layer = Layer::of_signers(signers, self.options.trusted_root.as_deref())
                    .map_err(no_key)?;
                policy.and(layer).map_err(no_policy)
            }
        }
    }

    pub(super) fn component(&self) -> Option<&Path> {
        self.options.component.as_deref()
    }

    pub(super) fn host(&self) -> String {
        self.settings.host()
    }

    /// Returns the address of a collection's page in Workbench for somebody at a terminal; none where the cluster has no
    /// Workbench or does not say so. A script is not made to wait for a further request.
    pub(crate) async fn page_of(&self, collection: &str) -> Option<String> {
        if !self.console.is_terminal() {
            return None;
        }
        let capabilities = self.capabilities().ok()?;
        let cluster = capabilities.api.api().cluster().await.ok()?;
        Some(cluster.page_of(collection)?.into())
    }

    /// Tells whether any certificate of the cluster counts as good.
    pub(super) fn trusts_anything(&self) -> bool {
        self.settings.trust == Trust::Anything
    }

    pub(super) fn detours(&self) -> Vec<Detour> {
        self.settings.detours()
    }

    /// Returns the texts that must not stand in a log.
    pub(super) fn secrets(&self) -> Vec<String> {
        let mut secrets = self.settings.secrets();
        secrets.extend(self.environment.secrets());
        secrets
    }

    /// Returns how the policy has the log kept.
    pub(super) fn log_options(&self, rules: &AuditRules) -> Result<audit::Options, audit::Error> {
        self.environment.audit_options(rules)
    }

    /// Returns the engine that the user has or chose.
    pub(super) fn engine(&self) -> Result<Engine, Report> {
        self.options.engine(&self.environment)
    }

    /// Returns where the cache is.
    pub(super) fn cache(&self) -> Place {
        Place::new(CacheBase::new(&self.environment).map(|base| base.path))
    }

    pub(super) fn omits_log(&self) -> bool {
        self.options.no_audit
    }

    pub(super) fn arguments(&self) -> &[String] {
        &self.options.arguments
    }

    pub(super) fn traces(&self) -> bool {
        self.options.trace || self.settings.debug
    }

    /// Makes the capabilities for one command. Nothing is sent, opened or started yet.
    pub(crate) fn capabilities(&self) -> Result<Capabilities, Report> {
        let console = self.console;
        let messages = Messages::new(move |level, text| console.message(level, text));
        let retry = Retry {
            retries: self.options.retries,
            ..Retry::default()
        };
        let client = Client::new(&self.settings)
            .map_err(unusable_client)?
            .notifying(Arc::new(move |sentence| {
                console.message(Level::Info, sentence)
            }));
        let settings = &self.settings;
        let api = Api::new(settings.api.clone(), client.clone(), retry)
            .trying_at_first(self.options.retries_at_first.unwrap_or(u32::MAX));
        let api = Arc::new(api);
        let given = settings.keep_services.as_deref();
        let keep = Arc::new(Keep::new(given, client, api.clone(), retry));
        let engine = self.engine()?;
        let lender = Lender::new(
            &self.environment,
            &self.settings,
            engine.passed().clone(),
            messages.clone(),
        )
        .map_err(|reason| Report::new(Exit::Usage, reason))?;
        let cache = Arc::new(self.cache());
        let store = ArchiveStore::new(
            keep,
            self.options.concurrency,
            self.progress.clone(),
            Destination {
                target: self.options.target.clone(),
                scratch: cache.scratch().to_owned(),
            },
            messages.clone(),
            self.effects.clone(),
        );
        Ok(Capabilities {
            archives: Archives::new(
                engine.clone(),
                self.options.given.clone(),
                cache.clone(),
                self.effects.clone(),
                Registries::new(
                    self.environment.clone(),
                    retry,
                    lender,
                    cache.scratch().to_owned(),
                ),
            ),
            engine: LocalEngine::new(engine, messages.clone(), self.effects.clone()),
            keep: if self.options.no_cache {
                store
            } else {
                store.with_journals(cache.clone(), Identity::new(settings))
            },
            locks: Locks::new(cache, self.options.lock_timeout, messages.clone()),
            messages,
            api: Objects::new(api, self.effects.clone()),
        })
    }
}

fn unusable_client(error: http::Error) -> Report {
    let report = Report::new(Exit::Failed, error.to_string());
    match error {
        http::Error::Certificates { .. } => {
            report.advise("name another file, or unset the variable that names this one")
        }
        http::Error::NoCertificates { .. } => report.advise(
            "install your system's package of them (it is called `ca-certificates`), or set SSL_CERT_FILE to a file that has some",
        ),
        http::Error::Setup(_) => report,
    }
}
