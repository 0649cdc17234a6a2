//! The parts that tests are made of.

mod any_engine;
mod built;
mod cluster;
mod engine;
mod environment;
mod image;
mod noise;
mod output;
mod python;
mod registry;
mod saved;
mod skip;
mod stand_in;
mod tarball;
mod tools;
mod wasmtime;

pub(crate) use any_engine::AnyEngine;
pub(crate) use built::Built;
pub(crate) use cluster::Cluster;
pub(crate) use engine::Engine;
pub(crate) use environment::{Environment, data};
pub(crate) use image::Image;
pub(crate) use noise::Noise;
pub(crate) use output::Output;
pub(crate) use python::Python;
pub(crate) use registry::Registry;
pub(crate) use saved::{Layer, hex, saved};
pub(crate) use skip::skip;
pub(crate) use stand_in::StandIn;
pub(crate) use tarball::tar_of;
pub(crate) use tools::Tools;
pub(crate) use wasmtime::{Grants, Wasmtime};
