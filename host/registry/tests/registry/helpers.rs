//! Helpers that the machine's configuration names.

use super::fake::{Fake, Reply, Sample};
use super::program::{Lender, client, mirrors, pull, settings};
use keepdocker_registry::{HelperOutput, LoginSource};

#[tokio::test]
async fn helpers_that_registries_conf_names_are_asked_in_its_order() {
    let sample = Sample::new(&[10]);
    let fake = Fake::start(move |seen| match seen.header("authorization") {
        // me:s3cr3t and me:other
        Some("Basic bWU6czNjcjN0" | "Basic bWU6b3RoZXI=") => sample.answer(seen),
        _ => Reply::status(401).header("WWW-Authenticate", "Basic realm=\"r\""),
    })
    .await;
    let none = HelperOutput {
        succeeded: false,
        output: b"credentials not found in native keychain\n".to_vec(),
    };
    let known = HelperOutput {
        succeeded: true,
        output: br#"{"Username":"me","Secret":"s3cr3t"}"#.to_vec(),
    };
    let file = || {
        let text = format!(
            r#"{{"auths":{{"{}":{{"auth":"bWU6b3RoZXI="}}}}}}"#,
            fake.address
        );
        vec![LoginSource::Text(text, "DOCKER_AUTH_CONFIG")]
    };
    for (list, answer, logins, asked, expected) in [
        (
            r#"["lab"]"#,
            &known,
            Vec::new(),
            1,
            Some("Basic bWU6czNjcjN0"),
        ),
        (
            r#"["lab", "containers-auth.json"]"#,
            &known,
            file(),
            1,
            Some("Basic bWU6czNjcjN0"),
        ),
        (
            r#"["containers-auth.json", "lab"]"#,
            &known,
            file(),
            0,
            Some("Basic bWU6b3RoZXI="),
        ),
        (r#"["lab"]"#, &none, file(), 1, Some("Basic bWU6b3RoZXI=")),
        (r#"["lab", "other"]"#, &none, Vec::new(), 2, None),
        (r#"["../lab"]"#, &known, Vec::new(), 0, None),
    ] {
        let mut settings = settings();
        settings.mirrors = mirrors(&format!("credential-helpers = {list}"));
        settings.logins = logins;
        let lender = Lender {
            helper: Some(Ok(answer.clone())),
            ..Lender::default()
        };
        let (client, lender) = client(settings, lender);
        let before = fake.seen().len();
        let pulled = pull(&client, &fake.name("lab/tool:1")).await;
        assert_eq!(pulled.is_ok(), expected.is_some(), "{list}: {pulled:?}");
        assert_eq!(lender.helpers.lock().unwrap().len(), asked, "{list}");
        if let Err(error) = pulled
            && list.contains('/')
        {
            assert!(
                error.to_string().contains("a name that no helper can have"),
                "{error}"
            );
        }
        let shown = fake.seen()[before..]
            .iter()
            .find_map(|seen| seen.header("authorization").map(str::to_owned));
        assert_eq!(shown.as_deref(), expected, "{list}");
    }
}
