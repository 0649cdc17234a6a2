//! (module settings)
