//! The parts that tests are made of.

mod cluster;
mod engine;
mod environment;
mod image;
mod output;
mod python;
mod skip;

pub(crate) use cluster::Cluster;
pub(crate) use engine::Engine;
pub(crate) use environment::{Environment, data};
pub(crate) use image::Image;
pub(crate) use output::Output;
pub(crate) use python::Python;
