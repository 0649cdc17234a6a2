//! Where the copies of a block go, and whether they are as many as were asked for.

use std::collections::{BTreeMap, VecDeque};

use hyper::{Response, StatusCode};

use super::service::{number, text};
use crate::cluster::{Cluster, Service};
use crate::options::ServiceKind;
use crate::server::body::Answer;

/// Where a block is to be kept.
#[derive(Debug, Default)]
pub(super) struct Target {
    /// The volumes.
    pub(super) volumes: Vec<usize>,
    /// How many copies there are then.
    pub(super) replicas: u32,
    /// How many stores have no room, or no class that was asked for.
    full: usize,
    /// Whether that is all that was asked for.
    is_enough: bool,
}

impl Target {
    /// Finds the volumes for the classes and the number of copies asked for.
    pub(super) fn choose(
        cluster: &Cluster,
        service: &Service,
        classes: &[String],
        wanted: i64,
    ) -> Target {
        if service.kind == ServiceKind::Proxy {
            return Target::of_proxy(cluster, classes, wanted);
        }
        if has_room(cluster, service.volume, classes) {
            Target {
                volumes: vec![service.volume],
                replicas: 1,
                is_enough: true,
                ..Target::default()
            }
        } else {
            Target {
                full: 1,
                ..Target::default()
            }
        }
    }

    /// Asks one store after the other, as many at a time as the class needs that is nearest to
    /// having enough, until every class has enough.
    fn of_proxy(cluster: &Cluster, classes: &[String], wanted: i64) -> Target {
        let default = cluster
            .settings
            .storage_classes
            .get(..1)
            .unwrap_or_default();
        let classes = if classes.is_empty() { default } else { classes };
        let mut todo: BTreeMap<&str, i64> = classes
            .iter()
            .map(|class| (class.as_str(), wanted))
            .collect();
        // A proxy without stores stands for as many as are wanted.
        let has_stores = cluster
            .services()
            .iter()
            .any(|service| service.kind == ServiceKind::Disk);
        let copies = if has_stores { 1 } else { wanted };
        let mut waiting = 0..cluster.blocks.volumes();
        let mut active: VecDeque<(usize, Vec<String>)> = VecDeque::new();
        let mut target = Target::default();
        while let Some(concurrent) = todo.values().min().copied() {
            let concurrent = usize::try_from(concurrent).unwrap_or(0);
            while active.len() < concurrent
                && let Some(volume) = waiting.next()
            {
                let asked = todo.keys().map(|class| (*class).to_owned()).collect();
                active.push_back((volume, asked));
            }
            let Some((volume, asked)) = active.pop_front() else {
                return target;
            };
            if !has_room(cluster, volume, &asked) {
                target.full += 1;
                continue;
            }
            target.volumes.push(volume);
            target.replicas += u32::try_from(copies).unwrap_or(u32::MAX);
            for class in cluster.settings.classes_of(volume) {
                if let Some(left) = todo.get_mut(class.as_str()) {
                    *left -= copies;
                }
            }
            todo.retain(|_, left| *left > 0);
        }
        target.is_enough = true;
        target
    }

    /// Says what the client gets to hear if that is not enough.
    pub(super) fn refusal(&self, is_proxy: bool) -> Option<Response<Answer>> {
        if self.is_enough {
            return None;
        }
        if !is_proxy {
            return Some(text(
                StatusCode::INSUFFICIENT_STORAGE,
                "insufficient storage\n",
            ));
        }
        let reasons = vec!["[507] insufficient storage"; self.full].join("; ");
        let words = match reasons.as_str() {
            "" => "Could not write sufficient replicas\n".to_owned(),
            reasons => format!("Could not write sufficient replicas: {reasons}\n"),
        };
        let mut response = text(StatusCode::SERVICE_UNAVAILABLE, &words);
        response
            .headers_mut()
            .insert("x-keep-replicas-stored", number(self.replicas.into()));
        Some(response)
    }
}

/// Says whether a volume has room, and one of the classes; without classes any will do.
fn has_room(cluster: &Cluster, volume: usize, classes: &[String]) -> bool {
    #[cfg(feature = "testing")]
    if cluster.faults.is_full() {
        return false;
    }
    let offered = cluster.settings.classes_of(volume);
    classes.is_empty() || classes.iter().any(|class| offered.contains(class))
}
