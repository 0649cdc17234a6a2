//! Where a fetched archive goes: a file, standard output, the engine.
//!
//! ```text
//! Target ─▶ Opening ─▶ Delivery ── write … ── finish ─▶ check ─▶ NewFile takes its name
//!                         └── dropped before that: nothing has come of it
//! ```

mod held;

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use crate::archive::Image;
use crate::archive::Naming;
use crate::engine::{CommandError, Engine, Loading};
use crate::new_file::{self, NewFile};

use held::Held;

/// Where the user wants an archive to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// A file, which is there under its name only once it is complete.
    File {
        /// Its path.
        path: PathBuf,
        /// What the archive may call the image, in place of what the stored one does.
        name: Option<String>,
    },
    /// Standard output.
    Stdout {
        /// What the archive may call the image, in place of what the stored one does.
        name: Option<String>,
    },
    /// The engine's store.
    Engine {
        /// The engine.
        engine: Engine,
        /// What the image may be called there, besides what the archive itself says.
        name: Option<String>,
    },
}

/// Why an archive did not get to its target.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The file system or the pipe takes no more.
    #[error("cannot write {subject}: {source}")]
    Write {
        /// What could not be written.
        subject: String,
        /// What the system said.
        source: io::Error,
    },
    /// The engine does not take the archive.
    #[error(transparent)]
    Engine(#[from] CommandError),
    /// An image that the engine has is to go elsewhere.
    #[error("what the engine has can only stay there")]
    NoEngine,
    /// The engine has not got an image that it was said to have.
    #[error("`{program}` has not got image {image} any more; run the command again")]
    NotPresent {
        /// The engine's program.
        program: String,
        /// The image's ID.
        image: String,
    },
    /// The engine took the archive, and yet has not got the image.
    #[error("`{program} load` succeeded, but the engine has not got image {image}")]
    NotThere {
        /// The engine's program.
        program: String,
        /// The image's ID.
        image: String,
    },
}

impl From<new_file::Error> for Error {
    fn from(new_file::Error { subject, source }: new_file::Error) -> Self {
        Self::Write { subject, source }
    }
}

impl Target {
    /// Tells whether the target is the engine's store.
    #[must_use]
    pub(crate) fn is_engine(&self) -> bool {
        matches!(self, Self::Engine { .. })
    }

    /// Returns what the image may be called there.
    #[must_use]
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::File { name, .. } | Self::Stdout { name } | Self::Engine { name, .. } => {
                name.as_deref()
            }
        }
    }

    /// Returns the target where the image gets this name.
    ///
    /// # Errors
    /// If the user did not ask for the image by that; it is returned.
    pub(crate) fn calling_it(self, called: Option<String>) -> Result<Self, String> {
        let asked_for = |name: Option<String>| match called {
            Some(called) if name.as_ref() != Some(&called) => Err(called),
            called => Ok(called),
        };
        Ok(match self {
            Self::File { path, name } => Self::File {
                path,
                name: asked_for(name)?,
            },
            Self::Stdout { name } => Self::Stdout {
                name: asked_for(name)?,
            },
            Self::Engine { engine, name } => Self::Engine {
                engine,
                name: asked_for(name)?,
            },
        })
    }

    /// Returns what the archive is to call the image, if not what the stored one does.
    #[must_use]
    pub(crate) fn naming(&self) -> Option<Naming> {
        match self {
            Self::File { name, .. } | Self::Stdout { name } => Naming::parse(name.as_deref()?),
            Self::Engine { .. } => None,
        }
    }

    /// Prepares the target.
    ///
    /// The file, if it is one, is for [`NewFile::finish`] after everything else; dropped before
    /// that, it goes. So it belongs where an interrupt drops it, and not on the writing thread.
    ///
    /// # Errors
    /// If the file cannot be made.
    pub(crate) fn prepare(&self) -> Result<(Opening, Option<NewFile>), Error> {
        Ok(match self {
            Self::File { path, .. } => {
                let file = NewFile::create(path)?;
                (Opening::File(file.writer()?, file.subject()), Some(file))
            }
            Self::Stdout { .. } => (Opening::Stdout, None),
            Self::Engine { engine, .. } => (Opening::Engine(engine.clone()), None),
        })
    }

    /// Makes sure that the image has come where it should be.
    ///
    /// # Errors
    /// If the engine has not got it.
    pub(crate) async fn check(&self, image: &Image) -> Result<(), Error> {
        let Self::Engine { engine, name } = self else {
            return Ok(());
        };
        let Some(id) = engine.loaded(image).await? else {
            return Err(Error::NotThere {
                program: engine.program().to_owned(),
                image: image.id.clone(),
            });
        };
        named(engine, &id, name.as_deref()).await
    }

    /// Makes sure that the engine has this very image, of which it was sent nothing, and gives it its name.
    ///
    /// # Errors
    /// If the engine has not got it, or the target is none.
    pub(crate) async fn take_present(&self, image: &Image) -> Result<(), Error> {
        let Self::Engine { engine, name } = self else {
            return Err(Error::NoEngine);
        };
        let Some(id) = engine.present(image).await? else {
            return Err(Error::NotPresent {
                program: engine.program().to_owned(),
                image: image.id.clone(),
            });
        };
        named(engine, &id, name.as_deref()).await
    }
}

/// Gives an image of the engine the name that the user wants for it.
async fn named(engine: &Engine, id: &str, name: Option<&str>) -> Result<(), Error> {
    match name {
        Some(name) => Ok(engine.tag(id, name).await?),
        None => Ok(()),
    }
}

/// A target that nothing has been written to.
#[derive(Debug)]
pub(crate) enum Opening {
    /// A file, and its name for error texts.
    File(File, String),
    /// Standard output.
    Stdout,
    /// The engine, which is started by [`Opening::begin`].
    Engine(Engine),
}

impl Opening {
    /// Begins to deliver an archive. The engine's command is tied to the calling thread.
    ///
    /// # Errors
    /// If there is no engine.
    pub(crate) fn begin(self) -> Result<Delivery, Error> {
        let (subject, out) = match self {
            Self::File(file, subject) => (subject, Out::File(file)),
            Self::Stdout => ("standard output".to_owned(), Out::Stdout(io::stdout())),
            Self::Engine(engine) => (
                format!("to `{} load`", engine.program()),
                Out::Engine(Box::new(engine.load()?)),
            ),
        };
        Ok(Delivery {
            subject,
            held: Held::default(),
            out,
        })
    }
}

/// An archive on its way to its target.
///
/// The end of it is held back until [`Delivery::finish`]: what is not whole must not look whole.
#[derive(Debug)]
pub(crate) struct Delivery {
    subject: String,
    held: Held,
    out: Out,
}

#[derive(Debug)]
enum Out {
    File(File),
    Stdout(io::Stdout),
    Engine(Box<Loading>),
}

impl Delivery {
    /// Adds bytes to the archive. Returns a buffer that is not needed any longer, if there is one.
    ///
    /// # Errors
    /// If they cannot be written; the engine's own words if it is the engine that ended.
    pub(crate) fn write(&mut self, bytes: Vec<u8>) -> Result<Option<Vec<u8>>, Error> {
        let Some(bytes) = self.held.push(bytes) else {
            return Ok(None);
        };
        self.put(&bytes)?;
        Ok(Some(bytes))
    }

    /// Hands over the rest of the archive, which was found to be sound.
    ///
    /// # Errors
    /// If that cannot be written, or the engine does not take the archive.
    pub(crate) fn finish(mut self) -> Result<(), Error> {
        while let Some(bytes) = self.held.pop() {
            self.put(&bytes)?;
        }
        let failed = |source| Error::Write {
            subject: self.subject.clone(),
            source,
        };
        match self.out {
            // Not brought to the disk here: that would take longer than all else, and file systems
            // see to it that a file which takes another's name has its data.
            Out::File(mut file) => file.flush().map_err(failed),
            Out::Stdout(mut stdout) => stdout.flush().map_err(failed),
            Out::Engine(loading) => Ok(loading.finish()?),
        }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = match &mut self.out {
            Out::File(file) => file.write_all(bytes),
            Out::Stdout(stdout) => stdout.write_all(bytes),
            Out::Engine(loading) => return Ok(loading.write(bytes)?),
        };
        written.map_err(|source| Error::Write {
            subject: self.subject.clone(),
            source,
        })
    }
}
