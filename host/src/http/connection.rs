//! A connection that can be answered before it has taken everything.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::{Connected, Connection as Connects};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::movement::Movement;

/// What bytes travel over: TCP, TLS, a tunnel.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection to a server.
///
/// A server that does not want the rest of a request answers, and closes. Writing then fails while
/// the answer waits to be read, and the HTTP library would give up at the first. Here, writing only
/// stops; what reading brings counts: the answer, or the end of the connection.
pub(super) struct Connection {
    stream: Box<dyn Stream>,
    /// Whether a proxy takes requests in the form for proxies.
    is_proxied: bool,
    is_cut: bool,
    movement: Arc<Movement>,
}

impl Connection {
    pub(super) fn new(stream: Box<dyn Stream>, is_proxied: bool, movement: Arc<Movement>) -> Self {
        Self {
            stream,
            is_proxied,
            is_cut: false,
            movement,
        }
    }

    /// Waits for ever where writing failed because the other side wants no more.
    fn unless_cut<T>(&mut self, outcome: Poll<Result<T>>) -> Poll<Result<T>> {
        match outcome {
            Poll::Ready(Err(error)) if is_cut(&error) => {
                self.is_cut = true;
                Poll::Pending
            }
            outcome => outcome,
        }
    }

    /// Counts what was written.
    fn written(&mut self, outcome: Poll<Result<usize>>) -> Poll<Result<usize>> {
        if let Poll::Ready(Ok(count)) = outcome {
            self.movement.note(count);
        }
        self.unless_cut(outcome)
    }
}

fn is_cut(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted
    )
}

impl Connects for Connection {
    fn connected(&self) -> Connected {
        Connected::new().proxy(self.is_proxied)
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.movement.note(buffer.filled().len() - before);
        outcome
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        if self.is_cut {
            return Poll::Pending;
        }
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        if self.is_cut {
            return Poll::Pending;
        }
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.written(outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        if self.is_cut {
            return Poll::Pending;
        }
        let outcome = Pin::new(&mut self.stream).poll_flush(context);
        self.unless_cut(outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        if self.is_cut {
            // There is nobody left to take leave of.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    #[tokio::test]
    async fn what_was_said_before_the_cut_is_still_heard() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap());
        let (stream, accepted) = tokio::join!(stream, listener.accept());
        let mut connection = Connection::new(Box::new(stream.unwrap()), false, Arc::default());
        let (mut server, _) = accepted.unwrap();

        connection.write_all(b"unread").await.unwrap();
        connection.flush().await.unwrap();
        server.readable().await.unwrap();
        server.write_all(b"no").await.unwrap();
        // With what came unread, this resets the connection.
        drop(server);
        let writing = async {
            let piece = vec![0; 1 << 20];
            for _ in 0..64 {
                connection.write_all(&piece).await.unwrap();
            }
        };
        let waited = tokio::time::timeout(std::time::Duration::from_millis(300), writing).await;

        assert!(waited.is_err(), "writing neither failed nor waited");
        let mut heard = [0; 2];
        connection.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"no");
    }
}
