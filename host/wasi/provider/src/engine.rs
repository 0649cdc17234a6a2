//! The container engine, which WASI offers no way to.

/// Why no image comes from an engine here.
pub(crate) const UNAVAILABLE: &str = "a component in a WASI runtime cannot start a program; save \
     the image, and upload it with `--from docker-archive:FILE`";
