//! Where a stored image came from, as its collection tells it.

use crate::capabilities::archives::{self, Signature};
use crate::image;
use crate::reference::Reference;
use crate::types::{Platform, Property};

/// Where a stored image came from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Source {
    /// The digest of the manifest, or what an engine uses in its place.
    pub(crate) manifest: Option<String>,
    pub(crate) reference: Option<String>,
    /// A signature that was found to be valid in this run.
    pub(crate) signature: Option<Signature>,
}

impl Source {
    /// Returns what an archive says of an image.
    pub(crate) fn of(manifest: Option<&String>, repo_tags: &[String]) -> Self {
        Self {
            manifest: manifest.cloned(),
            reference: repo_tags
                .iter()
                .find(|tag| matches!(Reference::parse(tag), Ok(Reference::Name(_))))
                .cloned(),
            signature: None,
        }
    }

    /// Returns the properties of a collection that holds this image.
    pub(crate) fn properties(&self, image: &archives::Image) -> Vec<Property> {
        let mut properties = vec![image::text_property(image::CONFIG_DIGEST, &image.id)];
        let built = image::build_time(&image.config);
        let signature = self.signature.as_ref();
        let platform = platform(&image.platform);
        let optional = [
            (image::MANIFEST_DIGEST, self.manifest.as_deref()),
            (image::SOURCE_REFERENCE, self.reference.as_deref()),
            (image::SIGNER, signature.map(|it| it.signer.as_str())),
            (image::SIGNATURE, signature.map(|it| it.holder.as_str())),
            (image::BUILD_TIME, built.as_deref()),
            (
                image::BASE_LAYER,
                image.diff_ids.first().map(String::as_str),
            ),
            (image::PLATFORM, platform.as_deref()),
        ];
        properties.extend(
            optional
                .iter()
                .filter_map(|(key, value)| Some(image::text_property(key, (*value)?))),
        );
        properties
    }
}

/// Returns a platform as people write it, if the image has one.
fn platform(platform: &Platform) -> Option<String> {
    let Platform {
        os,
        architecture,
        variant,
    } = platform;
    if os.is_empty() || architecture.is_empty() {
        return None;
    }
    let parts = [os.as_str(), architecture, variant];
    let parts = &parts[..if variant.is_empty() { 2 } else { 3 }];
    Some(parts.join("/"))
}
