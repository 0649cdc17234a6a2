//! What a component imports: the whole list of what it can ever ask for.

use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

/// The package that every import of a component must belong to.
const CONTRACT: &str = "keepdocker:contract/";

/// One imported interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The interface with package and version, such as `keepdocker:contract/keep@0.1.0`.
    pub interface: String,
    /// Its functions and resources that the component uses, in the order of the component.
    pub items: Vec<String>,
}

impl Import {
    /// Tells whether the import lies outside the contract.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        !self.interface.starts_with(CONTRACT)
    }
}

/// Returns the component's imports in the order in which it names them.
pub(super) fn of(component: &Component, engine: &Engine) -> Vec<Import> {
    component
        .component_type()
        .imports(engine)
        .map(|(name, item)| Import {
            interface: name.to_owned(),
            items: items(item.ty, engine),
        })
        .collect()
}

fn items(item: ComponentItem, engine: &Engine) -> Vec<String> {
    let ComponentItem::ComponentInstance(instance) = item else {
        return Vec::new();
    };
    instance
        .exports(engine)
        .filter(|(_, item)| {
            matches!(
                item.ty,
                ComponentItem::ComponentFunc(_) | ComponentItem::Resource(_)
            )
        })
        .map(|(name, _)| name.to_owned())
        .collect()
}
