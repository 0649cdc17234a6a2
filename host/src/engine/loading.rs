//! The archive that the engine reads, and the image that it then has.

use std::io::{self, Write as _};
use std::process::{Child, ChildStdin, ExitStatus, Stdio};
use std::thread::JoinHandle;

use keepdocker_archive::Image;
use keepdocker_terms::image_id::normalized;

use super::command::{self, Tail};
use super::error::CommandError;
use super::family::Family;
use super::{Engine, check_name};

/// An archive that the engine is reading. Dropping it ends the engine's command, so that the
/// engine sees a broken archive and takes nothing from it.
#[derive(Debug)]
pub(crate) struct Loading {
    program: String,
    family: Family,
    child: Child,
    input: Option<ChildStdin>,
    /// Collects what the command writes, so that it never waits for a reader.
    messages: Option<JoinHandle<Tail>>,
}

impl Loading {
    fn start(engine: &Engine) -> Result<Self, CommandError> {
        let program = engine.program();
        let mut command = engine.command(&["load", "--quiet"]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let (mut child, family) = command::start(program, command)?;
        let input = child.stdin.take().expect("standard input is a pipe");
        let output = child.stdout.take().expect("standard output is a pipe");
        // What it says of success is not needed: the engine is asked for the image itself. It is read as far as any
        // engine speaks, and no further, as one that never ends would never load anything.
        let _ = Tail::collect(output);
        let errors = child.stderr.take().expect("standard error is a pipe");
        let messages = Tail::collect(errors);
        Ok(Self {
            program: program.to_owned(),
            family,
            child,
            input: Some(input),
            messages: Some(messages),
        })
    }

    /// Hands bytes to the engine.
    ///
    /// # Errors
    /// If the command has ended; with its own words.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), CommandError> {
        let Some(input) = &mut self.input else {
            return Ok(());
        };
        match input.write_all(bytes) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                let (status, tail) = self.wait()?;
                Err(self.failure(status, &tail))
            }
            Err(source) => Err(self.unusable(source)),
        }
    }

    /// Says that the archive is complete, and waits until the engine has read it.
    ///
    /// # Errors
    /// If the engine does not take it; with its own words.
    pub(crate) fn finish(mut self) -> Result<(), CommandError> {
        let (status, tail) = self.wait()?;
        if status.success() {
            return Ok(());
        }
        Err(self.failure(status, &tail))
    }

    fn wait(&mut self) -> Result<(ExitStatus, Tail), CommandError> {
        drop(self.input.take());
        let status = self.child.wait().map_err(|error| self.unusable(error))?;
        self.family.ended();
        let messages = self.messages.take();
        Ok((
            status,
            messages
                .and_then(|messages| messages.join().ok())
                .unwrap_or_default(),
        ))
    }

    fn failure(&self, status: ExitStatus, tail: &Tail) -> CommandError {
        CommandError::Failed(command::failure(
            format!("{} load", self.program),
            status,
            tail,
        ))
    }

    fn unusable(&self, source: io::Error) -> CommandError {
        CommandError::Unusable {
            program: self.program.clone(),
            source,
        }
    }
}

impl Drop for Loading {
    fn drop(&mut self) {
        // All of them end before their input ends: a closed pipe would look like the archive's end.
        self.family.end();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Engine {
    /// Begins to load an archive into the engine's store.
    ///
    /// The command is tied to the calling thread, which therefore must write it to its end.
    ///
    /// # Errors
    /// If the program is not there. All else shows while writing.
    pub(crate) fn load(&self) -> Result<Loading, CommandError> {
        Loading::start(self)
    }

    /// Returns the ID by which the engine has an image that was loaded, or none if it has not got it.
    ///
    /// It is the digest of the config or, in an image store of containerd, of a manifest; one that
    /// the engine made up itself is known by the layers.
    ///
    /// # Errors
    /// If there is no engine, it does not answer, or it fails; with its own words.
    pub(crate) async fn loaded(&self, image: &Image) -> Result<Option<String>, CommandError> {
        let ids = [Some(&image.id), image.manifest.as_ref()];
        let names = ids.into_iter().flatten().chain(&image.repo_tags);
        for name in names {
            if check_name(name).is_err() {
                continue;
            }
            for described in self.inspect(name).await? {
                if described.layers() == image.diff_ids {
                    return Ok(Some(normalized(&described.id)));
                }
            }
        }
        // The engine gave it an ID of its own, and the archive no name.
        let arguments = ["image", "ls", "--all", "--no-trunc", "--quiet"];
        let listed = self.run(&arguments, "image ls", |_| {}).await?;
        if !listed.succeeded {
            return Err(self.explain(listed.failure).await);
        }
        let ids = String::from_utf8_lossy(&listed.output).into_owned();
        // The newest come first.
        for id in ids.lines().take(MOST_LISTED) {
            if check_name(id).is_err() {
                continue;
            }
            for described in self.inspect(id).await? {
                if described.layers() == image.diff_ids {
                    return Ok(Some(normalized(&described.id)));
                }
            }
        }
        Ok(None)
    }

    /// Returns the ID by which the engine has this very image, or none if it has not got it: the digest of
    /// the config or, in an image store of containerd, of the manifest that it makes of the archive.
    ///
    /// # Errors
    /// If there is no engine, it does not answer, or it fails; with its own words.
    pub(crate) async fn present(&self, image: &Image) -> Result<Option<String>, CommandError> {
        for digest in [Some(&image.id), image.manifest.as_ref()]
            .into_iter()
            .flatten()
        {
            for described in self.inspect(digest).await? {
                // An engine that has lost data of an image does not tell its layers.
                let is_whole = described.layers() == image.diff_ids;
                let id = normalized(&described.id);
                if is_whole && id == *digest {
                    return Ok(Some(id));
                }
            }
        }
        Ok(None)
    }

    /// Gives an image of the engine's store a further name.
    ///
    /// # Errors
    /// If the engine fails; with its own words.
    pub(crate) async fn tag(&self, id: &str, name: &str) -> Result<(), CommandError> {
        check_name(id)?;
        check_name(name)?;
        let ended = self.run(&["tag", id, name], "tag", |_| {}).await?;
        if ended.succeeded {
            return Ok(());
        }
        Err(self.explain(ended.failure).await)
    }
}

/// How many images are looked at to find one by its layers.
const MOST_LISTED: usize = 20;
