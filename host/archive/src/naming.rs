//! The name that an archive says its image has, put in when the archive is handed out.
//!
//! What lies in Keep has no name of its own, as names belong to the cluster's links, or one that it had
//! elsewhere. Who loads the archive by hand is to find the image by the name that was asked for. Only
//! the members that tell of names are written anew; no digest covers them.

use keepdocker_terms::reference::Name;
use serde_json::{Value, json};

use super::documents;
use super::members::{Kind, Member};
use super::verbatim::Rewriting;

/// Where a containerd store looks for the whole name of an image of a layout.
const WHOLE_NAME: &str = "io.containerd.image.name";
/// Where the other readers of a layout look for its name there.
const LAYOUT_NAME: &str = "org.opencontainers.image.ref.name";
/// What tells that a manifest is no image but tells of one.
const TELLS_OF: &str = "vnd.docker.reference.type";

/// A `repository:tag` for the image of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming {
    /// As Docker shows it.
    name: String,
    /// With the registry, whatever that is.
    whole: String,
    tag: String,
}

impl Naming {
    /// Reads a name; none for what no engine takes as the name of an image, and for a name with a digest.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let name = Name::parse(text).ok()?;
        let sound = name.digest().is_none();
        sound.then(|| Self {
            name: name.registered(),
            whole: name.whole(),
            tag: name.tag().unwrap_or("latest").to_owned(),
        })
    }

    /// Gives the only image of Docker's account this name and no other.
    fn name_account(&self, document: &mut Value) -> Option<()> {
        let [image] = document.as_array_mut()?.as_mut_slice() else {
            return None;
        };
        image
            .as_object_mut()?
            .insert("RepoTags".into(), json!([self.name]));
        Some(())
    }

    /// Gives the only image of a layout this name.
    fn name_layout(&self, document: &mut Value) -> Option<()> {
        let manifests = document.get_mut("manifests")?.as_array_mut()?;
        let mut images = manifests.iter_mut().filter(|manifest| {
            let annotations = manifest.get("annotations");
            annotations.and_then(|all| all.get(TELLS_OF)).is_none()
        });
        let (image, None) = (images.next()?.as_object_mut()?, images.next()) else {
            return None;
        };
        let annotations = image.entry("annotations").or_insert(Value::Null);
        if !annotations.is_object() {
            *annotations = json!({});
        }
        annotations[WHOLE_NAME] = json!(self.whole);
        annotations[LAYOUT_NAME] = json!(self.tag);
        Some(())
    }
}

impl Rewriting for Naming {
    fn concerns(&self, member: &Member) -> bool {
        member.kind == Kind::File
            && member.size <= documents::LONGEST
            && matches!(&*member.name, "manifest.json" | "index.json")
    }

    /// What is not understood stays as it is: whether the archive is sound is judged elsewhere.
    fn rewritten(&self, member: &str, bytes: Vec<u8>) -> Vec<u8> {
        let Ok(mut document) = serde_json::from_slice::<Value>(&bytes) else {
            return bytes;
        };
        let changed = match member {
            "manifest.json" => self.name_account(&mut document),
            _ => self.name_layout(&mut document),
        };
        match changed {
            Some(()) => document.to_string().into_bytes(),
            None => bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renamed(name: &str, member: &str, text: &str) -> String {
        let naming = Naming::parse(name).unwrap();
        String::from_utf8(naming.rewritten(member, text.into())).unwrap()
    }

    #[test]
    fn the_account_of_one_image_gets_the_name_and_no_other() {
        for tags in ["null", "[]", r#"["old:1","older:1"]"#] {
            let text = format!(r#"[{{"Config":"c","RepoTags":{tags},"Layers":["l"]}}]"#);
            assert_eq!(
                renamed("lab/tool", "manifest.json", &text),
                r#"[{"Config":"c","Layers":["l"],"RepoTags":["lab/tool:latest"]}]"#
            );
        }
    }

    #[test]
    fn a_layout_of_one_image_gets_the_whole_name_and_the_tag() {
        let text = r#"{"schemaVersion":2,"manifests":[
            {"digest":"sha256:a","annotations":{"kept":"1","io.containerd.image.name":"docker.io/old:1"}},
            {"digest":"sha256:b","annotations":{"vnd.docker.reference.type":"attestation-manifest"}}]}"#;
        for (name, whole) in [
            ("debian:12", "docker.io/library/debian:12"),
            ("lab/tool:12", "docker.io/lab/tool:12"),
            ("docker.io/debian:12", "docker.io/library/debian:12"),
            ("localhost:5000/a/b:12", "localhost:5000/a/b:12"),
            ("localhost/a/b:12", "localhost/a/b:12"),
        ] {
            let document: Value = serde_json::from_str(&renamed(name, "index.json", text)).unwrap();
            assert_eq!(
                document["manifests"][0]["annotations"],
                json!({"kept": "1", WHOLE_NAME: whole, LAYOUT_NAME: "12"})
            );
            assert_eq!(
                document["manifests"][1]["annotations"][WHOLE_NAME],
                Value::Null
            );
        }
        let bare = renamed(
            "a:1",
            "index.json",
            r#"{"manifests":[{"digest":"d","annotations":null}]}"#,
        );
        assert!(bare.contains("docker.io/library/a:1"), "{bare}");
    }

    #[test]
    fn what_is_not_understood_stays_as_it_is() {
        for (member, text) in [
            ("manifest.json", "[{},{}]"),
            ("manifest.json", "{ }"),
            ("manifest.json", "no JSON"),
            ("index.json", r#"{"manifests": null}"#),
            ("index.json", r#"{"manifests": [{}, {}]}"#),
        ] {
            assert_eq!(renamed("a:1", member, text), text);
        }
    }

    #[test]
    fn only_a_name_of_an_image_is_put_in() {
        let digits = "a".repeat(64);
        for text in [
            "",
            "Lab/Tool:1",
            "lab/tool:",
            "lab//tool:1",
            "/tool:1",
            "a b",
            "fa3c1a9cb6783f85f2ecda037e07b8c3+167",
            &format!("lab/tool@sha256:{digits}"),
        ] {
            assert_eq!(Naming::parse(text), None, "{text}");
        }
    }
}
