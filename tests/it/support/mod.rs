//! The parts that tests are made of.

mod account;
mod cluster;
mod engine;
mod environment;
mod image;
mod made;
mod noise;
mod output;
mod python;
mod registry;
mod saved;
mod shelf;
mod skip;
mod stand_in;
mod tarball;
mod tools;
mod wasmtime;

pub(crate) use account::Account;
pub(crate) use cluster::Cluster;
pub(crate) use engine::Engine;
pub(crate) use environment::{Environment, data};
pub(crate) use image::Image;
pub(crate) use made::{Made, Members, digest};
pub(crate) use noise::Noise;
pub(crate) use output::Output;
pub(crate) use python::Python;
pub(crate) use registry::Registry;
pub(crate) use saved::{Layer, hex, saved};
pub(crate) use shelf::Shelf;
pub(crate) use skip::skip;
pub(crate) use stand_in::StandIn;
pub(crate) use tarball::tar_of;
pub(crate) use tools::Tools;
pub(crate) use wasmtime::{Grants, Wasmtime};
