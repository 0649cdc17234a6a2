//! Settings that are missing or wrong.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::PermissionsExt as _;

use super::check;
use crate::support::{Cluster, Environment, StandIn};

/// Variables to set, and what the message mentions.
type Situation<'a> = (Vec<(&'a str, OsString)>, &'a [&'a str]);

#[test]
fn settings_that_cannot_be_used_are_named() {
    let cluster = Cluster::start();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("empty"), "").unwrap();
    fs::write(
        at("nonsense"),
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    let set = |name: &'static str, value: &str| vec![(name, OsString::from(value))];
    let bytes = |name, value: &[u8]| vec![(name, OsString::from_vec(value.to_vec()))];
    let path = |name, file: &str| vec![(name, at(file).into_os_string())];
    let mut situations: Vec<Situation<'_>> = Vec::new();
    for host in [
        "https://localhost:8443",
        "localhost:8443/arvados",
        "me@localhost",
        "local host",
        "localhost:https",
        "localhost:99999",
        "[::1",
        "localhost:1?a",
        "a\u{7}b",
    ] {
        situations.push((
            set("ARVADOS_API_HOST", host),
            &["ARVADOS_API_HOST", "localhost:8443"],
        ));
    }
    for empty in ["", " "] {
        situations.push((
            set("ARVADOS_API_HOST", empty),
            &["ARVADOS_API_HOST", "empty"],
        ));
        situations.push((
            set("ARVADOS_API_TOKEN", empty),
            &["ARVADOS_API_TOKEN", "empty"],
        ));
    }
    situations.extend([
        (
            bytes("ARVADOS_API_HOST", b"\xff\xfe"),
            &["ARVADOS_API_HOST"][..],
        ),
        (
            bytes("ARVADOS_API_TOKEN", b"tok\xffen"),
            &["ARVADOS_API_TOKEN"],
        ),
        (
            set("ARVADOS_API_TOKEN", "two words"),
            &["ARVADOS_API_TOKEN"],
        ),
        (
            set("ARVADOS_API_TOKEN", "two\nlines"),
            &["ARVADOS_API_TOKEN"],
        ),
        (
            set("ARVADOS_KEEP_SERVICES", "localhost:1"),
            &["ARVADOS_KEEP_SERVICES", "localhost:1"],
        ),
        (
            set("ARVADOS_KEEP_PROXY", "ftp://localhost"),
            &["ARVADOS_KEEP_PROXY", "ftp://localhost"],
        ),
        (set("https_proxy", "http://me:s3cr3t@:x/"), &["proxy"]),
        (path("SSL_CERT_FILE", "empty"), &["empty", "certificate"]),
        (
            path("SSL_CERT_FILE", "nonsense"),
            &["nonsense", "certificate"],
        ),
        (path("SSL_CERT_FILE", "."), &["certificate"]),
        (
            path("SSL_CERT_FILE", "absent"),
            &["absent", "SSL_CERT_FILE"],
        ),
    ]);
    for (variables, mentions) in situations {
        for arguments in [&["hello-world"][..], &["images"]] {
            let mut environment = Environment::on(&cluster);
            StandIn::new().install(&mut environment);
            for (name, value) in &variables {
                environment.set(name, value);
            }
            let arguments = [&["--retries", "0"], arguments].concat();
            let output = environment.arv_keepdocker(&arguments);

            check(
                &format!("{variables:?} {arguments:?}"),
                &cluster,
                &output,
                mentions,
            );
            assert!(!output.stderr.contains("s3cr3t"), "{output}");
        }
    }
}

#[test]
fn a_settings_file_that_is_of_no_use_is_named() {
    let cluster = Cluster::start();
    let mut many = b"ARVADOS_API_HOST=localhost:1\n".to_vec();
    many.resize(3 << 20, b'#');
    for (name, text, mentions) in [
        (
            "folder",
            None,
            &["settings.conf cannot be read", "ARVADOS_API_HOST"][..],
        ),
        (
            "host alone",
            Some(&b"ARVADOS_API_HOST=localhost:1\n"[..]),
            &["settings.conf", "ARVADOS_API_TOKEN is not set"],
        ),
        (
            "empty value",
            Some(b"ARVADOS_API_HOST=\nARVADOS_API_TOKEN=t\n"),
            &["ARVADOS_API_HOST is set, but empty"],
        ),
        (
            "no text",
            Some(b"\x7fELF\x00\xff\xff\n"),
            &["settings.conf", "ARVADOS_API_HOST is not set"],
        ),
        ("large", Some(&many), &["ARVADOS_API_TOKEN is not set"]),
        (
            "wrong host",
            Some(b"ARVADOS_API_HOST=https://x/\nARVADOS_API_TOKEN=t\n"),
            &["ARVADOS_API_HOST", "https://x/"],
        ),
    ] {
        let environment = Environment::new();
        let folder = environment.home().join("config/arvados");
        fs::create_dir_all(&folder).unwrap();
        match text {
            Some(text) => fs::write(folder.join("settings.conf"), text).unwrap(),
            None => fs::create_dir(folder.join("settings.conf")).unwrap(),
        }
        for arguments in [&["hello-world"], &["images"]] {
            let output = environment.arv_keepdocker(arguments);
            check(name, &cluster, &output, mentions);
        }
    }
}

#[test]
fn a_settings_file_that_may_not_be_read_is_named() {
    let cluster = Cluster::start();
    let environment = Environment::new();
    let folder = environment.home().join("config/arvados");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("settings.conf");
    fs::write(&file, "ARVADOS_API_HOST=localhost:1\nARVADOS_API_TOKEN=t\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    let program = env!("CARGO_BIN_EXE_arv-keepdocker");
    // Permissions do not hold back root, as which tests may run.
    let words = ["--bounding-set=-all", "--inh-caps=-all", program, "images"];
    let output = environment.run("setpriv", &words);
    check(
        "permissions",
        &cluster,
        &output,
        &["settings.conf cannot be read", "ermission denied"],
    );
    // With everything in the environment, the file is not needed, and a warning is enough.
    let mut environment = environment;
    for (name, value) in cluster.environment() {
        environment.set(&name, value);
    }
    let output = environment.run("setpriv", &words);
    let _ = output.success();
    assert!(
        output.stderr.contains("settings.conf is ignored"),
        "{output}"
    );
}
