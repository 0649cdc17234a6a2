//! Which image of an archive is meant, and what it is to be called.
//!
//! An archive may hold several images, and one image for several platforms. What the user wrote behind the archive's
//! name comes first, then the platform, then the name or ID that the image is asked for by.

use crate::reference::{Name, Reference, ReferenceError};
use crate::types;
use crate::types::HeldImage;
use keepdocker_terms::called::Called;
use keepdocker_terms::platform::Platform;

/// How many names of an archive are registered at most.
const MOST_NAMES: usize = 100;

/// How many images an error lists at most.
const MOST_LISTED: usize = 10;

/// The longest text from outside that an error repeats, in characters.
const LONGEST: usize = 160;

/// What a person asks of an archive.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// What stands behind the archive's name.
    pub called: Option<&'a str>,
    /// The platform; none for the usual one where there is a choice.
    pub platform: Option<&'a types::Platform>,
    /// What the image is asked for by. A name that the archive does not know is a new name for what it holds.
    pub reference: Option<&'a Reference>,
    /// Whether it is asked of a registry, and not of an archive.
    pub of_registry: bool,
}

/// Why no image is meant. The texts are for people, and list what there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoSelection {
    /// None is what was asked for.
    NoSuchImage(String),
    /// Several are.
    Ambiguous(String),
}

impl Asked<'_> {
    /// Returns who holds the images, for people.
    fn holder(&self) -> &'static str {
        match self.of_registry {
            true => "registry",
            false => "archive",
        }
    }

    /// Says that no image is what is wanted, and what there is.
    fn none<'a>(&self, wanted: &str, held: impl Iterator<Item = &'a HeldImage>) -> NoSelection {
        NoSelection::NoSuchImage(format!(
            "the {} holds no image {wanted}; it holds {}",
            self.holder(),
            listed(held)
        ))
    }

    /// Returns the platform that is meant where there is a choice.
    #[must_use]
    pub fn platform(&self) -> types::Platform {
        match self.platform {
            Some(platform) => platform.clone(),
            None => {
                let Platform {
                    os,
                    architecture,
                    variant,
                } = Platform::usual();
                types::Platform {
                    os,
                    architecture,
                    variant,
                }
            }
        }
    }
}

/// Returns the image that is meant.
///
/// # Errors
/// If none is, or several are.
pub fn choose<'a>(
    images: &'a [HeldImage],
    asked: &Asked<'_>,
) -> Result<&'a HeldImage, NoSelection> {
    let mut meant: Vec<&HeldImage> = images.iter().collect();
    if let Some(text) = asked.called {
        let called = Called(text);
        meant.retain(|image| {
            called.is_at(image.position as usize)
                || called.is_name(&image.repo_tags)
                || called.is_reference(&image.references)
                || called.is_digest(digests(image))
        });
        if meant.is_empty() {
            return Err(asked.none(&quoted(text), images.iter()));
        }
    }
    by_platform(&mut meant, asked, images)?;
    let held = meant.clone();
    let mut wanted = "at all".to_owned();
    if let Some(reference) = asked.reference {
        wanted = quoted(&reference.to_string());
        let is_meant = |image: &&HeldImage| match reference {
            Reference::Name(name) => image.repo_tags.iter().any(|tag| name.is(tag)),
            Reference::Id(id) => digests(image).any(|digest| id.matches(digest)),
        };
        if matches!(reference, Reference::Id(_)) || meant.iter().any(is_meant) {
            meant.retain(is_meant);
        }
    }
    // One image may stand there under several names.
    let mut different: Vec<&HeldImage> = Vec::new();
    for image in meant {
        if different.iter().all(|other| other.id != image.id) {
            different.push(image);
        }
    }
    match different[..] {
        [image] => Ok(image),
        [] => Err(asked.none(&wanted, held.into_iter())),
        _ => Err(NoSelection::Ambiguous(format!(
            "the {} holds several images: {}; name the one that is meant",
            asked.holder(),
            listed(different.into_iter())
        ))),
    }
}

/// Returns the manifest of the image of a registry that is meant, of what a name there may mean.
///
/// # Errors
/// If there is none for the platform, or several.
pub fn of_registry(
    candidates: impl Iterator<Item = (String, types::Platform)>,
    platform: Option<&types::Platform>,
) -> Result<String, NoSelection> {
    let mut images: Vec<HeldImage> = Vec::new();
    for (manifest, platform) in candidates {
        // Of two for one platform the first is taken, as by engines.
        let same = in_terms(&platform);
        if images
            .iter()
            .all(|other| !in_terms(&other.platform).is(&same))
        {
            images.push(HeldImage {
                position: 0,
                group: 0,
                id: manifest,
                manifest: None,
                indexes: Vec::new(),
                repo_tags: Vec::new(),
                references: Vec::new(),
                base_layer: None,
                platform,
            });
        }
    }
    let asked = Asked {
        platform,
        of_registry: true,
        ..Asked::default()
    };
    choose(&images, &asked).map(|image| image.id.clone())
}

/// Says that an image is for another platform than a registry's index says, if so: whoever chose it by that may not
/// want it.
#[must_use]
pub fn contradiction(said: &types::Platform, own: &types::Platform) -> Option<String> {
    let (index, config) = (in_terms(said), in_terms(own));
    let is_said = !index.os.is_empty() && !config.os.is_empty();
    (is_said && !index.is(&config)).then(|| {
        format!(
            "the registry says that the image is for {}, and the image itself that it is for {}",
            platform_text(said),
            platform_text(own)
        )
    })
}

/// Leaves one platform of each group.
fn by_platform(
    meant: &mut Vec<&HeldImage>,
    asked: &Asked<'_>,
    images: &[HeldImage],
) -> Result<(), NoSelection> {
    let wanted = in_terms(&asked.platform());
    let normal = wanted.normal();
    let known: Vec<(u32, Platform, bool)> = meant
        .iter()
        .map(|image| {
            let platform = in_terms(&image.platform);
            (image.group, platform.normal(), platform.is_for(&wanted))
        })
        .collect();
    let stays = |(group, platform, fits): &(u32, Platform, bool)| {
        let mut others = known.iter().filter(|other| other.0 == *group);
        if asked.platform.is_none() && others.clone().all(|other| other.1 == *platform) {
            return true;
        }
        // Where no variant is asked for, the plain one comes before the special ones.
        *fits && (*platform == normal || !others.any(|other| other.1 == normal))
    };
    let mut stays: Vec<bool> = known.iter().map(stays).rev().collect();
    if !stays.is_empty() && !stays.contains(&true) {
        let hint = match asked.platform {
            Some(_) => "",
            None => "; choose another with `--platform`",
        };
        let wanted = format!("for {}{hint}", platform_text(&asked.platform()));
        return Err(asked.none(&wanted, images.iter()));
    }
    meant.retain(|_| stays.pop().unwrap_or_default());
    Ok(())
}

/// Returns the names under which an image of an archive is registered: the one that it is asked for by, else those of
/// the archive, which are as good as names can be; the errors say of the others what is wrong with them.
pub fn names(
    reference: Option<&Reference>,
    repo_tags: &[String],
) -> (Vec<Name>, Vec<ReferenceError>) {
    let mut names: Vec<Name> = Vec::new();
    let mut left_out = Vec::new();
    match reference {
        Some(Reference::Name(name)) => names.push(name.clone()),
        Some(Reference::Id(_)) => {}
        None => {
            for tag in repo_tags.iter().take(MOST_NAMES) {
                match Reference::parse(tag) {
                    Ok(Reference::Name(_)) if names.iter().any(|name| name.is(tag)) => {}
                    Ok(Reference::Name(name)) => names.push(name),
                    Ok(Reference::Id(_)) => {}
                    Err(error) => left_out.push(error),
                }
            }
        }
    }
    (names, left_out)
}

/// Returns the name that a loaded image gets: the text that it is asked for by, unless that is an ID, a digest or a
/// portable data hash.
#[must_use]
pub fn name_of_loaded(text: &str) -> Option<&str> {
    match Reference::parse(text) {
        Ok(Reference::Name(name)) if name.digest().is_none() => Some(text),
        _ => None,
    }
}

/// Returns all digests by which the image is known.
fn digests(image: &HeldImage) -> impl Iterator<Item = &str> {
    let own = [&image.id].into_iter().chain(&image.manifest);
    own.chain(&image.indexes).map(String::as_str)
}

fn in_terms(platform: &types::Platform) -> Platform {
    Platform {
        os: platform.os.clone(),
        architecture: platform.architecture.clone(),
        variant: platform.variant.clone(),
    }
}

/// Lists images for people.
fn listed<'a>(images: impl Iterator<Item = &'a HeldImage>) -> String {
    let mut lines: Vec<String> = images
        .map(|image| {
            let names = match image.repo_tags.is_empty() {
                true => "unnamed".to_owned(),
                false => shortened(&image.repo_tags.join(", ")),
            };
            format!("{} ({names}, {})", image.id, platform_text(&image.platform))
        })
        .collect();
    if lines.is_empty() {
        return "none".into();
    }
    if lines.len() > MOST_LISTED {
        let rest = lines.len() - MOST_LISTED;
        lines.truncate(MOST_LISTED);
        lines.push(format!("and {rest} more"));
    }
    lines.join(", ")
}

fn platform_text(platform: &types::Platform) -> String {
    let mut text = format!("{}/{}", platform.os, platform.architecture);
    if !platform.variant.is_empty() {
        text = format!("{text}/{}", platform.variant);
    }
    shortened(&text)
}

fn quoted(text: &str) -> String {
    format!("`{}`", shortened(text))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
