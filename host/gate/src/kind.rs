//! The kinds of members that the objects of operations have.
//!
//! A kind has all that is to be said of a member, whichever verb has it: how its value is read, which values stand
//! for all others when policies are compared, and what of it policies can ask. So a verb whose members are of these
//! kinds needs no line in any key of the policy.

use keepdocker_terms::image_id::ImageId;
use keepdocker_terms::link_class::LinkClass as Class;

use super::object::{Object, ObjectError};
use super::operation::Operation;

/// What is to be said of the members of a kind.
pub(crate) trait Member {
    /// What they are.
    type Value;

    /// Reads the member of this name.
    fn read<'o>(object: &Object<'o>, member: &'static str) -> Result<Self::Value, ObjectError>;

    /// Returns what stands for all values, as far as rules tell them apart.
    fn samples(values: &Values) -> Vec<Self::Value>;

    /// Adds to what the operation is about.
    fn tell<'a>(value: &'a Self::Value, about: &mut About<'a>);
}

/// What an operation is about, as far as policies ask; none where its object has no such member.
#[derive(Debug, Default)]
pub(crate) struct About<'a> {
    /// What an engine or a registry is asked for.
    pub(crate) name: Option<Name<'a>>,
    /// Where an archive comes from.
    pub(crate) source: Option<&'static str>,
    /// Where an archive goes.
    pub(crate) target: Option<&'static str>,
    /// The image, by its ID; empty where the source of an archive tells none.
    pub(crate) image: Option<&'a str>,
    /// The platform that a registry says an image is for; none within where it says nothing.
    pub(crate) platform: Option<Option<&'a str>>,
    /// How many bytes an image has; none within as long as that is not known.
    pub(crate) bytes: Option<Option<u64>>,
    /// Whose signatures on an image are valid; none within as long as nobody has looked.
    pub(crate) signers: Option<Option<&'a [String]>>,
    /// How many replicas are asked for; none within for the cluster's default.
    pub(crate) replicas: Option<Option<u32>>,
    /// The storage classes that are asked for.
    pub(crate) storage_classes: Option<&'a [String]>,
    /// The classes of the links that are asked for.
    pub(crate) link_classes: Option<&'a [&'static str]>,
    /// The class of the link that is made or removed.
    pub(crate) link_class: Option<&'static str>,
    /// The name of the link that is made or removed.
    pub(crate) link_name: Option<&'a str>,
    /// Whether manifests are asked for.
    pub(crate) manifests: Option<bool>,
    /// The project.
    pub(crate) owner: Option<Ownership<'a>>,
}

impl<'a> About<'a> {
    /// Returns the name of the link that is made or removed, if it is of this class.
    pub(crate) fn name_of_link(&self, class: Class) -> Option<&'a str> {
        self.link_name
            .filter(|_| self.link_class == Some(class.name()))
    }
}

/// What an engine or a registry is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Name<'a> {
    /// A reference, or an image ID of which engines take any beginning.
    OfEngine(&'a str),
    /// A reference.
    OfRegistry(&'a str),
}

impl<'a> Name<'a> {
    /// Returns the name as it was given.
    pub(crate) fn text(self) -> &'a str {
        match self {
            Self::OfEngine(text) | Self::OfRegistry(text) => text,
        }
    }
}

/// What a project has to do with an operation.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ownership<'a> {
    /// It owns what the operation is about; none for the home project of the user.
    By(Option<&'a str>),
    /// Only what it owns is asked for; none for whatever can be read.
    Within(Option<&'a str>),
}

/// The members of what the rules tell apart, with one of each that no rule means.
#[derive(Debug)]
pub(crate) struct Values {
    /// Names of repositories.
    pub(crate) names: Vec<String>,
    /// Image IDs.
    pub(crate) images: Vec<String>,
    /// Platforms of images; none where a registry says nothing of it.
    pub(crate) platforms: Vec<Option<String>>,
    /// Those who signed an image together.
    pub(crate) signers: Vec<Vec<String>>,
    /// Sizes of images.
    pub(crate) bytes: Vec<u64>,
    /// Owners; none for the home project, or for all.
    pub(crate) owners: Vec<Option<String>>,
    /// Storage classes that are asked for together.
    pub(crate) storage_classes: Vec<Vec<String>>,
    /// Replicas that are asked for; none for the cluster's default.
    pub(crate) replicas: Vec<Option<u32>>,
}

impl Values {
    /// Returns the names without and with a digest.
    fn references(&self) -> Vec<String> {
        let digest = format!("@sha256:{}", "0".repeat(64));
        let names = self.names.iter();
        names
            .flat_map(|name| [name.clone(), format!("{name}{digest}")])
            .collect()
    }

    /// Returns one or two of each.
    #[cfg(test)]
    pub(crate) fn for_tests() -> Self {
        Self {
            names: vec!["docker.io/lab/x".to_owned()],
            images: vec![format!("sha256:{}", "a".repeat(64))],
            platforms: vec![None, Some("linux/amd64".to_owned())],
            signers: vec![vec!["sha256:11".to_owned(), "sha256:22".to_owned()]],
            bytes: vec![7],
            owners: vec![None, Some("zzzzz-j7d0g-000000000000000".to_owned())],
            storage_classes: vec![Vec::new(), vec!["a".to_owned(), "b".to_owned()]],
            replicas: vec![None, Some(3)],
        }
    }
}

/// Tells whether the members go together: not each class of links has each name, and not each source an image.
///
/// What is left out is no operation that a rule could mean and no other.
pub(crate) fn go_together(operation: &Operation) -> bool {
    let about = operation.about();
    let is_link_usual = match about.link_class.and_then(Class::named) {
        Some(class) => about.link_name.is_none_or(|name| match class {
            Class::ImageHash => ImageId::parse(name).is_some(),
            Class::RepoTag => !name.is_empty() && ImageId::parse(name).is_none(),
            Class::Migration => name.is_empty(),
        }),
        None => true,
    };
    let is_source_usual = about
        .source
        .is_none_or(|source| (source == "given") == about.image.is_none_or(str::is_empty));
    is_link_usual && is_source_usual
}

/// Makes the kinds from one list.
macro_rules! kinds {
    ($(
        $(#[$doc:meta])*
        $kind:ident: $value:ty {
            read: $read:expr,
            samples: $samples:expr,
            tell: $tell:expr,
        }
    )*) => {
        /// The kinds of members.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Kind {
            $($(#[$doc])* $kind,)*
        }

        $(
            $(#[$doc])*
            pub(crate) enum $kind {}

            impl Member for $kind {
                type Value = $value;

                fn read<'o>(
                    object: &Object<'o>,
                    member: &'static str,
                ) -> Result<$value, ObjectError> {
                    let read: fn(&Object<'o>, &'static str) -> Result<$value, ObjectError> = $read;
                    read(object, member)
                }

                fn samples(values: &Values) -> Vec<$value> {
                    let samples: fn(&Values) -> Vec<$value> = $samples;
                    samples(values)
                }

                fn tell<'a>(value: &'a $value, about: &mut About<'a>) {
                    let tell: fn(&'a $value, &mut About<'a>) = $tell;
                    tell(value, about);
                }
            }
        )*
    };
}

kinds! {
    /// A text that no policy asks for.
    Text: String {
        read: Object::asked,
        samples: |_| vec![String::new()],
        tell: |_, _| {},
    }
    /// The level of a message.
    Level: &'static str {
        read: |object, member| object.word(member, &Operation::LEVELS),
        samples: |_| Operation::LEVELS.to_vec(),
        tell: |_, _| {},
    }
    /// A reference or an image ID that the engine looks up.
    Searched: String {
        read: Object::needed,
        samples: |values| [values.references(), values.images.clone()].concat(),
        tell: |name, about| about.name = Some(Name::OfEngine(name)),
    }
    /// A reference that the engine pulls.
    Pulled: String {
        read: Object::needed,
        samples: Values::references,
        tell: |name, about| about.name = Some(Name::OfEngine(name)),
    }
    /// A reference that a registry is asked for.
    Sought: String {
        read: Object::needed,
        samples: Values::references,
        tell: |name, about| about.name = Some(Name::OfRegistry(name)),
    }
    /// Where an archive comes from.
    Source: &'static str {
        read: |object, member| object.word(member, &Operation::SOURCES),
        samples: |_| Operation::SOURCES.to_vec(),
        tell: |source, about| about.source = Some(source),
    }
    /// The ID of the image that an archive is made of, where its source is an image.
    SourceImage: Option<String> {
        read: Object::text,
        samples: |values| {
            let images = values.images.iter().cloned().map(Some);
            std::iter::once(None).chain(images).collect()
        },
        tell: |image, about| about.image = Some(image.as_deref().unwrap_or_default()),
    }
    /// Where an archive goes.
    Target: &'static str {
        read: |object, member| object.word(member, &Operation::TARGETS),
        samples: |_| Operation::TARGETS.to_vec(),
        tell: |target, about| about.target = Some(target),
    }
    /// How far an archive is read.
    Depth: &'static str {
        read: |object, member| object.word(member, &Operation::DEPTHS),
        samples: |_| Operation::DEPTHS.to_vec(),
        tell: |_, _| {},
    }
    /// An image ID.
    Image: String {
        read: Object::needed,
        samples: |values| values.images.clone(),
        tell: |image, about| about.image = Some(image),
    }
    /// The platform that a registry says an image is for.
    Platform: Option<String> {
        read: Object::text,
        samples: |values| values.platforms.clone(),
        tell: |platform, about| about.platform = Some(platform.as_deref()),
    }
    /// How many bytes an image has.
    Bytes: Option<u64> {
        read: Object::number,
        samples: |values| values.bytes.iter().copied().map(Some).collect(),
        tell: |bytes, about| about.bytes = Some(*bytes),
    }
    /// Whose signatures on an image are valid.
    Signers: Option<Vec<String>> {
        read: Object::texts_if_any,
        samples: |values| values.signers.iter().cloned().map(Some).collect(),
        tell: |signers, about| about.signers = Some(signers.as_deref()),
    }
    /// Which image of an archive is meant.
    Selection: String {
        read: Object::asked,
        samples: |_| vec!["only".to_owned()],
        tell: |_, _| {},
    }
    /// How many replicas are asked for.
    Replicas: Option<u32> {
        read: Object::count,
        samples: |values| values.replicas.clone(),
        tell: |replicas, about| about.replicas = Some(*replicas),
    }
    /// The storage classes that are asked for.
    StorageClasses: Vec<String> {
        read: Object::texts,
        samples: |values| values.storage_classes.clone(),
        tell: |classes, about| about.storage_classes = Some(classes),
    }
    /// The collections whose blocks may be referred to.
    Reuse: Vec<String> {
        read: Object::texts,
        samples: |_| vec![Vec::new()],
        tell: |_, _| {},
    }
    /// The project that is asked about.
    Project: String {
        read: Object::needed,
        samples: |values| {
            // A user's UUID may be the other name of the home project.
            let user = ["xxxxx-tpzed-anyotherusers00".to_owned()];
            values.owners.iter().flatten().cloned().chain(user).collect()
        },
        tell: |project, about| about.owner = Some(Ownership::By(Some(project))),
    }
    /// The project that owns what is made, changed or removed.
    Owner: Option<String> {
        read: Object::text,
        samples: |values| values.owners.clone(),
        tell: |owner, about| about.owner = Some(Ownership::By(owner.as_deref())),
    }
    /// The project that a question is narrowed down to.
    Within: Option<String> {
        read: Object::text,
        samples: |values| values.owners.clone(),
        tell: |owner, about| about.owner = Some(Ownership::Within(owner.as_deref())),
    }
    /// The classes of the links that are asked for.
    LinkClasses: Vec<&'static str> {
        read: |object, member| object.words_of(member, &Operation::LINK_CLASSES),
        samples: |_| {
            let each = Class::NAMES.iter().map(|class| vec![*class]);
            each.chain([Class::NAMES.to_vec()]).collect()
        },
        tell: |classes, about| about.link_classes = Some(classes),
    }
    /// The class of the link that is made or removed.
    LinkClass: &'static str {
        read: |object, member| object.word(member, &Operation::LINK_CLASSES),
        samples: |_| Class::NAMES.to_vec(),
        tell: |class, about| about.link_class = Some(class),
    }
    /// The name of the link that is made or removed.
    LinkName: String {
        read: Object::asked,
        samples: |values| {
            [values.images.clone(), values.names.clone(), vec![String::new()]].concat()
        },
        tell: |name, about| about.link_name = Some(name),
    }
    /// Whether manifests are asked for.
    Manifests: bool {
        read: Object::truth,
        samples: |_| vec![false, true],
        tell: |manifests, about| about.manifests = Some(*manifests),
    }
}
