//! Locks on images, shared with other processes.

/// The exclusive right to work on one image, given back when dropped.
#[derive(Debug)]
pub struct Guard {}
