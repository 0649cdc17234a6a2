//! Secrets are planted wherever one can come from, every command runs, and they are looked for in all that it
//! prints and writes.
//!
//! `surroundings::secrets` asks the same of single sources, and of what they come to.

mod commands;
mod place;

use keepdocker_sandbox::faults::Fault;

use crate::support::{FaultyRegistry, Manners, Proxy};
use place::{PROXY, Place, basic};

const KEEPDOCKER: &str = env!("CARGO_BIN_EXE_keepdocker");

#[test]
fn no_secret_from_anywhere_is_in_what_any_command_prints_or_writes() {
    let place = Place::new();
    commands::assert_complete(&place);
    let mut runs = 0;
    for echoes in [false, true] {
        for line in commands::commands(&place) {
            for options in [&[][..], &["-v"], &["-v", "--json"]] {
                if options.contains(&"--json") && !line.takes_json {
                    continue;
                }
                let mut words = line.words.clone();
                words.extend(options.iter().map(|word| (*word).to_owned()));
                words.extend(["--retries", "0"].map(str::to_owned));
                if echoes {
                    place
                        .cluster
                        .faults()
                        .plan(Fault::on("", place.echo()).times(usize::MAX));
                }
                let run = |words: &[String]| {
                    let typed = std::io::Cursor::new(line.typed.clone());
                    place.environment.run_on(KEEPDOCKER, words, typed)
                };
                let mut output = run(&words);
                if output.status.code() == Some(2) && output.stderr.contains("--retries") {
                    words.truncate(words.len() - 2);
                    output = run(&words);
                }
                place.cluster.faults().clear();
                // A command line that is wrong would show nothing.
                assert!(!output.stderr.contains("--help"), "{output}");
                place.check(&output);
                runs += 1;
            }
        }
    }
    assert!(runs > 250, "{runs}");
    place.assert_all_used();
    place.check_files(100);
}

#[test]
fn the_drop_in_shows_no_secret_when_it_tells_everything() {
    let mut place = Place::new();
    place.environment.set("ARVADOS_DEBUG", "1");
    for echoes in [false, true] {
        for words in [
            vec![],
            vec!["lab/tool", "1"],
            vec!["--force", "lab/tool", "1"],
            vec!["images", "lab/tool"],
        ] {
            if echoes {
                place
                    .cluster
                    .faults()
                    .plan(Fault::on("", place.echo()).times(usize::MAX));
            }
            let output = place.environment.arv_keepdocker(&words);
            place.cluster.faults().clear();
            assert!(output.stderr.to_lowercase().contains("debug"), "{output}");
            place.check(&output);
        }
    }
    place.check_files(10);
}

/// Some proxies show the login that they refuse.
#[test]
fn what_a_proxy_repeats_of_its_login_is_not_shown() {
    let mut place = Place::new();
    let registry = FaultyRegistry::serve(&place::image(), |_| None);
    let source = registry.source("lab/tool:1");
    let login = basic("u", PROXY);
    for status in ["407 Proxy Authentication Required", "502 Bad Gateway"] {
        let body = format!("u:{PROXY} is Proxy-Authorization: Basic {login}");
        let answer = format!(
            "HTTP/1.1 {status}\r\nProxy-Authenticate: Basic realm=\"u:{PROXY} {login}\"\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let proxy = Proxy::start(Manners::HttpAnswer(answer.leak()));
        for variable in ["https_proxy", "http_proxy"] {
            let address = format!("http://u:{PROXY}@{}/", proxy.address());
            place.environment.set(variable, address);
        }
        for words in [
            vec!["images"],
            vec!["upload", "--from", "docker-archive:image.tar", "lab/none:1"],
            vec!["upload", "--from", &source, "lab/none:1"],
            vec!["doctor"],
        ] {
            let output = place
                .environment
                .keepdocker(&[&words[..], &["-v", "--retries", "0"]].concat());
            assert!(!output.status.success(), "{output}");
            place.check(&output);
        }
        assert!(!proxy.heard().is_empty());
    }
    place.check_files(5);
}
