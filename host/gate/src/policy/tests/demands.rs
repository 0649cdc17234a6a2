//! Demands on a whole run: the strictest of all layers counts.

use super::*;

fn with(layers: &[&str]) -> Policy {
    layers.iter().fold(Policy::built_in(), |policy, text| {
        policy.and(layer(text)).unwrap()
    })
}

/// Returns the word that is in force, as `policy show` writes it.
fn shown(policy: &Policy, key: &str) -> String {
    let begins = format!("  {key} = ");
    let text = policy.overview();
    let line = text.lines().find(|line| line.starts_with(&begins)).unwrap();
    let word = line[begins.len()..].split(' ').next().unwrap();
    let effective = policy.effective_overview();
    assert!(effective.contains(line), "{effective}");
    if let Some(value) = policy.to_json()["demands"][key]["value"].as_str() {
        assert_eq!(value, word);
    }
    word.to_owned()
}

/// Each key with its words, the loosest first.
const KEYS: [(&str, &[&str]); 3] = [
    ("endpoints", &["any", "cluster"]),
    ("reuse", &["readable", "own", "none"]),
    ("verify", &["config", "content"]),
];

#[test]
fn of_several_layers_the_strictest_demand_counts() {
    for (key, words) in KEYS {
        assert_eq!(shown(&with(&[]), key), words[0], "{key}");
        for (first, one) in words.iter().enumerate() {
            for (second, other) in words.iter().enumerate() {
                let policy = with(&[
                    &format!("{key} = \"{one}\""),
                    &format!("{key} = \"{other}\""),
                ]);
                assert_eq!(
                    shown(&policy, key),
                    words[first.max(second)],
                    "{one} {other}"
                );
                // A layer that only warns demands all the same.
                let policy = with(&[
                    &format!("mode = \"warn\"\n{key} = \"{one}\""),
                    &format!("{key} = \"{other}\""),
                ]);
                assert_eq!(
                    shown(&policy, key),
                    words[first.max(second)],
                    "{one} {other}"
                );
            }
        }
    }
}

#[test]
fn only_the_words_of_a_key_are_understood() {
    for (key, words) in KEYS {
        let list = words.join(", ");
        assert_eq!(
            faults(&format!("{key} = \"ANY\"")),
            [format!(
                "2:{}: there is no `ANY`; there are: {list}",
                key.len() + 4
            )]
        );
        assert_eq!(faults(&format!("{key} = true")).len(), 1);
        for word in words {
            assert_eq!(faults(&format!("{key} = \"{word}\"")), Vec::<String>::new());
        }
    }
}

#[test]
fn tools_tell_of_demands() {
    for (key, words) in KEYS {
        let (loosest, strictest) = (words[0], words[words.len() - 1]);
        let idle = layer(&format!("{key} = \"{loosest}\"")).lint();
        assert_eq!(idle.len(), 1, "{idle:?}");
        assert!(idle[0].message.contains("changes nothing"), "{idle:?}");
        assert!(layer(&format!("{key} = \"{strictest}\"")).lint().is_empty());

        let difference = with(&[]).difference(&with(&[&format!("{key} = \"{strictest}\"")]));
        assert_eq!(
            difference.limits,
            [(key.to_owned(), loosest.to_owned(), strictest.to_owned())]
        );
        assert!(
            with(&[])
                .difference(&with(&[&format!("{key} = \"{loosest}\"")]))
                .limits
                .is_empty()
        );
    }
}

#[test]
fn schema_and_reader_know_the_same_words() {
    let schema: serde_json::Value = serde_json::from_str(&schema_json()).unwrap();
    for (key, words) in KEYS {
        let property = &schema["properties"][key];
        assert_eq!(property["enum"], serde_json::json!(words));
        assert_eq!(property["default"], words[0]);
    }
}
