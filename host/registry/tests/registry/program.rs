//! The program that pulls, as tests need it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use keepdocker_archive::Digest;
use keepdocker_arvados::http::{Failure, Retry};
use keepdocker_registry::{
    Certificates, Client, Connections, Error, Exchange, HelperOutput, Image, Later, Layers,
    Mirrors, Network, Program, Settings, Target, Timing,
};
use keepdocker_terms::reference::Name;
use url::Url;

/// Lends what is needed, and notes what it is told.
#[derive(Default)]
pub(crate) struct Lender {
    pub(crate) proxy: Option<Url>,
    pub(crate) helper: Option<Result<HelperOutput, String>>,
    pub(crate) withheld: Option<&'static str>,
    pub(crate) notes: Mutex<Vec<String>>,
    pub(crate) exchanges: Mutex<Vec<Exchange>>,
    pub(crate) helpers: Mutex<Vec<(String, String)>>,
}

impl Network for Lender {
    fn tls(&self, _: &Certificates) -> Result<rustls::ClientConfig, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        Ok(rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth())
    }

    fn proxy(&self, _: &Url) -> Option<Url> {
        self.proxy.clone()
    }

    fn explain(&self, error: &(dyn std::error::Error + 'static)) -> Failure {
        let mut innermost = error;
        while let Some(source) = innermost.source() {
            innermost = source;
        }
        Failure::NoAnswer(innermost.to_string())
    }
}

impl Program for Lender {
    fn helper(&self, name: String, server: String) -> Later<'_, Result<HelperOutput, String>> {
        self.helpers.lock().unwrap().push((name, server));
        let output = self.helper.clone();
        Box::pin(async move { output.unwrap_or_else(|| Err("is not there".into())) })
    }

    fn admit(&self, url: &Url) -> Result<(), String> {
        match self.withheld {
            Some(part) if url.as_str().contains(part) => Err("the policy says so".into()),
            _ => Ok(()),
        }
    }

    fn record(&self, exchange: &Exchange) {
        self.exchanges.lock().unwrap().push(exchange.clone());
    }

    fn notify(&self, sentence: &str) {
        self.notes.lock().unwrap().push(sentence.into());
    }

    fn warn(&self, sentence: &str) {
        self.notes
            .lock()
            .unwrap()
            .push(format!("warning: {sentence}"));
    }
}

impl Lender {
    pub(crate) fn notes(&self) -> String {
        self.notes.lock().unwrap().join("\n")
    }
}

/// Returns settings under which nothing takes long.
pub(crate) fn settings() -> Settings {
    Settings {
        retry: Retry {
            retries: 3,
            first_delay: Duration::from_millis(1),
            longest_delay: Duration::from_millis(5),
            deadline: Duration::from_secs(60),
        },
        timing: Timing {
            connect: Duration::from_secs(5),
            answer: Duration::from_secs(5),
            stall: Duration::from_millis(300),
            unread: Duration::from_millis(300),
        },
        ..Settings::default()
    }
}

/// Reads a file of `registries.conf`.
pub(crate) fn mirrors(text: &str) -> Mirrors {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, text).unwrap();
    Mirrors::read(&[file.path().to_owned()], &[]).unwrap()
}

pub(crate) fn target(name: &str) -> Target {
    Target::of(&Name::parse(name).unwrap())
}

/// Pulls what a name means to its last byte.
pub(crate) async fn pull(client: &Client, name: &str) -> Result<Vec<Vec<u8>>, Error> {
    let image = image(client, name).await?;
    read(client, &image).await
}

/// Returns what the only image of a name is made of.
pub(crate) async fn image(client: &Client, name: &str) -> Result<Image, Error> {
    let resolved = client.resolve(&target(name)).await?;
    let manifest = resolved.candidates[0].manifest;
    client.image(&resolved, &manifest).await
}

/// Reads the layers in order.
pub(crate) async fn read(client: &Client, image: &Image) -> Result<Vec<Vec<u8>>, Error> {
    let layers: Layers = client.layers(image);
    let digests: Vec<Digest> = image.layers.iter().map(|layer| layer.digest).collect();
    let reading = tokio::task::spawn_blocking(move || {
        let mut read = Vec::new();
        for digest in digests {
            let (mut reader, size) =
                keepdocker_archive::RemoteLayers::open(&layers, &digest).unwrap();
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes)?;
            assert_eq!(bytes.len() as u64, size);
            assert_eq!(Digest::of(&bytes), digest);
            read.push(bytes);
        }
        Ok(read)
    });
    let read: std::io::Result<Vec<Vec<u8>>> = reading.await.unwrap();
    read.map_err(|error| {
        let failure = error
            .downcast::<keepdocker_archive::ProducerFailure>()
            .unwrap();
        *failure.0.downcast::<Error>().unwrap()
    })
}

/// Makes a client of these settings, and what it talks to.
pub(crate) fn client(settings: Settings, lender: Lender) -> (Client, Arc<Lender>) {
    let lender = Arc::new(lender);
    let wire = Arc::new(Connections::new(lender.clone(), Vec::new()));
    (Client::new(settings, lender.clone(), wire), lender)
}
