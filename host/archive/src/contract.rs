//! What archives and images are in the contract.

/// Says how what this package tells is said in the contract, and the other way.
///
/// Two hosts have bindings of the contract, each of its own. `$bindings` is the module of one, and
/// `$producer` says what it is if that which produces an archive fails: a function of the error and its text.
#[macro_export]
macro_rules! contract {
    ($bindings:ident, $producer:path) => {
        impl From<$crate::Image> for $bindings::archives::Image {
            fn from(image: $crate::Image) -> Self {
                Self {
                    id: image.id,
                    manifest: image.manifest,
                    repo_tags: image.repo_tags,
                    config: image.config,
                    diff_ids: image.diff_ids,
                    platform: $bindings::types::Platform {
                        os: image.platform.os,
                        architecture: image.platform.architecture,
                        variant: image.platform.variant,
                    },
                }
            }
        }

        impl From<$crate::TakenLayer> for $bindings::keep::StoredLayer {
            fn from(layer: $crate::TakenLayer) -> Self {
                Self {
                    diff_id: layer.diff_id.to_string(),
                    size: layer.size,
                    read: layer.is_read,
                }
            }
        }

        impl From<$crate::Held> for $bindings::types::HeldImage {
            fn from(held: $crate::Held) -> Self {
                let image = $bindings::archives::Image::from(held.image);
                Self {
                    // There are few: the archive's account is short.
                    position: u32::try_from(held.position).unwrap_or(u32::MAX),
                    group: u32::try_from(held.group).unwrap_or(u32::MAX),
                    id: image.id,
                    manifest: image.manifest,
                    indexes: held.indexes,
                    repo_tags: image.repo_tags,
                    references: held.references,
                    base_layer: image.diff_ids.into_iter().next(),
                    platform: image.platform,
                }
            }
        }

        impl From<$bindings::archives::Wanted> for $crate::Wanted {
            fn from(wanted: $bindings::archives::Wanted) -> Self {
                Self {
                    called: wanted.called,
                    platform: $crate::Platform {
                        os: wanted.platform.os,
                        architecture: wanted.platform.architecture,
                        variant: wanted.platform.variant,
                    },
                }
            }
        }

        impl From<&$bindings::archives::Chosen> for $crate::Chosen {
            fn from(chosen: &$bindings::archives::Chosen) -> Self {
                Self {
                    image: chosen.image.clone(),
                    manifest: chosen.manifest.clone(),
                }
            }
        }

        impl From<$bindings::keep::Form> for $crate::Form {
            fn from(form: $bindings::keep::Form) -> Self {
                match form {
                    $bindings::keep::Form::Canonical => Self::Canonical,
                    $bindings::keep::Form::Verbatim => Self::Verbatim,
                }
            }
        }

        impl From<$bindings::keep::BlockLayout> for $crate::BlockLayout {
            fn from(layout: $bindings::keep::BlockLayout) -> Self {
                match layout {
                    $bindings::keep::BlockLayout::Layered => Self::Layered,
                    $bindings::keep::BlockLayout::Dense => Self::Dense,
                }
            }
        }

        impl From<$crate::Error> for $bindings::archives::Error {
            fn from(error: $crate::Error) -> Self {
                let text = error.to_string();
                match error {
                    $crate::Error::NotFound(_) => Self::NotFound(text),
                    $crate::Error::Unsound { .. } => Self::Unsound(text),
                    $crate::Error::NoSuchImage { .. } => Self::NoSuchImage(text),
                    $crate::Error::Ambiguous { .. } => Self::Ambiguous(text),
                    $crate::Error::Unsupported(_) => Self::Unsupported(text),
                    $crate::Error::Producer(error) => $producer(error, text),
                    $crate::Error::Spent
                    | $crate::Error::Io { .. }
                    | $crate::Error::NoRoom { .. }
                    | $crate::Error::Closed(_) => Self::Other(text),
                }
            }
        }
    };
}
