use super::*;

#[test]
fn whatever_is_not_understood_is_refused_with_its_place() {
    let rule = "[[allow]]\nid = \"a\"\nreason = \"r\"\nverbs = [\"engine.find\"]\n";
    for (text, place, message) in [
        ("colour = 1", "2:1", "unknown key `colour`"),
        ("mode = \"warn\"\nmode = \"warn\"", "3:1", "duplicate key"),
        ("mode = \"maybe\"", "2:8", "there is no mode `maybe`"),
        (
            "mode = 1",
            "2:8",
            "expected a text in quotes, but this is an integer",
        ),
        ("locked = \"yes\"", "2:10", "expected `true` or `false`"),
        ("name = \" \"", "2:8", "empty"),
        ("name = \"a\\u0007\"", "2:8", "control characters"),
        (
            "guest.imports = [\"wasi\"]",
            "2:18",
            "there is no interface `wasi`",
        ),
        ("guest.sha256 = [\"abc\"]", "2:17", "64 hexadecimal digits"),
        ("guest.sha1 = []", "2:7", "unknown key `sha1`"),
        ("limits.memory = 5", "2:17", "expected a text in quotes"),
        ("limits.memory = \"5MB\"", "2:17", "not a size"),
        ("limits.deadline = \"1w\"", "2:19", "not a duration"),
        ("limits.fuel = -1", "2:15", "whole number"),
        ("limits.fuel = 0", "2:15", "nothing can run"),
        ("limits.host-calls = 1.5", "2:21", "whole number"),
        ("limits.cpu = 1", "2:8", "unknown key `cpu`"),
        ("limits.calls.docker = 1", "2:14", "unknown key `docker`"),
        ("allow = 1", "2:9", "list of tables"),
        ("allow = [1]", "2:10", "expected a table"),
        (
            "[[allow]]\nreason = \"r\"\nverbs = [\"*\"]",
            "2:1",
            "lacks `id`",
        ),
        (
            "[[allow]]\nid = \"a\"\nverbs = [\"*\"]",
            "2:1",
            "lacks `reason`",
        ),
        (
            "[[deny]]\nid = \"a\"\nreason = \"r\"",
            "2:1",
            "lacks `verbs`",
        ),
        (
            "[[allow]]\nid = \"a b\"\nreason = \"r\"\nverbs = [\"*\"]",
            "3:6",
            "an id is made of",
        ),
        (
            "[[allow]]\nid = \"a\"\nreason = \"r\"\nverbs = []",
            "5:9",
            "list is empty",
        ),
        (
            "[[allow]]\nid = \"a\"\nreason = \"r\"\nverbs = [\"engine.save\"]",
            "5:10",
            "there is no verb `engine.save`",
        ),
        (
            "[[allow]]\nid = \"a\"\nreason = \"r\"\nverbs = [\"docker.*\"]",
            "5:10",
            "there is no verb `docker.*`",
        ),
        (
            "[[allow]]\nid = \"a\"\nreason = \"r\"\nverbs = [\"log.write\", \"log.write\"]",
            "5:23",
            "stands here twice",
        ),
        (
            &format!("{rule}repos = [\"x\"]"),
            "6:1",
            "unknown key `repos`",
        ),
        (&format!("{rule}repositories = []"), "6:16", "list is empty"),
        (&format!("{rule}repositories = [\"\"]"), "6:17", "empty"),
        (
            &format!("{rule}repositories = [\"lab/*\"]"),
            "6:17",
            "is not a pattern",
        ),
        (
            &format!("{rule}repositories = [7]"),
            "6:17",
            "expected a text",
        ),
        (
            &format!("{rule}images = [\"abc\"]"),
            "6:11",
            "whole image ID",
        ),
        (
            &format!("{rule}projects = [\"*\"]"),
            "6:12",
            "`projects` says nothing about engine.find",
        ),
        (
            &format!("{rule}require-digest = 1"),
            "6:18",
            "`true` or `false`",
        ),
        (
            &format!("{rule}{rule}"),
            "7:6",
            "taken by the rule in line 3",
        ),
        (
            "[[deny]]\nid = \"a\"\nreason = \"r\"\nverbs = [\"keep.store\"]\nmax-replicas = 2",
            "6:16",
            "belongs in a rule that allows",
        ),
        (
            "[[allow]]\nid = \"a\"\nreason = \"r\"\nverbs = [\"links.create\"]\nlink-classes = [\"signature\"]",
            "6:17",
            "there is no link class `signature`",
        ),
        (
            "[[allow]]\nid = \"a\"\nreason = \"r\"\nverbs = [\"archives.open\"]\nsources = [\"disk\"]",
            "6:12",
            "there is no source `disk`",
        ),
        ("audit = 1", "2:9", "expected a table"),
        ("audit.folder = \"/x\"", "2:7", "unknown key `folder`"),
        ("audit.directory = \"\"", "2:19", "empty"),
        ("audit.directory = \"logs\"", "2:19", "must begin with `/`"),
        ("audit.sign-with = 1", "2:19", "expected a text in quotes"),
        ("audit.sign-with = \"key\"", "2:19", "must begin with `/`"),
        (
            "audit.system-log = true",
            "2:20",
            "expected a text in quotes",
        ),
        ("audit.system-log = \"log\"", "2:20", "must begin with `/`"),
        (
            "audit.required = \"yes\"",
            "2:18",
            "expected `true` or `false`",
        ),
        (
            "audit.on-failure = \"halt\"",
            "2:20",
            "there is no `halt`; there are: stop, continue",
        ),
        ("audit.on-failure = true", "2:20", "expected a text"),
        (
            "audit.required = true\naudit.on-failure = \"continue\"",
            "3:20",
            "a log that is required stops the run",
        ),
        ("audit.retain = \"soon\"", "2:16", "not a duration"),
        ("audit.retain = 400", "2:16", "expected a text in quotes"),
        ("[[allow]\n", "2:9", ""),
        ("name = \"ä\" x", "2:12", ""),
    ] {
        let found = faults(text);
        let first = found.first().unwrap_or_else(|| panic!("accepted: {text}"));
        assert!(
            first.starts_with(&format!("{place}: ")) && first.contains(message),
            "{text}\n{found:#?}"
        );
    }
}

#[test]
fn every_fault_is_told_in_order() {
    let found =
        faults("[[allow]]\nid = \"a\"\nreason = \"\"\nverbs = [\"x\"]\nfoo = 1\n[limits]\nbar = 1");
    let lines: Vec<&str> = found
        .iter()
        .map(|fault| fault.split(':').next().unwrap())
        .collect();
    assert_eq!(lines, ["4", "5", "6", "8"], "{found:#?}");
}

#[test]
fn the_schema_comes_first_and_a_newer_one_is_refused() {
    for (text, message) in [
        ("", "lacks `schema`"),
        (
            "schema = \"keepdocker.policy/2\"\nnew-key = 1",
            "needs a newer program",
        ),
        ("schema = \"keepdocker.policy/1.1\"", "the schema is not"),
        ("schema = \"other/1\"", "the schema is not"),
        ("schema = 1", "expected a text"),
    ] {
        let Err(Error::Invalid(faults)) = Layer::read(Origin::Given, "p.toml", text) else {
            panic!("accepted: {text}")
        };
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].message.contains(message), "{faults:?}");
    }
}

#[test]
fn hostile_text_is_refused_and_never_a_panic() {
    for text in [
        "\u{0}",
        "\u{feff}[[[[[",
        "x = \"\\ud800\"",
        &"[".repeat(100_000),
        &"a.".repeat(50_000),
        "schema = \"ä",
    ] {
        assert!(Layer::read(Origin::Given, "p.toml", text).is_err());
    }
    let many = format!("guest.sha256 = [{}]", "\"x\",".repeat(1001));
    assert!(faults(&many)[0].contains("more than 1000 items"));
}
