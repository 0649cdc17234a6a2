//! How the table of operations is made into types.

use std::cell::Cell;

/// Makes the verbs and the operations from one table: by interface, where what it is about is found, and for each
/// function whether it writes, its name here and in the contract, and the members of its object, those that may be
/// given as bare words first. What is to be said of a member is said by its [kind](super::kind).
///
/// An operation that is added to the table has all that the policy, the log and the probes ask of it, or does not
/// compile.
macro_rules! operations {
    ($($interface:literal of $place:ident {
        $(
            $(#[$doc:meta])*
            $effect:ident $verb:ident = $function:literal $({
                $($(#[$member_doc:meta])* $member:ident: $type:ty as $kind:ident,)*
            })?;
        )*
    })*) => {
        /// What the component can ask for: a function of the contract.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Verb {
            $($($(#[$doc])* $verb,)*)*
        }

        /// One call of the component, with what a policy can decide on and a log should show.
        ///
        /// The verb of each is `interface.function` of the contract in `wit/`; a test compares the two.
        /// Bulk data, tokens and block signatures are never part of an operation.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(untagged)]
        pub enum Operation {
            $($(
                $(#[$doc])*
                $verb $({ $($(#[$member_doc])* $member: $type,)* })?,
            )*)*
        }

        impl Verb {
            /// Every verb that there is, in the order of the contract.
            pub const ALL: [Self; Self::COUNT] = [$($(Self::$verb,)*)*];

            /// The names of all verbs, in the order of the contract.
            pub const NAMES: [&'static str; Self::COUNT] =
                [$($(concat!($interface, ".", $function),)*)*];

            /// Every interface with functions in it, in the order of the contract.
            pub const INTERFACES: [&'static str; [$($interface),*].len()] = [$($interface),*];

            const COUNT: usize = [$($($function,)*)*].len();

            /// Returns the verb's name: `interface.function`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                Self::NAMES[self as usize]
            }

            /// Returns the interface of the contract that the verb's function belongs to.
            #[must_use]
            pub const fn interface(self) -> &'static str {
                match self {
                    $($(Self::$verb => $interface,)*)*
                }
            }

            /// Returns where that is what the verb is about.
            pub(crate) const fn place(self) -> Place {
                match self {
                    $($(Self::$verb => Place::$place,)*)*
                }
            }

            /// Tells whether the verb creates, changes or removes an object on the cluster.
            pub(crate) const fn writes(self) -> bool {
                match self {
                    $($(Self::$verb => matches!(Effect::$effect, Effect::Write),)*)*
                }
            }

            /// Returns the members of the verb's object, those that may be given as bare words first.
            #[must_use]
            pub const fn members(self) -> &'static [&'static str] {
                match self {
                    $($(Self::$verb => &[$($(stringify!($member)),*)?],)*)*
                }
            }

            /// Returns the kinds of these members.
            pub(crate) const fn kinds(self) -> &'static [Kind] {
                match self {
                    $($(Self::$verb => &[$($(Kind::$kind),*)?],)*)*
                }
            }
        }

        impl Operation {
            /// Returns the operation's verb.
            #[must_use]
            pub const fn verb(&self) -> Verb {
                match self {
                    $($(Self::$verb { .. } => Verb::$verb,)*)*
                }
            }

            /// Returns what the operation is about, as far as policies ask.
            pub(crate) fn about(&self) -> About<'_> {
                let mut about = About::default();
                match self {
                    $($(Self::$verb $({ $($member),* })? => {
                        $($(<kind::$kind as Member>::tell($member, &mut about);)*)?
                    })*)*
                }
                about
            }

            /// Reads the operation from an object of its verb.
            pub(crate) fn read(object: &Object<'_>) -> Result<Self, ObjectError> {
                Ok(match object.verb() {
                    $($(Verb::$verb => Self::$verb $({
                        $($member: <kind::$kind as Member>::read(object, stringify!($member))?,)*
                    })?,)*)*
                })
            }

            /// Returns the verb's operations with each of the values in each of their members.
            pub(crate) fn samples(verb: Verb, values: &Values) -> Box<dyn Iterator<Item = Self>> {
                match verb {
                    $($(Verb::$verb => {
                        $($(let $member = <kind::$kind as Member>::samples(values);)*)?
                        let count = 1 $($(* $member.len())*)?;
                        let choice = Choice::default();
                        Box::new((0..count).map(move |number| {
                            choice.begin(number, count);
                            Self::$verb $({ $($member: choice.of(&$member),)* })?
                        }))
                    })*)*
                }
            }
        }
    };
}

pub(crate) use operations;

/// What a call does to the objects on the cluster.
pub(crate) enum Effect {
    /// It leaves them as they are.
    Ask,
    /// It creates, changes or removes one.
    Write,
}

/// Takes one of each of several lists; the number says which.
#[derive(Debug, Default)]
pub(crate) struct Choice {
    /// What is left of the number, and how many there are of it.
    rest: Cell<(usize, usize)>,
}

impl Choice {
    /// Begins with this of so many choices.
    pub(crate) fn begin(&self, number: usize, count: usize) {
        self.rest.set((number, count));
    }

    /// Returns the one of the next list. The last list changes with every number, the first one most seldom.
    pub(crate) fn of<T: Clone>(&self, list: &[T]) -> T {
        let (number, count) = self.rest.get();
        let count = count / list.len();
        self.rest.set((number % count, count));
        list[number / count].clone()
    }
}
