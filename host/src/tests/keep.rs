//! Blocks in Keep.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::archive::{BlockSink, SinkClosed};
use crate::keep::{
    Block, Error, Journal, Keep, KnownBlocks, Lenders, Locator, Stored, Upload, UploadOptions,
    Wanted, Writer,
};
use bytes::Bytes;
use keepdocker_arvados::api::collections::NewCollection;
use keepdocker_sandbox::Options;
use keepdocker_sandbox::faults::{Action, Fault};

use super::{RETRY, Setup, keep};

pub(super) fn wanted(replicas: u32) -> Wanted {
    Wanted {
        replicas,
        storage_classes: ["default".to_owned()].into(),
    }
}

fn block(text: &str) -> Block {
    Block::new(Bytes::copy_from_slice(text.as_bytes()))
}

/// Uploads these blocks from a thread, as the reader of an archive does.
async fn upload(
    keep: &Arc<Keep>,
    options: UploadOptions,
    blocks: Vec<Vec<u8>>,
) -> (Result<(), SinkClosed>, Result<Stored, Error>) {
    let (mut writer, upload) = Upload::start(keep, options);
    let writing = tokio::task::spawn_blocking(move || write(&mut writer, &blocks));
    let (written, stored) = tokio::join!(writing, upload.finish());
    (written.unwrap(), stored)
}

fn write(writer: &mut Writer, blocks: &[Vec<u8>]) -> Result<(), SinkClosed> {
    for (i, data) in blocks.iter().enumerate() {
        let mut buffer = writer.buffer()?;
        buffer.clear();
        buffer.extend_from_slice(data);
        assert_eq!(writer.submit(buffer)?, i);
    }
    Ok(())
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

#[tokio::test]
async fn a_stored_block_can_be_read_back() {
    for setup in [Setup::new().await, Setup::with_disks(2).await] {
        let keep = setup.keep();
        let wanted = keep.wanted(None, &[]).await.unwrap();
        assert_eq!(wanted.replicas, 2);
        assert!(wanted.storage_classes.contains("default"));

        let locator = keep.put(&block("data"), &wanted).await.unwrap();

        assert!(locator.expiry().is_some());
        assert_eq!(keep.get(&locator).await.unwrap(), "data");
        keep.head(&locator).await.unwrap();
    }
}

#[tokio::test]
async fn memory_of_a_block_that_is_no_longer_needed_is_used_again() {
    let setup = Setup::new().await;
    let keep = setup.keep();
    let mut locators = Vec::new();
    for text in ["the first block", "another", "the third block"] {
        locators.push(keep.put(&block(text), &wanted(1)).await.unwrap());
    }
    let mut data = keep.get(&locators[0]).await.unwrap();
    let address = data.as_ptr();
    for (locator, text) in locators[1..].iter().zip(["another", "the third block"]) {
        let room = data.try_into_mut().expect("nobody else holds it");
        data = keep.get_into(locator, room).await.unwrap();
        assert_eq!((&data[..], data.as_ptr()), (text.as_bytes(), address));
    }
}

#[tokio::test]
async fn every_disk_gets_one_replica() {
    let setup = Setup::with_disks(3).await;
    setup.keep().put(&block("data"), &wanted(2)).await.unwrap();
    assert_eq!(setup.sandbox.log().blocks_written(), 2);
}

#[tokio::test]
async fn writing_survives_what_passes() {
    let setup = Setup::with_disks(2).await;
    let keep = setup.keep();
    let actions = [
        Action::Answer(503),
        Action::Answer(429),
        Action::DropBefore,
        Action::DropAfter,
        Action::CutBody,
        Action::Delay(Duration::from_secs(2)),
    ];
    for (i, action) in actions.into_iter().enumerate() {
        let fault = Fault::on("/", action.clone()).method("PUT").times(2);
        setup.sandbox.faults().plan(fault);
        let stored = keep.put(&block(&format!("{i}")), &wanted(2)).await;
        assert!(stored.is_ok(), "{action:?}: {stored:?}");
        assert_eq!(setup.sandbox.faults().left(), 0, "{action:?}");
    }
}

#[tokio::test]
async fn replicas_of_a_former_round_still_count() {
    let setup = Setup::with_disks(2).await;
    let fault = Fault::on("/", Action::Answer(503)).method("PUT").after(1);
    setup.sandbox.faults().plan(fault);
    setup.keep().put(&block("data"), &wanted(2)).await.unwrap();
    // One that worked, one that failed, and that one again.
    assert_eq!(setup.sandbox.log().count("PUT", "/"), 3);
}

#[tokio::test]
async fn what_cannot_succeed_fails_at_once() {
    let setup = Setup::with_disks(2).await;
    setup.sandbox.faults().fill_storage(true);
    let patient = keep(&setup.environment, crate::http::Retry::default());
    let start = Instant::now();

    let error = patient.put(&block("data"), &wanted(2)).await.unwrap_err();

    assert!(start.elapsed() < Duration::from_secs(1));
    let Error::TooFewReplicas {
        wanted,
        written,
        reasons,
        ..
    } = &error
    else {
        panic!("{error}");
    };
    assert_eq!((*wanted, *written, reasons.len()), (2, 0, 3));
    assert!(error.to_string().contains("507"), "{error}");

    setup.sandbox.faults().fill_storage(false);
    let error = patient.put(&block("data"), &super::keep::wanted(3)).await;
    assert!(
        matches!(error, Err(Error::TooFewReplicas { written: 2, .. })),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_service_that_answers_with_another_hash_does_not_count() {
    let setup = Setup::with_disks(2).await;
    let keep = setup.keep();
    let fault = Fault::on("/", Action::WrongHash).method("PUT");
    setup.sandbox.faults().plan(fault);
    let locator = keep.put(&block("data"), &wanted(1)).await.unwrap();
    assert_eq!(locator.block(), block("data").id());
    assert_eq!(setup.sandbox.log().blocks_written(), 2);

    let fault = Fault::on("/", Action::WrongHash).method("PUT").times(9);
    setup.sandbox.faults().plan(fault);
    let error = keep.put(&block("other"), &wanted(1)).await.unwrap_err();
    assert!(error.to_string().contains("another block"), "{error}");
    setup.sandbox.faults().clear();

    // What is read must be the block too.
    let fault = Fault::on("/", Action::WrongHash).method("GET");
    setup.sandbox.faults().plan(fault);
    assert_eq!(keep.get(&locator).await.unwrap(), "data");
    assert_eq!(setup.sandbox.faults().left(), 0);
}

#[tokio::test]
async fn a_wrong_token_is_told_from_other_failures() {
    let setup = Setup::new().await;
    let environment = setup
        .environment
        .clone()
        .with("ARVADOS_API_TOKEN", "wrong")
        .with("ARVADOS_KEEP_SERVICES", setup.sandbox.keep_urls().join(" "));
    let error = keep(&environment, RETRY)
        .put(&block("data"), &wanted(1))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Unauthorized(_)), "{error}");
    assert!(!error.to_string().contains("wrong"), "{error}");
}

#[tokio::test]
async fn an_absent_block_is_not_found_and_its_signature_not_shown() {
    let setup = Setup::with_disks(2).await;
    let keep = setup.keep();
    let locator = keep.put(&block("data"), &wanted(1)).await.unwrap();
    let signed = locator.signed();
    let signature = signed.split("+A").nth(1).unwrap();
    setup
        .sandbox
        .faults()
        .plan(Fault::on("/", Action::Answer(404)).method("GET").times(2));
    let error = keep.get(&locator).await.unwrap_err();
    assert!(matches!(error, Error::NotFound(_)), "{error}");

    setup
        .sandbox
        .faults()
        .plan(Fault::on("/", Action::DropBefore).method("GET").times(99));
    let error = keep.get(&locator).await.unwrap_err();
    assert!(matches!(error, Error::Unreadable { .. }), "{error}");
    assert!(
        !format!("{error} {error:?}").contains(signature),
        "{error:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_gives_the_blocks_in_order_and_sends_each_once() {
    let setup = Setup::new().await;
    let keep = setup.keep();
    let names = ["a", "b", "a", "c", "a", "d", "e", "f", "b"];

    let (written, stored) = upload(&keep, UploadOptions::new(wanted(2)), texts(&names)).await;

    written.unwrap();
    let stored = stored.unwrap();
    let expected: Vec<_> = names.iter().map(|name| block(name).id()).collect();
    let ids: Vec<_> = stored.blocks.iter().map(Locator::block).collect();
    assert_eq!(ids, expected);
    assert_eq!((stored.sent, stored.reused), (6, 3));
    assert_eq!(setup.sandbox.log().blocks_written(), 6);

    // The cluster takes these locators for a collection.
    let blocks: Vec<String> = stored.blocks.iter().map(Locator::signed).collect();
    let manifest = format!(". {} 0:9:file\n", blocks.join(" "));
    let created = setup
        .api()
        .create_collection(&NewCollection {
            name: "upload".into(),
            owner: None,
            manifest: manifest.clone(),
            properties: vec![],
            replicas: None,
            storage_classes: vec![],
        })
        .await;
    assert!(created.is_ok(), "{created:?}");

    // With these known, nothing is sent.
    let mut known = KnownBlocks::default();
    known.insert_manifest(&manifest);
    let options = UploadOptions {
        known,
        ..UploadOptions::new(wanted(2))
    };
    setup.sandbox.log().clear();
    let (_, again) = upload(&keep, options, texts(&names)).await;
    let again = again.unwrap();
    assert_eq!((again.sent, again.reused), (0, 9));
    assert_eq!(again.blocks, stored.blocks);
    assert_eq!(setup.sandbox.log().blocks_written(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_upload_closes_the_writer_and_says_why() {
    let setup = Setup::new().await;
    setup.sandbox.faults().fill_storage(true);
    let blocks = (0..1000).map(|i| vec![i as u8; i]).skip(1).collect();

    let (written, stored) = upload(&setup.keep(), UploadOptions::new(wanted(1)), blocks).await;

    assert_eq!(written, Err(SinkClosed));
    let error = stored.unwrap_err();
    assert!(matches!(error, Error::TooFewReplicas { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_an_upload_frees_the_writer() {
    let setup = Setup::new().await;
    let (mut writer, upload) = Upload::start(&setup.keep(), UploadOptions::new(wanted(1)));
    let taken: Vec<_> = (0..4).map(|_| writer.buffer().unwrap()).collect();
    let waiting = tokio::task::spawn_blocking(move || writer.buffer());
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(!waiting.is_finished());
    drop(upload);
    assert_eq!(waiting.await.unwrap().unwrap_err(), SinkClosed);
    drop(taken);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_gets_every_block_that_was_sent() {
    struct Record(Mutex<Vec<String>>);
    impl Journal for Record {
        fn stored(&self, locator: &Locator) {
            self.0.lock().unwrap().push(locator.signed());
        }
    }
    let setup = Setup::new().await;
    let record = Arc::new(Record(Mutex::default()));
    let options = UploadOptions {
        journal: Some(record.clone()),
        ..UploadOptions::new(wanted(1))
    };
    let (_, stored) = upload(&setup.keep(), options, texts(&["a", "b", "a"])).await;
    let mut expected: Vec<String> = stored.unwrap().blocks.iter().map(Locator::signed).collect();
    expected.sort();
    expected.dedup();
    let mut recorded = record.0.lock().unwrap().clone();
    recorded.sort();
    assert_eq!(recorded, expected);
    assert_eq!(recorded.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_blocks_are_on_their_way_at_once() {
    let setup = Setup::with(Options::default()).await;
    let keep = setup.keep();
    keep.wanted(None, &[]).await.unwrap();
    let blocks: Vec<Vec<u8>> = (0..8u8).map(|i| vec![i; 100]).collect();
    let slow = || Fault::on("/", Action::Delay(Duration::from_millis(100))).method("PUT");
    setup.sandbox.faults().plan(slow().times(8));
    let options = UploadOptions {
        concurrency: 8,
        ..UploadOptions::new(wanted(1))
    };
    let start = Instant::now();
    let (_, stored) = upload(&keep, options, blocks).await;
    assert_eq!(stored.unwrap().sent, 800);
    // One after the other they would take 800 ms.
    assert!(
        start.elapsed() < Duration::from_millis(400),
        "{:?}",
        start.elapsed()
    );
}

/// Uploads two blocks and makes a collection of them; returns its UUID.
async fn collection(setup: &Setup) -> String {
    let keep = setup.keep();
    let (_, stored) = upload(&keep, UploadOptions::new(wanted(1)), texts(&["a", "b"])).await;
    let blocks: Vec<String> = stored.unwrap().blocks.iter().map(Locator::signed).collect();
    let created = setup
        .api()
        .create_collection(&NewCollection {
            name: "image".into(),
            owner: None,
            manifest: format!(". {} 0:2:file\n", blocks.join(" ")),
            properties: vec![],
            replicas: None,
            storage_classes: vec![],
        })
        .await;
    created.unwrap().uuid
}

/// Uploads the same two blocks and a third; returns how many are sent.
async fn sent_with(setup: &Setup, known: KnownBlocks) -> usize {
    setup.sandbox.log().clear();
    let options = UploadOptions {
        known,
        ..UploadOptions::new(wanted(1))
    };
    let (_, stored) = upload(&setup.keep(), options, texts(&["a", "c", "b"])).await;
    assert_eq!(stored.unwrap().blocks.len(), 3);
    setup.sandbox.log().blocks_written()
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_of_collections_are_not_sent_as_far_as_they_can_be_read() {
    let setup = Setup::new().await;
    let own = collection(&setup).await;
    let absent = own.replace("-4zz18-", "-4zz18-x")[..27].to_owned();
    let keep = setup.keep();

    let known = keep.blocks_of(&[absent.clone(), own.clone()]).await;
    assert_eq!(known.len(), 2);
    assert_eq!(sent_with(&setup, known).await, 1);
    assert!(keep.blocks_of(&[absent]).await.is_empty());

    let fault = Fault::on("/collections", Action::Answer(403)).method("GET");
    setup.sandbox.faults().plan(fault);
    let known = keep.blocks_of(&[own]).await;
    assert!(known.is_empty());
    assert_eq!(sent_with(&setup, known).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_are_lent_by_those_who_may_whoever_asks_for_them() {
    let setup = Setup::new().await;
    let own = [collection(&setup).await];
    let keep = setup.keep();

    let lent = async |lenders| keep.lent_by(&lenders, &own).await.blocks.len();
    assert_eq!(lent(Lenders::Anybody).await, 2);
    assert_eq!(lent(Lenders::Own(None)).await, 2);
    assert_eq!(lent(Lenders::Nobody).await, 0);
    // To somebody else the collection is not his own, though his token may read it.
    let environment = setup.environment.clone();
    let environment = environment.with("ARVADOS_API_TOKEN", setup.sandbox.admin_token());
    let admin = super::keep(&environment, RETRY);
    let lent = async |lenders| admin.lent_by(&lenders, &own).await.blocks.len();
    assert_eq!(lent(Lenders::Anybody).await, 2);
    assert_eq!(lent(Lenders::Own(None)).await, 0);
    assert_eq!(lent(Lenders::Own(Some(setup.sandbox.user_uuid()))).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_whose_signature_may_expire_too_soon_are_sent() {
    let setup = Setup::with(Options {
        blob_signing_ttl: Duration::from_secs(3600),
        ..Options::default()
    })
    .await;
    let own = collection(&setup).await;
    let known = setup.keep().blocks_of(&[own]).await;
    assert_eq!(known.len(), 2);
    assert_eq!(sent_with(&setup, known).await, 3);
}
