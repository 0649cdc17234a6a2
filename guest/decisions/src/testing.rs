//! Links and a recorded cluster, for tests of the rules and of the components that use them.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails where its data is not as it should be"
)]

pub mod recorded;

use crate::types::{Link, LinkClass, Property};

/// Who the token belongs to.
pub const USER: &str = "zzzzz-tpzed-xurymjxw79nv3jz";
/// A project that the user may write.
pub const PROJECT: &str = "zzzzz-j7d0g-v955i6s2oi1cbso";

/// Makes a hash link of the user; `built` is the JSON of its build time.
pub fn hash_link(name: &str, head: &str, created_at: &str, built: Option<&str>) -> Link {
    link(LinkClass::ImageHash, name, head, created_at, built)
}

/// Makes a name link of the user; `built` is the JSON of its build time.
pub fn repo_tag_link(name: &str, head: &str, created_at: &str, built: Option<&str>) -> Link {
    link(LinkClass::RepoTag, name, head, created_at, built)
}

fn link(class: LinkClass, name: &str, head: &str, created_at: &str, built: Option<&str>) -> Link {
    let built = built.map(|value| Property {
        key: crate::image::IMAGE_TIMESTAMP.into(),
        value: value.into(),
    });
    Link {
        uuid: format!(
            "zzzzz-o0j2j-{:0>15.15}",
            name.replace(|c: char| !c.is_ascii_alphanumeric(), "")
        ),
        class,
        name: name.into(),
        head: head.into(),
        tail: String::new(),
        owner: USER.into(),
        properties: built.into_iter().collect(),
        created_at: created_at.into(),
    }
}
