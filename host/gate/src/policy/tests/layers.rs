use super::*;

const FIND: &str = "[[allow]]\nid = \"find\"\nverbs = [\"engine.find\"]\nreason = \"r\"\n";

#[test]
fn the_built_in_policy_allows_every_verb_and_limits_everything() {
    let policy = Policy::built_in();
    for line in [
        "log.write info",
        "engine.pull x",
        "archives.open given",
        "links.create docker_image_hash x",
        "collections.create x",
    ] {
        assert_eq!(decide(&policy, line), Decision::Allow, "{line}");
    }
    let granted: Vec<Verb> = policy.layers()[0]
        .rules
        .iter()
        .flat_map(Rule::verbs)
        .collect();
    assert_eq!(granted.len(), Verb::ALL.len());
    for (_, counted) in Counted::KEYS {
        assert!(policy.limits().get(counted).is_some(), "{counted}");
    }
}

#[test]
fn what_no_rule_allows_is_denied() {
    let policy = Policy::built_in().and(layer(FIND)).unwrap();
    assert_eq!(decide(&policy, "engine.find x"), Decision::Allow);
    assert_eq!(decide(&policy, "engine.pull x"), Decision::Deny);
}

#[test]
fn a_rule_that_denies_wins_wherever_it_stands() {
    let deny = "[[deny]]\nid = \"no\"\nverbs = [\"engine.*\"]\nrepositories = [\"evil/**\"]\nreason = \"r\"\n";
    for text in [format!("{FIND}{deny}"), format!("{deny}{FIND}")] {
        let policy = Policy::built_in().and(layer(&text)).unwrap();
        assert_eq!(decide(&policy, "engine.find lab/x"), Decision::Allow);
        assert_eq!(decide(&policy, "engine.find evil/x"), Decision::Deny);
        assert_eq!(
            decide(&policy, "engine.find docker.io/evil/x"),
            Decision::Deny
        );
        // What may be such an image is denied too.
        assert_eq!(
            decide(&policy, &format!("engine.find sha256:{}", "0".repeat(64))),
            Decision::Deny
        );
    }
}

#[test]
fn a_further_layer_can_only_tighten() {
    let all = "[[allow]]\nid = \"all\"\nverbs = [\"*\"]\nreason = \"r\"\n[limits]\nmemory = \"1TiB\"\nwrites = 5";
    let policy = Policy::built_in()
        .and(layer(FIND))
        .unwrap()
        .and(layer(all))
        .unwrap();
    assert_eq!(decide(&policy, "engine.find x"), Decision::Allow);
    assert_eq!(decide(&policy, "engine.pull x"), Decision::Deny);
    assert_eq!(policy.limits().memory(), 512 << 20);
    assert_eq!(policy.limits().get(Counted::Writes).unwrap().value, 5);
    let looser = policy.clone().and(layer("limits.writes = 6")).unwrap();
    assert_eq!(looser.limits().get(Counted::Writes).unwrap().value, 5);
}

#[test]
fn a_layer_that_warns_loosens_no_other() {
    let policy = Policy::built_in()
        .and(layer(FIND))
        .unwrap()
        .and(layer("mode = \"warn\""))
        .unwrap();
    assert_eq!(decide(&policy, "engine.find x"), Decision::WouldDeny);
    assert_eq!(decide(&policy, "engine.pull x"), Decision::Deny);
}

#[test]
fn a_locked_layer_forbids_itself_and_those_above_to_warn_only() {
    let locked = Policy::built_in().and(layer("locked = true")).unwrap();
    let error = locked.clone().and(layer("\nmode = \"warn\"")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "p.toml:3: `mode = \"warn\"` is not allowed here, since p.toml is locked"
    );
    locked.and(layer("mode = \"enforce\"")).unwrap();
    assert!(
        Policy::built_in()
            .and(layer("locked = true\nmode = \"warn\""))
            .is_err()
    );
    Policy::built_in()
        .and(layer("mode = \"warn\""))
        .unwrap()
        .and(layer("locked = true"))
        .unwrap();
}

#[test]
fn the_digest_tells_policies_apart() {
    let built_in = Policy::built_in().sha256();
    let first = Policy::built_in().and(layer(FIND)).unwrap().sha256();
    let second = Policy::built_in()
        .and(layer(&format!("{FIND}#")))
        .unwrap()
        .sha256();
    assert_eq!(built_in.len(), 64);
    assert!(built_in != first && first != second && built_in != second);
}

#[test]
fn cluster_ids_must_be_known_only_where_a_rule_names_them() {
    let by = |cluster: &str| {
        format!(
            "[[allow]]\nid = \"c\"\nverbs = [\"cluster.get\"]\nclusters = [\"{cluster}\"]\nreason = \"r\""
        )
    };
    assert!(
        Policy::built_in()
            .and(layer(&by("zzzzz")))
            .unwrap()
            .names_cluster_ids()
    );
    assert!(
        !Policy::built_in()
            .and(layer(&by("zzzzz.example.org")))
            .unwrap()
            .names_cluster_ids()
    );
}

#[test]
fn the_rules_that_can_grant_a_verb_are_found() {
    let policy = Policy::built_in().and(layer(FIND)).unwrap();
    let ids: Vec<&str> = policy
        .granting(Verb::EngineFind)
        .map(|rule| rule.id.as_str())
        .collect();
    assert_eq!(ids, ["engine", "find"]);
    assert_eq!(policy.granting(Verb::EnginePull).count(), 1);
}

#[test]
fn what_to_change_is_told_of_the_layer_that_denies() {
    let read = |file: &str, rule: &str| {
        let text = format!(
            "schema = \"{SCHEMA}\"\n[[allow]]\nid = \"{rule}\"\nverbs = [\"engine.find\"]\n\
             repositories = [\"{rule}/**\"]\nreason = \"r\"\n"
        );
        Layer::read(Origin::Given, file, &text).unwrap()
    };
    let policy = Policy::built_in()
        .and(read("first.toml", "lab"))
        .and_then(|policy| policy.and(read("the second.toml", "team")))
        .unwrap();
    let operation = operation("engine.find lab/x");
    let cluster = cluster();
    let context = Context {
        cluster: &cluster,
        names: None,
    };

    let ruling = policy.decide(&operation, &context);
    let denial = Denial::new(&policy, &ruling, &operation, &operation, &context, 1);

    // The rule of the first layer allows it; that of the second is what to widen.
    assert!(
        denial.why.contains("team (the second.toml:3)"),
        "{}",
        denial.why
    );
    assert_eq!(
        denial.explain.unwrap(),
        "keepdocker --policy first.toml --policy 'the second.toml' policy explain engine.find lab/x"
    );
}
