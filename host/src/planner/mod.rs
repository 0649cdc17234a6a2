//! The planner: the rules as a component without imports, which pages and other programs load as well.
//!
//! What is asked of it here is decided by the same bytes there.

mod bindings;

use keepdocker_arvados::api::Property;
use keepdocker_arvados::api::collections::Collection;
use keepdocker_arvados::api::links::{Class, Link};
use keepdocker_console::{Exit, Report};
use keepdocker_terms::property::REPO_TAG;
use serde_json::Value;
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store, StoreLimits, StoreLimitsBuilder};

use bindings::exports::keepdocker::contract::{planning, types};

pub(crate) use bindings::exports::keepdocker::contract::types::{Defect, Finding};

/// The planner as WebAssembly, for pages.
pub(crate) const WASM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/keepdocker-planner.wasm"));

/// The same, compiled for this machine's architecture by our own build script.
const MACHINE_CODE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/keepdocker-planner.cwasm"));

/// How many bytes of memory it may have.
const MEMORY: usize = 1 << 30;

/// How much it may compute; a unit is about one WebAssembly instruction.
const FUEL: u64 = 200_000_000_000;

/// How much it computes before other tasks get their turn.
const YIELD_INTERVAL: u64 = 10_000_000;

/// What is known of the images of a cluster.
#[derive(Debug)]
pub(crate) struct Facts {
    /// The image formats that the cluster runs; none if it does not say.
    pub formats: Option<Vec<String>>,
    /// The links of images, oldest first.
    pub links: Vec<Link>,
    /// The collections that were looked into, with their manifests.
    pub collections: Vec<Collection>,
    /// The UUIDs of further collections that can be read.
    pub others: Vec<String>,
    /// Whose links are meant; none for everybody's.
    pub owner: Option<String>,
}

/// Returns what is amiss with images.
///
/// # Errors
/// If the planner breaks off, which only more facts than it has room for can bring about.
pub(crate) async fn defects(facts: &Facts) -> Result<Vec<Finding>, Report> {
    let report = |error: wasmtime::Error| {
        Report::new(Exit::Failed, "what is amiss with the images cannot be told")
            .detail(error.root_cause().to_string())
    };
    run(facts).await.map_err(report)
}

async fn run(facts: &Facts) -> wasmtime::Result<Vec<Finding>> {
    let engine = Engine::new(&keepdocker_runtime::engine())?;
    #[expect(unsafe_code, reason = "loading machine code is unsafe by nature")]
    // SAFETY: the bytes come from our own build script, which made them with the same version of wasmtime under the
    // same configuration, and are part of this program's read-only data.
    let code = unsafe { Component::deserialize(&engine, MACHINE_CODE) }?;
    let limits = StoreLimitsBuilder::new().memory_size(MEMORY).build();
    let mut store: Store<StoreLimits> = Store::new(&engine, limits);
    store.limiter(|limits| limits);
    store.set_fuel(FUEL)?;
    store.fuel_async_yield_interval(Some(YIELD_INTERVAL))?;
    store.set_hostcall_fuel(MEMORY);
    let linker = Linker::new(&engine);
    let planner = bindings::Planner::instantiate_async(&mut store, &code, &linker).await?;
    let links: Vec<types::Link> = facts.links.iter().map(link).collect();
    let looked = facts.collections.iter().map(looked_into);
    let collections: Vec<_> = looked
        .chain(facts.others.iter().map(|uuid| known(uuid)))
        .collect();
    let (formats, owner) = (facts.formats.as_deref(), facts.owner.as_ref());
    let planning = planner.keepdocker_contract_planning();
    planning
        .call_defects(&mut store, &links, &collections, formats, owner)
        .await
}

fn link(link: &Link) -> types::Link {
    types::Link {
        uuid: link.uuid.clone(),
        class: match link.class {
            Class::ImageHash => types::LinkClass::ImageHash,
            Class::RepoTag => types::LinkClass::RepoTag,
            Class::Migration => types::LinkClass::Migration,
        },
        name: link.name.clone(),
        head: link.head.clone(),
        tail: link.tail.clone(),
        owner: link.owner.clone(),
        properties: properties(&link.properties),
        created_at: link.created_at.clone(),
    }
}

fn looked_into(collection: &Collection) -> planning::HeldCollection {
    planning::HeldCollection {
        uuid: collection.uuid.clone(),
        owner: collection.owner.clone(),
        portable_data_hash: collection.portable_data_hash.clone(),
        manifest: collection.manifest.clone(),
        replicas: collection.replicas,
        names: told_names(&collection.properties),
    }
}

/// Returns the names that a collection tells: one as a text, or a list of several. What is neither tells none.
fn told_names(properties: &[Property]) -> Vec<String> {
    let mut told = properties.iter().filter(|it| it.key == REPO_TAG);
    let told = told
        .next()
        .and_then(|it| serde_json::from_str(&it.value).ok());
    match told {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => {
            let names = names.iter().filter_map(|name| name.as_str());
            names.map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// Says of a collection that it is there, and nothing else.
fn known(uuid: &str) -> planning::HeldCollection {
    planning::HeldCollection {
        uuid: uuid.to_owned(),
        owner: String::new(),
        portable_data_hash: String::new(),
        manifest: None,
        replicas: None,
        names: Vec::new(),
    }
}

fn properties(properties: &[Property]) -> Vec<types::Property> {
    let property = |property: &Property| types::Property {
        key: property.key.clone(),
        value: property.value.clone(),
    };
    properties.iter().map(property).collect()
}
