//! Archives of every form: what skopeo reads, we read, and find the same image in it.
//!
//! The archives are made here, of forms, compressions, layouts and oddities. Where skopeo reads one, its
//! config and diff IDs have to be ours; the exceptions are in `docs/archives.md`, with their reasons.

mod cases;
mod making;

use std::fs;
use std::path::Path;

use keepdocker_archive::{
    Archive, BlockLayout, BlockSink, Chosen, Error, Form, Held, Location, SinkClosed, Wanted,
};
use keepdocker_decisions::selection::{self, Asked, NoSelection};
use keepdocker_decisions::types::{HeldImage, Platform};
use serde_json::Value;
use sha2::Digest as _;

use crate::support::{Tools, hex};
use making::{Case, Content};

/// What skopeo reads and we do not, by the beginning of the case's name, with the reason as the
/// documentation has it.
const EXCEPTIONS: [(&str, &str); 6] = [
    (
        "another member of that name",
        "two members of one name with different bytes",
    ),
    (
        "a device",
        "devices, links out of the archive, unknown types",
    ),
    ("a name in Latin-1", "names that are not UTF-8"),
    (
        "2 MiB of zeros at the end",
        "more than 1 MiB of zeros after the end mark",
    ),
    (
        "a key twice",
        "a key that comes twice in a document, or in capitals",
    ),
    (
        "a key in capitals",
        "a key that comes twice in a document, or in capitals",
    ),
];

/// The ID of an image, and its diff IDs.
type Found = (String, Vec<String>);

#[test]
fn what_skopeo_reads_is_read_and_is_the_same_image() {
    let Some(tools) = Tools::find(&["skopeo", "xz", "bzip2"]) else {
        return;
    };
    let documentation = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/archives.md");
    let documentation = fs::read_to_string(documentation).unwrap();
    let cases = cases::all();
    let mut faults = Vec::new();
    let mut count = 0;
    for (number, case) in cases.iter().enumerate() {
        let source = place(&tools, number, case);
        let theirs = by_skopeo(&tools, number, &source);
        let ours = by_us(&source);
        count += usize::from(theirs.is_some());
        let exception = EXCEPTIONS
            .iter()
            .find(|(begin, _)| case.name.starts_with(begin));
        match (exception, theirs, ours) {
            (None, Some(theirs), Ok(ours)) if theirs == ours => {}
            // We may read more.
            (None, None, _) => {}
            (Some((_, reason)), Some(_), Err(_)) => {
                let row = format!("| {reason} |");
                assert!(documentation.contains(&row), "{reason}");
            }
            (_, theirs, ours) => faults.push(format!("{}: {theirs:?} / {ours:?}", case.name)),
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(cases.len() >= 150, "{} cases", cases.len());
    assert!(count >= 130, "skopeo reads {count} of {}", cases.len());
}

/// Puts an archive where both can read it, and returns how both are told of it.
fn place(tools: &Tools, number: usize, case: &Case) -> String {
    let path = tools.at(&format!("source-{number}"));
    match &case.content {
        Content::Tar(bytes) => fs::write(&path, bytes).unwrap(),
        Content::Folder(members) => {
            for (name, bytes) in members {
                let file = Path::new(&path).join(name);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, bytes).unwrap();
            }
        }
    }
    let reference = match case.reference.is_empty() {
        true => String::new(),
        false => format!(":{}", case.reference),
    };
    format!("{}:{path}{reference}", case.transport)
}

/// Returns what skopeo finds, where it reads the archive to its end.
fn by_skopeo(tools: &Tools, number: usize, source: &str) -> Option<Found> {
    let folder = tools.at(&format!("copy-{number}"));
    let target = format!("dir:{folder}");
    let words = ["copy", "--quiet", source, target.as_str()];
    if !tools.run("skopeo", &words).status.success() {
        return None;
    }
    let read = |name: &str| fs::read(Path::new(&folder).join(name)).unwrap();
    let manifest: Value = serde_json::from_slice(&read("manifest.json")).unwrap();
    let digest = manifest["config"]["digest"].as_str()?.to_owned();
    let config = read(digest.strip_prefix("sha256:")?);
    assert_eq!(
        digest,
        format!("sha256:{}", hex(&sha2::Sha256::digest(&config)))
    );
    let text = String::from_utf8_lossy(&config);
    let config: Value = serde_json::from_str(&text).ok()?;
    let diff_ids = config["rootfs"]["diff_ids"].as_array().cloned();
    let diff_ids = diff_ids.unwrap_or_default().into_iter();
    let diff_ids = diff_ids.map(|diff_id| diff_id.as_str().unwrap().to_owned());
    Some((digest, diff_ids.collect()))
}

/// Returns what we find, as a file or folder; as a stream it must be the same.
fn by_us(source: &str) -> Result<Found, String> {
    let folder = std::env::temp_dir();
    let location: Location = source.parse().unwrap();
    let called = location.image().map(str::to_owned);
    let read = |archive: Archive| read(archive, called.as_deref());
    let archive = Archive::open(&location, &folder);
    let found = archive.map_err(|error| error.to_string()).and_then(read);
    if let Location::File { file, .. } = location {
        let opener = Box::new(move || {
            let file: Box<dyn std::io::Read + Send> = Box::new(fs::File::open(file).unwrap());
            Ok(file)
        });
        let streamed = read(Archive::stream("a stream", opener, &folder));
        assert_eq!(
            streamed.is_ok(),
            found.is_ok(),
            "{source}: {streamed:?} {found:?}"
        );
        if let (Ok(streamed), Ok(found)) = (&streamed, &found) {
            assert_eq!(streamed, found);
        }
    }
    found
}

/// Reads the image that the component would choose.
fn read(mut archive: Archive, called: Option<&str>) -> Result<Found, String> {
    let text = |error: Error| error.to_string();
    let (form, layout) = (Form::Canonical, BlockLayout::Layered);
    let sink = Box::new(Nowhere(0));
    archive
        .take_in(form, layout, sink, &mut |_| {})
        .map_err(text)?;
    let wanted = Wanted {
        called: called.map(Into::into),
        ..Wanted::default()
    };
    let held = archive.images(&wanted).map_err(text)?.unwrap();
    let images: Vec<HeldImage> = held.iter().map(told).collect();
    let asked = Asked {
        called,
        ..Asked::default()
    };
    let image = selection::choose(&images, &asked).map_err(|none| match none {
        NoSelection::NoSuchImage(text) | NoSelection::Ambiguous(text) => text,
    })?;
    let chosen = Chosen {
        image: image.id.clone(),
        manifest: image.manifest.clone(),
    };
    let reading = archive.finish(&chosen, &mut |_| {}).map_err(text)?;
    Ok((reading.image.id, reading.image.diff_ids))
}

/// Tells the component of an image.
fn told(held: &Held) -> HeldImage {
    let image = &held.image;
    HeldImage {
        position: held.position.try_into().unwrap(),
        group: held.group.try_into().unwrap(),
        id: image.id.clone(),
        manifest: image.manifest.clone(),
        indexes: held.indexes.clone(),
        repo_tags: image.repo_tags.clone(),
        references: held.references.clone(),
        base_layer: image.diff_ids.first().cloned(),
        platform: Platform {
            os: image.platform.os.clone(),
            architecture: image.platform.architecture.clone(),
            variant: image.platform.variant.clone(),
        },
    }
}

/// Keeps nothing of what it gets.
struct Nowhere(usize);

impl BlockSink for Nowhere {
    fn buffer(&mut self) -> Result<Vec<u8>, SinkClosed> {
        Ok(Vec::new())
    }

    fn submit(&mut self, _: Vec<u8>) -> Result<usize, SinkClosed> {
        self.0 += 1;
        Ok(self.0 - 1)
    }
}
