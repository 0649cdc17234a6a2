//! A registry that serves one image, and answers as badly as a test wants.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;

use super::{Made, digest};

/// A request, as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// With its query.
    pub(crate) path: String,
    headers: HashMap<String, String>,
    /// How often the same was asked before.
    pub(crate) before: usize,
}

/// What is done in place of the right answer.
#[derive(Debug, Clone)]
pub(crate) enum Deed {
    /// A status and headers, without a body.
    Status(u16, Vec<(&'static str, String)>),
    /// Other bytes.
    Body(Vec<u8>),
    /// The right answer with another byte in this place.
    Garble(usize),
    /// The right answer, of which so many bytes come.
    Cut(usize),
    /// The right answer, slowly: a pause after each 64 KiB.
    Slow(Duration),
    /// The right answer, after this time.
    Late(Duration),
    /// The right answer, a byte at a time with this pause before each.
    Drip(Duration),
    /// A body without an end.
    Endless,
    /// No answer: the connection is closed.
    Gone,
}

/// A registry on the loopback interface.
pub(crate) struct FaultyRegistry {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Asked>>>,
    sent: Arc<Mutex<u64>>,
    content: Arc<Mutex<Content>>,
    /// The number of bytes of the layers as they are served.
    pub(crate) layers: u64,
    /// The digest and length of each layer as it is served, lowest first.
    pub(crate) blobs: Vec<(String, u64)>,
    /// The digest of the image's manifest.
    pub(crate) manifest: String,
    /// The digest of the index that tag `index` leads to.
    pub(crate) index: String,
}

type Content = HashMap<String, (&'static str, Vec<u8>)>;

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Returns the first and the last byte that are asked for, if not all are.
    pub(crate) fn range(&self) -> Option<(usize, usize)> {
        let (first, last) = self
            .header("range")?
            .strip_prefix("bytes=")?
            .split_once('-')?;
        Some((first.parse().ok()?, last.parse().ok()?))
    }
}

impl FaultyRegistry {
    /// Serves an image by every name with its layers compressed, and as the entry for linux/amd64 of an index by the
    /// tag `index`; the index of tag `lie` says of it that it is for linux/arm64.
    pub(crate) fn serve(
        image: &Made,
        deed: impl Fn(&Asked) -> Option<Deed> + Send + Sync + 'static,
    ) -> Self {
        let mut content = Content::new();
        let described = |kind: &str, bytes: &[u8]| json!({"mediaType": kind, "digest": digest(bytes), "size": bytes.len()});
        let mut layers = Vec::new();
        let (mut length, mut blobs) = (0, Vec::new());
        for layer in &image.layers {
            let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            writer.write_all(layer).unwrap();
            let bytes = writer.finish().unwrap();
            layers.push(described(
                "application/vnd.oci.image.layer.v1.tar+gzip",
                &bytes,
            ));
            length += bytes.len() as u64;
            blobs.push((digest(&bytes), bytes.len() as u64));
            content.insert(digest(&bytes), ("application/octet-stream", bytes));
        }
        let config = image.config.clone().into_bytes();
        let manifest = json!({
            "schemaVersion": 2,
            "config": described("application/vnd.oci.image.config.v1+json", &config),
            "layers": layers,
        });
        content.insert(digest(&config), ("application/octet-stream", config));
        const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
        const INDEX: &str = "application/vnd.oci.image.index.v1+json";
        let manifest = manifest.to_string().into_bytes();
        let entry = |digest: String, size: usize, architecture: &str| {
            json!({
                "mediaType": MANIFEST, "digest": digest, "size": size,
                "platform": {"os": "linux", "architecture": architecture},
            })
        };
        let index = json!({"schemaVersion": 2, "manifests": [
            entry(digest(b"nowhere"), 7, "arm64"),
            entry(digest(&manifest), manifest.len(), "amd64"),
        ]});
        let index = index.to_string().into_bytes();
        let (manifest_digest, index_digest) = (digest(&manifest), digest(&index));
        let lie = json!({"schemaVersion": 2, "manifests": [entry(digest(&manifest), manifest.len(), "arm64")]});
        content.insert("lie".into(), (INDEX, lie.to_string().into_bytes()));
        content.insert("index".into(), (INDEX, index.clone()));
        content.insert(index_digest.clone(), (INDEX, index));
        content.insert(manifest_digest.clone(), (MANIFEST, manifest.clone()));
        content.insert("1".into(), (MANIFEST, manifest));

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, sent) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(0)));
        let content = Arc::new(Mutex::new(content));
        let shared = Arc::new((content.clone(), deed, seen.clone(), sent.clone()));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = shared.clone();
                std::thread::spawn(move || {
                    let (content, deed, seen, sent) = &*shared;
                    serve(stream, content, deed, seen, sent);
                });
            }
        });
        Self {
            address,
            seen,
            sent,
            content,
            layers: length,
            blobs,
            manifest: manifest_digest,
            index: index_digest,
        }
    }

    /// Its host and port.
    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    /// The source of an image, as it is written after `--from`.
    pub(crate) fn source(&self, name: &str) -> String {
        format!("docker://{}/{name}", self.address)
    }

    /// The requests whose address has this in it.
    pub(crate) fn asked(&self, part: &str) -> Vec<Asked> {
        let mut seen = self.seen.lock().unwrap().clone();
        seen.retain(|asked| asked.path.contains(part));
        seen
    }

    /// Has it serve its image by a further tag, too.
    pub(crate) fn call_it(&self, tag: &str) {
        let mut content = self.content.lock().unwrap();
        let manifest = content[&self.manifest].clone();
        content.insert(tag.to_owned(), manifest);
    }

    /// Has it serve this, too, by a tag or a digest.
    pub(crate) fn add(&self, name: &str, kind: &'static str, text: &str) {
        let mut content = self.content.lock().unwrap();
        content.insert(name.into(), (kind, text.as_bytes().to_vec()));
    }

    /// Has it serve something under its digest, and returns that.
    pub(crate) fn add_blob(&self, text: &str) -> String {
        let digest = digest(text.as_bytes());
        self.add(&digest, "application/octet-stream", text);
        digest
    }

    /// Has it serve by their digests what another one does.
    pub(crate) fn add_all_of(&self, other: &Self) {
        let other = other.content.lock().unwrap().clone();
        let by_digest = other.into_iter().filter(|(name, _)| name.contains(':'));
        self.content.lock().unwrap().extend(by_digest);
    }

    /// What it serves by a tag or a digest.
    pub(crate) fn served(&self, name: &str) -> Vec<u8> {
        self.content.lock().unwrap()[name].1.clone()
    }

    /// Has it forget what a tag or a digest leads to.
    pub(crate) fn forget(&self, name: &str) {
        self.content.lock().unwrap().remove(name);
    }

    /// The places of the layers of which something was asked, lowest first.
    pub(crate) fn fetched(&self) -> Vec<usize> {
        let asked =
            |(digest, _): &(String, u64)| !self.asked(&format!("/blobs/{digest}")).is_empty();
        let places = 0..self.blobs.len();
        places.filter(|place| asked(&self.blobs[*place])).collect()
    }

    /// How many bytes of blobs went out.
    pub(crate) fn sent(&self) -> u64 {
        *self.sent.lock().unwrap()
    }
}

fn serve(
    mut stream: TcpStream,
    content: &Mutex<Content>,
    deed: &impl Fn(&Asked) -> Option<Deed>,
    seen: &Mutex<Vec<Asked>>,
    sent: &Mutex<u64>,
) {
    while let Some(mut asked) = request(&mut stream) {
        {
            let mut seen = seen.lock().unwrap();
            asked.before = seen.iter().filter(|other| other.path == asked.path).count();
            seen.push(asked.clone());
        }
        let is_blob = asked.path.contains("/blobs/");
        // As in the addresses of storage, which are signed in their queries.
        let (path, _) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
        let path = if is_blob { path } else { &asked.path };
        let name = path.rsplit('/').next().unwrap_or_default();
        let found = content.lock().unwrap().get(name).cloned();
        let is_there = found.is_some();
        let (kind, bytes) = found.unwrap_or(("text/plain", Vec::new()));
        let deed = deed(&asked);
        let (mut status, mut headers) = (if is_there { 200 } else { 404 }, Vec::new());
        let mut body = bytes;
        if let Some((first, last)) = asked.range().filter(|_| is_there) {
            status = 206;
            headers.push((
                "Content-Range",
                format!("bytes {first}-{last}/{}", body.len()),
            ));
            body = body[first..=last].to_vec();
        }
        let mut end = body.len();
        let (mut pause, mut piece_length) = (None, 64 << 10);
        match deed {
            None => {}
            Some(Deed::Gone) => return,
            Some(Deed::Endless) => return endless(&mut stream),
            Some(Deed::Late(time)) => std::thread::sleep(time),
            Some(Deed::Drip(each)) => (pause, piece_length) = (Some(each), 1),
            Some(Deed::Status(other, more)) => {
                (status, body, end) = (other, Vec::new(), 0);
                headers.extend(more);
            }
            Some(Deed::Body(other)) => (end, body) = (other.len(), other),
            Some(Deed::Garble(at)) => body[at] ^= 0x55,
            Some(Deed::Cut(at)) => end = at.min(end),
            Some(Deed::Slow(each)) => pause = Some(each),
        }
        let mut head = format!("HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\n");
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("Content-Length: {}\r\n\r\n", body.len());
        if stream.write_all(head.as_bytes()).is_err() {
            return;
        }
        for piece in body[..end].chunks(piece_length) {
            if let Some(pause) = pause {
                std::thread::sleep(pause);
            }
            if stream.write_all(piece).is_err() {
                return;
            }
            if is_blob {
                *sent.lock().unwrap() += piece.len() as u64;
            }
        }
        if end < body.len() {
            return;
        }
    }
}

/// Answers with bytes for as long as somebody takes them.
fn endless(stream: &mut TcpStream) {
    let head = "HTTP/1.1 200 x\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n";
    let mut taken = stream.write_all(head.as_bytes());
    while taken.is_ok() {
        taken = stream.write_all(&[b' '; 64 << 10]);
    }
}

/// Reads a request; what begins with TLS is answered as servers without it do.
fn request(stream: &mut TcpStream) -> Option<Asked> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
        if head[0] == 0x16 {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
            return None;
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut lines = head.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    Some(Asked {
        path,
        headers,
        before: 0,
    })
}
