//! Signers: what stands in a policy, what is refused, and what the gate makes of it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::*;

const RULE: &str = "[[allow]]\nid = \"a\"\nreason = \"r\"\nverbs = [\"registry.fetch\"]\n";

fn of(text: &str) -> Policy {
    Policy::built_in().and(layer(text)).unwrap()
}

/// Writes the file of a public key.
fn file(folder: &std::path::Path, key: &str) -> String {
    let path = folder.join("key.pem");
    let text = format!("-----BEGIN PUBLIC KEY-----\n{key}\n-----END PUBLIC KEY-----\n");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    path.display().to_string()
}

const ISSUER: &str = "https://accounts.example";

/// Writes a file with a root of trust.
fn root_file(folder: &std::path::Path, name: &str, mode: u32) -> String {
    let path = folder.join(name);
    fs::write(&path, keepdocker_signer::Sigstore::new().trusted_root()).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path.display().to_string()
}

/// Returns the lines that ask for the signature of somebody without a key.
fn keyless(issuer: &str, identity: &str, root: &str) -> String {
    format!(
        "require-signature = true\nsigners = [{{ issuer = \"{issuer}\", identity = \"{identity}\", trusted-root = \"{root}\" }}]"
    )
}

#[test]
fn a_signer_may_be_named_by_issuer_and_identity_which_the_root_is_a_part_of() {
    let folder = tempfile::tempdir().unwrap();
    let roots = ["a.json", "b.json"].map(|name| root_file(folder.path(), name, 0o644));
    let stated = |root: &str| format!("{RULE}{}", keyless(ISSUER, "https://lab.example/**", root));
    let [policy, other] = [&roots[0], &roots[1]].map(|root| of(&stated(root)));
    let name = policy.signers()[0].name();
    assert!(
        name.starts_with("https://accounts.example#https://lab.example/**@sha256:"),
        "{name}"
    );
    assert_ne!(name, other.signers()[0].name());
    let signed = format!("registry.fetch x signers={name}");
    assert_eq!(decide(&policy, &signed), Decision::Allow);
    assert_eq!(decide(&other, &signed), Decision::Deny);
    // The words that a denial has can be asked about again.
    let context = Context {
        cluster: &cluster(),
        names: None,
    };
    let told = other.explain(&operation(&signed), &context).text;
    for words in [
        "`https://lab.example/**`, for whom `https://accounts.example` vouches by ",
        &roots[1],
        &name,
    ] {
        assert!(told.contains(words), "{words} is not in {told}");
    }
    assert_eq!(
        operation(&signed).words().join(" "),
        signed.split_once(' ').unwrap().1
    );
}

#[test]
fn on_the_command_line_a_signer_named_twice_is_one_and_a_denial_names_no_command_that_knows_not_of_it()
 {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), SIGNERS[1].0);
    let copy = folder.path().join("copy.pem").display().to_string();
    fs::copy(&path, &copy).unwrap();
    let root = root_file(folder.path(), "root.json", 0o644);
    let keyless = format!("{ISSUER}#me@lab.example");
    let signers = [&path, &copy, &path, &keyless, &keyless].map(Clone::clone);
    let layer = Layer::of_signers(&signers, Some(root.as_ref())).unwrap();
    let policy = Policy::built_in().and(layer).unwrap();
    let names: Vec<String> = policy
        .signers()
        .iter()
        .map(|signer| signer.name())
        .collect();
    assert_eq!(names.len(), 2);
    assert_eq!(names[0], signer_name(1));
    assert!(names[1].starts_with(&keyless), "{names:?}");
    let explained = |policy: &Policy, signers: &str| {
        let operation = operation(&format!("registry.fetch x bytes=1 signers={signers}"));
        let context = Context {
            cluster: &cluster(),
            names: None,
        };
        let ruling = policy.decide(&operation, &context);
        assert_eq!(ruling.decision, Decision::Deny);
        Denial::new(policy, &ruling, &operation, &operation, &context, 1).explain
    };
    assert_eq!(explained(&policy, "sha256:other"), None);
    // What a file demands besides, another command knows.
    let more = format!("{RULE}require-signature = true\nsigners = [{}]", signer(0));
    let strict = policy.and(super::layer(&more)).unwrap();
    let command = explained(&strict, signer_name(1)).unwrap();
    assert!(
        command.starts_with("keepdocker --policy p.toml policy explain"),
        "{command}"
    );
}

#[test]
fn a_signer_may_be_named_by_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), SIGNERS[0].0);
    let policy = of(&format!(
        "{RULE}require-signature = true\nsigners = [{{ key = \"{path}\" }}]"
    ));
    assert_eq!(policy.signers()[0].name(), SIGNERS[0].1);
    let signed = format!("registry.fetch x signers={}", signer_name(0));
    assert_eq!(decide(&policy, &signed), Decision::Allow);
    let operation = operation("registry.fetch x signers=sha256:other");
    let context = Context {
        cluster: &cluster(),
        names: None,
    };
    let told = policy.explain(&operation, &context).text;
    for words in [&*path, signer_name(0), "`signers`"] {
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn what_is_no_signer_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let good = file(folder.path(), SIGNERS[0].0);
    let open = folder.path().join("open.pem");
    fs::copy(&good, &open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o666)).unwrap();
    let none = folder.path().join("none.pem");
    fs::write(&none, "nothing").unwrap();
    let root = root_file(folder.path(), "root.json", 0o644);
    let open_root = root_file(folder.path(), "open.json", 0o666);
    let key = signer(0);
    for (lines, place, words) in [
        (
            format!("signers = [{key}]"),
            "6:11",
            "nothing without `require-signature`",
        ),
        (
            "require-signature = true".to_owned(),
            "6:21",
            "nothing without `signers`",
        ),
        (
            format!("require-signature = false\nsigners = [{key}]"),
            "6:21",
            "can only be `true`",
        ),
        (
            "require-signature = true\nsigners = []".to_owned(),
            "7:11",
            "names nobody",
        ),
        (
            "require-signature = true\nsigners = [\"x\"]".to_owned(),
            "7:12",
            "expected a table",
        ),
        (
            "require-signature = true\nsigners = [{}]".to_owned(),
            "7:12",
            "either `key`",
        ),
        (
            format!("require-signature = true\nsigners = [{key}, {key}]"),
            "",
            "stands here twice",
        ),
        (
            "require-signature = true\nsigners = [{ key = \"lab.pem\" }]".to_owned(),
            "7:20",
            "must begin with `/`",
        ),
        (
            "require-signature = true\nsigners = [{ key = \"/nonexistent/lab.pem\" }]".to_owned(),
            "7:20",
            "no such file",
        ),
        (
            format!(
                "require-signature = true\nsigners = [{{ key = \"{}\" }}]",
                open.display()
            ),
            "7:20",
            "can be changed by",
        ),
        (
            format!(
                "require-signature = true\nsigners = [{{ key = \"{}\" }}]",
                none.display()
            ),
            "7:20",
            "holds no public key",
        ),
        (
            "require-signature = true\nsigners = [{ public-key = \"AAAA\" }]".to_owned(),
            "7:27",
            "no key of ECDSA on P-256 or of Ed25519",
        ),
        (
            "require-signature = true\nsigners = [{ issuer = \"https://x\", identity = \"y\" }]"
                .to_owned(),
            "7:12",
            "`issuer`, `identity` and `trusted-root` together",
        ),
        (
            "require-signature = true\nsigners = [{ subject = \"y\" }]".to_owned(),
            "",
            "unknown key `subject`",
        ),
        (
            keyless("accounts.example", "me@lab.example", &root),
            "7:23",
            "`accounts.example` is no issuer",
        ),
        (keyless(ISSUER, "**", &root), "", "`**` stands for anybody"),
        (
            keyless(ISSUER, "*@lab.example", &root),
            "",
            "can only end in `/**`",
        ),
        (
            keyless(ISSUER, "me@lab.example", "root.json"),
            "",
            "must begin with `/`",
        ),
        (
            keyless(ISSUER, "me@lab.example", "/nonexistent/root.json"),
            "",
            "the root of trust /nonexistent/root.json cannot be read",
        ),
        (
            keyless(ISSUER, "me@lab.example", &good),
            "",
            "is no root of trust",
        ),
        (
            keyless(ISSUER, "me@lab.example", &open_root),
            "",
            "can be changed by",
        ),
        ("max-bytes = 7".to_owned(), "6:13", "expected a text"),
        ("max-bytes = \"7\"".to_owned(), "6:13", "is not a size"),
    ] {
        let faults = faults(&format!("{RULE}{lines}"));
        let is_it = |fault: &String| fault.starts_with(place) && fault.contains(words);
        assert!(faults.iter().any(is_it), "{lines}: {faults:#?}");
    }
    let deny = RULE.replace("allow", "deny");
    let faults = faults(&format!(
        "{deny}require-signature = true\nsigners = [{key}]"
    ));
    assert!(
        faults[0].contains("belongs in a rule that allows"),
        "{faults:?}"
    );
}

#[test]
fn each_layer_wants_a_signer_of_its_own() {
    let signed_by = |at: usize| {
        let text = format!("{RULE}require-signature = true\nsigners = [{}]", signer(at));
        layer(&text)
    };
    let policy = Policy::built_in()
        .and(signed_by(0))
        .unwrap()
        .and(signed_by(1))
        .unwrap();
    let by = |names: &str| decide(&policy, &format!("registry.fetch x signers={names}"));
    assert_eq!(by(signer_name(0)), Decision::Deny);
    assert_eq!(by(signer_name(1)), Decision::Deny);
    let both = format!("{},{}", signer_name(0), signer_name(1));
    assert_eq!(by(&both), Decision::Allow);
    assert_eq!(policy.signers().len(), 2);
}

#[test]
fn a_difference_shows_who_must_sign_and_how_large_an_image_may_be() {
    let open = of(RULE);
    let signed = of(&format!(
        "{RULE}require-signature = true\nsigners = [{}]\nmax-bytes = \"1GiB\"",
        signer(0)
    ));
    let difference = open.difference(&signed);
    assert!(difference.allowed.is_empty(), "{difference:?}");
    let denied = difference.denied.join("\n");
    assert!(denied.contains("bytes=0 on"), "{denied}");
    assert!(denied.contains("bytes=1073741825"), "{denied}");
}

#[test]
fn the_option_asks_for_signatures_and_for_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), SIGNERS[1].0);
    let layer = Layer::of_signers(std::slice::from_ref(&path), None).unwrap();
    let policy = Policy::built_in().and(layer).unwrap();
    for verb in Verb::ALL {
        assert!(policy.barring(verb).is_none(), "{verb}");
    }
    let signed = format!("registry.fetch x signers={}", signer_name(1));
    assert_eq!(decide(&policy, &signed), Decision::Allow);
    assert_eq!(
        decide(&policy, "registry.fetch x signers=sha256:other"),
        Decision::Deny
    );
    let operation = operation("registry.fetch x bytes=1 signers=sha256:other");
    let context = Context {
        cluster: &cluster(),
        names: None,
    };
    let told = policy.explain(&operation, &context).text;
    let why = format!("why: `--require-signature` asks for a signature of key {path}");
    assert!(told.contains(&why), "{told}");
    let error = Layer::of_signers(&["/nonexistent/key.pem".into()], None).unwrap_err();
    assert!(error.to_string().contains("no such file"), "{error}");
}
