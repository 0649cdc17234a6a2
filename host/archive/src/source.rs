//! The streams that archives come from, with their failures marked and their bytes counted.

use std::fs::File;
use std::io::{self, BufReader, Read};

use super::decode::{self, Decoder};
use super::error::{Error, SourceFailure, Subject};
use super::members::Source;

/// Told of the bytes read from the source so far.
pub type Progress<'a> = &'a mut (dyn FnMut(u64) + Send);

/// A source whose failures are told from bad data, and whose bytes are counted.
pub(crate) struct Tracked<'a, R> {
    inner: R,
    subject: String,
    count: u64,
    progress: Progress<'a>,
}

impl<'a, R: Read> Tracked<'a, R> {
    /// Reads from `inner`, which error texts call `subject`.
    pub(crate) fn new(inner: R, subject: &str, progress: Progress<'a>) -> Self {
        Tracked {
            inner,
            subject: subject.to_owned(),
            count: 0,
            progress,
        }
    }
}

impl<R: Read> Read for Tracked<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self
            .inner
            .read(buffer)
            .map_err(|error| SourceFailure::wrap(&self.subject, error))?;
        self.count += count as u64;
        (self.progress)(self.count);
        Ok(count)
    }
}

/// A stream, whose bytes are passed over by reading them.
pub(crate) struct Stream<R>(R);

impl<R: Read> Read for Stream<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<R: Read> Source for Stream<R> {
    fn skip(&mut self, count: u64) -> io::Result<()> {
        let skipped = io::copy(&mut Read::by_ref(&mut self.0).take(count), &mut io::sink())?;
        if skipped < count {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}

/// Returns the bytes of a tar, without the compression that the whole archive may have.
pub(crate) fn tar_stream<'a>(source: impl Read + 'a) -> Result<Stream<impl Read + 'a>, Error> {
    let failed = |error| Error::reading(Subject::Archive, error);
    let (compression, reader) = decode::peek(source).map_err(failed)?;
    Decoder::new(compression, reader)
        .map(Stream)
        .map_err(failed)
}

/// A file, in which bytes are passed over without reading them.
pub(crate) struct Seekable<'a> {
    inner: BufReader<&'a File>,
    left: u64,
    subject: String,
}

impl<'a> Seekable<'a> {
    /// Reads `file`, which has `length` bytes, from where it stands.
    pub(crate) fn new(file: &'a File, length: u64, subject: &str) -> Self {
        Seekable {
            // Headers alone are read here, and the next one lies far away.
            inner: BufReader::with_capacity(4096, file),
            left: length,
            subject: subject.to_owned(),
        }
    }
}

impl Read for Seekable<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self
            .inner
            .read(buffer)
            .map_err(|error| SourceFailure::wrap(&self.subject, error))?;
        self.left = self.left.saturating_sub(count as u64);
        Ok(count)
    }
}

impl Source for Seekable<'_> {
    fn skip(&mut self, count: u64) -> io::Result<()> {
        if count > self.left {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let by = i64::try_from(count).map_err(io::Error::other)?;
        self.inner
            .seek_relative(by)
            .map_err(|error| SourceFailure::wrap(&self.subject, error))?;
        self.left -= count;
        Ok(())
    }
}
