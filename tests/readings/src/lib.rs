//! What the fuzzer and the tests do with made-up archives.

pub mod assembly;
pub mod readings;
