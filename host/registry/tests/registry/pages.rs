//! Lists of signatures that come in pages.

use super::fake::{Fake, Reply, Sample};
use super::signatures::{Beside, found, key, referrers};
use keepdocker_signer::Signer;

/// Starts a registry whose list of referrers has a page for each of these; what it names as next, `next` says, from the
/// number of the page.
async fn serve(
    sample: &Sample,
    beside: Beside,
    pages: Vec<String>,
    next: fn(usize) -> String,
) -> Fake {
    let held = sample.clone();
    let list = referrers(&sample.digest());
    Fake::start(move |seen| {
        if let Some((_, query)) = seen.path.split_once(&list) {
            let page = query
                .rsplit_once("page=")
                .map_or(0, |(_, page)| page.parse().unwrap());
            let link = format!("</v2/lab/tool{list}?page={}>; rel=\"next\"", next(page));
            let Some(text) = pages.get(page) else {
                return Reply::status(500);
            };
            let reply = Reply::of(text.clone());
            return match next(page).is_empty() {
                true => reply,
                false => reply.header("Link", &link),
            };
        }
        match beside.answer(seen) {
            Some(reply) => reply,
            None if seen.path.contains("sha256-") => Reply::status(404),
            None => held.answer(seen),
        }
    })
    .await
}

fn page(entries: &[String]) -> String {
    format!(
        r#"{{"schemaVersion":2,"manifests":[{}]}}"#,
        entries.join(",")
    )
}

#[tokio::test]
async fn all_pages_of_the_referrers_are_read() {
    let sample = Sample::new(&[10]);
    let digest = sample.digest().to_string();
    let [signer, stranger] = Signer::both();
    let mut beside = Beside::default();
    let strange = beside.bundle(&stranger.bundle(&digest));
    let good = beside.bundle(&signer.bundle(&digest));
    let pages = vec![page(&[strange]), page(&[]), page(&[good])];
    let next = |page: usize| match page {
        2 => String::new(),
        page => (page + 1).to_string(),
    };
    let fake = serve(&sample, beside.clone(), pages.clone(), next).await;
    let signatures = found(&fake, &[key(&signer)]).await.unwrap();
    assert_eq!(signatures.found.len(), 1);
    assert_eq!(fake.asked("/referrers/").len(), 3);

    // A page that fails hides none that came, and is no end of the list.
    let fake = serve(&sample, beside.clone(), pages[..2].to_vec(), next).await;
    assert!(found(&fake, &[key(&stranger)]).await.is_ok());
    let error = found(&fake, &[key(&signer)]).await.err().unwrap();
    assert!(error.to_string().contains("500"), "{error}");
}

#[tokio::test]
async fn a_list_of_referrers_without_an_end_is_given_up_and_told() {
    let sample = Sample::new(&[10]);
    let [signer, _] = Signer::both();
    let pages = vec![page(&[])];
    let fake = serve(&sample, Beside::default(), pages, |_| "0".to_owned()).await;
    let signatures = found(&fake, &[key(&signer)]).await.unwrap();
    assert!(signatures.found.is_empty());
    let told = signatures.looked_at();
    assert!(told.contains("only 10 pages were read"), "{told}");
    assert_eq!(fake.asked("/referrers/").len(), 10);
}
