//! (module keep)
