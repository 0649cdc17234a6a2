//! The blocks of collections that the cluster has already.

use keepdocker_terms::layering::{Layer, Layering};
use keepdocker_terms::property;
use serde_json::Value;

use super::Keep;
use super::known::KnownBlocks;
use super::locator::Locator;
use crate::api::Property;
use crate::api::collections::{Collection, Detail, Query, Which};
use crate::http::Http;

/// More collections than this are not looked at.
const MOST_COLLECTIONS: usize = 32;

/// How many manifests are asked for at once: that of a large image is some 50 kB.
const AT_A_TIME: usize = 8;

/// Once so many bytes of manifests were read, no more are asked for.
const MOST_BYTES: usize = 32 << 20;

/// Whose collections may lend blocks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Lenders {
    /// Those of everybody, as far as the token may read them.
    #[default]
    Anybody,
    /// Those of this project, and of the user's home project.
    Own(Option<String>),
    /// None.
    Nobody,
}

/// What collections have that need not be sent, or not even be fetched.
#[derive(Debug, Default)]
pub struct Lent {
    /// Their blocks.
    pub blocks: KnownBlocks,
    /// The layers that their properties say they have. Whoever may write a collection may write anything there.
    pub layers: Vec<LentLayer>,
}

/// A layer that a collection is said to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LentLayer {
    /// The layer.
    pub layer: Layer,
    /// The collection's UUID.
    pub collection: String,
    /// The blocks in which it would lie; none where these cannot be its blocks, so that what is said is not true.
    pub blocks: Option<Vec<Locator>>,
}

/// Returns the layers that a collection says it has, in the blocks of its manifest.
fn layers(collection: &Collection, manifest: &str) -> Vec<LentLayer> {
    let Some(layering) = noted(&collection.properties) else {
        return Vec::new();
    };
    let blocks = only_stream(manifest).unwrap_or_default();
    let place = |(layer, first, count): (&Layer, usize, usize)| {
        let found = blocks.get(first..first + count);
        let sizes = layer.block_sizes();
        let fit = |found: &&[Locator]| {
            let found = found.iter().map(|locator| u64::from(locator.block().size));
            found.eq(sizes)
        };
        LentLayer {
            layer: *layer,
            collection: collection.uuid.clone(),
            blocks: found.filter(fit).map(<[Locator]>::to_vec),
        }
    };
    layering.blocks().map(place).collect()
}

/// Reads what properties say of layers.
fn noted(properties: &[Property]) -> Option<Layering> {
    let value = |key| {
        let property = properties.iter().find(|property| property.key == key)?;
        serde_json::from_str::<Value>(&property.value).ok()
    };
    let layout: String = serde_json::from_value(value(property::LAYOUT)?).ok()?;
    let diff_ids: Vec<String> = serde_json::from_value(value(property::LAYERS)?).ok()?;
    let sizes: Vec<u64> = serde_json::from_value(value(property::LAYER_SIZES)?).ok()?;
    Layering::noted(&layout, &diff_ids, &sizes)
}

/// Returns the blocks of a manifest that has one stream, and in it one file of all of them, from their beginning on.
fn only_stream(manifest: &str) -> Option<Vec<Locator>> {
    let line = manifest.strip_suffix('\n')?;
    let mut words = line.strip_prefix(". ")?.split(' ').peekable();
    let mut blocks: Vec<Locator> = Vec::new();
    while let Some(locator) = words.peek().and_then(|word| word.parse().ok()) {
        blocks.push(locator);
        words.next();
    }
    let size: u64 = blocks.iter().map(|it| u64::from(it.block().size)).sum();
    let is_all = words.next()?.starts_with(&format!("0:{size}:"));
    (is_all && words.next().is_none() && !line.contains('\n')).then_some(blocks)
}

impl<H: Http> Keep<H> {
    /// Returns what these collections have, as far as their owners are among those who may lend.
    ///
    /// Whose a collection is, the cluster is asked; who asks for the blocks is not believed.
    pub async fn lent_by(&self, lenders: &Lenders, collections: &[String]) -> Lent {
        match lenders {
            Lenders::Anybody => self.lent(collections, |_| true).await,
            Lenders::Nobody => Lent::default(),
            Lenders::Own(project) => {
                let mut owners: Vec<String> = project.iter().cloned().collect();
                owners.extend(self.services.api().current_user().await.ok());
                self.lent(collections, |owner| owners.iter().any(|own| own == owner))
                    .await
            }
        }
    }

    /// Returns the blocks of these collections, as far as the token may read them.
    ///
    /// They only spare sending, so a collection that is not to be had is passed over, and so is
    /// what comes after an answer that fails.
    pub async fn blocks_of(&self, collections: &[String]) -> KnownBlocks {
        self.lent(collections, |_| true).await.blocks
    }

    async fn lent(&self, collections: &[String], may_lend: impl Fn(&str) -> bool) -> Lent {
        let mut known = Lent::default();
        let mut bytes = 0;
        let most = collections.len().min(MOST_COLLECTIONS);
        for some in collections[..most].chunks(AT_A_TIME) {
            let query = Query {
                which: Which::Uuids(some.to_vec()),
                owner: None,
                detail: Detail::Manifest,
                newest: None,
            };
            let Ok(found) = self.services.api().list_collections(&query).await else {
                break;
            };
            let lent = found.iter().filter(|found| may_lend(&found.owner));
            for collection in lent {
                let Some(manifest) = collection.manifest.as_deref() else {
                    continue;
                };
                bytes += manifest.len();
                known.blocks.insert_manifest(manifest);
                known.layers.extend(layers(collection, manifest));
            }
            if bytes > MOST_BYTES {
                break;
            }
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use keepdocker_terms::digest::Digest;
    use keepdocker_terms::layering::{BLOCK, LARGE, LAYOUT};
    use serde_json::json;

    use super::*;

    fn block(size: u64) -> String {
        format!("acbd18db4cc2f85cedef654fccc4a4d8+{size}")
    }

    fn collection(layers: &Value, sizes: &Value) -> Collection {
        let property = |key: &str, value: &Value| Property {
            key: key.into(),
            value: value.to_string(),
        };
        Collection {
            uuid: "zzzzz-4zz18-000000000000001".into(),
            owner: String::new(),
            name: String::new(),
            portable_data_hash: String::new(),
            created_at: String::new(),
            properties: vec![
                property(property::LAYOUT, &json!(LAYOUT)),
                property(property::LAYERS, layers),
                property(property::LAYER_SIZES, sizes),
            ],
            replicas: None,
            storage_classes: Vec::new(),
            size: None,
            manifest: None,
        }
    }

    fn manifest(sizes: &[u64], file: &str) -> String {
        let blocks: Vec<String> = sizes.iter().map(|size| block(*size)).collect();
        format!(". {} {file}:image.tar\n", blocks.join(" "))
    }

    #[test]
    fn a_layer_lies_where_the_sizes_say_or_nowhere() {
        let (one, two) = (Digest::of(b"1").to_string(), Digest::of(b"2").to_string());
        let said = collection(&json!([one, two]), &json!([BLOCK, LARGE]));
        let sizes = [BLOCK, 512, LARGE + 512, 5000];
        let file = format!("0:{}", sizes.iter().sum::<u64>());
        let found = |text: &str| -> Vec<Option<usize>> {
            let found = layers(&said, text);
            assert_eq!(found.len(), 2);
            let counts = found.iter().map(|it| it.blocks.as_ref().map(Vec::len));
            counts.collect()
        };
        assert_eq!(found(&manifest(&sizes, &file)), [Some(2), Some(1)]);
        let other = [BLOCK, 512, LARGE + 1024, 4488];
        assert_eq!(found(&manifest(&other, &file)), [Some(2), None]);
        let dense = [BLOCK, LARGE + 6024];
        assert_eq!(found(&manifest(&dense, &file)), [None, None]);
        // Not one file of all blocks.
        for text in [
            String::new(),
            "nonsense\n".to_owned(),
            manifest(&sizes, "0:100"),
            manifest(&sizes, &file.replace("0:", "1:")),
            manifest(&sizes, &format!("{file}:a 0:0")),
            manifest(&sizes, &file).repeat(2),
            manifest(&sizes, &file).replace(". ", "./folder "),
        ] {
            assert_eq!(found(&text), [None, None], "{text}");
        }
    }

    #[test]
    fn properties_of_another_form_say_nothing() {
        let one = Digest::of(b"1").to_string();
        for (layers_said, sizes) in [
            (json!(one), json!([LARGE])),
            (json!([one]), json!(["5"])),
            (json!([one]), json!([-1])),
            (json!([one]), json!([])),
            (json!(null), json!(null)),
            (json!([5]), json!([LARGE])),
        ] {
            let said = collection(&layers_said, &sizes);
            assert_eq!(layers(&said, ""), [], "{layers_said} {sizes}");
        }
    }
}
