//! What happens to a component that exceeds its bounds.

use std::sync::Arc;
use std::time::Duration;

use keepdocker_console::{Console, Level, Style};

use super::*;
use crate::bindings;
use crate::bindings::commands::{Failure, ImagesRequest};
use crate::gate::Unrecorded;
use crate::policy::{Cluster, Layer, Origin, Policy};
use crate::progress::{Look, show};
use crate::run::{Options, Surroundings};
use crate::settings::Environment;

/// Lists the images of a cluster that nobody serves, under a policy with these limits and rules.
async fn list(limits: &str, rules: &str) -> Result<Result<(), Failure>, Error> {
    let environment = Environment::default()
        .with("HOME", "/nonexistent")
        // The discard port of the loopback address: nobody answers there.
        .with("ARVADOS_API_HOST", "127.0.0.1:9")
        .with("ARVADOS_API_TOKEN", "none");
    let console = Console::new(Style::Plain, Level::Error);
    let options = Options {
        retries: 10,
        ..Options::default()
    };
    let progress = show(Look::None, console);
    let surroundings = Surroundings::new(options, environment, console, progress)
        .await
        .unwrap();
    let text = format!(
        "schema = \"keepdocker.policy/1\"\nname = \"test\"\n\n[limits]\n{limits}\n\n\
         [[allow]]\nid = \"all\"\nverbs = [\"*\"]\nreason = \"test\"\n\n{rules}"
    );
    let layer = Layer::read(Origin::Given, "test.toml", &text).unwrap();
    let policy = Policy::built_in().and(layer).unwrap();
    let limits = Limits::from(policy.limits());
    let component = Component::embedded().unwrap();
    let cluster = Cluster {
        host: "127.0.0.1:9".into(),
        id: None,
    };
    let gate = Gate::new(
        policy,
        &component.description().guest(),
        cluster,
        Box::new(Unrecorded),
    )
    .unwrap();
    let running = component
        .start(surroundings.capabilities().unwrap(), Arc::new(gate), limits)
        .await?;
    let request = ImagesRequest {
        project: None,
        image: None,
        tag: None,
        exact_name: None,
    };
    Ok(running.call(&request).await?.map(drop))
}

#[tokio::test]
async fn computing_without_end_is_cut_off() {
    assert_eq!(
        list("fuel = 1000", "").await.unwrap_err(),
        Error::OutOfFuel(1000)
    );
}

#[tokio::test]
async fn more_memory_than_allowed_is_refused() {
    assert_eq!(
        list("memory = \"4KiB\"", "").await.unwrap_err(),
        Error::OutOfMemory(4 << 10)
    );
}

#[tokio::test]
async fn a_command_that_takes_too_long_is_given_up() {
    // Connecting is tried again for longer than that.
    let deadline = Duration::from_secs(1);
    assert_eq!(
        list("deadline = \"1s\"", "").await.unwrap_err(),
        Error::TimedOut(deadline)
    );
}

#[tokio::test]
async fn a_withheld_call_is_a_failure_that_the_component_reports() {
    let rules = "[[deny]]\nid = \"blind\"\nverbs = [\"links.list\"]\nreason = \"test\"\n";
    let failure = list("", rules).await.unwrap().unwrap_err();
    let Failure::Api(bindings::api::Error::Denied(reason)) = failure else {
        panic!("{failure:?}");
    };
    assert!(reason.contains("blind"), "{reason}");
}
