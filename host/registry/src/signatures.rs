//! Signatures on an image: where its registry has them, and which of them count.
//!
//! ```text
//! index, then manifest ─▶ referrers of its digest        bundles of cosign 3
//!                       ─▶ tag sha256-<digits>            the same, where a registry has no referrers
//!                       ─▶ tag sha256-<digits>.sig        signatures of cosign 1 and 2
//! ```
//! A place that has nothing leads on to the next. What counts, `keepdocker_signature` says.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use keepdocker_archive::Digest;
use keepdocker_archive::oci::{Descriptor, OciDocument};
use keepdocker_signature::{Annotations, BUNDLE, Objection, PAYLOAD, Signed, Signer, Subject};
use keepdocker_terms::reference::Name;
use keepdocker_wording::harmless::one_line;

use crate::client::{Client, Image, Resolved};
use crate::documents::Whole;
use crate::error::Error;
use crate::manifests::wrong;
use crate::place::Place;
use crate::requests::Ask;
use crate::tally::{Checked, MOST, Tally, of_one};

/// The types of what leads to a signature or holds one.
const ACCEPT: &str =
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json";
/// What an annotation says of a bundle that is a signature, rather than an attestation.
const PREDICATE: &str = "dev.sigstore.bundle.predicateType";
const SIGNED: &str = "https://sigstore.dev/cosign/sign/v1";

/// The longest list of signatures that is read, in bytes.
const LONGEST_LIST: usize = 1 << 20;
/// How many pages of such a list are read.
const MOST_PAGES: usize = 10;
/// How many sentences on what was looked at are kept.
const MOST_NOTES: usize = 16;

/// What signatures are wanted.
pub struct Wanted<'a> {
    /// The name that the image was asked for by.
    pub name: &'a Name,
    /// Those whose signatures count.
    pub signers: &'a [Signer],
    /// Tells whether no more are needed.
    pub suffices: &'a (dyn Fn(&[Signature]) -> bool + Sync),
}

/// A valid signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Whose it is, as a collection notes it.
    pub who: String,
    /// The names of the signers among those that are wanted who are that.
    pub signers: Vec<String>,
    /// The digest of what holds the signature: a bundle, or the manifest of the old form.
    pub holder: Digest,
}

/// The signatures that count, and what was looked at to find them.
#[derive(Debug, Clone, Default)]
pub struct Signatures {
    /// One for each signer.
    pub found: Vec<Signature>,
    notes: Vec<String>,
}

impl Signatures {
    /// Says what was looked at, as the end of a sentence; nothing where nothing was.
    #[must_use]
    pub fn looked_at(&self) -> String {
        match &*self.notes {
            [] => String::new(),
            notes => format!("looked for signatures: {}", notes.join("; ")),
        }
    }

    fn note(&mut self, text: String) {
        if self.notes.len() < MOST_NOTES {
            self.notes.push(text);
        }
    }

    fn add(&mut self, Signed { who, signers }: Signed, holder: Digest) {
        match self.found.iter_mut().find(|known| known.who == who) {
            // Another root may prove the same of who it is.
            Some(known) => {
                let more = signers.into_iter();
                let new: Vec<String> = more.filter(|it| !known.signers.contains(it)).collect();
                known.signers.extend(new);
            }
            None => self.found.push(Signature {
                who,
                signers,
                holder,
            }),
        }
    }
}

impl Client {
    /// Looks for signatures on an image until those found suffice: on what its name leads to, then on its manifest.
    ///
    /// # Errors
    /// If those found do not suffice, and something could not be looked at.
    pub async fn signatures(
        &self,
        resolved: &Resolved,
        image: &Image,
        wanted: &Wanted<'_>,
    ) -> Result<Signatures, Error> {
        let mut signatures = Signatures::default();
        let manifest = image.documents.get(&image.manifest).map(Vec::as_slice);
        let mut subjects = vec![&*resolved.top.bytes];
        subjects.extend(manifest.filter(|_| image.manifest != resolved.digest));
        let mut failure = None;
        for document in subjects {
            let subject = Subject {
                name: wanted.name,
                document,
            };
            for at in 0..resolved.places.len() {
                let mut search = Search {
                    client: self,
                    places: &resolved.places,
                    at,
                    subject,
                    digest: subject.digest(),
                    wanted,
                    signatures: &mut signatures,
                };
                failure = search.run().await.or(failure);
                if (wanted.suffices)(&signatures.found) {
                    return Ok(signatures);
                }
            }
        }
        failure.map_or(Ok(signatures), Err)
    }
}

/// A document that a registry has: what it is, computed from its bytes, what it says, and what follows on it.
struct Found {
    digest: Digest,
    document: OciDocument,
    next: Option<String>,
}

/// The search for signatures on one digest at one place.
struct Search<'a> {
    client: &'a Client,
    places: &'a [Place],
    at: usize,
    subject: Subject<'a>,
    digest: Digest,
    wanted: &'a Wanted<'a>,
    signatures: &'a mut Signatures,
}

impl<'a> Search<'a> {
    /// Looks everywhere at this place; returns what kept it from looking somewhere.
    async fn run(&mut self) -> Option<Error> {
        let place = self.place().name();
        self.signatures
            .note(format!("on {} at {place}", self.digest));
        let digits = self.digest.hex();
        let mut failure = None;
        let mut seen = HashSet::new();
        let referrers = format!("referrers/{}?artifactType={}", self.digest, encoded(BUNDLE));
        let tag = format!("manifests/sha256-{digits}");
        for (path, where_it_is, may_lack) in [
            (referrers, "among its referrers", true),
            (tag, "at its tag", false),
        ] {
            let (list, broke_off) = self.list(path, may_lack).await;
            let told = match broke_off {
                Some(error) if list.is_empty() => Err(error),
                more => {
                    failure = more
                        .and_then(|error| self.tell(where_it_is, Err(error)))
                        .or(failure);
                    self.bundles(list, &mut seen).await
                }
            };
            failure = self.tell(where_it_is, told).or(failure);
            if self.is_enough() {
                return None;
            }
        }
        let told = self.old(&format!("sha256-{digits}.sig")).await;
        self.tell("at its tag .sig", told).or(failure)
    }

    fn place(&self) -> &Place {
        &self.places[self.at]
    }

    fn is_enough(&self) -> bool {
        (self.wanted.suffices)(&self.signatures.found)
    }

    /// Notes what was found somewhere; returns what went wrong.
    fn tell(&mut self, where_it_is: &str, told: Result<Tally, Error>) -> Option<Error> {
        match told {
            Ok(tally) => {
                self.signatures.note(format!("{where_it_is} {tally}"));
                None
            }
            Err(error) => {
                let words = one_line(&error.to_string(), 300);
                self.signatures
                    .note(format!("{where_it_is} nothing could be looked at: {words}"));
                Some(error)
            }
        }
    }

    /// Fetches a document that may not be there.
    async fn document(&self, path: String, limit: usize) -> Result<Option<Found>, Error> {
        let (what, _) = path.split_once('?').unwrap_or((&path, ""));
        let what = format!("{what} of `{}`", self.place().path);
        let ask = Ask {
            place: self.place(),
            path,
            accept: Some(ACCEPT),
            range: None,
            what: what.clone(),
        };
        let mut attempts = self.client.attempts(self.places, self.at);
        let whole = self.client.requests.whole(&ask, limit, &mut attempts);
        let Whole { bytes, next, .. } = match whole.await {
            Ok(whole) => whole,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let document = serde_json::from_slice(&bytes).map_err(|_| Error::Unsound {
            what,
            fault: "is not the JSON of a manifest or an index".to_owned(),
        })?;
        Ok(Some(Found {
            digest: Digest::of(&bytes),
            document,
            next,
        }))
    }

    /// Returns the entries of a list of signatures, and what kept it from being read to its end. `may_lack` is said of
    /// what a registry need not know how to answer.
    async fn list(&mut self, path: String, may_lack: bool) -> (Vec<Descriptor>, Option<Error>) {
        let mut entries = Vec::new();
        let mut path = Some(path);
        for page in 0..MOST_PAGES {
            let Some(this) = path.take() else { break };
            match self.document(this, LONGEST_LIST).await {
                Ok(None) => break,
                Ok(Some(found)) => {
                    entries.extend(found.document.manifests);
                    path = found.next;
                }
                // Registries without the function answer with anything; the tag, which is asked next, will tell.
                Err(
                    Error::Nonsense { .. }
                    | Error::Refused { .. }
                    | Error::Unsound { .. }
                    | Error::Unsupported(_),
                ) if may_lack && page == 0 => break,
                Err(error) => return (entries, Some(error)),
            }
        }
        if path.is_some() {
            let note = format!("of a longer list only {MOST_PAGES} pages were read");
            self.signatures.note(note);
        }
        (entries, None)
    }

    /// Looks at the bundles of a list.
    async fn bundles(
        &mut self,
        mut list: Vec<Descriptor>,
        seen: &mut HashSet<String>,
    ) -> Result<Tally, Error> {
        list.retain(|entry| entry.artifact_type == BUNDLE && seen.insert(entry.digest.clone()));
        // A hint that saves requests: those that say they are signatures come first.
        list.sort_by_key(|entry| entry.annotation(PREDICATE) != Some(SIGNED));
        let mut tally = Tally::of(list.len());
        for entry in list.iter().take(MOST) {
            let checked = of_one(self.bundle(entry).await)?;
            if let Some((signed, holder)) = tally.count(checked) {
                self.signatures.add(signed, holder);
                if self.is_enough() {
                    break;
                }
            }
        }
        Ok(tally)
    }

    /// Checks the bundle that an entry of a list leads to.
    async fn bundle(&self, entry: &Descriptor) -> Result<Checked, Error> {
        let unreadable = |reason: &str| Ok(Err(Objection::Unreadable(reason.to_owned())));
        let Some(wanted) = Digest::parse(&entry.digest) else {
            return unreadable("it is named by another digest than SHA-256");
        };
        let path = format!("manifests/{wanted}");
        let Some(found) = self.document(path, LONGEST_LIST).await? else {
            return unreadable("it is not there");
        };
        if found.digest != wanted {
            return Err(wrong(
                &format!("manifest {wanted} of a signature"),
                &found.digest,
            ));
        }
        let mut layers = found.document.layers.iter();
        let Some((layer, digest)) = layers.find_map(|layer| {
            let digest = Digest::parse(&layer.digest)?;
            (layer.media_type == BUNDLE).then_some((layer, digest))
        }) else {
            return unreadable("it holds no bundle");
        };
        let bytes = self.blob(layer, &digest).await?;
        let checked = keepdocker_signature::of_bundle(&bytes, &self.subject, self.wanted.signers);
        Ok(checked.map(|signed| (signed, digest)))
    }

    /// Looks at the signatures of the old form behind a tag.
    async fn old(&mut self, tag: &str) -> Result<Tally, Error> {
        let path = format!("manifests/{tag}");
        let Some(found) = self.document(path, LONGEST_LIST).await? else {
            return Ok(Tally::default());
        };
        let holder = found.digest;
        let signed: Vec<(&Descriptor, Annotations<'_>)> = found
            .document
            .layers
            .iter()
            .filter(|layer| layer.media_type == PAYLOAD)
            .filter_map(|layer| Some((layer, Annotations::read(|name| layer.annotation(name))?)))
            .collect();
        let mut tally = Tally::of(signed.len());
        // Who signs once more covers the same bytes.
        let mut payloads: HashMap<Digest, Vec<u8>> = HashMap::new();
        for (layer, annotations) in signed.into_iter().take(MOST) {
            let Some(digest) = Digest::parse(&layer.digest) else {
                let reason = "it is named by another digest than SHA-256".to_owned();
                let _ = tally.count(Err(Objection::Unreadable(reason)));
                continue;
            };
            let payload = match payloads.entry(digest) {
                Entry::Occupied(known) => Ok(known.into_mut()),
                Entry::Vacant(place) => {
                    let fetched = self.blob(layer, &digest).await;
                    fetched.map(|bytes| place.insert(bytes))
                }
            };
            let signers = self.wanted.signers;
            let checked = payload.map(|payload| {
                keepdocker_signature::of_payload(payload, &annotations, &self.subject, signers)
                    .map(|signed| (signed, holder))
            });
            if let Some((signed, holder)) = tally.count(of_one(checked)?) {
                self.signatures.add(signed, holder);
                if self.is_enough() {
                    break;
                }
            }
        }
        Ok(tally)
    }

    async fn blob(&self, layer: &Descriptor, digest: &Digest) -> Result<Vec<u8>, Error> {
        let limit = keepdocker_signature::LONGEST;
        if layer.size.is_some_and(|size| size > limit as u64) {
            return Err(Error::Unsound {
                what: format!("signature {digest}"),
                fault: "is too long for one".to_owned(),
            });
        }
        let mut attempts = self.client.attempts(self.places, self.at);
        let wanted = (layer, digest);
        let requests = &self.client.requests;
        requests
            .small_blob(self.place(), wanted, "signature", limit, &mut attempts)
            .await
    }
}

/// Writes a media type so that a query can have it.
fn encoded(kind: &str) -> String {
    kind.replace('/', "%2F").replace('+', "%2B")
}
