//! Layers that are unpacked two at a time into the buffers of an upload.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use crate::archive::{Archive, Chosen, Location};
use crate::keep::{Locator, Upload, UploadOptions};
use flate2::write::GzEncoder;
use keepdocker_archive::{BlockLayout, Form};
use keepdocker_terms::digest::Digest;
use serde_json::json;

use super::Setup;
use super::keep::wanted;

/// After so long nothing moves any more.
const FOR_EVER: Duration = Duration::from_secs(300);

/// The length of each layer in MiB: all but the last have more than a block.
const LAYERS: [usize; 5] = [129, 70, 66, 100, 3];

/// Returns a layer that is easy to compress, and like no other one.
fn layer(number: usize, mib: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity((mib + 1) << 20);
    let mut line = 0;
    while bytes.len() < mib << 20 {
        writeln!(bytes, "{number}.{line}{}", " .".repeat(500)).unwrap();
        line += 1;
    }
    bytes
}

/// Writes an image with compressed layers; returns its ID.
fn write(file: &Path) -> String {
    let mut tar = tar::Builder::new(std::fs::File::create(file).unwrap());
    let mut add = |name: &str, data: &[u8]| {
        let mut header = tar::Header::new_ustar();
        header.set_size(data.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, data).unwrap();
    };
    let (mut names, mut diff_ids) = (Vec::new(), Vec::new());
    for (number, mib) in LAYERS.into_iter().enumerate() {
        let layer = layer(number, mib);
        let mut writer = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        writer.write_all(&layer).unwrap();
        let name = format!("{number}/layer.tar");
        add(&name, &writer.finish().unwrap());
        diff_ids.push(Digest::of(&layer).to_string());
        names.push(name);
    }
    let rootfs = json!({"type": "layers", "diff_ids": diff_ids});
    let config = json!({"os": "linux", "architecture": "amd64", "rootfs": rootfs}).to_string();
    add("config.json", config.as_bytes());
    let manifest = json!([{"Config": "config.json", "RepoTags": null, "Layers": names}]);
    add("manifest.json", manifest.to_string().as_bytes());
    tar.finish().unwrap();
    Digest::of(config.as_bytes()).to_string()
}

/// Stores the image; returns its blocks in order. Temporary files are made in `folder`.
async fn store(
    setup: &Setup,
    (file, image): (&Path, &str),
    folder: &Path,
    options: UploadOptions,
) -> Vec<String> {
    let location: Location = format!("docker-archive:{}", file.display())
        .parse()
        .unwrap();
    let mut archive = Archive::open(&location, folder).unwrap();
    let chosen = Chosen {
        image: image.to_owned(),
        manifest: None,
    };
    let (writer, upload) = Upload::start(&setup.keep(), options);
    let reading = tokio::task::spawn_blocking(move || {
        let (form, layout) = (Form::Canonical, BlockLayout::Layered);
        archive.take_in(form, layout, Box::new(writer), &mut |_| {})?;
        archive.finish(&chosen, &mut |_| {})
    });
    let reading = tokio::time::timeout(FOR_EVER, reading).await;
    let reading = reading.expect("it stands still").unwrap().unwrap();
    let stored = upload.finish().await.unwrap();
    let block = |number: &usize| Locator::without_signature(&stored.blocks[*number]);
    reading.order.iter().map(block).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_three_buffers_of_one_thread_are_enough_for_two_layers() {
    let setup = Setup::new().await;
    setup.sandbox.faults().discard_blocks(true);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("image.tar");
    let image = write(&file);
    let image = (&*file, &*image);
    let options = |side_by_side| UploadOptions {
        concurrency: 1,
        side_by_side,
        ..UploadOptions::new(wanted(1))
    };
    let alone = store(&setup, image, folder.path(), options(false)).await;
    assert_eq!(alone.len(), 3 + 2 + 2 + 2 + 1 + 1);
    for scratch in [folder.path(), Path::new("/nonexistent")] {
        let both = store(&setup, image, scratch, options(true)).await;
        assert_eq!(both, alone, "{}", scratch.display());
    }
}
