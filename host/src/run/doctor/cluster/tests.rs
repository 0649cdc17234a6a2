use super::*;

fn account(scopes: Option<&[&str]>, ends: Option<&str>) -> Account {
    Account {
        user: "zzzzz-tpzed-000000000000001".into(),
        name: "A B".into(),
        email: "a@example.org".into(),
        is_admin: false,
        token_ends: ends.map(str::to_owned),
        token_scopes: scopes.map(|scopes| scopes.iter().map(ToString::to_string).collect()),
    }
}

fn told_of(account: &Account) -> (State, String, bool) {
    // 2026-01-01T00:00:00Z
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600);
    let finding = token_finding(account, now);
    (finding.state, finding.told, finding.advice.is_some())
}

#[test]
fn a_clock_is_judged_by_what_its_difference_does() {
    for (lead, state, words, advises) in [
        (None, State::Good, "not compared", false),
        (Some(0.0), State::Good, "as the cluster's", false),
        (Some(-4.9), State::Good, "as the cluster's", false),
        (Some(30.0), State::Good, "30 s ahead of", true),
        (Some(-61.0), State::Lacking, "61 s behind", true),
        (Some(4000.0), State::Bad, "`prune --older-than`", true),
        (Some(-4000.0), State::Bad, "4000 s behind", true),
    ] {
        let finding = clock_finding(lead);
        assert_eq!(finding.state, state, "{finding:?}");
        assert!(finding.told.contains(words), "{finding:?}");
        assert_eq!(finding.advice.is_some(), advises, "{finding:?}");
    }
}

#[test]
fn a_token_is_told_with_its_owner_its_scopes_and_its_end() {
    let (state, told, advises) = told_of(&account(Some(&["all"]), Some("2026-02-01T00:00:00Z")));
    assert_eq!(
        told,
        "of A B, a@example.org, zzzzz-tpzed-000000000000001; for all requests; ends 2026-02-01T00:00:00Z"
    );
    assert_eq!((state, advises), (State::Good, false));
    let (state, told, advises) = told_of(&account(Some(&["all"]), Some("2026-01-07T00:00:00Z")));
    assert_eq!((state, advises), (State::Lacking, true));
    assert!(told.ends_with(", within a week"), "{told}");
    let (state, told, _) = told_of(&account(Some(&["all"]), None));
    assert!(told.ends_with("; without an end"), "{told}");
    assert_eq!(state, State::Good);
    let (state, told, _) = told_of(&account(None, None));
    assert!(told.contains("may not ask"), "{told}");
    assert_eq!(state, State::Good);
}

#[test]
fn what_scopes_forbid_is_told() {
    let (state, told, advises) = told_of(&account(Some(&["GET /"]), None));
    assert_eq!((state, advises), (State::Lacking, true));
    assert!(told.contains("for 1 scope only: GET /;"), "{told}");
    let forbids = "which forbids uploading, naming images, taking names away";
    assert!(told.contains(forbids), "{told}");
    let everything = ["GET /", "POST /", "DELETE /"];
    let (state, told, advises) = told_of(&account(Some(&everything), None));
    assert_eq!((state, advises), (State::Good, false), "{told}");
    // Without a `/` at its end, a scope is for one address.
    assert_eq!(forbidden(&["GET /arvados".to_owned()]).len(), NEEDS.len());
    let links = ["GET /arvados/v1/links".to_owned()];
    assert!(!forbidden(&links).contains(&"finding images"));
    assert!(forbidden(&links).contains(&"taking names away"));
}

#[test]
fn scopes_without_end_and_with_commands_for_terminals_are_cut_and_shown_as_one_line() {
    let hostile = format!("GET /\u{1b}[2J\n{}", "x".repeat(1 << 20));
    let scopes: Vec<&str> = vec![&hostile; 1000];
    let (_, told, _) = told_of(&account(Some(&scopes), None));
    assert!(told.len() < 2000, "{} bytes", told.len());
    assert!(!told.contains(['\u{1b}', '\n']), "{told}");
    assert!(told.contains("and 995 more"), "{told}");
}
