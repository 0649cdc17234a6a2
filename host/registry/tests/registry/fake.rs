//! A server that answers as a test wants, byte by byte.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keepdocker_archive::Digest;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A request, as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// With its query.
    pub(crate) path: String,
    headers: HashMap<String, String>,
    pub(crate) body: String,
    /// How often the same was asked before.
    pub(crate) before: usize,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Returns the bytes that are asked for.
    pub(crate) fn range(&self) -> Option<(usize, usize)> {
        let (first, last) = self
            .header("range")?
            .strip_prefix("bytes=")?
            .split_once('-')?;
        Some((first.parse().ok()?, last.parse().ok()?))
    }
}

/// What is answered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) ends: Ends,
}

/// How an answer ends.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Ends {
    /// As it should.
    #[default]
    Whole,
    /// After so many bytes of its body the connection is closed.
    Cut(usize),
    /// After so many bytes nothing comes any more.
    Still(usize),
    /// It is whole, without its length.
    WithoutLength,
}

impl Reply {
    pub(crate) fn of(body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            body: body.into(),
            ..Self::default()
        }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(crate) fn ending(mut self, ends: Ends) -> Self {
        self.ends = ends;
        self
    }

    /// Answers with what was asked of these bytes.
    pub(crate) fn part(seen: &Seen, bytes: &[u8]) -> Self {
        match seen.range() {
            None => Self::of(bytes),
            Some((first, last)) => Self {
                status: 206,
                body: bytes[first..=last].to_vec(),
                ..Self::default()
            }
            .header(
                "Content-Range",
                &format!("bytes {first}-{last}/{}", bytes.len()),
            ),
        }
    }

    /// Answers with a manifest.
    pub(crate) fn manifest(text: &str) -> Self {
        Self::of(text).header("Content-Type", "application/vnd.oci.image.manifest.v1+json")
    }
}

/// A server on this machine.
pub(crate) struct Fake {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Fake {
    /// Starts a server that answers by this function.
    pub(crate) async fn start(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (answer, log) = (Arc::new(answer), seen.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, answer.clone(), log.clone()));
            }
        });
        Self { address, seen }
    }

    /// Starts a registry that has one image.
    pub(crate) async fn with(image: Sample) -> Self {
        Self::start(move |seen| image.answer(seen)).await
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Returns the requests whose address has this in it.
    pub(crate) fn asked(&self, part: &str) -> Vec<Seen> {
        let mut seen = self.seen();
        seen.retain(|seen| seen.path.contains(part));
        seen
    }

    pub(crate) fn name(&self, name: &str) -> String {
        format!("{}/{name}", self.address)
    }
}

async fn serve(
    mut stream: TcpStream,
    answer: Arc<impl Fn(&Seen) -> Reply>,
    log: Arc<Mutex<Vec<Seen>>>,
) {
    while let Some(mut seen) = request(&mut stream).await {
        if seen.method == "CONNECT" {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            continue;
        }
        let reply = {
            let mut log = log.lock().unwrap();
            seen.before = log.iter().filter(|other| other.path == seen.path).count();
            log.push(seen.clone());
            answer(&seen)
        };
        let mut head = format!("HTTP/1.1 {} x\r\n", reply.status);
        for (name, value) in &reply.headers {
            head += &format!("{name}: {value}\r\n");
        }
        let has_length = !matches!(reply.ends, Ends::WithoutLength)
            && !reply
                .headers
                .iter()
                .any(|(name, _)| name == "Content-Length");
        if has_length {
            head += &format!("Content-Length: {}\r\n", reply.body.len());
        } else if matches!(reply.ends, Ends::WithoutLength) {
            head += "Connection: close\r\n";
        }
        head += "\r\n";
        let _ = stream.write_all(head.as_bytes()).await;
        let end = match reply.ends {
            Ends::Cut(end) | Ends::Still(end) => end.min(reply.body.len()),
            _ => reply.body.len(),
        };
        if stream.write_all(&reply.body[..end]).await.is_err() {
            return;
        }
        match reply.ends {
            Ends::Whole => {}
            Ends::Still(_) => tokio::time::sleep(Duration::from_secs(600)).await,
            Ends::Cut(_) | Ends::WithoutLength => return,
        }
    }
}

/// Reads a request; what is none is answered as servers of HTTP answer TLS.
async fn request(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if bytes.first() == Some(&0x16) {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            return None;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers: HashMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers
        .get("content-length")
        .and_then(|text| text.parse().ok());
    let whole = end + 4 + length.unwrap_or(0_usize);
    while bytes.len() < whole {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(Seen {
        method,
        path,
        headers,
        body: String::from_utf8_lossy(&bytes[end + 4..whole]).into_owned(),
        before: 0,
    })
}

/// An image of a few layers, whose bytes are of no form that anybody reads here.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) layers: Vec<Vec<u8>>,
    pub(crate) config: String,
    pub(crate) manifest: String,
}

impl Sample {
    pub(crate) fn new(layers: &[usize]) -> Self {
        let layers: Vec<Vec<u8>> = layers
            .iter()
            .enumerate()
            .map(|(at, &length)| (0..length).map(|byte| (byte * 31 / 7 + at) as u8).collect())
            .collect();
        let config =
            r#"{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}}"#;
        let described = |kind: &str, bytes: &[u8]| {
            format!(
                r#"{{"mediaType":"application/vnd.oci.image.{kind}","digest":"{}","size":{}}}"#,
                Digest::of(bytes),
                bytes.len()
            )
        };
        let listed: Vec<String> = layers
            .iter()
            .map(|layer| described("layer.v1.tar+gzip", layer))
            .collect();
        let manifest = format!(
            r#"{{"schemaVersion":2,"config":{},"layers":[{}]}}"#,
            described("config.v1+json", config.as_bytes()),
            listed.join(",")
        );
        Self {
            layers,
            config: config.into(),
            manifest,
        }
    }

    pub(crate) fn digest(&self) -> Digest {
        Digest::of(self.manifest.as_bytes())
    }

    /// Returns the blob that is asked for, if the image has it.
    pub(crate) fn blob(&self, seen: &Seen) -> Option<Vec<u8>> {
        let mut blobs = self.layers.clone();
        blobs.push(self.config.clone().into_bytes());
        blobs
            .into_iter()
            .find(|blob| seen.path.ends_with(&format!("/blobs/{}", Digest::of(blob))))
    }

    /// Answers as a registry does that has the image by every tag.
    pub(crate) fn answer(&self, seen: &Seen) -> Reply {
        if let Some(blob) = self.blob(seen) {
            return Reply::part(seen, &blob);
        }
        if let Some((_, asked)) = seen.path.split_once("/manifests/")
            && (!asked.contains(':') || *asked == self.digest().to_string())
        {
            return Reply::manifest(&self.manifest);
        }
        Reply::status(404)
    }
}
