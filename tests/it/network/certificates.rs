//! Which certificates of servers are taken, and which of ours are shown.

use std::fs;
use std::path::Path;

use super::{plain_cluster, source};
use crate::support::{Cluster, Environment, OpenSsl, TlsFront, Wanted};

/// The environment of a front that shows `NAME.crt`.
fn behind(
    cluster: &Cluster,
    openssl: &OpenSsl,
    name: &str,
    clients: Option<&Path>,
) -> (Environment, TlsFront) {
    let front = TlsFront::start(
        &openssl.at(&format!("{name}.crt")),
        &openssl.at(&format!("{name}.key")),
        clients,
        &cluster.plain_api_host().unwrap(),
    );
    let mut environment = Environment::on(cluster);
    environment.set("ARVADOS_API_HOST", format!("localhost:{}", front.port()));
    environment.set("SSL_CERT_FILE", openssl.at(&format!("{name}.crt")));
    (environment, front)
}

#[test]
fn a_certificate_that_signs_itself_is_trusted_where_the_user_names_it() {
    let Some(openssl) = OpenSsl::find() else {
        return;
    };
    let cluster = plain_cluster();
    openssl.make(Wanted::usual("usual"));
    openssl.make(Wanted {
        extensions: &["basicConstraints=CA:FALSE", "subjectAltName=DNS:localhost"],
        ..Wanted::usual("plain")
    });
    // The server's own certificate is named, and not the authority that issued it.
    openssl.make(Wanted::usual("authority"));
    openssl.make(Wanted {
        issuer: "authority",
        extensions: &["basicConstraints=CA:FALSE", "subjectAltName=DNS:localhost"],
        ..Wanted::usual("issued")
    });
    for name in ["usual", "plain", "issued"] {
        let (environment, _front) = behind(&cluster, &openssl, name, None);
        let _ = environment
            .keepdocker(&["upload", "--force", "--from", &source()])
            .success();
        let _ = environment.arv_keepdocker(&["images"]).success();
    }
}

#[test]
fn naming_a_certificate_does_not_make_it_good_for_another_time_or_host() {
    let Some(openssl) = OpenSsl::find() else {
        return;
    };
    let cluster = plain_cluster();
    let usual = Wanted::usual("usual");
    for (wanted, words) in [
        (
            Wanted {
                name: "expired",
                issuer: "expired",
                dates: ("20200101000000Z", "20210101000000Z"),
                ..usual
            },
            &["it expired on 2021-01-01 00:00 UTC", "renew"][..],
        ),
        (
            Wanted {
                name: "early",
                issuer: "early",
                dates: ("20480101000000Z", "20490101000000Z"),
                ..usual
            },
            &["valid only from 2048-01-01 00:00 UTC", "clock"],
        ),
        (
            Wanted {
                name: "other",
                issuer: "other",
                extensions: &[
                    "basicConstraints=CA:TRUE",
                    "subjectAltName=DNS:a.example,IP:10.0.0.1",
                ],
                ..usual
            },
            &["it is for `a.example`, `10.0.0.1`, and not for `localhost`"],
        ),
        (
            Wanted {
                name: "nameless",
                issuer: "nameless",
                extensions: &["basicConstraints=CA:TRUE"],
                ..usual
            },
            &["no subjectAltName", "DNS:localhost"],
        ),
        (
            Wanted {
                name: "client",
                issuer: "client",
                extensions: &[
                    "basicConstraints=CA:FALSE",
                    "subjectAltName=DNS:localhost",
                    "extendedKeyUsage=clientAuth",
                ],
                ..usual
            },
            &["not meant for servers"],
        ),
    ] {
        openssl.make(wanted);
        let (environment, _front) = behind(&cluster, &openssl, wanted.name, None);
        refused(&environment, wanted.name, words);
    }
}

#[test]
fn the_reason_against_a_certificate_is_told_in_words() {
    let Some(openssl) = OpenSsl::find() else {
        return;
    };
    let cluster = plain_cluster();
    let leaf = ["basicConstraints=CA:FALSE", "subjectAltName=DNS:localhost"];
    let p521 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"];
    openssl.make(Wanted::usual("trusted"));
    openssl.make(Wanted::usual("stranger"));
    openssl.make(Wanted {
        key: &p521,
        ..Wanted::usual("authority521")
    });
    openssl.make(Wanted {
        issuer: "authority521",
        extensions: &leaf,
        ..Wanted::usual("signed521")
    });
    for (name, trusted, words) in [
        // An authority's certificate that nobody named.
        ("stranger", "trusted", &["CA:TRUE", "SSL_CERT_FILE"][..]),
        (
            "signed521",
            "trusted",
            &["none of the trusted authorities", "SSL_CERT_FILE"],
        ),
        ("signed521", "authority521", &["P-521"]),
    ] {
        let (mut environment, _front) = behind(&cluster, &openssl, name, None);
        environment.set("SSL_CERT_FILE", openssl.at(&format!("{trusted}.crt")));
        refused(&environment, name, words);
        // What trusts anything takes these too.
        environment.set("ARVADOS_API_HOST_INSECURE", "1");
        let _ = environment.keepdocker(&["images"]).success();
    }
}

#[test]
fn certificates_that_only_openssl_serves_are_refused_in_words() {
    let Some(openssl) = OpenSsl::find() else {
        return;
    };
    let cluster = Cluster::start();
    openssl.make(Wanted {
        key: &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"],
        ..Wanted::usual("curve")
    });
    openssl.make(Wanted {
        extensions: &[],
        ..Wanted::usual("old")
    });
    for (name, words) in [
        ("curve", &["P-521"][..]),
        ("old", &["version 1", "subjectAltName"]),
    ] {
        let server = Server::start(&openssl, name);
        let mut environment = Environment::on(&cluster);
        environment.set("ARVADOS_API_HOST", &server.address);
        environment.set("SSL_CERT_FILE", openssl.at(&format!("{name}.crt")));
        refused(&environment, name, words);
    }
}

/// OpenSSL's own server, which takes every certificate.
struct Server {
    address: String,
    program: std::process::Child,
}

impl Server {
    fn start(openssl: &OpenSsl, name: &str) -> Server {
        let address = format!("127.0.0.1:{}", free_port());
        let program = std::process::Command::new("openssl")
            .args(["s_server", "-quiet", "-accept", &address, "-cert"])
            .arg(openssl.at(&format!("{name}.crt")))
            .arg("-key")
            .arg(openssl.at(&format!("{name}.key")))
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        while std::net::TcpStream::connect(&address).is_err() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        Server { address, program }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already where the test failed for that.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

#[test]
fn every_form_of_a_file_with_certificates_is_read() {
    let Some(openssl) = OpenSsl::find() else {
        return;
    };
    let cluster = plain_cluster();
    let certificate = openssl.make(Wanted::usual("usual"));
    let pem = fs::read_to_string(&certificate).unwrap();
    let (environment, _front) = behind(&cluster, &openssl, "usual", None);
    let trust = |purpose: &[&str], to: &str| {
        let mut words = vec!["x509", "-in", "usual.crt", "-trustout", "-out", to];
        words.extend(purpose);
        openssl.run(&words);
        fs::read(openssl.at(to)).unwrap()
    };
    let wide: Vec<u8> = pem.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut environment = environment;
    for (name, bytes, is_good) in [
        ("bom", format!("\u{feff}{pem}").into_bytes(), true),
        ("utf-16", [vec![0xff, 0xfe], wide].concat(), true),
        ("lines", pem.replace('\n', "\r\n").into_bytes(), true),
        (
            "x509",
            pem.replace(" CERTIFICATE", " X509 CERTIFICATE")
                .into_bytes(),
            true,
        ),
        ("trusted", trust(&["-addtrust", "serverAuth"], "t1"), true),
        ("plainly trusted", trust(&[], "t2"), true),
        (
            "mail",
            trust(&["-addtrust", "emailProtection"], "t3"),
            false,
        ),
        (
            "rejected",
            trust(&["-addreject", "serverAuth"], "t4"),
            false,
        ),
    ] {
        fs::write(openssl.at("form.pem"), bytes).unwrap();
        environment.set("SSL_CERT_FILE", openssl.at("form.pem"));
        let output = environment.keepdocker(&["images"]);
        assert_eq!(output.status.success(), is_good, "{name}: {output}");
    }
}

#[test]
fn folders_of_certificates_are_read() {
    let Some(openssl) = OpenSsl::find() else {
        return;
    };
    let cluster = plain_cluster();
    openssl.make(Wanted::usual("usual"));
    openssl.make(Wanted::usual("other"));
    let (mut environment, _front) = behind(&cluster, &openssl, "usual", None);
    let folder = openssl.at("folder");
    fs::create_dir(&folder).unwrap();
    fs::copy(openssl.at("usual.crt"), folder.join("anything.pem")).unwrap();
    fs::write(folder.join("README"), "no certificate").unwrap();
    environment.set("SSL_CERT_FILE", openssl.at("other.crt"));
    refused(&environment, "no folder", &["SSL_CERT_FILE"]);
    environment.set("SSL_CERT_DIR", format!("/nonexistent:{}", folder.display()));
    let output = environment.keepdocker(&["images"]);
    let _ = output.success();
    assert!(output.stderr.contains("/nonexistent"), "{output}");
    // A folder where a file is wanted is told apart.
    environment.set("SSL_CERT_FILE", &folder);
    let output = environment.keepdocker(&["images"]);
    assert!(
        output.failure(1).contains("SSL_CERT_DIR is for folders"),
        "{output}"
    );
}

#[test]
fn a_machine_without_any_authority_is_told_what_to_install() {
    let cluster = Cluster::start();
    let mut environment = Environment::on(&cluster);
    environment.set("SSL_CERT_FILE", "");
    let script = "for folder in /etc/ssl /etc/pki /etc/arvados; do \
                      [ ! -d $folder ] || mount -t tmpfs tmpfs $folder || exit 99; \
                  done; exec \"$0\" images";
    let output = environment.run(
        "unshare",
        &[
            "--mount",
            "sh",
            "-c",
            script,
            env!("CARGO_BIN_EXE_keepdocker"),
        ],
    );
    if matches!(output.status.code(), Some(99)) || output.stderr.contains("unshare") {
        return crate::support::skip("the right to mount a small file system");
    }
    let told = output.failure(1);
    assert!(
        told.contains("ca-certificates") && told.contains("SSL_CERT_FILE"),
        "{output}"
    );
}

#[test]
fn a_server_that_wants_to_see_a_certificate_is_shown_one() {
    let Some(openssl) = OpenSsl::find() else {
        return;
    };
    let cluster = plain_cluster();
    openssl.make(Wanted::usual("usual"));
    let authority = openssl.make(Wanted::usual("clients"));
    let client = Wanted {
        issuer: "clients",
        extensions: &["basicConstraints=CA:FALSE", "extendedKeyUsage=clientAuth"],
        ..Wanted::usual("me")
    };
    openssl.make(client);
    openssl.make(Wanted {
        name: "stranger",
        issuer: "stranger",
        ..client
    });
    let (mut environment, _front) = behind(&cluster, &openssl, "usual", Some(&authority));
    refused(&environment, "none", &["KEEPDOCKER_CLIENT_CERTIFICATE"]);

    environment.set("KEEPDOCKER_CLIENT_CERTIFICATE", openssl.at("me.crt"));
    let output = environment.keepdocker(&["images"]);
    assert!(
        output.failure(1).contains("KEEPDOCKER_CLIENT_KEY"),
        "{output}"
    );
    environment.set("KEEPDOCKER_CLIENT_KEY", openssl.at("me.key"));
    let _ = environment.keepdocker(&["images"]).success();
    let _ = environment.arv_keepdocker(&["images"]).success();

    environment.set("KEEPDOCKER_CLIENT_CERTIFICATE", openssl.at("stranger.crt"));
    let output = environment.keepdocker(&["images"]);
    assert!(output.failure(1).contains("do not go together"), "{output}");
    environment.set("KEEPDOCKER_CLIENT_KEY", openssl.at("stranger.key"));
    refused(&environment, "stranger", &["KEEPDOCKER_CLIENT_CERTIFICATE"]);

    // Both in one file do as well.
    let both = [
        fs::read(openssl.at("me.key")).unwrap(),
        fs::read(openssl.at("me.crt")).unwrap(),
    ];
    fs::write(openssl.at("both.pem"), both.concat()).unwrap();
    environment.set("KEEPDOCKER_CLIENT_CERTIFICATE", openssl.at("both.pem"));
    environment.set("KEEPDOCKER_CLIENT_KEY", "");
    let _ = environment.keepdocker(&["images"]).success();

    openssl.run(&[
        "pkey",
        "-in",
        "me.key",
        "-aes128",
        "-passout",
        "pass:abcd",
        "-out",
        "locked.key",
    ]);
    environment.set("KEEPDOCKER_CLIENT_CERTIFICATE", openssl.at("me.crt"));
    environment.set("KEEPDOCKER_CLIENT_KEY", openssl.at("locked.key"));
    let output = environment.keepdocker(&["images"]);
    assert!(output.failure(1).contains("encrypted"), "{output}");
}

/// Asserts that both programs refuse at once, in words for people.
#[track_caller]
fn refused(environment: &Environment, name: &str, words: &[&str]) {
    for output in [
        environment.keepdocker(&["images"]),
        environment.arv_keepdocker(&["images"]),
    ] {
        let told = output.failure(1);
        for words in words {
            assert!(told.contains(words), "{name}: no `{words}` in {output}");
        }
        for noise in ["Other(", "DnsName", "IpAddress", "trying again"] {
            assert!(!told.contains(noise), "{name}: `{noise}` in {output}");
        }
        output.assert_told_to_people(&[]);
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
