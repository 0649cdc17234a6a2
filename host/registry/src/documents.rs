//! What is short and read whole: manifests, configs, signatures.

use std::time::Instant;

use http::header::{CONTENT_ENCODING, CONTENT_TYPE, LINK};
use keepdocker_archive::Digest;
use keepdocker_archive::oci::Descriptor;
use keepdocker_arvados::http::{Attempts, Setback};

use crate::error::Error;
use crate::manifests::{check_encoding, inline, wrong};
use crate::place::Place;
use crate::requests::{Ask, Requests, header};
use crate::wire::Response;

/// How many bytes a second there must be of what is read as a whole.
const SLOWEST: u64 = 256;

/// What was fetched as a whole.
pub(crate) struct Whole {
    pub(crate) bytes: Vec<u8>,
    /// The type that its sender says it is of.
    pub(crate) said: String,
    /// The path of the next page, where it is one of a list.
    #[cfg_attr(
        target_family = "wasm",
        expect(
            dead_code,
            reason = "signatures alone come in pages, and are not read there"
        )
    )]
    pub(crate) next: Option<String>,
}

impl Requests {
    /// Fetches something of at most `limit` bytes.
    pub(crate) async fn whole(
        &self,
        ask: &Ask<'_>,
        limit: usize,
        attempts: &mut Attempts,
    ) -> Result<Whole, Error> {
        loop {
            let arrived = self.ask(ask, attempts).await?;
            let headers = &arrived.response.headers;
            let next = header(headers, LINK).and_then(|link| next_page(link, &ask.path));
            check_encoding(&arrived.host, header(headers, CONTENT_ENCODING))?;
            let said = header(headers, CONTENT_TYPE).unwrap_or_default();
            let said = said.split(';').next().unwrap_or_default();
            let said = said.trim().to_ascii_lowercase();
            match self.body(arrived.response, limit).await {
                Ok(bytes) => return Ok(Whole { bytes, said, next }),
                Err(reason) => {
                    let (host, setback) = (arrived.host, Setback::default());
                    if !self.wait(&host, &reason, setback, attempts).await {
                        return Err(Error::Unreachable { host, reason });
                    }
                }
            }
        }
    }

    /// Reads a body of at most `limit` bytes; nothing may come for no longer than the timing says.
    pub(crate) async fn body(
        &self,
        mut response: Response,
        limit: usize,
    ) -> Result<Vec<u8>, String> {
        let stall = self.transport.timing.stall;
        let begun = Instant::now();
        let mut body = Vec::new();
        loop {
            let Some(chunk) = response.body.chunk(stall).await? else {
                return Ok(body);
            };
            body.extend_from_slice(&chunk);
            // It is short: drop by drop it could take a day.
            let taken = begun.elapsed();
            if taken > stall && (body.len() as u64) < SLOWEST * taken.as_secs() {
                return Err(format!(
                    "only {} bytes came in {} s",
                    body.len(),
                    taken.as_secs()
                ));
            }
            if body.len() > limit {
                return Err(format!("what it sends is longer than {limit} bytes"));
            }
        }
    }

    /// Fetches a small blob whole, unless it stands in its descriptor, and holds it against that.
    pub(crate) async fn small_blob(
        &self,
        place: &Place,
        (entry, digest): (&Descriptor, &Digest),
        what: &str,
        limit: usize,
        attempts: &mut Attempts,
    ) -> Result<Vec<u8>, Error> {
        if let Some(bytes) = inline(entry, digest) {
            return Ok(bytes);
        }
        let what = format!("{what} {digest} in `{}`", place.path);
        let ask = Ask {
            place,
            path: format!("blobs/{digest}"),
            accept: None,
            range: None,
            what: what.clone(),
        };
        let bytes = self.whole(&ask, limit, attempts).await?.bytes;
        let found = Digest::of(&bytes);
        if found != *digest {
            return Err(wrong(&what, &found));
        }
        check_size(&what, entry, &bytes)?;
        Ok(bytes)
    }
}

/// Makes sure that something is as long as its descriptor says. Whoever trusts the one may go by the other.
pub(crate) fn check_size(what: &str, entry: &Descriptor, bytes: &[u8]) -> Result<(), Error> {
    match entry.size {
        Some(size) if size != bytes.len() as u64 => Err(Error::Unsound {
            what: what.to_owned(),
            fault: format!("it has {} bytes, where {size} are said of it", bytes.len()),
        }),
        _ => Ok(()),
    }
}

/// Returns the path of the page that follows, by what a registry says in a `Link`.
///
/// Nothing of that but the query is taken: what leads to another list, or to another host, leads nowhere.
fn next_page(link: &str, path: &str) -> Option<String> {
    let (own, _) = path.split_once('?').unwrap_or((path, ""));
    let (target, rest) = link.trim().strip_prefix('<')?.split_once('>')?;
    let (at, query) = target.split_once('?')?;
    let is_next = rest.split(';').any(|word| {
        let word = word.trim().to_ascii_lowercase();
        word == "rel=\"next\"" || word == "rel=next"
    });
    let is_plain =
        query.len() <= LONGEST_QUERY && query.bytes().all(|byte| byte.is_ascii_graphic());
    let is_of_it = at.ends_with(&format!("/{own}")) && is_next && is_plain;
    is_of_it.then(|| format!("{own}?{query}"))
}

/// The longest query for a further page.
const LONGEST_QUERY: usize = 2000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_on_in_the_same_list_alone() {
        let path = "referrers/sha256:aa?artifactType=x";
        let next = Some("referrers/sha256:aa?n=2&last=b".to_owned());
        for (link, expected) in [
            (
                "</v2/lab/tool/referrers/sha256:aa?n=2&last=b>; rel=\"next\"",
                &next,
            ),
            (
                "<https://quay.io/v2/lab/tool/referrers/sha256:aa?n=2&last=b>;rel=next",
                &next,
            ),
            (
                "</v2/lab/tool/referrers/sha256:aa?n=2&last=b>; rel=\"prev\"",
                &None,
            ),
            (
                "</v2/lab/tool/referrers/sha256:bb?n=2&last=b>; rel=\"next\"",
                &None,
            ),
            ("</v2/lab/tool/referrers/sha256:aa>; rel=\"next\"", &None),
            (
                "</v2/lab/tool/referrers/sha256:aa?n=2 x>; rel=\"next\"",
                &None,
            ),
            ("/v2/lab/tool/referrers/sha256:aa?n=2; rel=\"next\"", &None),
            ("", &None),
        ] {
            assert_eq!(next_page(link, path), *expected, "{link}");
        }
        let endless = format!(
            "</v2/x/referrers/sha256:aa?{}>; rel=\"next\"",
            "n".repeat(2001)
        );
        assert_eq!(next_page(&endless, path), None);
    }
}
