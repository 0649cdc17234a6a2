//! Debian's registry with TLS and logins, as sites have it.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use crate::support::own_registry::{OwnRegistry, tls};
use crate::support::token_server::TokenServer;
use crate::support::{
    AnyEngine, Cluster, Deed, Engine, Environment, FaultyRegistry, Made, OpenSsl, Output, Tools,
    Wanted, digest, skip,
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

#[test]
fn a_login_does_not_follow_where_a_registry_leads_and_nobody_is_led_to_a_clouds_metadata() {
    let image = image();
    let storage = FaultyRegistry::serve(&image, |asked| {
        // As the storage of clouds does.
        asked
            .header("authorization")
            .map(|_| Deed::Status(400, Vec::new()))
    });
    let there = storage.host();
    for (base, works) in [
        (format!("http://{there}"), true),
        ("http://169.254.169.254".to_owned(), false),
        (format!("http://me:pw@{there}"), false),
    ] {
        let config = image.id();
        let registry = FaultyRegistry::serve(&image, move |asked| {
            if asked.header("authorization") != Some("Basic bWU6czNjcjN0d29yZA==") {
                let demand = ("WWW-Authenticate", "Basic realm=\"r\"".to_owned());
                return Some(Deed::Status(401, vec![demand]));
            }
            let is_layer = asked.path.contains("/blobs/") && !asked.path.contains(&config);
            let to = format!("{base}{}?X-Signature=s1gned", asked.path);
            is_layer.then(|| Deed::Status(307, vec![("Location", to)]))
        });
        let cluster = Cluster::start();
        let environment = Environment::on(&cluster);
        let known = json!({"auths": {registry.host(): {"auth": "bWU6czNjcjN0d29yZA=="}}});
        login(&environment, &known.to_string());
        let output = upload(&environment, &registry.host());
        if works {
            let _ = output.success();
            assert_eq!(storage.asked("/blobs/").len(), image.layers.len());
        } else {
            let told = output.failure(1);
            assert!(told.contains("its redirect is not followed"), "{output}");
            assert!(!told.contains("docker save"), "{output}");
            output.assert_told_to_people(&[&cluster.token(), "s3cr3tword", "s1gned", "me:pw"]);
            cluster.assert_nothing_registered();
        }
        let exported = environment
            .keepdocker(&["audit", "export", "last"])
            .success();
        for secret in ["s3cr3tword", "s1gned", "bWU6"] {
            assert!(!exported.contains(secret), "{exported}");
        }
    }
}

#[test]
fn what_is_wrong_with_an_image_of_a_registry_is_said_of_a_registry() {
    let image = image();
    let config = image.id();
    // Whole as the manifest has it, and of other content than the config promises.
    let mut other = image.clone();
    other.layers[1] = Made::of(&[(9, 5000)]).layers[0].clone();
    let registry = FaultyRegistry::serve(&other, |_| None);
    assert_eq!(other.id(), config);
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let output = upload(&environment, &registry.host());
    let told = output.failure(1);
    assert!(
        told.contains("the image in its registry is not sound"),
        "{output}"
    );
    for word in ["docker save", "archive"] {
        assert!(!told.contains(word), "`{word}` in {output}");
    }
    output.assert_told_to_people(&[&cluster.token()]);
    cluster.assert_nothing_registered();
}
