//! What the benchmarks have in common.

mod median;
mod python;

pub use median::median;
pub use python::python;
