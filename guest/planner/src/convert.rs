//! Links of the contract as the rules have them, and back.
//!
//! A component that imports nothing has to export the types that its functions share, and bindings
//! make exported types anew.

use crate::types::{Defect, Finding, Link, LinkClass, NewLink, Property};
use keepdocker_decisions::types as rules;

pub(crate) fn to_link(link: Link) -> rules::Link {
    let property = |property: Property| rules::Property {
        key: property.key,
        value: property.value,
    };
    rules::Link {
        uuid: link.uuid,
        class: match link.class {
            LinkClass::ImageHash => rules::LinkClass::ImageHash,
            LinkClass::RepoTag => rules::LinkClass::RepoTag,
            LinkClass::Migration => rules::LinkClass::Migration,
        },
        name: link.name,
        head: link.head,
        tail: link.tail,
        owner: link.owner,
        properties: link.properties.into_iter().map(property).collect(),
        created_at: link.created_at,
    }
}

pub(crate) fn from_link(link: rules::Link) -> Link {
    Link {
        uuid: link.uuid,
        class: from_class(link.class),
        name: link.name,
        head: link.head,
        tail: link.tail,
        owner: link.owner,
        properties: from_properties(link.properties),
        created_at: link.created_at,
    }
}

pub(crate) fn from_new_link(link: rules::NewLink) -> NewLink {
    NewLink {
        class: from_class(link.class),
        name: link.name,
        head: link.head,
        owner: link.owner,
        properties: from_properties(link.properties),
    }
}

pub(crate) fn from_finding(finding: rules::Finding) -> Finding {
    Finding {
        defect: from_defect(finding.defect),
        collection: finding.collection,
        name: finding.name,
        links: finding.links,
        others: finding.others,
    }
}

/// Has each case for the one of the same name.
macro_rules! cases {
    ($defect:ident, $($case:ident),* $(,)?) => {
        match $defect {
            $(rules::Defect::$case => Defect::$case,)*
        }
    };
}

fn from_defect(defect: rules::Defect) -> Defect {
    cases!(
        defect,
        OrphanName,
        OrphanHash,
        StrayLink,
        MisnamedFile,
        ExtraFiles,
        NoFile,
        BrokenManifest,
        MissingHash,
        WrongHash,
        MissingName,
        UnusableName,
        RepeatedLink,
        NoReplicas,
        Duplicate,
        StoredTwice,
        OverruledName,
        NewestBuildLoses,
        RunsNowhere,
    )
}

fn from_class(class: rules::LinkClass) -> LinkClass {
    match class {
        rules::LinkClass::ImageHash => LinkClass::ImageHash,
        rules::LinkClass::RepoTag => LinkClass::RepoTag,
        rules::LinkClass::Migration => LinkClass::Migration,
    }
}

fn from_properties(properties: Vec<rules::Property>) -> Vec<Property> {
    let property = |property: rules::Property| Property {
        key: property.key,
        value: property.value,
    };
    properties.into_iter().map(property).collect()
}
