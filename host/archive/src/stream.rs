//! Reads an archive in one pass, in whatever order its members come.
//!
//! `manifest.json` comes last nearly everywhere, so which member is which layer shows at the
//! end. Until then every member is taken in as if it were a layer.

use std::io::Read;

use crate::image::Selection;

use super::catalog;
use super::choice::Choice;
use super::contents::{Contents, doubled};
use super::documents::{self, Documents, LONGEST};
use super::entry::Entry;
use super::error::{Error, Fault};
use super::intake::{Intake, Taken};
use super::members::Members;
use super::reading::Reading;
use super::source::tar_stream;

/// Takes in all members of `source`, then puts together the image that is meant.
pub(crate) fn read(
    source: impl Read,
    mut intake: Intake<'_>,
    choice: &Choice,
    selection: &Selection,
) -> Result<Reading, Error> {
    let mut contents: Contents<Taken> = Contents::new();
    let mut members = Members::new(tar_stream(source)?);
    while let Some(member) = members.next()? {
        if contents.add(&member)? {
            continue;
        }
        if let Some(former) = contents.former(&member.name) {
            let again = intake.check(&mut members, &member.name)?;
            if again != former.content {
                return Err(doubled(&member.name));
            }
            continue;
        }
        let promise = documents::promised_by_name(&member.name).map(|digest| (digest, member.size));
        let taken = intake.take(&mut members, &member.name, promise, true)?;
        taken.content.verify_name(&member.name)?;
        contents.add_file(member.name, taken);
    }
    let shape = members.shape().clone();
    let mut arrived = Arrived {
        contents: &contents,
        intake: &mut intake,
    };
    let entry = catalog::read(&mut arrived, choice)
        .and_then(|entries| choice.select(entries, selection))
        .and_then(|entry| verify(&contents, entry))
        .map_err(|error| shape.refine(error))?;
    intake.assemble(entry)
}

/// Compares the layers of an image with what is promised of them.
fn verify(contents: &Contents<Taken>, entry: Entry) -> Result<Entry, Error> {
    for (layer, diff_id) in entry.layers.iter().zip(&entry.diff_ids) {
        let taken = contents
            .file(&layer.member)?
            .ok_or_else(|| layer.missing())?;
        taken.content.verify(layer, diff_id)?;
    }
    Ok(entry)
}

/// The documents of an archive that was taken in.
struct Arrived<'a, 'b> {
    contents: &'a Contents<Taken>,
    intake: &'a mut Intake<'b>,
}

impl Documents for Arrived<'_, '_> {
    fn document(&mut self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        match self.contents.file(name)? {
            None => Ok(None),
            Some(Taken {
                document: Some(extent),
                ..
            }) => self.intake.document(*extent).map(Some),
            Some(_) => Err(Error::member(
                name,
                Fault::TooMuch {
                    what: "is too long for a JSON document",
                    limit: LONGEST,
                },
            )),
        }
    }
}
