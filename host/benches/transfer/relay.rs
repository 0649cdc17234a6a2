//! A relay that makes a server seem far away.
//!
//! Bytes arrive after a delay, and no more than a window of them is on the way at a time in each
//! direction of a connection, as with TCP: one connection cannot carry more than a window for each
//! round trip, several can.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How much is passed on at once.
const PIECE: usize = 64 << 10;
/// The window of a connection: what Linux gives a connection at most by default.
const WINDOW: usize = 4 << 20;

/// How a relay makes the way longer or narrower.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way {
    /// How much longer an answer takes.
    pub(crate) round_trip: Duration,
    /// How many bytes come through in a second, over all connections and in each direction; none for any number.
    pub(crate) rate: Option<u64>,
}

/// Starts a relay to a port of this machine and returns its own port.
pub(crate) fn start(to: u16, round_trip: Duration) -> u16 {
    start_over(
        to,
        Way {
            round_trip,
            rate: None,
        },
    )
}

/// Does the same over another way.
pub(crate) fn start_over(to: u16, way: Way) -> u16 {
    // When the line is free again, in each direction.
    let lines = [0, 1].map(|_| Arc::new(Mutex::new(Instant::now())));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(server) = TcpStream::connect(("127.0.0.1", to)) else {
                continue;
            };
            let (from_client, from_server) =
                (client.try_clone().unwrap(), server.try_clone().unwrap());
            pass(from_client, server, way, lines[0].clone());
            pass(from_server, client, way, lines[1].clone());
        }
    });
    port
}

/// Passes one direction of a connection on.
///
/// Bytes wait for half of the round trip. An acknowledgement would take the other half, so half of the
/// window may wait: the same bytes for each round trip.
fn pass(mut from: TcpStream, mut to: TcpStream, way: Way, line: Arc<Mutex<Instant>>) {
    let (sender, receiver) = sync_channel::<(Instant, Vec<u8>)>(WINDOW / 2 / PIECE);
    thread::spawn(move || {
        loop {
            let mut piece = vec![0; PIECE];
            match from.read(&mut piece) {
                Ok(count @ 1..) => {
                    piece.truncate(count);
                    if sender.send((Instant::now(), piece)).is_err() {
                        return;
                    }
                }
                _ => return,
            }
        }
    });
    thread::spawn(move || {
        for (since, piece) in receiver {
            if let Some(rate) = way.rate {
                let takes = Duration::from_secs_f64(piece.len() as f64 / rate as f64);
                let free = {
                    let mut free = line.lock().unwrap();
                    *free = (*free).max(Instant::now()) + takes;
                    *free
                };
                thread::sleep(free.saturating_duration_since(Instant::now()));
            }
            thread::sleep((way.round_trip / 2).saturating_sub(since.elapsed()));
            if to.write_all(&piece).is_err() {
                return;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}
