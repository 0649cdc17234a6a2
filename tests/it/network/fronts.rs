//! Servers in front of Keep that answer before they have the whole block, and close.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{Cluster, Environment, Layer, head, saved};

/// Starts a server that reads the head of a request and a little of its body, answers, and closes
/// while more is coming, which resets the connection. Counts the requests.
fn front(answer: String) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (answer, counted) = (answer.clone(), Arc::clone(&counted));
            let Ok(client) = client else { return };
            std::thread::spawn(move || drop(respond(client, &answer, &counted)));
        }
    });
    (format!("http://{address}/"), count)
}

fn respond(mut client: TcpStream, answer: &str, count: &AtomicUsize) -> std::io::Result<()> {
    head(&mut client)?;
    count.fetch_add(1, Ordering::SeqCst);
    let mut some = vec![0; 100_000];
    client.read_exact(&mut some)?;
    client.write_all(answer.as_bytes())?;
    // The client is busy writing when the connection is reset.
    std::thread::sleep(Duration::from_millis(50));
    Ok(())
}

#[test]
fn an_answer_is_read_although_the_server_did_not_want_the_rest() {
    // A block of 64 MiB that no connection takes at once.
    let layer = [Layer::new(1, 70 << 20)];
    for (status, rest, code, words) in [
        (
            "413 Request Entity Too Large",
            "Content-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
            1,
            &[
                "limits the size of requests",
                "client_max_body_size",
                "64 MiB",
            ][..],
        ),
        (
            "413 Request Entity Too Large",
            // Behind this, the body ends with the connection.
            "Content-Type: text/html\r\nConnection: close\r\n\r\n<html>",
            1,
            &["limits the size of requests"],
        ),
        (
            "307 Temporary Redirect",
            "Location: https://keep.example/there\r\nContent-Length: 0\r\n\r\n",
            1,
            &["status 307", "https://keep.example/there"],
        ),
        (
            "403 Forbidden",
            "Content-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
            1,
            &["a page of HTML", "the token may be good"],
        ),
        (
            "403 Forbidden",
            "Content-Type: text/plain\r\nContent-Length: 9\r\n\r\nForbidden",
            7,
            &["ARVADOS_API_TOKEN"],
        ),
    ] {
        let cluster = Cluster::start();
        let (address, count) = front(format!("HTTP/1.1 {status}\r\n{rest}"));
        let mut environment = Environment::on(&cluster);
        environment.set("ARVADOS_KEEP_SERVICES", address);
        let output = environment.run_on(
            env!("CARGO_BIN_EXE_keepdocker"),
            &["upload", "--from", "-"],
            saved(&layer, "lab/noise:1"),
        );
        let told = output.failure(code);
        for words in words {
            assert!(told.contains(words), "{status}: no `{words}` in {output}");
        }
        // Each of the three blocks may have been on its way by then; none is sent again.
        let requests = count.load(Ordering::SeqCst);
        assert!(requests <= 3, "{status}: {requests} requests, {output}");
        assert!(!told.contains("trying again"), "{output}");
        cluster.assert_nothing_registered();
    }
}

#[test]
fn a_connection_that_is_cut_within_an_answer_is_told_without_a_manual() {
    let cluster = Cluster::start();
    let (address, _) = front("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nd41d8".to_owned());
    let mut environment = Environment::on(&cluster);
    environment.set("ARVADOS_KEEP_SERVICES", address);
    let output = environment.run_on(
        env!("CARGO_BIN_EXE_keepdocker"),
        &["upload", "--retries", "0", "--from", "-"],
        saved(&[Layer::new(2, 1 << 20)], "lab/noise:2"),
    );
    let told = output.failure(1);
    assert!(told.contains("no answer"), "{output}");
    assert!(
        !told.contains("docs.rs") && !told.contains("close_notify"),
        "{output}"
    );
}
