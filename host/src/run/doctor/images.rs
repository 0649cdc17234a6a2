//! What is amiss with images, in words, each with what to do about it.

use keepdocker_console::Report;

use super::{About, Finding, State};
use crate::keep::{ArchiveStore, Presence, Verdict, locators};
use crate::planner::{Defect, Facts, Finding as Found, defects};
use crate::run::Surroundings;
use crate::wording::count;

/// What was looked at, for all that is told here.
const WHAT: &str = "images";

/// What comes before a name is given by what a collection or a link says: whoever wrote that may be a stranger.
const WHOSE: &str = "names and build times can be written by anybody whose images you can read, so look whose it is";

/// How many names or collections one finding tells of.
const MOST_TOLD: usize = 5;

/// Which images are looked at, and how closely.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    /// Only those that links of this project lead to.
    pub project: Option<String>,
    /// How many collections are looked into at most.
    pub most: usize,
    /// Whether each archive is looked into, and Keep asked for each block.
    pub deep: bool,
}

impl Surroundings {
    /// Looks at the images of the cluster.
    pub(crate) async fn look_at_images(&self, scope: &Scope) -> Vec<Finding> {
        match self.findings(scope).await {
            Ok(findings) => findings,
            Err(report) => vec![Finding::of(WHAT, State::Lacking, report)],
        }
    }

    async fn findings(&self, scope: &Scope) -> Result<Vec<Finding>, Report> {
        let facts = self.survey(scope.project.as_deref(), scope.most).await?;
        let mut findings = diagnosed(&facts).await?;
        let mut presence = None;
        if scope.deep {
            let keep = self.capabilities()?.keep;
            findings.extend(archives(&keep, &facts).await);
            let manifests = facts.collections.iter();
            let manifests = manifests.filter_map(|collection| collection.manifest.as_deref());
            let asked = keep.presence(manifests).await;
            findings.extend(losses(&facts, &asked));
            presence = Some(asked);
        }
        findings.insert(0, looked_at(&facts, presence.as_ref()));
        Ok(findings)
    }
}

/// Returns what links and collections show to be amiss.
pub(in crate::run) async fn diagnosed(facts: &Facts) -> Result<Vec<Finding>, Report> {
    let found = defects(facts).await?;
    Ok(found.iter().map(told).collect())
}

/// Returns a finding for each archive that is not what it is named as.
async fn archives(keep: &ArchiveStore, facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for collection in &facts.collections {
        let uuid = &collection.uuid;
        let manifest = collection.manifest.as_deref().unwrap_or_default();
        findings.extend(match keep.verdict(manifest).await {
            Verdict::Named | Verdict::Unknown => None,
            Verdict::Another(id) => {
                let told = format!("collection {uuid}: it holds image {id}, and its file is named as another one");
                let advice = format!(
                    "do not run it before you know who made it; `keepdocker adopt {uuid} NAME` takes what is in it"
                );
                Some(about_collection("another-image", uuid, vec![id], told, &advice))
            }
            Verdict::None(reason) => {
                let told = format!("collection {uuid}: its file is named as an image and is none: {reason}");
                let advice = "store the image again: `keepdocker upload --force NAME`";
                Some(about_collection("no-image", uuid, Vec::new(), told, advice))
            }
        });
    }
    findings
}

fn about_collection(
    defect: &'static str,
    collection: &str,
    others: Vec<String>,
    told: String,
    advice: &str,
) -> Finding {
    Finding {
        about: Some(About {
            defect,
            collection: collection.to_owned(),
            name: None,
            links: Vec::new(),
            others,
        }),
        ..Finding::faulty(WHAT, State::Lacking, told).advising(advice)
    }
}

/// Says how much was looked at, and how much was not.
fn looked_at(facts: &Facts, presence: Option<&Presence>) -> Finding {
    let links = count(facts.links.len(), "link");
    let collections = count(facts.collections.len(), "collection");
    let mut told = format!("looked at {links} and {collections}");
    if let Some(presence) = presence {
        told.push_str(&format!(
            ", into each archive, and asked Keep for {}",
            count(presence.asked, "block")
        ));
    }
    let mut finding = Finding::good(WHAT, told);
    if !facts.others.is_empty() {
        let left = facts.others.len();
        let all = facts.collections.len() + left;
        finding.state = State::Lacking;
        finding.told.push_str(&format!(
            "; {left} that were linked earlier were not looked into"
        ));
        finding.advice = Some(format!("`keepdocker doctor --most {all}` looks at all"));
    }
    if let Some((presence, reason)) =
        presence.and_then(|presence| Some((presence, presence.reason.as_ref()?)))
    {
        let unknown = count(presence.unknown, "block");
        finding.state = State::Lacking;
        finding
            .told
            .push_str(&format!("; of {unknown} it does not say: {reason}"));
    }
    finding
}

/// Returns a finding for each collection that lacks blocks.
fn losses<'a>(facts: &'a Facts, presence: &'a Presence) -> impl Iterator<Item = Finding> + 'a {
    facts.collections.iter().filter_map(|collection| {
        let uuid = &collection.uuid;
        let blocks: Vec<_> = locators(collection.manifest.as_deref()?).collect();
        let lost = blocks
            .iter()
            .filter(|locator| presence.lost.contains(&locator.block()));
        let lost: Vec<String> = lost.map(|locator| locator.block().to_string()).collect();
        (!lost.is_empty()).then(|| {
            let told = format!(
                "collection {uuid}: Keep has lost {} of its {}",
                lost.len(),
                count(blocks.len(), "block")
            );
            let advice = format!(
                "`keepdocker repair {uuid} --from SOURCE` writes them again, from an engine, an archive or a registry that has the image"
            );
            about_collection("lost-blocks", uuid, lost, told, &advice)
        })
    })
}

/// Puts what the component found into words.
fn told(found: &Found) -> Finding {
    let Found {
        collection,
        links,
        others,
        ..
    } = found;
    let name = found.name.as_deref().unwrap_or_default();
    let listed = listed(others);
    let link = links.first().map_or("the link", String::as_str);
    let remove = format!("`arv link delete --uuid {link}`");
    let place = format!("collection {collection}");
    let again = format!(
        "store the image again: `keepdocker upload --force {}`",
        or(name, "NAME")
    );
    let back = format!("`keepdocker restore {collection}` brings it back if it is in the trash");
    let (defect, told, advice) = match found.defect {
        Defect::OrphanName => (
            "orphan-name",
            format!(
                "{listed}: {} to {collection}, which is in the trash, gone, or not shared with you",
                if others.len() == 1 { "leads" } else { "lead" }
            ),
            format!(
                "{back}; `keepdocker untag NAME` takes a name away, and `keepdocker repair {collection} --orphan-links` all that leads there"
            ),
        ),
        Defect::OrphanHash => (
            "orphan-hash",
            format!(
                "{} to {place} without a name, which is in the trash, gone, or not shared with you",
                count(links.len(), "link")
            ),
            format!(
                "{back}; `keepdocker repair {collection} --orphan-links` takes all away that leads there"
            ),
        ),
        Defect::StrayLink => (
            "stray-link",
            format!("link {link} leads to {collection}, which is no collection"),
            format!("remove it, in Workbench or by {remove}"),
        ),
        Defect::MisnamedFile => (
            "misnamed-file",
            format!(
                "{place}: its file is not named as images are, so that no container request gets it"
            ),
            format!(
                "`keepdocker untag NAME` and then `keepdocker adopt {collection} NAME` give its name to a collection beside it that is, without sending data"
            ),
        ),
        Defect::ExtraFiles => (
            "extra-files",
            format!("{place}: it has several files, so that no container request gets it"),
            "fetch the archive, and upload it: `keepdocker upload --from docker-archive:FILE`"
                .to_owned(),
        ),
        Defect::NoFile => ("no-file", format!("{place}: it has no file"), again),
        Defect::BrokenManifest => (
            "broken-manifest",
            format!("{place}: its manifest cannot be read"),
            again,
        ),
        Defect::MissingHash => (
            "missing-hash",
            format!("{place}: no link tells that it holds image {listed}"),
            format!("`keepdocker adopt {collection}` makes it"),
        ),
        Defect::WrongHash => (
            "wrong-hash",
            format!(
                "{place}: a link says that it holds image {listed}, and its file is named as another one"
            ),
            format!("remove the link, in Workbench or by {remove}"),
        ),
        Defect::MissingName => (
            "missing-name",
            format!("{place}: it tells the name `{name}`, which no link gives it"),
            format!(
                "{WHOSE}; if it is the one you mean, `keepdocker tag {collection} {name}` gives it the name"
            ),
        ),
        Defect::UnusableName => (
            "unusable-name",
            format!("{place}: no container request can have its name `{name}`"),
            format!(
                "give it another: `keepdocker tag {collection} REPOSITORY:TAG`; and remove the link, in Workbench or by {remove}"
            ),
        ),
        Defect::RepeatedLink => (
            "repeated-link",
            format!("{place}: it has more than one link for `{name}`, which does no harm"),
            format!("the later one can be removed, in Workbench or by {remove}"),
        ),
        Defect::NoReplicas => (
            "no-replicas",
            format!(
                "{place}: its `replication_desired` is 0, so that Keep need not keep its blocks"
            ),
            format!(
                "`arv collection update --uuid {collection} --collection '{{\"replication_desired\":null}}'` has the cluster's default"
            ),
        ),
        Defect::Duplicate => (
            "duplicate",
            format!("{place}: its owner has the same content in {listed} as well"),
            "it takes no room; `keepdocker rm UUID` removes one that nobody names".to_owned(),
        ),
        Defect::StoredTwice => (
            "stored-twice",
            format!(
                "{place}: its owner has the same image in {listed} as well, stored in another form"
            ),
            "`keepdocker rm UUID` removes one that nobody names".to_owned(),
        ),
        Defect::OverruledName => (
            "overruled-name",
            format!(
                "`{name}` was given to {collection} last, but a container request for it gets {listed}"
            ),
            format!(
                "`keepdocker resolve {name}` says why; if that is not the one you mean, `keepdocker untag {name}` and give it again"
            ),
        ),
        Defect::NewestBuildLoses => (
            "newest-build-loses",
            format!(
                "`{name}`: the newest build is in {collection}, but a container request gets {listed}"
            ),
            format!(
                "`keepdocker resolve {name}` says why; {WHOSE}; if it is the one you mean, `keepdocker untag {name}` and `keepdocker tag {collection} {name}` mend it"
            ),
        ),
        Defect::RunsNowhere => (
            "runs-nowhere",
            format!("`{name}`: no collection with the name holds an image that the cluster runs"),
            again,
        ),
    };
    Finding {
        about: Some(About {
            defect,
            collection: collection.clone(),
            name: found.name.clone(),
            links: links.clone(),
            others: others.clone(),
        }),
        ..Finding::faulty(WHAT, State::Lacking, told).advising(&advice)
    }
}

/// Returns the beginning of a list as a person would say it.
fn listed(items: &[String]) -> String {
    let mut shown: Vec<String> = items.iter().take(MOST_TOLD).cloned().collect();
    if items.len() > MOST_TOLD {
        shown.push(format!("and {} more", items.len() - MOST_TOLD));
    }
    shown.join(", ")
}

fn or<'a>(text: &'a str, other: &'a str) -> &'a str {
    if text.is_empty() { other } else { text }
}
