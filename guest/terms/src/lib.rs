//! What the terms of the trade mean: the one home of each grammar, for the components and the hosts.
//!
//! The component decides by what a name means, the gate allows by what it means, and the engine
//! is asked for it. If two of them read it differently, one can be talked into what another refuses.
//! So all of them read it here. The embedded cluster does not: it is to notice when this is wrong.
//!
//! There is no contract here, no input and no output, so that it compiles for every target.

pub mod called;
pub mod digest;
pub mod hex;
pub mod image_id;
pub mod layering;
pub mod link_class;
pub mod locator;
pub mod pattern;
pub mod platform;
pub mod property;
pub mod reference;
pub mod timestamp;
pub mod uuid;
