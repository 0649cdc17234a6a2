//! Secrets are planted wherever one can be, and looked for in all that the programs write.

use std::fs;

use keepdocker_sandbox::faults::{Action, Fault};
use serde_json::json;

use super::{ARV_KEEPDOCKER, KEEPDOCKER, place, tasks};
use crate::support::{Cluster, Environment, Output, search};

const PROXY_PASSWORD: &str = "pr0xy-passw0rd-planted";
const HOST_PASSWORD: &str = "h0st-passw0rd-planted";
const OTHER_SECRET: &str = "0ther-s3cret-planted";
const SIGNATURE: &str = "5193e1f0c6a8b7d2e4f60718293a4b5c6d7e8f90";

/// An answer that repeats what came with the request, as debugging proxies give it.
fn echo(cluster: &Cluster) -> String {
    let token = cluster.token();
    let secret = token.rsplit_once('/').unwrap().1;
    json!({"errors": [
        format!("Authorization was Bearer {token}"),
        format!("and its secret {secret}, cut off: {}…", &secret[..20]),
        format!("proxy http://user:{PROXY_PASSWORD}@proxy.example:3128/ and {OTHER_SECRET}"),
        format!("block acbd18db4cc2f85cedef654fccc4a4d8+3+A{SIGNATURE}@66f0c0de"),
    ]})
    .to_string()
}

/// Asserts that none of the secrets stands in an output, nor in a file of the environment.
#[track_caller]
fn assert_nowhere(environment: &Environment, output: &Output, secrets: &[&str]) {
    for secret in secrets {
        assert!(!output.stdout().contains(secret), "{secret}: {output}");
        assert!(!output.stderr.contains(secret), "{secret}: {output}");
    }
    search(environment.home(), secrets);
}

#[test]
fn what_a_server_repeats_is_shown_without_secrets_in_every_notice_trace_and_error() {
    for status in [503, 422] {
        for (program, arguments) in tasks() {
            for verbose in [false, true] {
                let (cluster, mut environment) = place();
                environment.set("DEPLOY_KEY", OTHER_SECRET);
                environment.set(
                    "ftp_proxy",
                    format!("http://user:{PROXY_PASSWORD}@proxy.example:3128/"),
                );
                let answer = Action::AnswerWith(status, echo(&cluster));
                // Whatever asks for links fails for now, or for good.
                cluster
                    .faults()
                    .plan(Fault::on("/arvados/v1/links", answer.clone()).times(2));
                cluster
                    .faults()
                    .plan(Fault::on("/arvados/v1/collections", answer.clone()).times(1));
                cluster.faults().plan(Fault::on("", answer).method("PUT"));
                let mut words = arguments.clone();
                if verbose && program == KEEPDOCKER {
                    words.push("-v".into());
                }
                if verbose && program == ARV_KEEPDOCKER {
                    environment.set("ARVADOS_DEBUG", "1");
                }
                let output = environment.run(program, &words);
                assert!(output.stderr.contains("masked"), "{output}");
                if verbose {
                    assert!(
                        output.stderr.to_lowercase().contains("debug: call 1"),
                        "{output}"
                    );
                }
                let token = cluster.token();
                let secret = token.rsplit_once('/').unwrap().1;
                // A quarter of the secret is enough to know whose it is.
                let secrets = [&secret[..12], PROXY_PASSWORD, OTHER_SECRET, SIGNATURE];
                assert_nowhere(&environment, &output, &secrets);
            }
        }
    }
}

#[test]
fn passwords_in_addresses_are_not_repeated() {
    for (program, arguments) in tasks() {
        for host in [
            format!("user:{HOST_PASSWORD}@zzzzz.example"),
            format!("https://user:{HOST_PASSWORD}@zzzzz.example/x"),
        ] {
            let (_cluster, mut environment) = place();
            environment.set("ARVADOS_API_HOST", &host);
            let output = environment.run(program, &arguments);
            assert!(!output.status.success(), "{output}");
            assert!(output.stderr.contains("zzzzz.example"), "{output}");
            assert_nowhere(&environment, &output, &[HOST_PASSWORD]);
        }
        let (_cluster, mut environment) = place();
        environment.set(
            "ARVADOS_KEEP_SERVICES",
            format!("ftp://user:{HOST_PASSWORD}@keep.example/"),
        );
        let output = environment.run(program, &arguments);
        assert!(!output.status.success(), "{output}");
        assert_nowhere(&environment, &output, &[HOST_PASSWORD]);

        let (_cluster, mut environment) = place();
        let proxy = format!("http://user:{PROXY_PASSWORD}@127.0.0.1:9/");
        environment.set("https_proxy", &proxy);
        environment.set("no_proxy", "none.example");
        let mut words = arguments.clone();
        words.extend(["--retries".to_owned(), "1".into()]);
        let output = environment.run(program, &words);
        assert!(!output.status.success(), "{output}");
        assert_nowhere(&environment, &output, &[PROXY_PASSWORD]);
    }
}

#[test]
fn the_settings_file_keeps_its_secrets_too() {
    let (cluster, mut environment) = place();
    let folder = environment.home().join("config/arvados");
    fs::create_dir_all(&folder).unwrap();
    let settings = format!("ARVADOS_API_HOST=user:{HOST_PASSWORD}@zzzzz.example\n");
    fs::write(folder.join("settings.conf"), settings).unwrap();
    environment.unset("ARVADOS_API_HOST");
    for (program, arguments) in tasks() {
        let output = environment.run(program, &arguments);
        assert!(!output.status.success(), "{output}");
        assert!(output.stderr.contains("zzzzz.example"), "{output}");
        assert!(!output.stderr.contains(HOST_PASSWORD), "{output}");
    }
    drop(cluster);
}

#[test]
fn a_secret_on_the_command_line_is_not_repeated() {
    let (cluster, environment) = place();
    let token = cluster.token();
    let secret = token.rsplit_once('/').unwrap().1;
    for (program, words) in [
        (KEEPDOCKER, vec![format!("--tokn={token}"), "images".into()]),
        (KEEPDOCKER, vec!["upload".into(), format!("--from={token}")]),
        (KEEPDOCKER, vec!["images".into(), token.clone()]),
        (ARV_KEEPDOCKER, vec![format!("--tokn={token}")]),
        (ARV_KEEPDOCKER, vec![token.clone()]),
    ] {
        let output = environment.run(program, &words);
        assert_nowhere(&environment, &output, &[secret]);
    }
}
