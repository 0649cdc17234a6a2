//! Stores one block on enough Keep services.
//!
//! Writing goes down the block's order of services until the wanted replicas are confirmed.
//! Services that fail for now are tried again in the next round; those that refuse are not.
//! What was stored in one round still counts in the next.

use std::collections::{BTreeMap, HashSet, VecDeque};

use futures_util::stream::{FuturesUnordered, StreamExt};
use keepdocker_wording::harmless::one_line;
use url::Url;

use super::block::Block;
use super::locator::Locator;
use super::service::{self, Service};
use super::tally::{Confirmed, Tally, Wanted};
use super::{Error, Keep};
use crate::http::{Answer, Http, RequestId, Setback, Watcher};

/// An answer to a PUT is a locator; longer ones are something else.
pub(super) const LARGEST_ANSWER: usize = 64 * 1024;

/// How one service answered.
#[derive(Debug)]
pub(super) enum Outcome {
    Stored(Locator, Confirmed),
    /// It may do better in the next round.
    Failed(String, Setback),
    /// It will not take this block.
    Refused(String),
    /// It does not accept the token.
    Unauthorized(String),
}

/// What is being sent.
#[derive(Clone, Copy)]
pub(super) struct Sending<'a> {
    pub(super) block: &'a Block,
    pub(super) id: &'a RequestId,
    pub(super) watcher: Option<&'a Watcher>,
}

/// What is known of the services in the course of one block.
#[derive(Default)]
struct Tried {
    /// Those not to be asked again, since they stored the block or refused to.
    finished: HashSet<Url>,
    /// What those that did not store it said the last time.
    reasons: BTreeMap<String, String>,
    unauthorized: usize,
    /// What the failures of this round have to say of the next.
    setback: Setback,
    /// The first locator, or the first that is signed.
    locator: Option<Locator>,
}

impl<H: Http> Keep<H> {
    /// Returns what a block must reach: what is asked for, else what the cluster's configuration
    /// says.
    ///
    /// Without storage classes in the answer, any will do; so it is where the services are given
    /// by hand, as with the Python client.
    ///
    /// # Errors
    /// If the cluster's configuration is needed and cannot be read.
    pub async fn wanted(
        &self,
        replicas: Option<u32>,
        storage_classes: &[String],
    ) -> Result<Wanted, Error> {
        let replicas = match replicas {
            Some(replicas) => replicas.max(1),
            None => self.services.api().cluster().await?.default_replication,
        };
        let storage_classes = if !storage_classes.is_empty() || self.services.are_given() {
            storage_classes
        } else {
            &self.services.api().cluster().await?.default_storage_classes
        };
        Ok(Wanted {
            replicas,
            storage_classes: storage_classes.iter().cloned().collect(),
        })
    }

    /// Stores a block, and returns its locator, signed where the cluster signs.
    ///
    /// # Errors
    /// If it did not reach what is wanted, after all retries.
    pub async fn put(&self, block: &Block, wanted: &Wanted) -> Result<Locator, Error> {
        self.put_watched(block, wanted, None).await
    }

    /// Stores a block as [`Keep::put`] does, and has `watcher` told how far each request that
    /// sends it has come.
    ///
    /// # Errors
    /// If it did not reach what is wanted, after all retries.
    pub async fn put_watched(
        &self,
        block: &Block,
        wanted: &Wanted,
        watcher: Option<Watcher>,
    ) -> Result<Locator, Error> {
        let id = RequestId::random();
        let mut tally = Tally::new(wanted);
        let mut tried = Tried::default();
        let mut attempts = self.retry.attempts();
        loop {
            let services = if attempts.failures() == 0 {
                self.services.list().await?
            } else {
                self.services.refreshed().await?
            };
            let writable: Vec<Service> = services
                .iter()
                .filter(|service| service.is_writable)
                .cloned()
                .collect();
            if writable.is_empty() {
                return Err(Error::NoServices);
            }
            let all_disks = writable.iter().all(|service| service.is_disk);
            let left: VecDeque<Service> = service::order(&writable, block.id().hash)
                .into_iter()
                .filter(|service| !tried.finished.contains(&service.root))
                .collect();
            let sending = Sending {
                block,
                id: &id,
                watcher: watcher.as_ref(),
            };
            tried.setback = Setback::default();
            self.round(sending, left, all_disks, &mut tally, &mut tried)
                .await;
            if tally.missing() == 0
                && let Some(locator) = tried.locator.take()
            {
                return Ok(locator);
            }
            let hopeless = writable
                .iter()
                .all(|service| tried.finished.contains(&service.root));
            let summary = || {
                let reasons: Vec<&str> = tried.reasons.values().map(String::as_str).collect();
                format!("block {}: {}", block.id(), reasons.join("; "))
            };
            if hopeless || !attempts.wait(&self.client, &summary(), tried.setback).await {
                return Err(failure(block, wanted, &tally, tried));
            }
        }
    }

    /// Asks services in turn until nothing is missing or no service is left.
    async fn round(
        &self,
        sending: Sending<'_>,
        mut left: VecDeque<Service>,
        all_disks: bool,
        tally: &mut Tally<'_>,
        tried: &mut Tried,
    ) {
        let mut running = FuturesUnordered::new();
        loop {
            // A disk takes one replica, so several are asked at once; others place replicas
            // themselves, and a second is asked only if the first could not place all.
            let most = if all_disks {
                tally.missing() as usize
            } else {
                1
            };
            while running.len() < most.max(1) && tally.missing() > 0 {
                let Some(service) = left.pop_front() else {
                    break;
                };
                let replicas = tally.missing();
                let classes = tally.pending_classes().join(", ");
                running.push(async move {
                    let outcome = self.put_to(&service, sending, replicas, &classes).await;
                    (service, outcome)
                });
            }
            let Some((service, outcome)) = running.next().await else {
                return;
            };
            let mut finished = true;
            let reason = match outcome {
                Outcome::Stored(locator, confirmed) => {
                    tally.add(&confirmed);
                    let is_better = match &tried.locator {
                        None => true,
                        Some(former) => former.expiry().is_none() && locator.expiry().is_some(),
                    };
                    if is_better {
                        tried.locator = Some(locator);
                    }
                    None
                }
                Outcome::Failed(reason, setback) => {
                    finished = false;
                    tried.setback = tried.setback.join(setback);
                    Some(reason)
                }
                Outcome::Refused(reason) => Some(reason),
                Outcome::Unauthorized(reason) => {
                    tried.unauthorized += 1;
                    Some(reason)
                }
            };
            if finished {
                tried.finished.insert(service.root.clone());
            }
            let name = name(&service);
            match reason {
                Some(reason) => tried
                    .reasons
                    .insert(name.clone(), format!("{name}: {reason}")),
                None => tried.reasons.remove(&name),
            };
            if tally.missing() == 0 {
                // Requests that still run are not needed, and end here.
                return;
            }
        }
    }
}

/// Returns how to call a service in messages.
pub(super) fn name(service: &Service) -> String {
    let host = service.root.host_str().unwrap_or("?");
    match service.root.port_or_known_default() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Judges a service's answer to a PUT.
pub(super) fn judge(answer: &Answer, block: &Block) -> Outcome {
    let status = answer.status.as_u16();
    let body = String::from_utf8_lossy(&answer.body);
    match status {
        200..=299 => match body.trim().parse::<Locator>() {
            Ok(locator) if locator.block() == block.id() => {
                Outcome::Stored(locator, Confirmed::new(answer))
            }
            Ok(locator) => Outcome::Refused(format!(
                "it answered that it stored another block, {}",
                locator.block()
            )),
            // A proxy's page, perhaps, or an answer cut off.
            Err(_) => {
                let what = match answer.page() {
                    Some(page) => format!("its answer is not a block's locator but {page}"),
                    None => "its answer is not a block's locator".to_owned(),
                };
                Outcome::Failed(what, Setback::of_answer(answer))
            }
        },
        // A page that something in between made says nothing of the token.
        401 | 403 if answer.page().is_none() => Outcome::Unauthorized(described(answer)),
        // The Python and the Go client agree on most of these; the others (409, 423, 429) are
        // refusals for the time being by their definition.
        408 | 409 | 423 | 429 | 500 | 502 | 503 | 504 => {
            Outcome::Failed(described(answer), Setback::of_answer(answer))
        }
        _ => Outcome::Refused(described(answer)),
    }
}

/// Says what a service answered that did not do what it was to do.
pub(super) fn described(answer: &Answer) -> String {
    let status = answer.status.as_u16();
    if let Some(text) = answer.explained() {
        return format!("status {status}: {text}");
    }
    // Text for people is short; what is for programs is not.
    let text = one_line(&String::from_utf8_lossy(&answer.body), 200);
    if text.is_empty() || text.starts_with(['<', '{', '[']) {
        format!("status {status}")
    } else {
        format!("status {status} ({text})")
    }
}

fn failure(block: &Block, wanted: &Wanted, tally: &Tally<'_>, tried: Tried) -> Error {
    let mut reasons: Vec<String> = tried.reasons.into_values().collect();
    if tally.replicas() == 0 && !reasons.is_empty() && tried.unauthorized == reasons.len() {
        return Error::Unauthorized(reasons);
    }
    let pending = tally.pending_classes();
    if reasons.is_empty() && pending.is_empty() {
        reasons.push(
            "every service that can be written to took the block, and the cluster has no more"
                .to_owned(),
        );
    }
    if !pending.is_empty() {
        reasons.push(format!(
            "storage classes not reached: {}",
            pending.join(", ")
        ));
    }
    Error::TooFewReplicas {
        block: block.id(),
        wanted: wanted.replicas,
        written: tally.replicas(),
        reasons,
    }
}
