//! Proxies of every form that curl takes, and their refusals.

use super::{plain_cluster, proxied, source};
use crate::support::{Cluster, Environment, Manners, OpenSsl, Proxy, TlsFront, Wanted};

#[test]
fn an_upload_goes_through_a_proxy_that_wants_a_login() {
    let cluster = plain_cluster();
    // `me` and `p@ss word`.
    let proxy = Proxy::start(Manners::HttpLogin("bWU6cEBzcyB3b3Jk"));
    let mut environment = Environment::on(&cluster);
    environment.set("no_proxy", "");
    for name in ["https_proxy", "http_proxy"] {
        environment.set(name, format!("http://me:p%40ss%20word@{}", proxy.address()));
    }
    let _ = environment
        .keepdocker(&["upload", "--from", &source()])
        .success();
    let heard = proxy.heard();
    let connect = format!("CONNECT {} ", cluster.api_host());
    assert!(
        heard.iter().any(|line| line.starts_with(&connect)),
        "{heard:?}"
    );
    // Keep has no TLS here, so the proxy gets the request itself.
    assert!(
        heard.iter().any(|line| line.starts_with("PUT http://")),
        "{heard:?}"
    );
    assert_eq!(cluster.collections().len(), 1);
}

#[test]
fn a_proxy_that_speaks_tls_itself_is_used_and_its_certificate_is_checked() {
    let Some(openssl) = OpenSsl::find() else {
        return;
    };
    let cluster = Cluster::start();
    let certificate = openssl.make(Wanted::usual("proxy"));
    let proxy = Proxy::start(Manners::HttpLogin("bWU6cEBzcyB3b3Jk"));
    let key = openssl.at("proxy.key");
    let front = TlsFront::start(&certificate, &key, None, &proxy.address());
    let address = format!("https://me:p%40ss%20word@localhost:{}", front.port());
    let mut environment = proxied(&cluster, "https_proxy", &address);
    let refused = environment.keepdocker(&["images"]);
    let told = refused.failure(1);
    for words in ["the proxy localhost:", "certificate"] {
        assert!(told.contains(words), "{words}: {refused}");
    }
    assert!(proxy.heard().is_empty(), "{:?}", proxy.heard());

    let authority = std::fs::read(environment.variable("SSL_CERT_FILE")).unwrap();
    let both = [authority, std::fs::read(&certificate).unwrap()].concat();
    std::fs::write(openssl.at("both.pem"), both).unwrap();
    environment.set("SSL_CERT_FILE", openssl.at("both.pem"));
    let _ = environment
        .keepdocker(&["upload", "--from", &source()])
        .success();
    let connect = format!("CONNECT {} ", cluster.api_host());
    let heard = proxy.heard();
    assert!(
        heard.iter().any(|line| line.starts_with(&connect)),
        "{heard:?}"
    );
    let _ = cluster.only_collection();
}

#[test]
fn a_refused_login_is_tried_once_and_told() {
    let cluster = Cluster::start();
    for (login, words) in [
        ("me:wr0ng@", "does not accept the name `me`"),
        ("", "wants a login"),
    ] {
        let proxy = Proxy::start(Manners::HttpLogin("bWU6cEBzcw=="));
        let address = format!("http://{login}{}", proxy.address());
        let environment = proxied(&cluster, "https_proxy", &address);
        for output in [
            environment.keepdocker(&["images"]),
            environment.arv_keepdocker(&["images"]),
        ] {
            let told = output.failure(1);
            assert!(told.contains(words), "{output}");
            assert!(told.contains("407"), "{output}");
            assert!(told.contains(&proxy.address()), "{output}");
            assert!(told.contains("https_proxy"), "{output}");
            assert!(!told.contains("wr0ng"), "{output}");
        }
        assert_eq!(proxy.heard().len(), 2, "{:?}", proxy.heard());
    }
}

#[test]
fn a_refused_login_for_keep_is_tried_once_and_told() {
    let cluster = plain_cluster();
    let proxy = Proxy::start(Manners::HttpLogin("bWU6cEBzcw=="));
    let environment = proxied(
        &cluster,
        "http_proxy",
        &format!("me:wr0ng@{}", proxy.address()),
    );
    let output = environment.keepdocker(&["upload", "--from", &source()]);
    assert!(
        output.failure(1).contains("does not accept the name `me`"),
        "{output}"
    );
    assert_eq!(proxy.heard().len(), 1, "{:?}", proxy.heard());
    cluster.assert_nothing_registered();
}

#[test]
fn a_login_of_another_kind_is_named() {
    let cluster = Cluster::start();
    let proxy = Proxy::start(Manners::HttpAnswer(
        "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: NTLM\r\n\
         Proxy-Authenticate: Negotiate\r\nContent-Length: 0\r\n\r\n",
    ));
    let output = proxied(&cluster, "https_proxy", &proxy.address()).keepdocker(&["images"]);
    assert!(output.failure(1).contains("NTLM, Negotiate"), "{output}");
}

#[test]
fn the_status_of_a_proxy_is_told_and_decides_about_trying_again() {
    let cluster = Cluster::start();
    for (status, attempts) in [
        ("502 Bad Gateway", 2),
        ("503 Service Unavailable", 2),
        ("429 Too Many Requests", 2),
        ("403 Forbidden", 1),
        ("404 Not Found", 1),
        ("413 Payload Too Large", 1),
        ("307 Temporary Redirect", 1),
    ] {
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        let proxy = Proxy::start(Manners::HttpAnswer(answer.leak()));
        let environment = proxied(&cluster, "https_proxy", &proxy.address());
        let output = environment.keepdocker(&["images", "--retries", "1"]);
        let told = output.failure(1);
        assert!(
            told.contains(&format!("status {}", &status[..3])),
            "{output}"
        );
        assert!(told.contains(&proxy.address()), "{output}");
        assert!(told.contains(&cluster.api_host()), "{output}");
        assert_eq!(
            proxy.heard().len(),
            attempts,
            "{status}: {:?}",
            proxy.heard()
        );
    }
}

#[test]
fn socks_proxies_are_used_and_look_names_up_where_they_are_to() {
    for (scheme, host, heard) in [
        ("socks5h", "localhost", "5 localhost"),
        ("socks5", "localhost", "5 "),
        ("socks5", "127.0.0.1", "5 127.0.0.1"),
        ("socks4", "127.0.0.1", "4 127.0.0.1"),
        ("socks4", "localhost", "4 127.0.0.1"),
        ("socks4a", "localhost", "4 localhost"),
        // The name is one that only the proxy knows.
        ("socks5h", "cluster.invalid", "5 cluster.invalid"),
    ] {
        let cluster = Cluster::start();
        let port = cluster.api_host().rsplit_once(':').unwrap().1.to_owned();
        let proxy = Proxy::start(Manners::Socks);
        let address = format!("{scheme}://{}", proxy.address());
        let mut environment = proxied(&cluster, "all_proxy", &address);
        environment.set("ARVADOS_API_HOST", format!("{host}:{port}"));
        if host == "cluster.invalid" {
            environment.set("ARVADOS_API_HOST_INSECURE", "1");
        }
        let _ = environment
            .keepdocker(&["upload", "--from", &source()])
            .success();
        let all = proxy.heard();
        assert!(all[0].starts_with(heard), "{scheme} {host}: {all:?}");
        assert!(
            all[0].ends_with(&format!(":{port}")),
            "{scheme} {host}: {all:?}"
        );
        // Keep went the same way.
        assert!(
            all.iter().any(|one| !one.ends_with(&format!(":{port}"))),
            "{all:?}"
        );
    }
}

#[test]
fn a_socks_proxy_that_wants_a_login_gets_it_or_says_so() {
    let cluster = Cluster::start();
    for (login, expected) in [
        ("me:p%40ss@", None),
        ("me:wr0ng@", Some("does not accept the name and password")),
        ("", Some("wants a login")),
    ] {
        let proxy = Proxy::start(Manners::SocksLogin("me", "p@ss"));
        let address = format!("socks5h://{login}{}", proxy.address());
        let output = proxied(&cluster, "https_proxy", &address).keepdocker(&["images"]);
        match expected {
            None => drop(output.success()),
            Some(words) => assert!(output.failure(1).contains(words), "{output}"),
        }
    }
}

#[test]
fn what_is_no_proxy_is_refused_and_never_left_out() {
    let cluster = Cluster::start();
    for (value, words) in [
        ("foo://127.0.0.1:1", "foo"),
        ("ftp://127.0.0.1:1", "ftp"),
        ("\"http://127.0.0.1:1", "https_proxy"),
        ("http://me:s3cr3t@", "https_proxy"),
    ] {
        let environment = proxied(&cluster, "https_proxy", value);
        let output = environment.keepdocker(&["images"]);
        let told = output.failure(7);
        assert!(
            told.contains("https_proxy") && told.contains(words),
            "{output}"
        );
        output.assert_told_to_people(&["s3cr3t"]);
        let output = environment.arv_keepdocker(&["images"]);
        assert!(output.failure(1).contains("https_proxy"), "{output}");
    }
    // Quotes that an environment file left around a good address do no harm.
    let proxy = Proxy::start(Manners::Http);
    for address in [format!("\"http://{}\"", proxy.address()), proxy.address()] {
        let before = proxy.heard().len();
        let _ = proxied(&cluster, "https_proxy", &address)
            .keepdocker(&["images"])
            .success();
        assert!(proxy.heard().len() > before, "{address} was left out");
    }
}

#[test]
fn hosts_that_are_excepted_are_reached_directly() {
    let cluster = Cluster::start();
    let api = cluster.api_host();
    let (host, port) = api.rsplit_once(':').unwrap();
    let other = format!("{host}:1");
    for (list, is_direct) in [
        ("*", true),
        (host, true),
        (&*api, true),
        ("x.example localhost 127.0.0.0/8", true),
        (&*other, false),
        ("10.0.0.0/8,example.com", false),
    ] {
        let proxy = Proxy::start(Manners::Http);
        let mut environment = proxied(&cluster, "https_proxy", &proxy.address());
        environment.set("no_proxy", list);
        let _ = environment.keepdocker(&["images"]).success();
        assert_eq!(proxy.heard().is_empty(), is_direct, "{list} {port}");
    }
}

#[test]
fn a_cluster_with_an_ipv6_address_is_reached_through_every_kind_of_proxy() {
    let Some(openssl) = OpenSsl::find() else {
        return;
    };
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        return crate::support::skip("IPv6");
    }
    let cluster = plain_cluster();
    let certificate = openssl.make(Wanted {
        extensions: &["basicConstraints=CA:FALSE", "subjectAltName=IP:::1"],
        ..Wanted::usual("ipv6")
    });
    let front = TlsFront::listening(
        "::1",
        &certificate,
        &openssl.at("ipv6.key"),
        None,
        &cluster.plain_api_host().unwrap(),
    );
    for (scheme, manners, heard) in [
        ("http", Manners::Http, "CONNECT [::1]:"),
        ("socks5h", Manners::Socks, "5 ::1:"),
        ("socks5", Manners::Socks, "5 ::1:"),
    ] {
        let proxy = Proxy::start(manners);
        let address = format!("{scheme}://{}", proxy.address());
        let mut environment = proxied(&cluster, "https_proxy", &address);
        environment.set("ARVADOS_API_HOST", format!("[::1]:{}", front.port()));
        environment.set("SSL_CERT_FILE", &certificate);
        let _ = environment.keepdocker(&["images"]).success();
        assert!(proxy.heard()[0].starts_with(heard), "{:?}", proxy.heard());
    }
}
