//! Layers that come badly.

use std::time::Instant;

use super::fake::{Ends, Fake, Reply, Sample, Seen};
use super::program::{Lender, client, image, pull, read, settings};
use keepdocker_registry::Error;

const MIB: usize = 1 << 20;

/// Returns a registry with an image of one layer, whose first answers are those of the function.
async fn with_layer(
    length: usize,
    answer: impl Fn(&Seen, &[u8]) -> Option<Reply> + Send + Sync + 'static,
) -> (Fake, Sample) {
    let sample = Sample::new(&[length]);
    let held = sample.clone();
    let fake = Fake::start(move |seen| {
        let blob = held.blob(seen).filter(|blob| *blob == held.layers[0]);
        blob.and_then(|blob| answer(seen, &blob))
            .unwrap_or_else(|| held.answer(seen))
    })
    .await;
    (fake, sample)
}

/// Returns how many bytes of its layers a registry was asked to send.
fn requested(fake: &Fake, sample: &Sample) -> usize {
    fake.asked("/blobs/")
        .iter()
        .filter_map(|seen| {
            let blob = sample.blob(seen)?;
            Some(
                seen.range()
                    .map_or(blob.len(), |(first, last)| last + 1 - first),
            )
        })
        .sum()
}

#[tokio::test]
async fn a_cut_costs_no_byte_twice() {
    let (fake, sample) = with_layer(3 * MIB, |seen, blob| {
        (seen.before < 6).then(|| Reply::part(seen, blob).ending(Ends::Cut(300_000)))
    })
    .await;
    let (client, lender) = client(settings(), Lender::default());
    let layers = pull(&client, &fake.name("lab/tool:1")).await.unwrap();
    assert_eq!(layers, sample.layers);
    let ranges: Vec<_> = fake
        .asked("/blobs/")
        .iter()
        .filter_map(Seen::range)
        .collect();
    assert_eq!(ranges.len(), 6);
    for (times, range) in ranges.iter().enumerate() {
        assert_eq!(*range, ((times + 1) * 300_000, 3 * MIB - 1));
    }
    assert!(
        lender.notes().contains("ended too early") || lender.notes().contains("after 300000 of"),
        "{}",
        lender.notes()
    );
}

#[tokio::test]
async fn what_stands_still_is_taken_up_again() {
    let (fake, sample) = with_layer(MIB, |seen, blob| {
        (seen.before < 2).then(|| Reply::part(seen, blob).ending(Ends::Still(200_000)))
    })
    .await;
    let (client, lender) = client(settings(), Lender::default());
    let began = Instant::now();
    let layers = pull(&client, &fake.name("lab/tool:1")).await.unwrap();
    assert_eq!(layers, sample.layers);
    assert!(began.elapsed().as_secs() < 10);
    assert!(
        lender.notes().contains("nothing came for"),
        "{}",
        lender.notes()
    );
}

#[tokio::test]
async fn what_never_moves_ends_with_words() {
    let (fake, _) = with_layer(MIB, |seen, blob| {
        Some(Reply::part(seen, blob).ending(Ends::Still(0)))
    })
    .await;
    let (client, _) = client(settings(), Lender::default());
    let error = pull(&client, &fake.name("lab/tool:1")).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::Unreachable { .. }), "{text}");
    assert!(
        text.contains("nothing came for") && text.contains("of 1048576 bytes"),
        "{text}"
    );
    assert_eq!(
        fake.asked("/blobs/sha256").len(),
        4 + 1,
        "three repetitions, and the config"
    );
}

#[tokio::test]
async fn a_registry_without_ranges_is_read_from_the_beginning() {
    let (fake, sample) = with_layer(MIB, |seen, blob| {
        let reply = Reply::of(blob);
        Some(match seen.before {
            0 => reply.ending(Ends::Cut(600_000)),
            _ => reply,
        })
    })
    .await;
    let (client, _) = client(settings(), Lender::default());
    let layers = pull(&client, &fake.name("lab/tool:1")).await.unwrap();
    assert_eq!(layers, sample.layers);
}

#[tokio::test]
async fn a_registry_that_refuses_ranges_is_read_from_the_beginning() {
    for status in [400, 416] {
        let (fake, sample) = with_layer(MIB, move |seen, blob| match seen.range() {
            Some(_) => Some(Reply::status(status)),
            None if seen.before == 0 => Some(Reply::of(blob).ending(Ends::Cut(500_000))),
            None => None,
        })
        .await;
        let (client, _) = client(settings(), Lender::default());
        let layers = pull(&client, &fake.name("lab/tool:1")).await.unwrap();
        assert_eq!(layers, sample.layers, "{status}");
    }
}

#[tokio::test]
async fn another_part_than_was_asked_for_is_not_taken() {
    let (fake, sample) = with_layer(MIB, |seen, blob| match seen.range() {
        Some((first, last)) => Some(
            Reply {
                status: 206,
                body: blob[first - 1..last].to_vec(),
                ..Reply::default()
            }
            .header(
                "Content-Range",
                &format!("bytes {}-{}/{MIB}", first - 1, last - 1),
            ),
        ),
        None if seen.before == 0 => Some(Reply::of(blob).ending(Ends::Cut(500_000))),
        None => None,
    })
    .await;
    let (client, _) = client(settings(), Lender::default());
    let layers = pull(&client, &fake.name("lab/tool:1")).await.unwrap();
    assert_eq!(layers, sample.layers);
}

#[tokio::test]
async fn lengths_are_those_of_the_manifest() {
    for (longer, without_length, words) in [
        (true, false, "1048577 bytes long"),
        (true, true, "longer than the 1048576 bytes"),
        (false, false, "1048575 bytes long"),
    ] {
        let (fake, _) = with_layer(MIB, move |_, blob| {
            let mut blob = blob.to_vec();
            if longer {
                blob.push(0);
            } else {
                blob.pop();
            }
            let ends = if without_length {
                Ends::WithoutLength
            } else {
                Ends::Whole
            };
            Some(Reply::of(blob).ending(ends))
        })
        .await;
        let (client, _) = client(settings(), Lender::default());
        let pulled = pull(&client, &fake.name("lab/tool:1")).await;
        // A failure here need not print the whole layer.
        let error = pulled.map(|_| ()).expect_err("it has another length");
        assert!(matches!(error, Error::Unsound { .. }), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    // No length is no fault.
    let (fake, sample) = with_layer(MIB, |_, blob| {
        Some(Reply::of(blob).ending(Ends::WithoutLength))
    })
    .await;
    let (client, _) = client(settings(), Lender::default());
    let layers = pull(&client, &fake.name("lab/tool:1")).await.unwrap();
    assert_eq!(layers, sample.layers);
}

#[tokio::test]
async fn what_is_encoded_on_the_way_is_refused() {
    let (fake, _) = with_layer(1000, |_, blob| {
        Some(Reply::of(blob).header("Content-Encoding", "gzip"))
    })
    .await;
    let (client, _) = client(settings(), Lender::default());
    let error = pull(&client, &fake.name("lab/tool:1")).await.unwrap_err();
    assert!(error.to_string().contains("encoding `gzip`"), "{error}");
    assert_eq!(
        fake.asked("/blobs/")[0].header("accept-encoding"),
        Some("identity")
    );
}

#[tokio::test]
async fn layers_are_fetched_ahead_each_once_and_in_bounds() {
    let sample = Sample::new(&[20 * MIB, MIB, 0, MIB, 100, 100]);
    let fake = Fake::with(sample.clone()).await;
    let (client, _) = client(settings(), Lender::default());
    let image = image(&client, &fake.name("lab/tool:1")).await.unwrap();
    let layers = client.layers(&image);
    let first = image.layers[0].digest;
    let (reader, _) = keepdocker_archive::RemoteLayers::open(&layers, &first).unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    let ahead = fake.asked("/blobs/").len();
    assert!(
        (3..=4).contains(&ahead),
        "the config, and three layers, one of them empty: {ahead}"
    );
    drop((reader, layers));

    // Who reads slowly loses the connection, and takes it up again.
    let layers = read(&client, &image).await.unwrap();
    assert_eq!(layers, sample.layers);
    assert!(requested(&fake, &sample) < 2 * 24 * MIB);
}

#[tokio::test]
async fn what_waits_too_long_to_be_read_lets_its_connection_go() {
    let sample = Sample::new(&[20 * MIB]);
    let fake = Fake::with(sample.clone()).await;
    let (client, _) = client(settings(), Lender::default());
    let image = image(&client, &fake.name("lab/tool:1")).await.unwrap();
    let layers = client.layers(&image);
    let digest = image.layers[0].digest;
    let read = tokio::task::spawn_blocking(move || {
        let (mut reader, _) = keepdocker_archive::RemoteLayers::open(&layers, &digest).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(1200));
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).unwrap();
        bytes
    });
    assert_eq!(read.await.unwrap(), sample.layers[0]);
    let ranges: Vec<_> = fake
        .asked("/blobs/")
        .iter()
        .filter_map(Seen::range)
        .collect();
    assert_eq!(ranges.len(), 1, "{ranges:?}");
    assert!(
        ranges[0].0 <= 9 * MIB,
        "no more than what may wait: {ranges:?}"
    );
}
