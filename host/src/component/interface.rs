//! What a component imports and exports: all that it can ever ask for, and all that it can be asked.

use wasmtime::Engine;
use wasmtime::component::types::{Component as ComponentType, ComponentItem};

use crate::gate::Verb;

/// The package of the contract, whose interfaces alone a component may import.
const PACKAGE: &str = "keepdocker:contract/";

/// The version of that package.
const VERSION: &str = "0.1.0";

/// The interfaces of the contract that hold types and no functions.
const TYPES: [&str; 2] = ["types", "api"];

/// The resources of the contract.
const RESOURCES: [&str; 2] = ["archive", "guard"];

/// An interface that a component imports or exports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interface {
    /// Its name with package and version, such as `keepdocker:contract/keep@0.1.0`.
    pub name: String,
    /// Its functions and resources that the component uses or offers, in the order of the component:
    /// `find`, `[static]archive.open`.
    pub items: Vec<String>,
}

impl Interface {
    /// Returns the verb by which a policy knows one of the functions; none of a resource, and of
    /// what the contract does not have.
    #[must_use]
    pub(crate) fn verb(&self, item: &str) -> Option<Verb> {
        let interface = self.of_contract()?;
        let function = item.rsplit('.').next().unwrap_or(item);
        Verb::named(&format!("{interface}.{function}"))
    }

    /// Returns what of it the contract does not offer: the interface as a whole, or functions.
    #[must_use]
    pub(crate) fn excess(&self) -> Vec<String> {
        match self.of_contract() {
            None => vec![self.name.clone()],
            Some(_) => self
                .items
                .iter()
                .filter(|item| self.verb(item).is_none() && !RESOURCES.contains(&item.as_str()))
                .map(|item| format!("{} {item}", self.name))
                .collect(),
        }
    }

    /// Returns the plain name, if the contract has such an interface to import.
    fn of_contract(&self) -> Option<&str> {
        let (name, version) = self.name.strip_prefix(PACKAGE)?.split_once('@')?;
        let is_known = Verb::INTERFACES.contains(&name) || TYPES.contains(&name);
        (is_known && version == VERSION).then_some(name)
    }
}

/// Returns what the component imports, in the order in which it names it.
///
/// What is no interface, such as a bare function, is there under its own name.
pub(super) fn imports(component: &ComponentType, engine: &Engine) -> Vec<Interface> {
    component
        .imports(engine)
        .map(|(name, item)| interface(name, item.ty, engine))
        .collect()
}

/// Returns what the component exports.
pub(super) fn exports(component: &ComponentType, engine: &Engine) -> Vec<Interface> {
    component
        .exports(engine)
        .map(|(name, item)| interface(name, item.ty, engine))
        .collect()
}

fn interface(name: &str, item: ComponentItem, engine: &Engine) -> Interface {
    let items = match item {
        ComponentItem::ComponentInstance(instance) => instance
            .exports(engine)
            .filter(|(_, item)| {
                matches!(
                    item.ty,
                    ComponentItem::ComponentFunc(_) | ComponentItem::Resource(_)
                )
            })
            .map(|(name, _)| name.to_owned())
            .collect(),
        _ => Vec::new(),
    };
    Interface {
        name: name.to_owned(),
        items,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(name: &str, items: &[&str]) -> Interface {
        Interface {
            name: name.into(),
            items: items.iter().map(|item| (*item).to_owned()).collect(),
        }
    }

    #[test]
    fn functions_have_the_verbs_of_policies() {
        let archives = interface("keepdocker:contract/archives@0.1.0", &[]);
        for (item, verb) in [
            ("[static]archive.open", Some("archives.open")),
            ("[method]archive.images", Some("archives.images")),
            ("forget", Some("archives.forget")),
            ("archive", None),
            ("create", None),
        ] {
            assert_eq!(archives.verb(item).map(Verb::name), verb, "{item}");
        }
    }

    #[test]
    fn what_the_contract_does_not_offer_is_named() {
        for (name, items, excess) in [
            (
                "keepdocker:contract/keep@0.1.0",
                &["store", "archive"][..],
                &[][..],
            ),
            ("keepdocker:contract/types@0.1.0", &[], &[]),
            (
                "keepdocker:contract/keep@0.1.0",
                &["store", "erase"],
                &["keepdocker:contract/keep@0.1.0 erase"],
            ),
            (
                "keepdocker:contract/keep@0.2.0",
                &["store"],
                &["keepdocker:contract/keep@0.2.0"],
            ),
            (
                "keepdocker:contract/secrets@0.1.0",
                &["read"],
                &["keepdocker:contract/secrets@0.1.0"],
            ),
            (
                "wasi:cli/environment@0.2.0",
                &["get-environment"],
                &["wasi:cli/environment@0.2.0"],
            ),
            ("run", &[], &["run"]),
        ] {
            assert_eq!(interface(name, items).excess(), excess, "{name}");
        }
    }
}
