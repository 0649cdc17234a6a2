//! The verbs: what the component can ask for, by the names of the contract.

use std::fmt;

use super::kind::Kind;
use super::operation::Verb;

impl Verb {
    /// Tells whether the verb's object has a member of one of these kinds.
    pub(crate) fn has(self, kinds: &[Kind]) -> bool {
        self.kinds().iter().any(|kind| kinds.contains(kind))
    }

    /// Returns the verb of this name, if there is one.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.name() == name)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_has_a_name_of_its_own_and_a_known_interface() {
        for verb in Verb::ALL {
            assert_eq!(Verb::named(verb.name()), Some(verb));
            assert_eq!(
                verb.name().split_once('.').map(|(interface, _)| interface),
                Some(verb.interface())
            );
        }
        let mut interfaces = Verb::ALL.map(Verb::interface).to_vec();
        interfaces.dedup();
        assert_eq!(interfaces, Verb::INTERFACES);
        assert_eq!(Verb::named("collections.delete"), None);
    }
}
