//! Services that answer before they have the whole block.
//!
//! Other clients ask with `Expect: 100-continue` before they send a block. The HTTP library does not,
//! so a refusal must be noticed while the block is being sent.

use std::sync::Arc;
use std::time::Duration;

use crate::keep::{Block, Error, Wanted};
use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{RETRY, Setup, keep};

/// Starts a service that reads the head of a request and a little more, answers, and reads no further.
async fn refusing(status: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut buffer = vec![0; 100_000];
                let mut read = 0;
                while read < 200_000 {
                    read += stream.read(&mut buffer).await.unwrap();
                }
                let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 5\r\n\r\nfull\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
                tokio::time::sleep(Duration::from_secs(30)).await;
            });
        }
    });
    format!("http://{address}/")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_noticed_while_the_block_is_being_sent() {
    let setup = Setup::new().await;
    for (status, words) in [
        ("507 Insufficient Storage", "507"),
        ("413 Payload Too Large", "413"),
        ("403 Forbidden", "403"),
    ] {
        let environment = setup
            .environment
            .clone()
            .with("ARVADOS_KEEP_SERVICES", refusing(status).await);
        let keep: Arc<_> = keep(&environment, RETRY);
        // More than the buffers of a connection take.
        let block = Block::new(Bytes::from(vec![7; 64 << 20]));
        let wanted = Wanted {
            replicas: 1,
            storage_classes: Default::default(),
        };

        let error = keep.put(&block, &wanted).await.unwrap_err();

        // A service that merely stopped reading would be said not to move.
        assert!(error.to_string().contains(words), "{status}: {error}");
        assert!(
            matches!(error, Error::TooFewReplicas { .. } | Error::Unauthorized(_)),
            "{error:?}"
        );
    }
}
