//! A page about images in Keep: one file, which asks no network and has the planner inside.
//!
//! What the cluster says is data to the page. It stands in an element that no browser runs, in which nothing can end
//! the element, and the scripts of the page make texts of it, never markup. The page's policy allows its own script and
//! style, by their hashes, and nothing else.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::planner;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");

/// The scripts, which make one module. The first is what jco makes of the planner; `docs/embedding.md` says how.
const SCRIPTS: [&str; 4] = [
    include_str!("planner.js"),
    include_str!("facts.js"),
    include_str!("ask.js"),
    include_str!("page.js"),
];

/// Returns the page with this data.
///
/// # Panics
/// If the data cannot be written as JSON, which is a defect of this program.
pub(crate) fn page(data: &impl Serialize) -> String {
    let script = SCRIPTS.join("\n");
    let policy = format!(
        "default-src 'none'; script-src '{}' 'wasm-unsafe-eval'; style-src '{}'; base-uri 'none'; form-action 'none'",
        hash(&script),
        hash(STYLE)
    );
    let data = serde_json::to_string(data).expect("texts and numbers can be written");
    let parts = [
        ("{policy}", policy.as_str()),
        ("{style}", STYLE),
        ("{data}", &harmless(&data)),
        ("{planner}", &BASE64_STANDARD.encode(planner::WASM)),
        ("{script}", &script),
    ];
    // Each part is put in once, and in order, so that nothing in one is taken for the place of another.
    let (mut page, mut rest) = (String::new(), PAGE);
    for (place, part) in parts {
        let (before, after) = rest.split_once(place).expect("the page has a place for it");
        page.push_str(before);
        page.push_str(part);
        rest = after;
    }
    page + rest
}

/// Returns the digest of the planner that is in the page.
pub(crate) fn planner_digest() -> String {
    let digest = Sha256::digest(planner::WASM);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns JSON in which nothing can end the element that it stands in, or begin another.
fn harmless(json: &str) -> String {
    // In JSON these stand in texts alone.
    json.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}

/// Returns the hash by which a policy of a page allows a script or a style.
fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_that_the_data_says_is_markup() {
        let hostile = "</script><script>alert(1)</script><!--{script}{planner}&lt;";
        let page = page(&json!({ "name": hostile }));
        assert_eq!(page.matches("<script").count(), 3, "the page's own");
        assert_eq!(page.matches("</script>").count(), 3);
        assert!(!page.contains("<!--") && !page.contains("alert(1)<"));
        let (_, data) = page.split_once("id=\"data\">").unwrap();
        let (data, _) = data.split_once("</script>").unwrap();
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!(data["name"], hostile);
    }

    #[test]
    fn the_policy_allows_the_scripts_of_the_page_alone() {
        let page = page(&json!({}));
        let (_, script) = page.split_once("<script type=\"module\">").unwrap();
        let (script, _) = script.split_once("</script>").unwrap();
        assert!(page.contains(&format!("script-src '{}' 'wasm-unsafe-eval'", hash(script))));
        let (_, style) = page.split_once("<style>").unwrap();
        let (style, _) = style.split_once("</style>").unwrap();
        assert!(page.contains(&format!("style-src '{}'", hash(style))));
        assert!(page.contains("default-src 'none'"));
        for way in ["http:", "https:", "innerHTML", "XMLHttpRequest"] {
            let own = page.replace("http://www.w3.org/2000/svg", "");
            let own = own.replace(SCRIPTS[0], "");
            assert!(!own.contains(way), "{way}");
        }
    }
}
