//! Layers that are read two at a time.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use super::fake::{Ends, Fake, Reply, Sample};
use super::program::{Lender, client, image, settings};
use keepdocker_archive::{Digest, RemoteLayers as _};
use keepdocker_registry::Layers;

/// What is ready shows within that time.
const SOON: Duration = Duration::from_millis(300);

fn open(layers: &Layers, digest: &Digest) -> Box<dyn Read + Send> {
    layers.open(digest).expect("the image has it").0
}

#[tokio::test]
async fn what_is_read_counts_among_what_is_on_its_way() {
    let sample = Sample::new(&[200_000, 300_000, 100_000, 50_000, 70_000]);
    let fake = Fake::with(sample.clone()).await;
    let (client, _) = client(settings(), Lender::default());
    let image = image(&client, &fake.name("lab/tool:1")).await.unwrap();
    let digests: Vec<Digest> = image.layers.iter().map(|layer| layer.digest).collect();
    let layers = client.layers(&image);
    // The config was asked for before.
    let asked = || fake.asked("/blobs/").len() - 1;
    let mut readers = Vec::new();
    for (opened, on_their_way) in [(0, 3), (1, 3), (2, 3)] {
        readers.push(open(&layers, &digests[opened]));
        tokio::time::sleep(SOON).await;
        assert_eq!(asked(), on_their_way, "{opened}");
    }
    readers.clear();
    readers.push(open(&layers, &digests[3]));
    tokio::time::sleep(SOON).await;
    assert_eq!(asked(), 5);
}

#[tokio::test]
async fn of_a_registry_that_wants_to_be_left_alone_one_layer_is_read_at_a_time() {
    let sample = Sample::new(&[200_000, 300_000]);
    let held = sample.clone();
    let fake = Fake::start(move |seen| {
        let is_first = held.blob(seen).is_some_and(|blob| blob == held.layers[0]);
        match is_first && seen.before == 0 {
            true => Reply::status(429).header("Retry-After", "0"),
            false => held.answer(seen),
        }
    })
    .await;
    let (client, _) = client(settings(), Lender::default());
    let image = image(&client, &fake.name("lab/tool:1")).await.unwrap();
    let digests: Vec<Digest> = image.layers.iter().map(|layer| layer.digest).collect();
    let layers = Arc::new(client.layers(&image));
    let mut first = open(&layers, &digests[0]);
    let begun = tokio::task::spawn_blocking(move || {
        first.read_exact(&mut [0; 10]).unwrap();
        first
    });
    let first = begun.await.unwrap();
    let (other, digest) = (layers.clone(), digests[1]);
    let second = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        open(&other, &digest).read_to_end(&mut bytes).unwrap();
        bytes
    });
    tokio::time::sleep(SOON).await;
    assert!(!second.is_finished());
    drop(first);
    assert_eq!(second.await.unwrap(), sample.layers[1]);
}

#[tokio::test]
async fn who_reads_what_was_given_up_does_not_wait_for_it() {
    let sample = Sample::new(&[200_000, 300_000, 1000]);
    let held = sample.clone();
    let fake = Fake::start(move |seen| match held.blob(seen) {
        Some(blob) if held.layers.contains(&blob) => {
            Reply::part(seen, &blob).ending(Ends::Still(500))
        }
        _ => held.answer(seen),
    })
    .await;
    let mut patient = settings();
    patient.timing.stall = Duration::from_secs(600);
    let (client, _) = client(patient, Lender::default());
    let image = image(&client, &fake.name("lab/tool:1")).await.unwrap();
    let layers = client.layers(&image);
    let readings: Vec<_> = image.layers[..2]
        .iter()
        .map(|layer| {
            let mut reader = open(&layers, &layer.digest);
            tokio::task::spawn_blocking(move || reader.read_to_end(&mut Vec::new()))
        })
        .collect();
    tokio::time::sleep(SOON).await;
    assert!(readings.iter().all(|reading| !reading.is_finished()));
    layers.give_up();
    for reading in readings {
        let ended = tokio::time::timeout(Duration::from_secs(60), reading).await;
        let error = ended.unwrap().unwrap().unwrap_err().to_string();
        assert!(error.contains("not whole"), "{error}");
    }
}
