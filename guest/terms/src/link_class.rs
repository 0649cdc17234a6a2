//! The classes of the links that make a collection known as an image.

/// A class of links, under the name that Arvados has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkClass {
    /// The link's name is an image ID.
    ImageHash,
    /// The link's name is a `repository:tag`.
    RepoTag,
    /// The link leads from an image of the v1 format to the same in the v2 format.
    Migration,
}

impl LinkClass {
    /// All classes.
    pub const ALL: [Self; 3] = [Self::ImageHash, Self::RepoTag, Self::Migration];

    /// The names of all classes, in the same order.
    pub const NAMES: [&'static str; 3] = [
        Self::ImageHash.name(),
        Self::RepoTag.name(),
        Self::Migration.name(),
    ];

    /// Returns the name that Arvados has for the class.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ImageHash => "docker_image_hash",
            Self::RepoTag => "docker_image_repo+tag",
            Self::Migration => "docker_image_migration",
        }
    }

    /// Returns the class of this name, if it is one of these.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_found_by_its_name() {
        for (class, name) in LinkClass::ALL.into_iter().zip(LinkClass::NAMES) {
            assert_eq!(LinkClass::named(name), Some(class));
        }
        for name in ["", "permission", "docker_image_repo", "Docker_image_hash"] {
            assert_eq!(LinkClass::named(name), None, "{name}");
        }
    }
}
