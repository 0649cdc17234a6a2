//! Debian's registry with TLS and logins, as sites have it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::json;

use crate::support::own_registry::{OwnRegistry, tls};
use crate::support::{
    AnyEngine, Cluster, Engine, Environment, FaultyRegistry, Made, OpenSsl, Output, Tools, Wanted,
    digest, skip,
};

/// `s3cr3tword` for `me`, in the only form that the registry reads.
const HTPASSWD: &str = "me:$2b$05$kHvfjC7qw8B53kcswQm65O5yqHVi/JSHrwRNv2XZc9bhL23WaeuGW\n";

fn image() -> Made {
    Made::of(&[(1, 200_000), (2, 1000)])
}

/// Puts the image into the folder of a registry as `lab/tool:1`.
fn fill(registry: &OwnRegistry, tools: &Tools, image: &Made) {
    let file = tools.at("image.tar");
    fs::write(&file, image.saved(&["lab/tool:1"])).unwrap();
    let serving = registry.serve("", "");
    let to = format!("docker://{}/lab/tool:1", serving.host());
    let from = format!("docker-archive:{file}");
    let words = ["copy", "--quiet", "--dest-tls-verify=false", &from, &to];
    let _ = tools.run("skopeo", &words).success();
}

fn upload(environment: &Environment, host: &str) -> Output {
    let source = format!("docker://{host}/lab/tool:1");
    environment.keepdocker(&["upload", "--from", &source, "--retries", "1"])
}

/// Returns the folder of certificates for a host.
fn certificates(environment: &Environment, host: &str) -> std::path::PathBuf {
    let folder = Path::new(environment.variable("XDG_CONFIG_HOME"))
        .join("containers/certs.d")
        .join(host);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn copy(from: &Path, to: std::path::PathBuf) {
    fs::copy(from, to).unwrap();
}

/// Writes Docker's file of logins.
fn login(environment: &Environment, text: &str) {
    let folder = environment.home().join(".docker");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("config.json"), text).unwrap();
}

#[test]
fn a_registry_with_a_certificate_of_its_own_is_trusted_where_certs_d_says_so() {
    let (Some(registry), Some(tools), Some(openssl)) = (
        OwnRegistry::find(),
        Tools::find(&["skopeo"]),
        OpenSsl::find(),
    ) else {
        return;
    };
    let image = image();
    fill(&registry, &tools, &image);
    let _ = openssl.make(Wanted::usual("authority"));
    let issued = Wanted {
        issuer: "authority",
        extensions: &["basicConstraints=CA:FALSE", "subjectAltName=DNS:localhost"],
        ..Wanted::usual("server")
    };
    let _ = openssl.make(issued);
    let _ = openssl.make(Wanted {
        name: "client",
        extensions: &["basicConstraints=CA:FALSE", "extendedKeyUsage=clientAuth"],
        ..issued
    });
    let authority = openssl.at("authority.crt");
    for wants_client in [false, true] {
        let clients = wants_client.then_some(&*authority);
        let lines = tls(
            &openssl.at("server.crt"),
            &openssl.at("server.key"),
            clients,
        );
        let serving = registry.serve(&lines, "");
        let host = serving.host();

        // Nobody has said that it is to be trusted, and TLS that fails is no reason to do without.
        let cluster = Cluster::start();
        let environment = Environment::on(&cluster);
        let output = upload(&environment, &host);
        let told = output.failure(1);
        assert!(
            told.contains(&host) && told.contains("certificate"),
            "{output}"
        );
        assert!(!told.contains("docker save"), "{output}");
        output.assert_told_to_people(&[&cluster.token()]);
        cluster.assert_nothing_registered();

        let folder = certificates(&environment, &host);
        copy(&authority, folder.join("lab.crt"));
        if wants_client {
            let output = upload(&environment, &host);
            let told = output.failure(1);
            assert!(told.contains("certificate"), "{output}");
            cluster.assert_nothing_registered();
            copy(&openssl.at("client.crt"), folder.join("me.cert"));
            copy(&openssl.at("client.key"), folder.join("me.key"));
        }
        let _ = upload(&environment, &host).success();
        let properties = &cluster.only_collection()["properties"];
        assert_eq!(properties["arv:docker-config-digest"], image.id());
        // Only that host's.
        let other = host.replace("localhost", "127.0.0.1");
        let output = upload(&environment, &other);
        assert!(output.failure(1).contains("certificate"), "{output}");
    }
}

#[test]
fn a_login_is_taken_from_config_json_and_from_a_helper() {
    let (Some(registry), Some(tools)) = (OwnRegistry::find(), Tools::find(&["skopeo"])) else {
        return;
    };
    let image = image();
    fill(&registry, &tools, &image);
    let htpasswd = tools.at("htpasswd");
    fs::write(&htpasswd, HTPASSWD).unwrap();
    let auth = format!("auth:\n  htpasswd:\n    realm: lab\n    path: {htpasswd}\n");
    let serving = registry.serve("", &auth);
    let host = serving.host();
    let entry = |password: &str| {
        let login = BASE64_STANDARD.encode(format!("me:{password}"));
        json!({"auths": {&host: {"auth": login}}}).to_string()
    };
    let script = "read server; printf '{\"Username\":\"me\",\"Secret\":\"s3cr3tword\"}'";
    for (text, helper, works) in [
        (entry("s3cr3tword"), None, true),
        (
            json!({"credHelpers": {&host: "lab"}}).to_string(),
            Some(script),
            true,
        ),
        (json!({"credsStore": "lab"}).to_string(), Some(script), true),
        (entry("wr0ngw0rd"), None, false),
        ("{}".to_owned(), None, false),
    ] {
        let cluster = Cluster::start();
        let mut environment = Environment::on(&cluster);
        login(&environment, &text);
        if let Some(script) = helper {
            super::registry::add_helper(&mut environment, script);
        }
        let output = upload(&environment, &host);
        if works {
            let _ = output.success();
            let properties = &cluster.only_collection()["properties"];
            assert_eq!(properties["arv:docker-config-digest"], image.id());
        } else {
            let told = output.failure(1);
            assert!(told.contains("refuses access to `lab/tool`"), "{output}");
            output.assert_told_to_people(&[&cluster.token(), "wr0ngw0rd"]);
            cluster.assert_nothing_registered();
        }
        assert!(!output.stderr.contains("s3cr3tword"), "{output}");
    }
}

/// A server of tokens as registries have one; `requests` are the heads of what it was asked.
struct TokenServer {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl TokenServer {
    /// Starts a server that gives those who log in a token of this issuer, signed with this key.
    fn start(key: &Path, certificate: &Path) -> Self {
        use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
        use rustls_pki_types::pem::PemObject as _;
        use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};

        let random = ring::rand::SystemRandom::new();
        let key = PrivatePkcs8KeyDer::from_pem_file(key).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            key.secret_pkcs8_der(),
            &random,
        )
        .unwrap();
        let certificate = CertificateDer::from_pem_file(certificate).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
                    head.push(byte[0]);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let login = format!("Basic {}", BASE64_STANDARD.encode("me:s3cr3tword"));
                let (status, body) = if head.contains(&login) {
                    let token = token(&key, &certificate, &random);
                    (200, json!({"token": token, "expires_in": 300}).to_string())
                } else {
                    (401, json!({"details": "who are you?"}).to_string())
                };
                seen.lock().unwrap().push(head);
                let answer = format!(
                    "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Self { port, requests }
    }
}

/// Makes a token that the registry takes: signed, with the certificate of who signed it.
fn token(
    key: &ring::signature::EcdsaKeyPair,
    certificate: &[u8],
    random: &ring::rand::SystemRandom,
) -> String {
    let part = |value: serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let head =
        part(json!({"typ": "JWT", "alg": "ES256", "x5c": [BASE64_STANDARD.encode(certificate)]}));
    let claims = part(json!({
        "iss": "lab", "sub": "me", "aud": "registry",
        "nbf": now - 10, "iat": now - 10, "exp": now + 300, "jti": "1",
        "access": [{"type": "repository", "name": "lab/tool", "actions": ["pull"]}],
    }));
    let signed = format!("{head}.{claims}");
    let signature = key.sign(random, signed.as_bytes()).unwrap();
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn a_login_is_shown_to_the_server_of_tokens_and_its_token_to_the_registry() {
    let (Some(registry), Some(tools), Some(openssl)) = (
        OwnRegistry::find(),
        Tools::find(&["skopeo"]),
        OpenSsl::find(),
    ) else {
        return;
    };
    let image = image();
    fill(&registry, &tools, &image);
    let certificate = openssl.make(Wanted {
        key: &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
        ..Wanted::usual("tokens")
    });
    let server = TokenServer::start(&openssl.at("tokens.key"), &certificate);
    let auth = format!(
        "auth:\n  token:\n    realm: http://127.0.0.1:{}/token\n    service: registry\n    issuer: lab\n    rootcertbundle: {}\n",
        server.port,
        certificate.display()
    );
    let serving = registry.serve("", &auth);
    let host = serving.host();
    for (user, works) in [("me", true), ("you", false)] {
        let cluster = Cluster::start();
        let environment = Environment::on(&cluster);
        let known = BASE64_STANDARD.encode(format!("{user}:s3cr3tword"));
        login(
            &environment,
            &json!({"auths": {&host: {"auth": known}}}).to_string(),
        );
        server.requests.lock().unwrap().clear();
        let output = upload(&environment, &host);
        let asked = server.requests.lock().unwrap().clone();
        assert_eq!(asked.len(), 1, "{asked:?}: {output}");
        assert!(
            asked[0].contains("scope=repository%3Alab%2Ftool%3Apull"),
            "{asked:?}"
        );
        if works {
            let _ = output.success();
            let properties = &cluster.only_collection()["properties"];
            assert_eq!(properties["arv:docker-config-digest"], image.id());
        } else {
            let told = output.failure(1);
            assert!(told.contains("who are you?"), "{output}");
            output.assert_told_to_people(&[&cluster.token()]);
        }
        assert!(!output.stderr.contains("s3cr3tword"), "{output}");
        // Tokens are secrets, too.
        let exported = environment
            .keepdocker(&["audit", "export", "last"])
            .success();
        assert!(
            exported.contains("/token") && !exported.contains("eyJ"),
            "{exported}"
        );
    }
}

/// Writes an image as a folder of the form OCI.
fn layout(image: &Made, folder: &Path) {
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs).unwrap();
    let write = |bytes: &[u8]| {
        let digest = digest(bytes);
        fs::write(blobs.join(&digest["sha256:".len()..]), bytes).unwrap();
        json!({"digest": digest, "size": bytes.len()})
    };
    let described = |kind: &str, bytes: &[u8]| {
        let mut entry = write(bytes);
        entry["mediaType"] = format!("application/vnd.oci.image.{kind}").into();
        entry
    };
    let layers: Vec<serde_json::Value> = image
        .layers
        .iter()
        .map(|layer| described("layer.v1.tar", layer))
        .collect();
    let manifest = json!({
        "schemaVersion": 2,
        "config": described("config.v1+json", image.config.as_bytes()),
        "layers": layers,
    });
    let entry = described("manifest.v1+json", manifest.to_string().as_bytes());
    let index = json!({"schemaVersion": 2, "manifests": [entry]});
    fs::write(folder.join("index.json"), index.to_string()).unwrap();
    fs::write(
        folder.join("oci-layout"),
        r#"{"imageLayoutVersion":"1.0.0"}"#,
    )
    .unwrap();
}

#[test]
fn one_image_has_one_portable_data_hash_from_every_source_there_is() {
    let image = image();
    let files = tempfile::tempdir().unwrap();
    let at = |name: &str| files.path().join(name).display().to_string();
    let saved = image.saved(&["lab/tool:1"]);
    fs::write(at("saved.tar"), &saved).unwrap();
    layout(&image, &files.path().join("layout"));
    let mut found = Vec::new();
    let mut take = |name: &str, environment: &Environment, cluster: &Cluster, source: &str| {
        let words = ["upload", "--from", source, "mine:1"];
        let _ = environment.keepdocker(&words).success();
        let collection = cluster.only_collection();
        let hash = collection["portable_data_hash"]
            .as_str()
            .unwrap()
            .to_owned();
        found.push((name.to_owned(), hash));
    };
    let compressed = FaultyRegistry::serve(&image, |_| None);
    for (name, source) in [
        ("a file", format!("docker-archive:{}", at("saved.tar"))),
        ("a folder", format!("oci:{}", at("layout"))),
        ("a registry", compressed.source("lab/tool:1")),
        ("an index", compressed.source("lab/tool:index")),
    ] {
        let cluster = Cluster::start();
        take(name, &Environment::on(&cluster), &cluster, &source);
    }
    if let (Some(registry), Some(tools)) = (OwnRegistry::find(), Tools::find(&["skopeo"])) {
        fill(&registry, &tools, &image);
        let serving = registry.serve("", "");
        let cluster = Cluster::start();
        let source = format!("docker://{}/lab/tool:1", serving.host());
        take(
            "Debian's registry",
            &Environment::on(&cluster),
            &cluster,
            &source,
        );
    }
    let engines = [Engine::find(), Engine::newer(), Engine::containerd()];
    let engines = engines.iter().flatten().map(AnyEngine::docker);
    let podman = Tools::find(&["podman"]).and_then(|_| AnyEngine::podman());
    let engines: Vec<AnyEngine> = engines.chain(podman).collect();
    if engines.is_empty() {
        skip("a container engine");
    }
    for engine in &engines {
        engine.load(&saved);
        let cluster = Cluster::start();
        take(
            "an engine",
            &engine.on(&cluster),
            &cluster,
            "docker-daemon:lab/tool:1",
        );
        engine.remove("lab/tool:1");
    }
    assert!(found.len() >= 4);
    assert!(
        found.iter().all(|(_, hash)| *hash == found[0].1),
        "{found:#?}"
    );
}
