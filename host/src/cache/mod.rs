//! (module cache)
