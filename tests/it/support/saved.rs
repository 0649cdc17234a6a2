//! Archives of images of any size, written while they are read.

use std::io::{self, PipeReader, Read, Write};

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::Noise;

/// A layer of noise, by its seed.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    seed: u64,
    size: u64,
    digits: String,
}

impl Layer {
    /// Describes a layer of so many bytes.
    pub(crate) fn new(seed: u64, size: u64) -> Layer {
        let mut hash = Sha256::new();
        let mut noise = Noise::new(seed).take(size);
        let mut buffer = vec![0; 1 << 20];
        loop {
            match noise.read(&mut buffer).unwrap() {
                0 => break,
                count => hash.update(&buffer[..count]),
            }
        }
        Layer {
            seed,
            size,
            digits: hex(&hash.finalize()),
        }
    }

    /// How many bytes it has.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }
}

/// Returns what `docker save` would write of an image of these layers.
///
/// It is written by a thread as it is read: no file holds it, and no memory.
pub(crate) fn saved(layers: &[Layer], name: &str) -> PipeReader {
    let (reader, writer) = io::pipe().unwrap();
    let (layers, name) = (layers.to_vec(), name.to_owned());
    // A reader that wants no more ends the pipe, which is not this thread's concern.
    std::thread::spawn(move || drop(write(&layers, &name, writer)));
    reader
}

fn write(layers: &[Layer], name: &str, writer: impl Write) -> io::Result<()> {
    let mut tar = tar::Builder::new(writer);
    let mut add = |name: &str, size: u64, data: &mut dyn Read| {
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o644);
        header.set_size(size);
        tar.append_data(&mut header, name, data)
    };
    let member = |layer: &Layer| format!("{}/layer.tar", layer.digits);
    for layer in layers {
        let mut noise = Noise::new(layer.seed).take(layer.size);
        add(&member(layer), layer.size, &mut noise)?;
    }
    let diff_ids: Vec<String> = layers
        .iter()
        .map(|layer| format!("sha256:{}", layer.digits))
        .collect();
    let config = json!({
        "architecture": "amd64", "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    })
    .to_string();
    let config_name = format!("{}.json", hex(&Sha256::digest(&config)));
    add(&config_name, config.len() as u64, &mut config.as_bytes())?;
    let members: Vec<String> = layers.iter().map(member).collect();
    let account = json!([{"Config": config_name, "RepoTags": [name], "Layers": members}]);
    let account = account.to_string();
    add(
        "manifest.json",
        account.len() as u64,
        &mut account.as_bytes(),
    )?;
    tar.finish()
}

/// The lower-case digits of a digest.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
