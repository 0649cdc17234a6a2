//! A registry for many runs at a time, each of which asks for a repository of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::faults::{Fault, Manner};
use super::verbs::Verb;
use crate::support::FaultyRegistry;

/// The registry, and what each repository is to meet.
pub(super) struct Registry {
    registry: FaultyRegistry,
    plans: Arc<Mutex<HashMap<String, Plan>>>,
}

struct Plan {
    /// How many requests pass before.
    passes: usize,
    fault: Fault,
    manner: Manner,
    is_met: bool,
}

impl Registry {
    pub(super) fn start() -> Registry {
        let plans: Arc<Mutex<HashMap<String, Plan>>> = Arc::default();
        let shared = Arc::clone(&plans);
        let registry = FaultyRegistry::serve(&Verb::image(), move |asked| {
            let mut plans = shared.lock().unwrap();
            let repository = asked.path.split('/').nth(2)?;
            let plan = plans.get_mut(repository)?;
            if plan.passes > 0 {
                plan.passes -= 1;
                return None;
            }
            if plan.is_met && plan.manner == Manner::Once {
                return None;
            }
            plan.is_met = true;
            Some(plan.fault.deed())
        });
        Registry { registry, plans }
    }

    /// Its host and port.
    pub(super) fn host(&self) -> String {
        self.registry.host()
    }

    /// Plans what a repository is to meet after so many requests.
    pub(super) fn plan(&self, repository: &str, passes: usize, fault: Fault, manner: Manner) {
        let plan = Plan {
            passes,
            fault,
            manner,
            is_met: false,
        };
        self.plans.lock().unwrap().insert(repository.into(), plan);
    }

    /// Forgets what a repository was to meet, and tells whether it did.
    pub(super) fn clear(&self, repository: &str) -> bool {
        let plan = self.plans.lock().unwrap().remove(repository);
        plan.is_some_and(|plan| plan.is_met)
    }

    /// The requests for what a repository has.
    pub(super) fn requests(&self, repository: &str) -> Vec<String> {
        let asked = self.registry.asked(&format!("/v2/{repository}/"));
        asked.into_iter().map(|asked| asked.path).collect()
    }
}
