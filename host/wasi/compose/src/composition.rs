//! How the parts are joined.

use wac_graph::types::Package;
use wac_graph::{CompositionGraph, EncodeOptions, NodeId, PackageId};

/// The components to compose.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    /// The component that decides, as every host gets it.
    pub(crate) guest: Vec<u8>,
    /// What provides its capabilities.
    pub(crate) provider: Vec<u8>,
    /// The command line.
    pub(crate) command: Vec<u8>,
}

/// Why there is no composition; a defect of the parts, which are made for each other.
#[derive(Debug, thiserror::Error)]
#[error("cannot compose the component: {0}")]
pub(crate) struct Error(String);

impl Error {
    /// Puts an error and its causes in one line.
    fn new(error: impl std::error::Error) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text += &format!(": {cause}");
            source = cause.source();
        }
        Error(text)
    }
}

/// Composes the parts to one component.
pub(crate) fn compose(parts: Parts) -> Result<Vec<u8>, Error> {
    let mut composition = Composition::default();
    let provider = composition.add("keepdocker:provider", parts.provider)?;
    let guest = composition.add("keepdocker:guest", parts.guest)?;
    let command = composition.add("keepdocker:command", parts.command)?;
    composition.connect(&provider, &guest)?;
    composition.connect(&guest, &command)?;
    composition.connect(&provider, &command)?;
    composition.export(&command, "wasi:cli/run")?;
    composition
        .graph
        .encode(EncodeOptions::default())
        .map_err(Error::new)
}

/// A component that stands in the composition.
struct Part {
    package: PackageId,
    instance: NodeId,
}

#[derive(Default)]
struct Composition {
    graph: CompositionGraph,
    /// What was connected already: the first to offer an interface provides it.
    connected: Vec<(NodeId, String)>,
}

impl Composition {
    fn add(&mut self, name: &str, component: Vec<u8>) -> Result<Part, Error> {
        let package = Package::from_bytes(name, None, component, self.graph.types_mut())
            .map_err(|error| Error(format!("{error:#}")))?;
        let package = self.graph.register_package(package).map_err(Error::new)?;
        let instance = self.graph.instantiate(package);
        Ok(Part { package, instance })
    }

    /// Gives `to` all that it imports and `from` exports.
    fn connect(&mut self, from: &Part, to: &Part) -> Result<(), Error> {
        let world = &self.graph.types()[self.graph[to.package].ty()];
        let offered = &self.graph.types()[self.graph[from.package].ty()].exports;
        let names: Vec<String> = world
            .imports
            .keys()
            .filter(|name| offered.contains_key(*name))
            .cloned()
            .collect();
        for name in names {
            let connection = (to.instance, name);
            if self.connected.contains(&connection) {
                continue;
            }
            let name = &connection.1;
            let export = self
                .graph
                .alias_instance_export(from.instance, name)
                .map_err(Error::new)?;
            self.graph
                .set_instantiation_argument(to.instance, name, export)
                .map_err(Error::new)?;
            self.connected.push(connection);
        }
        Ok(())
    }

    /// Exports an interface of a part, in whatever version the part has it.
    fn export(&mut self, part: &Part, interface: &str) -> Result<(), Error> {
        let world = &self.graph.types()[self.graph[part.package].ty()];
        let name = world
            .exports
            .keys()
            .find(|name| name.split('@').next() == Some(interface))
            .cloned()
            .ok_or_else(|| Error(format!("no part exports {interface}")))?;
        let export = self
            .graph
            .alias_instance_export(part.instance, &name)
            .map_err(Error::new)?;
        self.graph.export(export, &name).map_err(Error::new)
    }
}
