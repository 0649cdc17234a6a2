//! Why a command failed, as JSON; `docs/json.md` describes it.

use keepdocker_console::json::line;
use keepdocker_console::{Page, Report, concealed};
use serde::Serialize;

#[derive(Serialize)]
struct Failed<'a> {
    schema: &'static str,
    exit: u8,
    message: &'a str,
    details: &'a [String],
    hint: Option<&'a str>,
    page: Option<&'static str>,
}

/// Returns why a command failed, without secrets.
#[must_use]
pub(crate) fn failure(report: &Report) -> String {
    let text = line(&Failed {
        schema: "keepdocker.failure/1",
        exit: report.exit.code(),
        message: &report.message,
        details: &report.details,
        hint: report.advice.as_deref(),
        page: report.page.map(Page::path),
    });
    concealed(&text).into_owned()
}
