//! Neither the order of the members, nor how bytes arrive, nor compression makes a difference.

use std::io::Cursor;

use proptest::prelude::*;

use crate::canonical;
use crate::image::{BlockLayout, Form};

use super::fixtures::{
    Made, Part, SMALL, Selection, Split, file, gzip, noise, oci_index, read_as, stream_of, tar,
    with_cutting, zstd,
};

/// Returns what the stored archive must be, written without any of the code that makes it.
fn expected(image: &Made) -> Vec<u8> {
    let mut layers: Vec<&Vec<u8>> = Vec::new();
    for layer in &image.layers {
        if !layers.contains(&layer) {
            layers.push(layer);
        }
    }
    let (large, small): (Vec<_>, Vec<_>) = layers
        .into_iter()
        .partition(|layer| layer.len() as u64 >= SMALL.large);
    let diff_ids: Vec<_> = image
        .layers
        .iter()
        .map(|layer| crate::Digest::of(layer))
        .collect();
    let mut tar = Vec::new();
    let mut add = |name: String, bytes: &[u8]| {
        tar.extend(canonical::header(&name, bytes.len() as u64));
        tar.extend(bytes);
        tar.resize(tar.len().next_multiple_of(512), 0);
    };
    let name = |layer: &[u8]| format!("{}.tar", crate::Digest::of(layer).hex());
    for layer in large {
        add(name(layer), layer);
    }
    add(format!("{}.json", image.id().hex()), &image.config);
    for layer in small {
        add(name(layer), layer);
    }
    let manifest = canonical::manifest(&image.id(), &diff_ids);
    add("manifest.json".into(), &manifest);
    tar.resize(tar.len() + 1024, 0);
    tar
}

fn image() -> impl Strategy<Value = Made> {
    let layer = prop_oneof![
        (0..4_u64, 0_usize..20_000).prop_map(|(seed, length)| noise(seed, length)),
        Just(noise(9, SMALL.large as usize)),
        Just(noise(9, SMALL.large as usize - 1)),
        Just(noise(9, SMALL.block - 512)),
        Just(noise(9, 2 * SMALL.block)),
        // These look like a document and like something compressed, and are not.
        Just([b"{".to_vec(), noise(3, 2500)].concat()),
        Just(b"[1, 2]".to_vec()),
    ];
    prop::collection::vec(layer, 0..6).prop_map(Made::new)
}

type Compress = fn(&[u8]) -> Vec<u8>;

fn compression() -> impl Strategy<Value = Compress> {
    prop_oneof![
        Just((|bytes: &[u8]| bytes.to_vec()) as Compress),
        Just(gzip as Compress),
        Just(zstd as Compress),
    ]
}

fn parts() -> impl Strategy<Value = (Made, Vec<Part>)> {
    (image(), compression(), any::<bool>())
        .prop_map(|(image, compress, is_oci)| {
            let parts = if is_oci {
                let (mut parts, digest, length) = image.oci_parts(compress);
                parts.push(oci_index(&[(digest, length, "example/made:1")]));
                parts
            } else {
                image.docker_parts(compress)
            };
            (image, parts)
        })
        .prop_flat_map(|(image, parts)| (Just(image), Just(parts).prop_shuffle()))
}

/// Kaniko and crane share a library, go-containerregistry. By its sources it names the config by its
/// digest with the colon, compressed layers by the digests of their compressed bytes, and a layer that
/// comes again a second time; `real.rs` has an archive by kaniko itself.
#[test]
fn the_layout_of_kaniko_and_crane_is_read() {
    let digits = |bytes: &[u8]| crate::Digest::of(bytes).hex();
    let image = Made::new(vec![noise(1, 9000), noise(2, 100), noise(1, 9000)]);
    let config = format!("sha256:{}", digits(&image.config));
    let mut parts = vec![Part::file(&config, image.config.clone())];
    let mut names = Vec::new();
    for layer in &image.layers {
        let data = gzip(layer);
        let part = Part::file(format!("{}.tar.gz", digits(&data)), data);
        names.push(part.name.clone());
        // A layer that comes again is named again, and written once.
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    let account = serde_json::json!([{
        "Config": config, "RepoTags": ["index.docker.io/example/made:1"], "Layers": names,
    }]);
    parts.push(Part::file("manifest.json", account.to_string()));
    let tar = tar(&parts);
    let (selection, form, layout) = (Selection::Only, Form::Canonical, BlockLayout::Layered);
    for archive in [stream_of(Cursor::new(tar.clone())), file(&tar).unwrap()] {
        let mut archive = with_cutting(archive, SMALL);
        let stored = read_as(&mut archive, &selection, form, layout).unwrap();
        assert!(stored.bytes == expected(&image));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_way_to_deliver_an_image_gives_one_archive(
        (image, parts) in parts(),
        around in compression(),
        pieces in prop::collection::vec(1_usize..3000, 1..5),
    ) {
        let tar = tar(&parts);
        let expected = expected(&image);
        let split = Split { inner: Cursor::new(around(&tar)), pieces, turn: 0 };
        let mut streamed = with_cutting(stream_of(split), SMALL);
        let mut indexed = with_cutting(file(&around(&tar)).unwrap(), SMALL);
        let selection = Selection::Only;
        let form = Form::Canonical;
        let layered = BlockLayout::Layered;
        let first = read_as(&mut streamed, &selection, form, layered).unwrap();
        prop_assert_eq!(&first.reading.image.id, &image.id().to_string());
        prop_assert!(first.bytes == expected);
        let second = read_as(&mut indexed, &selection, form, layered).unwrap();
        prop_assert!(second.bytes == expected);
        prop_assert_eq!(first.blocks, second.blocks);

        let mut indexed = with_cutting(file(&tar).unwrap(), SMALL);
        let dense = read_as(&mut indexed, &selection, form, BlockLayout::Dense).unwrap();
        prop_assert!(dense.bytes == expected);
        prop_assert_eq!(dense.blocks.len(), expected.len().div_ceil(SMALL.block));
    }

    #[test]
    fn verbatim_keeps_every_byte_however_it_comes(
        (image, parts) in parts(),
        pieces in prop::collection::vec(1_usize..3000, 1..5),
        is_layered in any::<bool>(),
    ) {
        prop_assume!(parts.iter().any(|part| part.name == "manifest.json"));
        let tar = tar(&parts);
        let layout = if is_layered { BlockLayout::Layered } else { BlockLayout::Dense };
        let split = Split { inner: Cursor::new(tar.clone()), pieces, turn: 0 };
        let mut archive = with_cutting(stream_of(split), SMALL);
        let stored = read_as(&mut archive, &Selection::Only, Form::Verbatim, layout).unwrap();
        prop_assert_eq!(&stored.reading.image.id, &image.id().to_string());
        prop_assert!(stored.bytes == tar);
        if !is_layered {
            prop_assert_eq!(stored.blocks.len(), tar.len().div_ceil(SMALL.block));
        }
    }
}
