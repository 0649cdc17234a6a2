//! All that is known of images in Keep: what their archives hold, which names lead there, what they share, who reads them.
//!
//! This is asked for people to look at, with the user's token: the component has no part in it, but for what names
//! lead to, which it alone decides.

use std::collections::{HashMap, HashSet};

use keepdocker_arvados::api::collections::{Collection, Detail, Query, Which};
use keepdocker_arvados::api::links::{self, Class, Link, Names};
use keepdocker_arvados::api::{Error, Grant};
use keepdocker_console::{Exit, Report};
use keepdocker_terms::uuid::{self, Kind};

use super::Surroundings;
use crate::bindings::commands::Failure;
use crate::bindings::keep::Depth;
use crate::harmless::escape;
use crate::keep::{ArchiveStore, BlockId, Looked, locators};

/// How many projects above each other are told.
const MOST_PROJECTS: usize = 16;

/// How closely images are looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Closeness {
    /// How far archives are read.
    pub depth: Depth,
    /// With how many collections blocks are compared at most.
    pub most: usize,
}

/// Some images, and what is known of all of them.
#[derive(Debug, Default)]
pub(crate) struct Inspection {
    /// The images, in the order in which they were asked for.
    pub images: Vec<Inspected>,
    /// The names of users, groups and projects, as far as the token may see them.
    pub people: HashMap<String, String>,
    /// How many collections with images there are that blocks were not compared with; none if none were to be.
    pub left: Option<usize>,
}

/// What is known of an image.
#[derive(Debug)]
pub(crate) struct Inspected {
    /// The collection that holds it.
    pub collection: Collection,
    /// What its archive holds, or why that cannot be told.
    pub looked: Result<Looked, String>,
    /// The links that lead to the collection, oldest first.
    pub links: Vec<Link>,
    /// The projects that it is in, the innermost first, and the user in the end, as far as the token sees them.
    pub projects: Vec<String>,
    /// Whether that is all of them.
    pub is_rooted: bool,
    /// What links give on the collection and on its projects.
    pub grants: Vec<Grant>,
    /// Its blocks, each once, in the order of the file, with how many other collections have it.
    pub blocks: Vec<(BlockId, usize)>,
    /// How many other collections that is of.
    pub compared: usize,
    /// What it shares with others, those with the most bytes first.
    pub sharing: Vec<Sharing>,
    /// Where a browser shows the collection.
    pub workbench: Option<String>,
}

/// What an image has in common with another collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sharing {
    /// The other collection.
    pub collection: String,
    /// Its names, each once.
    pub names: Vec<String>,
    /// How many blocks both have.
    pub blocks: usize,
    /// How many bytes these have.
    pub bytes: u64,
    /// Whether it has the very same content.
    pub is_same: bool,
}

impl Surroundings {
    /// Looks at the images that these collections hold.
    ///
    /// # Errors
    /// If one cannot be read, or the cluster does not tell, or a policy forbids to ask it.
    pub(crate) async fn inspect(
        &self,
        collections: &[String],
        closeness: Closeness,
    ) -> Result<Inspection, Report> {
        let report = |error: Error| Report::from(Failure::Api(error.into()));
        // A policy may say to whom the token must not go.
        self.policy()?;
        let capabilities = self.capabilities()?;
        let (api, keep) = (capabilities.api.api(), &capabilities.keep);
        let query = Query {
            which: Which::Uuids(collections.to_vec()),
            owner: None,
            detail: Detail::Manifest,
            newest: None,
        };
        let held = api.list_collections(&query).await.map_err(report)?;
        let query = links::Query {
            classes: vec![Class::ImageHash, Class::RepoTag],
            names: Names::All,
            heads: Some(collections.to_vec()),
            owner: None,
            detail: links::Detail::Full,
            newest: None,
        };
        let links = api.list_links(&query).await.map_err(report)?;
        let cluster = api.cluster().await.map_err(report)?;
        let facts = match closeness.most {
            0 => None,
            most => Some(self.survey(None, most).await?),
        };
        let mut inspection = Inspection {
            left: facts.as_ref().map(|facts| facts.others.len()),
            ..Inspection::default()
        };
        for asked in collections {
            let collection = held.iter().find(|collection| collection.uuid == *asked);
            let collection = collection.cloned().ok_or_else(|| absent(asked))?;
            let leads_here = |link: &&Link| link.head == *asked;
            let links: Vec<Link> = links.iter().filter(leads_here).cloned().collect();
            let (projects, is_rooted) = self.projects_above(&collection.owner).await?;
            let mut objects = vec![asked.clone()];
            objects.extend(projects.iter().cloned());
            let is_object = |object: &String| !uuid::is(object, Kind::User);
            objects.retain(is_object);
            let grants = api.grants(&objects).await.map_err(report)?;
            let others = facts.iter().flat_map(|facts| &facts.collections);
            let others: Vec<&Collection> = others.filter(|other| other.uuid != *asked).collect();
            let (blocks, mut sharing) = shared(&collection, &others);
            if let Some(facts) = &facts {
                name(&mut sharing, &facts.links);
            }
            let manifest = collection.manifest.as_deref().unwrap_or_default();
            inspection.images.push(Inspected {
                looked: look(keep, manifest, closeness.depth).await,
                workbench: cluster.page_of(asked).map(Into::into),
                links,
                projects,
                is_rooted,
                grants,
                blocks,
                compared: others.len(),
                sharing,
                collection,
            });
        }
        let asked: Vec<String> = inspection
            .images
            .iter()
            .flat_map(Inspected::people)
            .collect();
        // A token that may not see people sees their UUIDs.
        inspection.people = api.names_of_owners(&asked).await.unwrap_or_default();
        Ok(inspection)
    }

    /// Returns who owns what is owned by this project or user, from the inside out, and whether that is all.
    async fn projects_above(&self, owner: &str) -> Result<(Vec<String>, bool), Report> {
        let report = |error: Error| Report::from(Failure::Api(error.into()));
        let capabilities = self.capabilities()?;
        let api = capabilities.api.api();
        let mut above = vec![owner.to_owned()];
        while let Some(last) = above.last().filter(|_| above.len() < MOST_PROJECTS) {
            if uuid::is(last, Kind::User) {
                return Ok((above, true));
            }
            let known = api.projects_of(std::slice::from_ref(last)).await;
            let Some(project) = known.map_err(report)?.into_iter().next() else {
                break;
            };
            if above.contains(&project.owner) {
                break;
            }
            above.push(project.owner);
        }
        Ok((above, false))
    }
}

impl Inspected {
    /// Returns the UUIDs of all users, groups and projects that are told of.
    fn people(&self) -> Vec<String> {
        let mut people = self.projects.clone();
        people.push(self.collection.owner.clone());
        people.extend(self.links.iter().map(|link| link.owner.clone()));
        people.extend(self.grants.iter().map(|grant| grant.holder.clone()));
        people
    }

    /// Returns the names that links give it, each once, those that were given first first.
    pub(crate) fn names(&self) -> Vec<&str> {
        let links = self.links.iter();
        let named = links.filter(|link| link.class == Class::RepoTag);
        let mut seen = HashSet::new();
        let names = named.map(|link| link.name.as_str());
        names.filter(|name| seen.insert(*name)).collect()
    }
}

async fn look(keep: &ArchiveStore, manifest: &str, depth: Depth) -> Result<Looked, String> {
    keep.look_into(manifest, depth).await
}

fn absent(collection: &str) -> Report {
    let collection = escape(collection);
    Report::new(
        Exit::NoSuchImage,
        format!("there is no collection {collection} that the token may read"),
    )
    .advise("it may be in the trash: `keepdocker restore UUID` brings back what is there; or ask whose it is to share it")
}

/// Returns the blocks of a collection, and what it has in common with others.
fn shared(
    collection: &Collection,
    others: &[&Collection],
) -> (Vec<(BlockId, usize)>, Vec<Sharing>) {
    let blocks_of = |collection: &Collection| -> Vec<BlockId> {
        let mut seen = HashSet::new();
        let manifest = collection.manifest.as_deref().unwrap_or_default();
        let blocks = locators(manifest).map(|locator| locator.block());
        // The block of no bytes stands where a stream has no other.
        let blocks = blocks.filter(|block| block.size > 0);
        blocks.filter(|block| seen.insert(*block)).collect()
    };
    let own = blocks_of(collection);
    let mut counts: HashMap<BlockId, usize> = own.iter().map(|block| (*block, 0)).collect();
    let mut sharing = Vec::new();
    for other in others {
        let (mut blocks, mut bytes) = (0, 0);
        for block in blocks_of(other) {
            if let Some(count) = counts.get_mut(&block) {
                *count += 1;
                blocks += 1;
                bytes += u64::from(block.size);
            }
        }
        if blocks > 0 {
            sharing.push(Sharing {
                collection: other.uuid.clone(),
                names: Vec::new(),
                blocks,
                bytes,
                is_same: other.portable_data_hash == collection.portable_data_hash,
            });
        }
    }
    sharing.sort_by(|a, b| b.bytes.cmp(&a.bytes).then(a.collection.cmp(&b.collection)));
    let own = own.into_iter().map(|block| (block, counts[&block]));
    (own.collect(), sharing)
}

/// Adds the names that links give to these collections.
fn name(sharing: &mut [Sharing], links: &[Link]) {
    let places = sharing.iter().enumerate();
    let places: HashMap<String, usize> = places
        .map(|(place, other)| (other.collection.clone(), place))
        .collect();
    for link in links.iter().filter(|link| link.class == Class::RepoTag) {
        if let Some(place) = places.get(&link.head) {
            let names = &mut sharing[*place].names;
            if !names.contains(&link.name) {
                names.push(link.name.clone());
            }
        }
    }
}
