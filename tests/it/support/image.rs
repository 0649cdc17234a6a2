//! Images that are built for one test, without any network.

use std::path::{Path, PathBuf};

use super::{Engine, skip};

/// An image in an engine; it is removed with this value.
pub(crate) struct Image<'a> {
    engine: &'a Engine,
    name: String,
    id: String,
}

impl<'a> Image<'a> {
    /// Builds an image of three layers whose container prints the greeting; skips the test if there
    /// is nothing to build from.
    pub(crate) fn build(engine: &'a Engine, name: &str, greeting: &str) -> Option<Image<'a>> {
        let busybox = Image::busybox()?;
        let context = tempfile::tempdir().unwrap();
        let at = |file: &str| context.path().join(file);
        std::fs::copy(busybox, at("busybox")).unwrap();
        std::fs::create_dir_all(at("usr/share/words")).unwrap();
        for number in 0..40 {
            let words = format!("{greeting} {number}\n").repeat(50 * number);
            std::fs::write(at(&format!("usr/share/words/{number}")), words).unwrap();
        }
        std::os::unix::fs::symlink("words", at("usr/share/synonyms")).unwrap();
        std::fs::write(at("greeting"), format!("{greeting}\n")).unwrap();
        // What differs comes first: images that shared a parent would lose it to each other's removal.
        std::fs::write(
            at("Dockerfile"),
            "FROM scratch\n\
             COPY greeting /greeting\n\
             COPY busybox /bin/busybox\n\
             COPY usr /usr\n\
             ENV LANG=C.UTF-8\n\
             LABEL org.opencontainers.image.title=greeting\n\
             CMD [\"/bin/busybox\", \"cat\", \"/greeting\"]\n",
        )
        .unwrap();
        Some(Image::from_context(engine, name, context.path()))
    }

    /// Finds a busybox that needs no library; skips the test if there is none.
    pub(crate) fn busybox() -> Option<PathBuf> {
        let found = ["/bin/busybox", "/usr/bin/busybox"]
            .map(PathBuf::from)
            .into_iter()
            .find(|path| std::fs::read(path).is_ok_and(|program| is_static(&program)));
        if found.is_none() {
            skip("Debian's busybox-static, which images are built from");
        }
        found
    }

    /// Builds an image from a folder with a Dockerfile.
    pub(crate) fn from_context(engine: &'a Engine, name: &str, context: &Path) -> Image<'a> {
        let folder = context.to_str().unwrap();
        let _ = engine
            .docker(&["build", "--quiet", "--tag", name, folder])
            .success();
        let id = engine.id(name).unwrap();
        Image {
            engine,
            name: name.to_owned(),
            id,
        }
    }

    /// The name it was built under.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The engine's ID of it, `sha256:` and 64 hex digits.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }
}

impl Drop for Image<'_> {
    fn drop(&mut self) {
        // Tests that succeed may have removed it, and the engine ends with the run anyway.
        let _ = self.engine.docker(&["rmi", "--force", &self.id]);
    }
}

/// Tells whether a 64-bit little-endian ELF program names no interpreter to load it.
fn is_static(program: &[u8]) -> bool {
    const PT_INTERP: u32 = 3;
    let number = |at: usize, size: usize| {
        let bytes = program.get(at..at + size)?;
        Some(
            bytes
                .iter()
                .rev()
                .fold(0, |number, byte| number << 8 | usize::from(*byte)),
        )
    };
    let headers = || {
        let (first, size, count) = (number(0x20, 8)?, number(0x36, 2)?, number(0x38, 2)?);
        (0..count)
            .map(|index| number(first + index * size, 4))
            .collect::<Option<Vec<_>>>()
    };
    program.starts_with(b"\x7fELF\x02\x01")
        && headers().is_some_and(|types| !types.contains(&(PT_INTERP as usize)))
}
