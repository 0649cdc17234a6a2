//! Reads multipart bodies.

use hyper::StatusCode;

use crate::error::ApiError;

/// Reads the fields of a multipart body; files are refused.
///
/// # Errors
///
/// Refuses a body that does not end or whose parts have no names.
pub(super) fn fields(content_type: &str, body: &[u8]) -> Result<Vec<(String, String)>, ApiError> {
    let refuse = |reason: &str| ApiError::controller(StatusCode::BAD_REQUEST, reason);
    let boundary = content_type
        .split(';')
        .filter_map(|part| part.trim().strip_prefix("boundary="))
        .map(|boundary| boundary.trim_matches('"'))
        .next()
        .ok_or_else(|| refuse("no multipart boundary param in Content-Type"))?;
    let text = String::from_utf8_lossy(body);
    let mut fields = Vec::new();
    for part in text.split(&format!("--{boundary}")).skip(1) {
        if part.starts_with("--") {
            return Ok(fields);
        }
        let part = part.strip_prefix("\r\n").unwrap_or(part);
        let (head, value) = part
            .split_once("\r\n\r\n")
            .ok_or_else(|| refuse("multipart: NextPart: EOF"))?;
        let name = head
            .split("name=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .ok_or_else(|| refuse("multipart: part without name"))?;
        fields.push((
            name.to_owned(),
            value.strip_suffix("\r\n").unwrap_or(value).to_owned(),
        ));
    }
    Err(refuse("multipart: NextPart: EOF"))
}
