//! The page about images, in a browser.

use std::path::Path;

use super::doctor::Seeds;
use super::*;
use crate::support::Chromium;

/// What a stranger may call an image.
const HOSTILE: [&str; 2] = [
    "<img src=x onerror=alert(1)>:1",
    "</script><script>document.title='taken'</script>:1",
];

/// Makes a page, and returns its text.
#[track_caller]
fn page(ground: &Ground, file: &Path, words: &[&str]) -> String {
    let file = file.to_str().unwrap();
    let output = ground
        .environment
        .keepdocker(&[&["report", "-o", file], words].concat());
    assert_eq!(output.success(), "");
    fs::read_to_string(file).unwrap()
}

/// A cluster with some images, some of them amiss, and names that are markup.
fn furnished() -> Ground {
    let ground = Ground::new();
    let mut seeds = Seeds::on(&ground);
    let first = seeds.upload();
    let shared = Made::of(&[(51, 1_500_000), (52, 400_000)]);
    let next = Made::of(&[(51, 1_500_000), (53, 900_000)]);
    for (made, name) in [(&shared, "genomics/align:1"), (&next, "genomics/align:2")] {
        seeds.upload_as(made, name);
    }
    ground.told(&["tag", NAME, &first.name, "lab/tool:stable"]);
    for name in HOSTILE {
        seeds.link("docker_image_repo+tag", name, &first.collection, json!({}));
    }
    seeds.names();
    seeds.links_that_lead_nowhere();
    ground
}

/// Makes sure that the page says why as `resolve` does: before which collection, and by which times.
#[track_caller]
fn check_reason(browser: &mut Chromium, resolved: &Value) {
    let said = browser.evaluate("document.getElementById('why').textContent");
    let said = said.as_str().unwrap();
    let Some(second) = resolved["others"][0].as_str() else {
        let is_content = said.contains("portable data hash");
        assert!(is_content || said.contains("Nothing else"), "{said}");
        return;
    };
    let reasons = resolved["reasons"].as_array().unwrap();
    let mut reason = reasons.iter().filter_map(Value::as_str);
    let reason = reason.rfind(|one| one.contains("comes before"));
    let reason = reason.expect("there is another one");
    assert!(said.contains(second), "{said}");
    let is_by_build = reason.contains("prefers the later build");
    assert_eq!(said.contains("prefers the later build"), is_by_build);
    let is_time = |word: &&str| word.starts_with("20") && word.contains('T');
    let times: Vec<&str> = said
        .split([' ', ',', '.'])
        .filter(is_time)
        .map(|time| time.trim_end_matches('Z'))
        .collect();
    assert!(!times.is_empty(), "{said}");
    for time in times {
        assert!(reason.contains(time), "{reason}: {said}");
    }
}

/// Types a name into the page, and returns the collection that it says, and those that come after it.
fn asked(browser: &mut Chromium, name: &str) -> (Value, Value) {
    let typed = json!(name).to_string();
    browser.evaluate(&format!(
        "document.getElementById('answer').replaceChildren();
         document.getElementById('name').value = {typed};
         document.getElementById('name').dispatchEvent(new Event('input'))"
    ));
    browser.wait_for("document.getElementById('answer').childElementCount > 0");
    let chosen = browser.evaluate("document.getElementById('chosen')?.textContent ?? null");
    let others = browser.evaluate(
        "[...document.querySelectorAll('#answer ol:nth-of-type(2) .code')].map((one) => one.textContent)",
    );
    (chosen, others)
}

#[test]
fn the_page_sorts_filters_and_tells_what_names_get_as_the_program_does() {
    let Some(mut browser) = Chromium::start() else {
        return;
    };
    let ground = furnished();
    let file = ground.environment.home().join("page.html");
    let text = page(&ground, &file, &[]);
    let token = ground.environment.variable("ARVADOS_API_TOKEN");
    let token = token.to_str().unwrap();
    let secret = token.rsplit('/').next().unwrap();
    let (_, data) = text.split_once("id=\"data\">").unwrap();
    let (data, _) = data.split_once("</script>").unwrap();
    assert!(!text.contains(secret) && !data.contains("+A"), "secrets");
    browser.open(&file);

    // Nothing that the cluster says is markup, and nothing is asked of anybody.
    let title = browser.evaluate("document.title");
    assert!(title.as_str().unwrap().starts_with("Images in Keep on "));
    assert_eq!(
        browser.evaluate("document.querySelectorAll('img').length"),
        0
    );
    let names = browser.evaluate("document.getElementById('images').textContent");
    for name in HOSTILE {
        assert!(names.as_str().unwrap().contains(name), "{names}");
    }
    let url = format!("file://{}", file.display());
    assert_eq!(browser.requested, [url]);
    assert_eq!(browser.complaints, Vec::<String>::new());

    // Names, an ID, a hash, and what nobody has: as `resolve` answers.
    let resolved = ground.told(&["resolve", "genomics/align:1"]);
    let content = resolved["portable_data_hash"].as_str().unwrap();
    let id = Made::of(&[(51, 1_500_000), (53, 900_000)]).id();
    for name in [
        "seed/1:1",
        "genomics/align:2",
        "seed/4:1",
        &id,
        "sha256",
        content,
    ] {
        let resolved = ground.told(&["resolve", name]);
        let (chosen, others) = asked(&mut browser, name);
        assert_eq!(chosen, resolved["collection"], "{name}");
        assert_eq!(others, resolved["others"], "{name}");
        check_reason(&mut browser, &resolved);
    }
    assert_eq!(asked(&mut browser, "nobody/has:1").0, Value::Null);
    let _ = ground
        .environment
        .keepdocker(&["resolve", "nobody/has:1"])
        .failure(4);

    // By keyboard alone: to the head of the column of sizes, which sorts by them.
    browser.evaluate("[...document.querySelectorAll('#images th button')][2].focus()");
    browser.press("Enter", 13, Some("\r"));
    let sorted = "document.querySelectorAll('#images th')[2].getAttribute('aria-sort')";
    assert_eq!(browser.evaluate(sorted), "descending");
    let first = "document.querySelector('#images tbody td').textContent";
    assert_eq!(browser.evaluate(first), "genomics/align:2");
    browser.press("Enter", 13, Some("\r"));
    assert_eq!(browser.evaluate(sorted), "ascending");
    assert_ne!(browser.evaluate(first), "genomics/align:2");

    browser.evaluate(
        "document.getElementById('filter').value = 'ALIGN';
         document.getElementById('filter').dispatchEvent(new Event('input'))",
    );
    let rows = browser.evaluate("document.querySelectorAll('#images tbody tr').length");
    assert_eq!(rows, 2);
    let count = browser.evaluate("document.getElementById('count').textContent");
    assert!(count.as_str().unwrap().starts_with("2 of "), "{count}");

    // What is amiss is what the doctor finds.
    let told = ground.told(&["doctor", "--retries", "0"]);
    let findings = told["findings"].as_array().unwrap().iter();
    let expected: Vec<String> = findings
        .filter(|finding| !finding["about"].is_null())
        // What stands between these is shown as code.
        .map(|finding| finding["told"].as_str().unwrap().replace('`', ""))
        .collect();
    let found = browser.evaluate(
        "[...document.querySelectorAll('#defects tbody td:nth-child(2)')].map((one) => one.textContent)",
    );
    assert!(expected.len() >= 5);
    assert_eq!(found, json!(expected));
}

#[test]
fn the_page_is_as_wide_as_the_window_in_the_light_and_in_the_dark() {
    let Some(mut browser) = Chromium::start() else {
        return;
    };
    let ground = furnished();
    let file = ground.environment.home().join("page.html");
    let _ = page(&ground, &file, &[]);
    for (width, height) in [(1280, 900), (390, 844)] {
        for scheme in ["light", "dark"] {
            browser.look(width, height, scheme);
            browser.open(&file);
            asked(&mut browser, "seed/1:1");
            let picture = format!("report-{width}-{scheme}.png");
            // To be looked at.
            browser.photograph(&Path::new(env!("CARGO_TARGET_TMPDIR")).join(picture));
            let wide = browser.evaluate("document.documentElement.scrollWidth");
            assert!(
                wide.as_u64().unwrap() <= u64::from(width),
                "{width}: {wide}"
            );
            let ground = browser.evaluate("getComputedStyle(document.body).backgroundColor");
            let is_dark = !ground.as_str().unwrap().contains("255");
            assert_eq!(is_dark, scheme == "dark", "{ground}");
        }
    }
}

#[test]
fn the_planner_of_the_page_gives_the_corpus_in_the_browser() {
    let Some(mut browser) = Chromium::start() else {
        return;
    };
    let ground = Ground::new();
    let file = ground.environment.home().join("page.html");
    let text = page(&ground, &file, &[]);
    // The planner with what runs it, as they stand in the page, and the conversions that Node uses.
    let (_, rest) = text
        .split_once("<script type=\"application/wasm\" id=\"planner\">")
        .unwrap();
    let (planner, rest) = rest.split_once("</script>").unwrap();
    let (_, script) = rest.split_once("<script type=\"module\">").unwrap();
    let (script, _) = script.split_once("// The page: ").unwrap();
    let embedding = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/embedding");
    let values = fs::read_to_string(embedding.join("node/values.mjs")).unwrap();
    let (_, values) = values.split_once("/** Calls an exported").unwrap();
    let copy = format!(
        "<script type=\"application/wasm\" id=\"planner\">{planner}</script><script type=\"module\">{script}
         const INFALLIBLE = new Set([\"sort-links\", \"list-images\", \"collection-name\", \"plan-links\", \"defects\"]);
         /** Calls an exported{values}
         const planning = await planner();
         globalThis.repeated = (line) => {{
           const recorded = JSON.parse(line);
           recorded.result = call(planning, recorded.function, recorded.arguments);
           return JSON.stringify(recorded);
         }};
         document.documentElement.dataset.ready = \"yes\";</script>"
    );
    fs::write(&file, copy).unwrap();
    browser.open(&file);
    let corpus = fs::read_to_string(embedding.join("corpus/planner.jsonl")).unwrap();
    let lines: Vec<&str> = corpus.lines().collect();
    assert!(lines.len() >= 200);
    for some in lines.chunks(50) {
        let made = browser.evaluate(&format!("{}.map(repeated)", json!(some)));
        for (made, line) in made.as_array().unwrap().iter().zip(some) {
            assert_eq!(made, line);
        }
    }
}

#[test]
fn a_page_is_written_whole_and_its_data_can_be_had_as_json() {
    let ground = Ground::new();
    let told = ground.told(&["report"]);
    assert_eq!(told["schema"], "keepdocker.report/1");
    assert_eq!(told["collections"][0]["uuid"], ground.collection);
    let printed = ground.environment.keepdocker(&["report"]);
    assert!(
        printed.success().starts_with("<!doctype html>"),
        "{printed}"
    );
    let nowhere = ground.environment.home().join("no/folder/page.html");
    let output = ground
        .environment
        .keepdocker(&["report", "-o", nowhere.to_str().unwrap()]);
    assert!(output.failure(1).contains("cannot be written"), "{output}");
}

/// How long it takes is printed (`--nocapture`), and not held against anything.
#[test]
#[expect(clippy::print_stdout, reason = "a figure for whoever wants to see it")]
fn a_page_of_five_thousand_images_shows_them_and_answers() {
    const COUNT: usize = 5000;
    let Some(mut browser) = Chromium::start() else {
        return;
    };
    let ground = Ground::new();
    let file = ground.environment.home().join("page.html");
    let text = page(&ground, &file, &[]);
    let (before, rest) = text.split_once("id=\"data\">").unwrap();
    let (data, after) = rest.split_once("</script>").unwrap();
    let mut data: Value = serde_json::from_str(data).unwrap();
    let (collection, links) = (data["collections"][0].clone(), data["links"].clone());
    let (mut collections, mut all) = (Vec::new(), Vec::new());
    for number in 0..COUNT {
        // Each has a block of its own, and nineteen that it shares with some.
        let blocks: String = (0..20)
            .map(|block| {
                format!(
                    " {:032x}+67108864",
                    if block == 0 {
                        number
                    } else {
                        COUNT + number / 7 * 20 + block
                    }
                )
            })
            .collect();
        let mut one = collection.clone();
        let uuid = format!("zzzzz-4zz18-{number:015}");
        one["uuid"] = json!(uuid);
        one["hash"] = json!(format!("{number:032x}+1"));
        one["manifest"] = json!(format!(".{blocks} 0:1342177280:sha256:{number:064x}.tar\n"));
        collections.push(one);
        for link in links.as_array().unwrap() {
            let mut link = link.clone();
            link["head"] = json!(uuid);
            let is_name = link["class"] == "repo-tag";
            link["name"] = json!(if is_name {
                format!("many/{number}:1")
            } else {
                format!("sha256:{number:064x}")
            });
            all.push(link);
        }
    }
    data["collections"] = json!(collections);
    data["links"] = json!(all);
    fs::write(&file, format!("{before}id=\"data\">{data}</script>{after}")).unwrap();
    let began = Instant::now();
    browser.open(&file);
    let shown = began.elapsed();
    let began = Instant::now();
    let (chosen, _) = asked(&mut browser, "many/4711:1");
    let answered = began.elapsed();
    assert_eq!(chosen, "zzzzz-4zz18-000000000004711");
    let count = browser.evaluate("document.getElementById('count').textContent");
    assert_eq!(count, "5000 of 5000");
    browser.evaluate("document.getElementById('all-images').click()");
    let rows = browser.evaluate("document.querySelectorAll('#images tbody tr').length");
    assert_eq!(rows, COUNT);
    println!("{COUNT} images: shown after {shown:.2?}, a name answered after {answered:.2?}");
}
