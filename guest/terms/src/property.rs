//! The keys of the properties that tell what an image's collection and links are.
//!
//! Clusters with a strict vocabulary accept unknown keys only if they begin with `arv:`.

/// The collection property that holds the image's `repository:tag`.
pub const REPO_TAG: &str = "docker-image-repo-tag";
/// The collection property that holds the digest of the config: the image's ID.
pub const CONFIG_DIGEST: &str = "arv:docker-config-digest";
/// The collection property that holds the digest of the manifest, which some engines call the ID.
pub const MANIFEST_DIGEST: &str = "arv:docker-manifest-digest";
/// The collection property that tells where the image came from.
pub const SOURCE_REFERENCE: &str = "arv:docker-source-reference";
/// The collection property that tells who signed the image: the digest of a public key, or `ISSUER#IDENTITY`.
pub const SIGNER: &str = "arv:docker-signer";
/// The collection property that holds the digest of what has the signature.
pub const SIGNATURE: &str = "arv:docker-signature";
/// The collection property that keeps the build time until the links that carry it exist.
pub const BUILD_TIME: &str = "arv:docker-image-timestamp";
/// The collection property that holds the digest of the lowest layer: images on one base share it.
pub const BASE_LAYER: &str = "arv:docker-base-layer";
/// The collection property that tells for which platform the image is, such as `linux/amd64`.
pub const PLATFORM: &str = "arv:docker-platform";
/// The collection property that names the way in which its large layers lie in its blocks.
pub const LAYOUT: &str = "arv:docker-layout";
/// The collection property that holds the diff IDs of its large layers, a list in the order in which they lie.
pub const LAYERS: &str = "arv:docker-layers";
/// The collection property that holds their sizes in bytes without compression, a list in the same order.
pub const LAYER_SIZES: &str = "arv:docker-layer-sizes";
/// The link property that holds the image's build time.
pub const IMAGE_TIMESTAMP: &str = "image_timestamp";
