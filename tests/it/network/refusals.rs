//! Answers that are not the cluster's own, and those that people misread.

use keepdocker_sandbox::faults::{Action, Fault};

use super::source;
use crate::support::{Cluster, Environment};

const PAGE: &str = "<!DOCTYPE html><html><body>Access denied by your friends</body></html>";

#[test]
fn a_page_of_something_between_is_not_taken_for_the_clusters_answer() {
    let html = |status, body: &str| {
        let headers = vec![(
            "Content-Type".to_owned(),
            "text/html; charset=utf-8".to_owned(),
        )];
        Action::AnswerWithHeaders(status, headers, body.to_owned())
    };
    let moved = vec![("Location".to_owned(), "https://real.example/x".to_owned())];
    let packed = "\u{1f}\u{8}packed".to_owned();
    let gzip = vec![("Content-Encoding".to_owned(), "gzip".to_owned())];
    for (method, path, action, words) in [
        (
            "GET",
            "/arvados/v1/links",
            html(403, PAGE),
            &["a page of HTML", "the token may be good"][..],
        ),
        (
            "GET",
            "/arvados/v1/links",
            html(401, PAGE),
            &["a page of HTML", "the token may be good"],
        ),
        (
            "GET",
            "/arvados/v1/links",
            html(200, PAGE),
            &["it is a page of HTML"],
        ),
        (
            "GET",
            "/arvados/v1/links",
            html(502, PAGE),
            &["status 502", "a page of HTML"],
        ),
        (
            "PUT",
            "/",
            html(403, PAGE),
            &["a page of HTML", "the token may be good"],
        ),
        (
            "PUT",
            "/",
            html(200, PAGE),
            &["not a block's locator but a page of HTML"],
        ),
        (
            "GET",
            "/arvados/v1/links",
            Action::AnswerWithHeaders(301, moved.clone(), String::new()),
            &["status 301", "https://real.example/x", "ARVADOS_API_HOST"],
        ),
        (
            "PUT",
            "/",
            Action::AnswerWithHeaders(302, moved, String::new()),
            &["status 302", "https://real.example/x"],
        ),
        (
            "GET",
            "/arvados/v1/links",
            Action::AnswerWithHeaders(200, gzip, packed),
            &["something compressed"],
        ),
        (
            "GET",
            "/arvados/v1/links",
            Action::AnswerWith(200, String::new()),
            &["it is empty"],
        ),
        (
            "POST",
            "/arvados/v1/collections",
            html(413, PAGE),
            &["limits the size of requests"],
        ),
        (
            "GET",
            "/arvados/v1/links",
            Action::Answer(503),
            &["status 503", "the cluster was reached"],
        ),
    ] {
        let cluster = Cluster::start();
        let name = format!("{method} {path} {action:.60?}");
        cluster
            .faults()
            .plan(Fault::on(path, action).method(method).times(usize::MAX));
        let environment = Environment::on(&cluster);
        let output = environment.keepdocker(&["upload", "--retries", "0", "--from", &source()]);
        let told = output.failure(1);
        for words in words {
            assert!(told.contains(words), "{name}: no `{words}` in {output}");
        }
        assert!(!told.contains("cannot be reached"), "{name}: {output}");
        assert!(!told.contains("does not accept"), "{name}: {output}");
        output.assert_told_to_people(&[&cluster.token()]);
    }
}

#[test]
fn a_token_whose_scopes_are_too_few_is_told_so() {
    let cluster = Cluster::start();
    let refusal = r#"{"errors":["Forbidden"]}"#.to_owned();
    cluster.faults().plan(
        Fault::on("/arvados/v1/collections", Action::AnswerWith(403, refusal)).method("POST"),
    );
    let output = Environment::on(&cluster).keepdocker(&["upload", "--from", &source()]);
    assert!(
        output.failure(1).contains("scopes of the token"),
        "{output}"
    );
}

#[test]
fn a_token_that_is_not_whole_is_told_before_anything_is_sent() {
    let cluster = Cluster::start();
    let token = cluster.token();
    let (without_secret, secret) = token.rsplit_once('/').unwrap();
    for (value, words) in [
        (format!("\"{token}\""), "without quotes"),
        (format!("'{token}'"), "without quotes"),
        (without_secret.to_owned(), "no secret part"),
        (format!("{without_secret}/"), "no secret part"),
    ] {
        let mut environment = Environment::on(&cluster);
        environment.set("ARVADOS_API_TOKEN", &value);
        let output = environment.keepdocker(&["images"]);
        assert!(output.failure(7).contains(words), "{output}");
        assert!(!output.stderr.contains(secret), "{output}");
        let output = environment.arv_keepdocker(&["images"]);
        assert!(output.failure(1).contains(words), "{output}");
    }
    assert!(cluster.log().entries().is_empty());
}

#[test]
fn settings_that_were_written_for_a_shell_are_told() {
    let cluster = Cluster::start();
    let environment = Environment::new();
    let folder = environment.home().join("config/arvados");
    std::fs::create_dir_all(&folder).unwrap();
    let text = format!(
        "export ARVADOS_API_TOKEN={}\nexport ARVADOS_API_HOST={}\n",
        cluster.token(),
        cluster.api_host()
    );
    std::fs::write(folder.join("settings.conf"), text).unwrap();
    let output = environment.keepdocker(&["images"]);
    let told = output.failure(7);
    assert!(
        told.contains("`export`") && told.contains("settings.conf"),
        "{output}"
    );
    output.assert_told_to_people(&[&cluster.token()]);
}

#[test]
fn exhausted_files_are_told_at_once() {
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let mut told = 0;
    // What finds no file first depends on the limit; none of it is tried again.
    for most in 6..40 {
        let script = format!("ulimit -n {most}; exec \"$0\" --no-audit images");
        let output = environment.run("sh", &["-c", &script, env!("CARGO_BIN_EXE_keepdocker")]);
        if output.status.success() {
            break;
        }
        assert!(!output.stderr.contains("trying again"), "{output}");
        told += usize::from(output.stderr.contains("oo many"));
    }
    assert!(told > 0, "no limit left the program without files");
}
