//! A cluster, an engine and archives in memory, for tests of the component alone.
//!
//! They keep the rules that the decisions depend on: no uniqueness of links, unique names of
//! collections, trash, readability, lost answers. Whether the real servers keep them too is for
//! the tests of the whole program.

pub(crate) mod world;

pub(crate) use keepdocker_decisions::testing::{PROJECT, USER, hash_link, recorded, repo_tag_link};
