//! What an upload came to, for people and for programs.

use std::time::Duration;

use super::request;
use crate::archive::fewest_blocks;
use crate::bindings::commands::{Outcome, Uploaded};
use crate::harmless::escape;
use crate::output::{Console, Level, Report, json};
use crate::progress::pace;
use crate::wording::bytes;
use crate::wording::count;

/// Tells what an upload came to, and the page at which people can look at it.
pub(super) fn tell(
    uploaded: &Uploaded,
    elapsed: Duration,
    page: Option<&str>,
    as_json: bool,
    console: Console,
) -> Result<(), Report> {
    console.message(Level::Info, &summary(uploaded, elapsed));
    if let Some(note) = note_of_layers(uploaded) {
        console.message(Level::Info, &note);
    }
    if let Some(note) = note_of_blocks(uploaded) {
        console.message(Level::Info, &note);
    }
    if let Some(page) = page {
        console.message(Level::Info, &format!("in Workbench: {}", escape(page)));
    }
    request::answer(
        console,
        &if as_json {
            json::uploaded(uploaded)
        } else {
            format!("{}\n", escape(&uploaded.collection))
        },
    )
}

/// Says which layers did not have to be fetched, if there are such.
pub(super) fn note_of_layers(uploaded: &Uploaded) -> Option<String> {
    let (all, read) = (uploaded.layers, uploaded.layers_read);
    let there = all.checked_sub(read).filter(|there| *there > 0)?;
    let are = if there == 1 { "is" } else { "are" };
    Some(format!(
        "{there} of {} {are} in Keep already (verified), {read} fetched",
        count(all, "layer")
    ))
}

/// Says what blocks that are not full cost, if they are many.
///
/// Compute nodes set aside scratch space for 64 MiB a block, full or not; see `docs/archives.md`.
pub(super) fn note_of_blocks(uploaded: &Uploaded) -> Option<String> {
    const NOTEWORTHY: u64 = 1 << 30;
    let (blocks, fewest) = (u64::from(uploaded.blocks), fewest_blocks(uploaded.size));
    (uploaded.size > NOTEWORTHY && 10 * blocks > 14 * fewest).then(|| {
        format!(
            "these are {} % more blocks than the {fewest} that the image needs, so compute nodes set aside {} MiB of scratch space for it; \
             `keepdocker upload --force --block-layout=dense` stores it in {fewest}, which share less with other images",
            100 * (blocks - fewest) / fewest,
            64 * blocks,
        )
    })
}

/// Says in one line what an upload came to.
fn summary(uploaded: &Uploaded, elapsed: Duration) -> String {
    let what = uploaded.name.as_deref().unwrap_or(&uploaded.image);
    match uploaded.outcome {
        Outcome::Present => format!("{what} is in Keep already; nothing was written"),
        Outcome::Registered => {
            format!("{what} is in Keep already; it was registered without sending data")
        }
        Outcome::Uploaded => {
            format!(
                "{what} was uploaded: {} in {}, {} sent, {} reused, {}",
                bytes(uploaded.size),
                count(uploaded.blocks, "block"),
                bytes(uploaded.sent),
                bytes(uploaded.reused),
                pace(uploaded.size, elapsed)
            )
        }
    }
}

/// Describes an upload of so many bytes in so many blocks.
#[cfg(test)]
pub(super) fn uploaded(size: u64, blocks: u32) -> Uploaded {
    Uploaded {
        collection: "zzzzz-4zz18-000000000000000".into(),
        portable_data_hash: String::new(),
        image: String::new(),
        registered_as: String::new(),
        name: None,
        outcome: Outcome::Uploaded,
        size,
        sent: size,
        reused: 0,
        blocks,
        layers: 1,
        layers_read: 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_that_were_not_fetched_are_told() {
        let note = |layers, layers_read| {
            note_of_layers(&Uploaded {
                layers,
                layers_read,
                ..uploaded(0, 0)
            })
        };
        assert_eq!(note(14, 14), None);
        assert_eq!(note(0, 0), None, "nothing was written");
        assert_eq!(
            note(14, 2).unwrap(),
            "12 of 14 layers are in Keep already (verified), 2 fetched"
        );
        assert_eq!(
            note(2, 1).unwrap(),
            "1 of 2 layers is in Keep already (verified), 1 fetched"
        );
    }

    #[test]
    fn many_blocks_of_a_large_image_are_noted() {
        let note = |size, blocks| note_of_blocks(&uploaded(size, blocks));
        let size = 30 * (35 << 20);
        let text = note(size, 31).unwrap();
        assert!(
            text.starts_with("these are 82 % more blocks than the 17"),
            "{text}"
        );
        assert!(text.contains("1984 MiB"), "{text}");
        assert!(text.contains("--block-layout=dense"), "{text}");
        assert_eq!(note(size, 23), None, "35 %");
        assert!(note(size, 24).is_some(), "41 %");
        assert_eq!(note(1 << 30, 100), None, "no more than a gibibyte");
        assert_eq!(note(0, 0), None, "nothing was written");
    }
}
