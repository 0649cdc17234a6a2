//! The answers as JSON, in shapes that carry a version; `docs/json.md` describes them.

use keepdocker_archive::fewest_blocks;
use serde::Serialize;

/// An image of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ListedImage<'a> {
    /// None where only the ID is known.
    pub repository: Option<&'a str>,
    /// None where the name has no tag.
    pub tag: Option<&'a str>,
    /// Its ID; none where no link tells it.
    pub image: Option<&'a str>,
    /// The UUID of the collection that holds it.
    pub collection: &'a str,
    /// Its build time, else the time of its link.
    pub timestamp: &'a str,
}

/// What is listed can be shown as it is.
impl<'a> From<&ListedImage<'a>> for ListedImage<'a> {
    fn from(image: &ListedImage<'a>) -> Self {
        *image
    }
}

#[derive(Serialize)]
struct Images<'a> {
    schema: &'static str,
    images: Vec<ListedImage<'a>>,
}

/// Returns the listing, newest image first.
#[must_use]
pub fn images<'a, I>(images: &'a [I]) -> String
where
    ListedImage<'a>: From<&'a I>,
{
    line(&Images {
        schema: "keepdocker.images/1",
        images: images.iter().map(ListedImage::from).collect(),
    })
}

/// What an upload came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Uploaded<'a> {
    /// `present`, `registered` or `uploaded`.
    pub outcome: &'static str,
    /// The UUID of the collection that holds the image.
    pub collection: &'a str,
    /// That collection's portable data hash.
    pub portable_data_hash: &'a str,
    /// The image's ID.
    pub image: &'a str,
    /// The digest that its file and its hash link have for a name.
    pub registered_as: &'a str,
    /// The `repository:tag` that now names it; none for an upload by image ID.
    pub name: Option<&'a str>,
    /// Bytes of the archive; 0 unless it was written.
    pub size: u64,
    /// Bytes sent to Keep.
    pub sent: u64,
    /// Bytes that were not sent, as Keep has their blocks.
    pub reused: u64,
    /// Blocks of the archive; 0 unless it was written.
    pub blocks: u32,
    /// Layers of the image, each counted once; 0 unless it was written in canonical form.
    pub layers: u32,
    /// Layers that were read from the source.
    pub layers_read: u32,
}

#[derive(Serialize)]
struct Upload<'a> {
    schema: &'static str,
    #[serde(flatten)]
    uploaded: Uploaded<'a>,
    fewest_blocks: u64,
}

/// Returns what an upload came to.
#[must_use]
pub fn uploaded<'a, U>(uploaded: &'a U) -> String
where
    Uploaded<'a>: From<&'a U>,
{
    let uploaded = Uploaded::from(uploaded);
    line(&Upload {
        schema: "keepdocker.upload/1",
        fewest_blocks: fewest_blocks(uploaded.size),
        uploaded,
    })
}

/// Which collection a name means to the API server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Resolution<'a> {
    /// The UUID of the collection that holds the image.
    pub collection: &'a str,
    /// That collection's portable data hash.
    pub portable_data_hash: &'a str,
    /// Why this one: one sentence a step.
    pub reasons: &'a [String],
    /// The other collections that match, in the server's order.
    pub others: &'a [String],
}

#[derive(Serialize)]
struct Resolved<'a> {
    schema: &'static str,
    #[serde(flatten)]
    resolution: Resolution<'a>,
}

/// Returns which collection a name means to the API server.
#[must_use]
pub fn resolved<'a, R>(resolution: &'a R) -> String
where
    Resolution<'a>: From<&'a R>,
{
    line(&Resolved {
        schema: "keepdocker.resolve/1",
        resolution: resolution.into(),
    })
}

/// What a download came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Downloaded<'a> {
    /// `present` or `fetched`.
    pub outcome: &'static str,
    /// The UUID of the collection that holds the image.
    pub collection: &'a str,
    /// That collection's portable data hash.
    pub portable_data_hash: &'a str,
    /// The image's ID.
    pub image: &'a str,
    /// Bytes of the archive; 0 unless it was fetched.
    pub size: u64,
    /// How many blocks of Keep it was read from; 0 unless it was fetched.
    pub blocks: u32,
    /// Why this collection: one sentence a step.
    pub reasons: &'a [String],
}

#[derive(Serialize)]
struct Download<'a> {
    schema: &'static str,
    #[serde(flatten)]
    downloaded: Downloaded<'a>,
}

/// Returns what a download came to.
#[must_use]
pub fn downloaded<'a, D>(downloaded: &'a D) -> String
where
    Downloaded<'a>: From<&'a D>,
{
    line(&Download {
        schema: "keepdocker.download/1",
        downloaded: downloaded.into(),
    })
}

/// Returns a record as a line of JSON.
///
/// # Panics
/// If it is none of strings and numbers.
#[must_use]
pub fn line(value: &impl Serialize) -> String {
    let mut text =
        serde_json::to_string(value).expect("records of strings and numbers are always JSON");
    text.push('\n');
    text
}
