//! What is known of an image, as people read it.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use keepdocker_console::{Column, Columns, Give, age};
use serde_json::Value;

use crate::harmless::{escape, excerpt};
use crate::output::wrapped;
use crate::run::called;
use crate::wording::{bytes, count};

/// Where the values stand.
const INDENT: usize = 15;

/// How much of one value is shown.
const LONGEST: usize = 400;

/// How many lines a list has at most. Layers and history may be longer than any other.
const MOST: usize = 20;

/// How many layers and steps of the history are shown at most.
const MOST_STEPS: usize = 150;

/// Returns the text of a member; nothing where it has none.
pub(super) fn text(shown: &Value, pointer: &str) -> String {
    match shown.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

/// Returns what is known of an image, for a terminal of this width if there is one.
pub(super) fn screen(shown: &Value, width: Option<usize>, now: DateTime<Utc>) -> String {
    let mut screen = Screen {
        text: format!("{}\n", excerpt(&text(shown, "/name"), LONGEST)),
        width: width.unwrap_or(usize::MAX),
    };
    let of = |pointer: &str| text(shown, pointer);
    screen.fields("fault", [of("/fault")]);
    screen.fields("image", [of("/image")]);
    screen.fields("manifest", [of("/manifest")]);
    if ![of("/image"), of("/manifest")].contains(&of("/registered_as")) {
        screen.fields("file named as", [of("/registered_as")]);
    }
    screen.fields("from", [of("/noted/source")]);
    screen.fields("signed by", [of("/noted/signer")]);
    screen.fields("collection", [of("/collection"), of("/portable_data_hash")]);
    screen.fields("owner", [named(&of("/owner_name"), &of("/owner"))]);
    screen.fields("Workbench", [of("/workbench")]);
    screen.fields("platform", [of("/platform")]);
    screen.fields("built", [of("/created")]);
    for (label, member) in [
        ("entrypoint", "Entrypoint"),
        ("command", "Cmd"),
        ("user", "User"),
        ("folder", "WorkingDir"),
        ("stop signal", "StopSignal"),
    ] {
        screen.fields(label, [of(&format!("/config/{member}"))]);
    }
    screen.fields("environment", strings(&shown["config"]["Env"]));
    screen.fields("labels", pairs(&shown["config"]["Labels"]));
    screen.fields("ports", pairs(&shown["config"]["ExposedPorts"]));
    screen.fields("volumes", pairs(&shown["config"]["Volumes"]));
    screen.fields("size", [size(shown)]);
    screen.fields("read", [checked(shown).to_owned()]);
    screen.fields("readers", readers(shown));
    screen.fields("chosen", strings(&shown["reasons"]));
    screen.fields("passed over", strings(&shown["others"]));
    screen.layers(shown);
    screen.history(shown, now);
    screen.names(shown, now);
    screen.shared(shown);
    screen.text
}

/// A screen in the making.
struct Screen {
    text: String,
    width: usize,
}

impl Screen {
    /// Adds a field with these values, each on a line of its own; nothing if all are empty.
    fn fields(&mut self, label: &str, values: impl IntoIterator<Item = String>) {
        let values = values
            .into_iter()
            .filter(|value| !value.is_empty() && value != "null");
        let mut values: Vec<String> = values.map(|value| excerpt(&value, LONGEST)).collect();
        if values.len() > MOST {
            let left = values.len() - MOST;
            values.truncate(MOST);
            values.push(format!("and {left} more, which --json shows"));
        }
        for (place, value) in values.iter().enumerate() {
            let label = if place == 0 { label } else { "" };
            let first = value.split(' ').next().unwrap_or_default().chars().count();
            // What is copied stays whole, on a line of its own if it must.
            if INDENT + first > self.width {
                if place == 0 {
                    self.text.push_str(&format!("  {label}\n"));
                }
                let value = wrapped(value, self.width, 4, 4);
                self.text.push_str(&format!("    {value}\n"));
                continue;
            }
            let value = wrapped(value, self.width, INDENT, INDENT);
            self.text
                .push_str(&format!("  {label:width$}{value}\n", width = INDENT - 2));
        }
    }

    /// Adds a table, of whose rows `left` were left out.
    fn table(&mut self, columns: Vec<Column>, rows: Vec<Vec<Cow<'_, str>>>, left: usize) {
        if rows.is_empty() {
            return;
        }
        let room = self.width.saturating_sub(2);
        let table = Columns::new(columns, rows).fitted(room);
        self.text.push('\n');
        for line in table.lines() {
            self.text.push_str(&format!("  {line}\n"));
        }
        if left > 0 {
            self.text.push_str(&format!("  and {left} more: --json\n"));
        }
    }

    fn layers(&mut self, shown: &Value) {
        let columns = vec![
            Column::of_numbers("LAYER", Give::Nothing),
            Column::of_numbers("SIZE", Give::Nothing),
            Column::new("DIFF ID", Give::Cut(12)),
        ];
        let layers = list(&shown["layers"]);
        let rows = layers
            .iter()
            .take(MOST_STEPS)
            .enumerate()
            .map(|(place, layer)| {
                vec![
                    Cow::Owned((place + 1).to_string()),
                    Cow::Owned(bytes(layer["size"].as_u64().unwrap_or_default())),
                    escape(layer["diff_id"].as_str().unwrap_or_default()),
                ]
            });
        self.table(
            columns,
            rows.collect(),
            layers.len().saturating_sub(MOST_STEPS),
        );
    }

    fn history(&mut self, shown: &Value, now: DateTime<Utc>) {
        let columns = vec![
            Column::of_numbers("AGE", Give::Way(1)),
            Column::of_numbers("LAYER", Give::Nothing),
            Column::new("MADE BY", Give::Cut(12)),
        ];
        let layers = list(&shown["layers"]);
        let steps = list(&shown["history"]);
        let rows = steps.iter().take(MOST_STEPS).map(|step| {
            let layer = layers
                .iter()
                .position(|layer| layer["diff_id"] == step["layer"]);
            let made_by = step["created_by"].as_str().or(step["comment"].as_str());
            let made_by = made_by.unwrap_or_default().split_whitespace();
            let made_by = made_by.take(100).collect::<Vec<_>>().join(" ");
            vec![
                step["created"]
                    .as_str()
                    .map_or("".into(), |at| Cow::Owned(excerpt(&age(at, now), 40))),
                Cow::Owned(layer.map(|at| (at + 1).to_string()).unwrap_or_default()),
                Cow::Owned(excerpt(&made_by, LONGEST)),
            ]
        });
        self.table(
            columns,
            rows.collect(),
            steps.len().saturating_sub(MOST_STEPS),
        );
    }

    fn names(&mut self, shown: &Value, now: DateTime<Utc>) {
        let columns = vec![
            Column::new("LINK", Give::Cut(16)),
            Column::new("GETS", Give::Nothing),
            Column::new("OWNER", Give::Way(2)),
            Column::of_numbers("AGE", Give::Way(1)),
        ];
        let own = text(shown, "/collection");
        let links = list(&shown["links"]);
        let rows = links.iter().take(MOST).map(|link| {
            let mut fates = list(&shown["names"]).iter();
            let fate = fates.find(|fate| fate["name"] == link["name"]);
            let gets = match fate.map(|fate| text(fate, "/leads_to")) {
                None => Cow::Borrowed(""),
                Some(other) if other == own => "this".into(),
                Some(other) if other.is_empty() => "nothing".into(),
                Some(other) => Cow::Owned(escape(&other).into_owned()),
            };
            let owner = [&link["owner_name"], &link["owner"]];
            let owner = owner
                .into_iter()
                .find_map(Value::as_str)
                .unwrap_or_default();
            vec![
                Cow::Owned(excerpt(&text(link, "/name"), LONGEST)),
                gets,
                escape(owner),
                age(link["created_at"].as_str().unwrap_or_default(), now),
            ]
        });
        self.table(columns, rows.collect(), links.len().saturating_sub(MOST));
    }

    fn shared(&mut self, shown: &Value) {
        let columns = vec![
            Column::of_numbers("SHARED", Give::Nothing),
            Column::of_numbers("BLOCKS", Give::Way(1)),
            Column::new("WITH", Give::Nothing),
            Column::new("NAMES", Give::Way(2)),
        ];
        let others = list(&shown["shared"]);
        let rows = others.iter().take(MOST).map(|other| {
            let names = strings(&other["names"]);
            let more = names.len().saturating_sub(3);
            let mut names = names.into_iter().take(3).collect::<Vec<_>>().join(", ");
            if more > 0 {
                names.push_str(&format!(" and {more} more"));
            }
            vec![
                Cow::Owned(bytes(other["bytes"].as_u64().unwrap_or_default())),
                Cow::Owned(other["blocks"].to_string()),
                Cow::Owned(escape(&text(other, "/collection")).into_owned()),
                Cow::Owned(excerpt(&names, 60)),
            ]
        });
        self.table(columns, rows.collect(), others.len().saturating_sub(MOST));
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn strings(value: &Value) -> Vec<String> {
    let strings = list(value).iter().filter_map(Value::as_str);
    strings.map(str::to_owned).collect()
}

/// Returns the members of an object as people write them; of sets the names alone.
fn pairs(value: &Value) -> Vec<String> {
    let members = value.as_object().into_iter().flatten();
    let pair = |(name, value): (&String, &Value)| match value {
        Value::String(value) => format!("{name}={value}"),
        _ => name.clone(),
    };
    members.map(pair).collect()
}

fn named(name: &str, uuid: &str) -> String {
    match name.is_empty() {
        true => uuid.to_owned(),
        false => format!("{name} ({uuid})"),
    }
}

fn size(shown: &Value) -> String {
    let of = |member: &str| shown[member].as_u64();
    let blocks = count(list(&shown["blocks"]).len(), "block");
    let mut told = format!("{} in {blocks}", bytes(of("size").unwrap_or_default()));
    if let (Some(shared), Some(stored)) = (of("shared_bytes"), of("stored_bytes")) {
        told.push_str(&match (shared, of("compared").unwrap_or_default()) {
            (_, 0) => "; there is no other image to share them with".to_owned(),
            (0, others) => format!(", none of them in {}", count(others, "other collection")),
            (all, _) if all == stored => ", all of them in other collections as well".to_owned(),
            (shared, _) => format!(", {} of it in other collections as well", bytes(shared)),
        });
    }
    told
}

/// Says what was held against digests, and what headers say.
fn checked(shown: &Value) -> &'static str {
    match shown["checked"].as_str() {
        Some("content") => "all of it; every digest was checked",
        Some(_) => "the config, which was hashed; sizes of layers are those of headers",
        None => "",
    }
}

/// Says who can read it, as far as that can be told.
fn readers(shown: &Value) -> Vec<String> {
    let projects = list(&shown["readers"]["projects"]);
    let name_of = |uuid: &str| {
        let mut known = projects.iter().filter(|project| project["uuid"] == uuid);
        let known = known.next().map(|project| text(project, "/name"));
        known
            .filter(|name| !name.is_empty())
            .unwrap_or(uuid.to_owned())
    };
    let mut readers = Vec::new();
    if let Some(project) = projects
        .last()
        .filter(|_| shown["readers"]["complete"] == true)
    {
        readers.push(format!(
            "{} owns it",
            named(&text(project, "/name"), &text(project, "/uuid"))
        ));
    }
    for grant in list(&shown["readers"]["grants"]) {
        let (holder, object) = (text(grant, "/holder"), text(grant, "/object"));
        let known = text(grant, "/holder_name");
        let who = match (called(&holder), known.is_empty()) {
            (short, _) if short != holder => short.to_owned(),
            (_, true) => holder.clone(),
            (_, false) => known,
        };
        let place = match object == text(shown, "/collection") {
            true => String::new(),
            false => format!(", by project {}", name_of(&object)),
        };
        readers.push(format!("{who}: {}{place}", text(grant, "/level")));
    }
    readers.push("administrators, and others whose permissions your token does not see".to_owned());
    readers
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::screens::screens;

    /// An image of which much is known, and some of it hostile.
    fn shown() -> Value {
        let digest = |letter: &str| format!("sha256:{}", letter.repeat(64));
        let own = "zzzzz-4zz18-0123456789abcde";
        json!({
            "name": "lab/tool:1.2",
            "reasons": [
                "1 link gives the name `lab/tool:1.2`.",
                "Collection zzzzz-4zz18-0123456789abcde comes first: its build time 2026-01-01T00:00:00Z is the latest."
            ],
            "others": ["zzzzz-4zz18-other0000000000"],
            "collection": own, "portable_data_hash": "fa3c1a9cb6783f85f2ecda037e07b8c3+167",
            "owner": "zzzzz-j7d0g-0123456789abcde", "owner_name": "Images",
            "fault": null, "checked": "config",
            "image": digest("a"), "manifest": digest("f"), "registered_as": digest("a"),
            "noted": {"source": format!("quay.io/lab/tool@{}", digest("e")), "signer": null},
            "platform": "linux/amd64", "created": "2026-01-01T00:00:00Z",
            "config": {
                "Entrypoint": ["/opt/tool", "--fast"], "Cmd": null, "User": "nobody", "WorkingDir": "/data",
                "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TITLE=\u{1b}[2J"],
                "Labels": {"org.opencontainers.image.description": "What it does, in so many words that no narrow terminal has room for them"},
                "ExposedPorts": {"8080/tcp": {}},
            },
            "layers": [
                {"diff_id": digest("b"), "size": 78_000_000}, {"diff_id": digest("c"), "size": 1024},
            ],
            "history": [
                {"created": "2025-12-01T00:00:00Z", "created_by": "/bin/sh -c #(nop) ADD file:00 in / ", "layer": digest("b")},
                {"created": "2025-12-01T00:00:00Z", "created_by": "/bin/sh -c #(nop)  ENV PATH=/usr/local/bin", "layer": null},
                {"created": "2026-01-01T00:00:00Z", "created_by": "RUN apt-get update && \t apt-get install -y a-package-of-a-long-name", "layer": digest("c")},
            ],
            "size": 78_100_000, "stored_bytes": 78_100_000, "shared_bytes": 67_108_864,
            "blocks": [{"block": "x"}, {"block": "y"}],
            "compared": 12, "not_compared": 0,
            "shared": [
                {"collection": "zzzzz-4zz18-other0000000000", "names": ["lab/tool:1.1", "lab/tool:old"], "blocks": 1, "bytes": 67_108_864},
                {"collection": "zzzzz-4zz18-nameless0000000", "names": [], "blocks": 1, "bytes": 100},
            ],
            "links": [
                {"name": digest("a"), "owner": "zzzzz-j7d0g-0123456789abcde", "owner_name": "Images", "created_at": "2026-01-02T00:00:00Z"},
                {"name": "lab/tool:1.2", "owner": "zzzzz-j7d0g-0123456789abcde", "owner_name": "Images", "created_at": "2026-01-02T00:00:00Z"},
                {"name": "lab/tool:latest", "owner": "zzzzz-tpzed-0123456789abcde", "owner_name": null, "created_at": "2026-01-20T00:00:00Z"},
            ],
            "names": [
                {"name": "lab/tool:1.2", "leads_to": own}, {"name": "lab/tool:latest", "leads_to": "zzzzz-4zz18-other0000000000"},
            ],
            "readers": {
                "projects": [
                    {"uuid": "zzzzz-j7d0g-0123456789abcde", "name": "Images"},
                    {"uuid": "zzzzz-tpzed-0123456789abcde", "name": "Alice Example"},
                ],
                "complete": true,
                "grants": [
                    {"object": own, "holder": "zzzzz-tpzed-bob000000000000", "holder_name": "Bob Example", "level": "write"},
                    {"object": "zzzzz-j7d0g-0123456789abcde", "holder": "zzzzz-j7d0g-fffffffffffffff", "holder_name": "All users", "level": "read"},
                ],
            },
            "workbench": "https://workbench.zzzzz.example.org/collections/zzzzz-4zz18-0123456789abcde",
        })
    }

    #[test]
    fn an_image_fits_terminals() {
        let now = DateTime::from_timestamp(1_770_000_000, 0).unwrap();
        let text = screens(|width| screen(&shown(), Some(width), now));
        insta::assert_snapshot!("screens_of_an_image", text);
    }

    #[test]
    fn what_is_without_end_is_cut_and_said_to_be() {
        let now = DateTime::from_timestamp(1_770_000_000, 0).unwrap();
        let mut shown = shown();
        shown["config"]["Env"] = (0..1000)
            .map(|number| json!(format!("N{number}=1")))
            .collect();
        shown["history"] = (0..100_000)
            .map(|_| json!({"created": "2".repeat(10_000), "created_by": "x ".repeat(90)}))
            .collect();
        shown["config"]["User"] = json!("u".repeat(1_000_000));
        let text = screen(&shown, Some(80), now);
        assert!(text.len() < 100_000, "{}", text.len());
        for left in ["and 980 more", "and 99850 more"] {
            assert!(text.contains(left), "{left}: {text}");
        }
    }
}
