//! Plans: what is planned and applied is the image, whatever is planted before, between and after.

use std::fs;

use serde_json::Value;

use super::claims::CLAIMS;
use super::{Ground, NAME, Verdicts, archive_in, genuine};
use crate::support::{Environment, Output, Shelf};

/// Writes a plan into the home of an environment, of the engine's image or of an archive's.
fn plan(environment: &mut Environment, of_archive: bool) -> Output {
    let image = genuine();
    Shelf::new().with(&image, NAME).install(environment);
    let archive = archive_in(environment, &image);
    let file = environment.home().join("plan.json");
    let _ = fs::remove_file(&file);
    let file = file.to_str().unwrap();
    match of_archive {
        true => environment.keepdocker(&["plan", "--from", &archive, NAME, "-o", file]),
        false => environment.keepdocker(&["plan", NAME, "-o", file]),
    }
}

fn apply(environment: &Environment) -> Output {
    let file = environment.home().join("plan.json");
    environment.keepdocker(&["apply", file.to_str().unwrap()])
}

#[test]
fn a_plan_made_beside_claims_stores_the_image() {
    let mut verdicts = Verdicts::default();
    for claim in CLAIMS {
        let ground = Ground::new();
        let victim = ground.victim();
        (claim.make)(&ground.attacker());
        for of_archive in [false, true] {
            let mut environment = victim.environment();
            let case = format!("{}, archive: {of_archive}", claim.name);
            let planned = plan(&mut environment, of_archive);
            let text = fs::read_to_string(environment.home().join("plan.json"));
            let verdict = match text {
                Err(_) => Err(format!("there is no plan: {planned}")),
                Ok(text) => {
                    let plan: Value = serde_json::from_str(&text).unwrap();
                    let steps = plan["steps"].as_array().unwrap();
                    let mut stored = steps.iter().filter(|step| step["verb"] == "keep.store");
                    // The second plan is for what the first has brought about.
                    match (of_archive, stored.next()) {
                        (false, Some(step)) if step["image"] == *genuine().id() => Ok(()),
                        (true, None) => Ok(()),
                        _ => Err(format!("it plans something else: {text}")),
                    }
                }
            };
            verdicts.add(&case, verdict);
            let output = apply(&environment);
            let image = genuine();
            let verdict = ground.judge_success(&victim, victim.uuid(), &image, &output);
            verdicts.add(&format!("{case}, applied"), verdict);
        }
    }
    verdicts.assert(4 * 18);
}

#[test]
fn what_is_planted_after_the_plan_changes_nothing_but_that_the_plan_may_not_fit() {
    let mut verdicts = Verdicts::default();
    for (number, claim) in CLAIMS.iter().enumerate() {
        let of_archive = number % 2 == 0;
        let ground = Ground::new();
        let victim = ground.victim();
        let mut environment = victim.environment();
        let _ = plan(&mut environment, of_archive).success();
        (claim.make)(&ground.attacker());

        let output = apply(&environment);

        let image = genuine();
        let verdict = match output.status.code() {
            // It says so, and leaves nothing.
            Some(11) => super::judge_refusal(&ground, victim.uuid(), &output, 11, &["plan"]),
            _ => ground.judge_success(&victim, victim.uuid(), &image, &output),
        };
        verdicts.add(&format!("{}, archive: {of_archive}", claim.name), verdict);
    }
    verdicts.assert(18);
}
