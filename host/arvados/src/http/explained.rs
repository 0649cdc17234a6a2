//! Answers that a cluster would not give: what may have given them, and what to do.

use super::Answer;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION};
use keepdocker_wording::harmless::one_line;

impl Answer {
    /// Says what stands in the place of an answer, if it is what neither the API nor Keep answers: a
    /// page for a browser, or something compressed without being asked for.
    #[must_use]
    pub fn page(&self) -> Option<&'static str> {
        let begins = |text: &str| {
            let body = self.body.trim_ascii_start();
            body.get(..text.len())
                .is_some_and(|begin| begin.eq_ignore_ascii_case(text.as_bytes()))
        };
        let kind = self.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        if self.body.starts_with(&[0x1f, 0x8b])
            || self
                .header(CONTENT_ENCODING.as_str())
                .is_some_and(|encoding| !encoding.trim().eq_ignore_ascii_case("identity"))
        {
            return Some("something compressed, which was not asked for");
        }
        let is_html = kind.trim().to_ascii_lowercase().starts_with("text/html")
            || ["<!doctype html", "<html"].into_iter().any(begins);
        (is_html && !self.body.is_empty()).then_some("a page of HTML")
    }

    /// Says what an answer means that comes from something between here and the cluster, or tells of
    /// it; none of one that the cluster itself may have given.
    #[must_use]
    pub fn explained(&self) -> Option<String> {
        match self.status.as_u16() {
            300..=399 => Some(self.redirection()),
            407 | 511 => Some("something between here and the cluster wants a login".to_owned()),
            413 => Some(
                "a server in front of the cluster limits the size of requests; its administrator has \
                 to allow a little more than 64 MiB (nginx: `client_max_body_size`)"
                    .to_owned(),
            ),
            401 | 403 => self.page().map(|page| {
                format!(
                    "{page} came from something between here and the cluster, such as a proxy or a \
                     firewall; the token may be good"
                )
            }),
            _ => self.page().map(|page| {
                format!("{page} came from something between here and the cluster")
            }),
        }
    }

    fn redirection(&self) -> String {
        match self.header(LOCATION.as_str()) {
            Some(location) => format!(
                "it leads to `{}`, and the token is not sent elsewhere; if that is the cluster, set \
                 ARVADOS_API_HOST (or for Keep, the services of the cluster) to that host",
                one_line(location, 200)
            ),
            None => "it leads elsewhere, and does not say where".to_owned(),
        }
    }
}
