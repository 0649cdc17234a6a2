//! The JSON Schemas of `docs/schemas`, which all that programs print is held against.

#![expect(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;

static SHAPES: LazyLock<Shapes> = LazyLock::new(Shapes::read);

/// All shapes, compiled.
struct Shapes {
    schemas: Schemas,
    by_name: HashMap<String, SchemaIndex>,
}

impl Shapes {
    fn read() -> Self {
        let mut compiler = Compiler::new();
        compiler.enable_format_assertions();
        let files: Vec<PathBuf> = folder()
            .read_dir()
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        for file in &files {
            compiler
                .add_resource(&address(file), strict(open(file)))
                .unwrap();
        }
        let mut schemas = Schemas::new();
        let compiled = files.iter().map(|file| {
            let index = compiler.compile(&address(file), &mut schemas);
            let title = open(file)["title"].as_str().unwrap().to_owned();
            (
                title,
                index.unwrap_or_else(|error| panic!("{}: {error:#}", file.display())),
            )
        });
        let by_name = compiled.collect();
        Shapes { schemas, by_name }
    }
}

/// Returns the folder of the schemas.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas")
}

fn open(file: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

/// Under this address one schema refers to another by its file's name.
fn address(file: &Path) -> String {
    format!("test:///{}", file.file_name().unwrap().to_string_lossy())
}

/// Forbids members that a schema does not know. Users may get more of them with a newer program; what this one prints, its
/// schemas know.
fn strict(mut schema: Value) -> Value {
    match &mut schema {
        Value::Object(members) => {
            for (_, member) in members.iter_mut() {
                *member = strict(member.take());
            }
            if members.get("properties").is_some_and(Value::is_object) {
                members
                    .entry("additionalProperties")
                    .or_insert(Value::Bool(false));
            }
        }
        Value::Array(items) => {
            for item in items {
                *item = strict(item.take());
            }
        }
        _ => {}
    }
    schema
}

/// Asserts that each line that is a document of one of our shapes is what its schema says.
///
/// # Panics
/// If one is not, or no schema has its name.
#[track_caller]
pub fn assert_kept(printed: &str) {
    for line in printed.lines() {
        if !(line.starts_with('{') && line.contains(r#""schema":"keepdocker."#)) {
            continue;
        }
        // What is cut, or holds something else, is the business of the test that looks at it.
        let Ok(document) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        if let Some(shape) = document["schema"].as_str() {
            let index = SHAPES.by_name.get(shape);
            let index = *index.unwrap_or_else(|| panic!("`docs/schemas` has no `{shape}`: {line}"));
            if let Err(error) = SHAPES.schemas.validate(&document, index) {
                panic!("not what `docs/schemas` says: {error:#}\n{line}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_that_a_page_describes_has_a_schema_and_the_reverse() {
        let mut described: Vec<String> = ["json.md", "in-keep.md"]
            .iter()
            .flat_map(|page| {
                let text = std::fs::read_to_string(folder().join("..").join(page)).unwrap();
                let headings = text.lines().filter(|line| line.starts_with('#'));
                let names: Vec<String> = headings
                    .flat_map(|line| line.split('`'))
                    .filter(|word| word.starts_with("keepdocker.") && word.ends_with("/1"))
                    .map(str::to_owned)
                    .collect();
                names
            })
            .collect();
        described.push("A step of a plan".into());
        described.sort();
        described.dedup();
        let mut written: Vec<String> = SHAPES.by_name.keys().cloned().collect();
        written.sort();
        // These two headings name all commands for what is in Keep, and some of them.
        assert_eq!(written, described);
    }

    #[test]
    fn what_a_schema_does_not_say_is_seen() {
        let sound = r#"{"schema":"keepdocker.cache-list/1","folder":"/","size":0,"files":[]}"#;
        assert_kept(sound);
        let seen = |from: &str, to: &str| {
            let other = sound.replace(from, to);
            assert!(other != sound && std::panic::catch_unwind(|| assert_kept(&other)).is_err());
        };
        seen("\"size\":0", "\"size\":\"0\"");
        seen("\"files\"", "\"file\"");
        seen("cache-list/1", "cache-list/2");
        seen("[]", "[{}]");
        seen("\"size\":0", "\"size\":0,\"more\":1");
    }
}
