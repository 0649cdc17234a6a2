//! Locks between real processes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use super::*;
use crate::cache::Cache;

const IMAGE: &str = "sha256:70a7460c1d522af75cbf6d47be2622f63fc1bc7b517e1fe5870bee89a55dc372";

fn place() -> (tempfile::TempDir, Arc<Place>) {
    let base = tempfile::tempdir().unwrap();
    let place = Arc::new(Place::new(Some(base.path().to_owned())));
    (base, place)
}

/// Another program that holds the lock until its input ends, by `flock`, as Python's does.
struct Holder(Child);

impl Holder {
    fn start(cache: &Cache) -> Self {
        let file = cache.path().join(format!("{IMAGE}.tar.lock"));
        let mut child = Command::new("flock")
            .arg("-x")
            .arg(file)
            .args(["-c", "echo held; read line"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program `flock` of util-linux is installed");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line, "held\n");
        Holder(child)
    }

    fn release(mut self) {
        let mut input = self.0.stdin.take().unwrap();
        input.write_all(b"\n").unwrap();
        drop(input);
        assert!(self.0.wait().unwrap().success());
    }
}

#[tokio::test]
async fn a_foreign_lock_is_respected() {
    let (_base, place) = place();
    let cache = place.open().unwrap();
    let holder = Holder::start(cache);
    let timeout = Some(Duration::from_millis(100));
    let error = Guard::acquire(&place, IMAGE, timeout, |_| {})
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("another process") && text.contains(IMAGE),
        "{text}"
    );
    assert!(text.contains("--lock-timeout"), "{text}");
    assert!(matches!(
        locks::Error::from(error),
        locks::Error::TimedOut(_)
    ));
    holder.release();
    let guard = Guard::acquire(&place, IMAGE, None, |_| {}).await.unwrap();

    let file = cache.path().join(format!("{IMAGE}.tar.lock"));
    let busy = || {
        let tried = Command::new("flock")
            .arg("-n")
            .arg(&file)
            .arg("true")
            .status();
        !tried.unwrap().success()
    };
    assert!(busy());
    drop(guard);
    assert!(!busy());
    assert!(file.exists());
}

#[tokio::test]
async fn who_waits_is_told_for_whom() {
    let (base, place) = place();
    let cache = Arc::new(Cache::open(base.path()).unwrap());
    let mut inquiry = Inquiry::new(cache, |text| panic!("{text}"));
    let first = Guard::acquire(&place, IMAGE, None, |_| {}).await.unwrap();
    let mut lines = Vec::new();
    let timeout = Some(Duration::from_millis(1200));
    let second = Guard::acquire(&place, IMAGE, timeout, |line| lines.push(line.to_owned()));
    let error = second.await.unwrap_err();
    let owner = format!("(process {} on ", std::process::id());
    assert!(error.to_string().contains(&owner), "{error}");
    assert_eq!(lines.len(), 1);
    assert!(
        lines[0].starts_with("waiting for ") && lines[0].contains(&owner),
        "{lines:?}"
    );
    let told = inquiry.holder(IMAGE).await.unwrap();
    assert!(
        matches!(&told, Usage::By(user) if user.contains(&owner)),
        "{told:?}"
    );
    assert_eq!(inquiry.take(IMAGE).await.unwrap().unwrap_err(), told);
    drop(first);
    assert_eq!(inquiry.holder(IMAGE).await.unwrap(), Usage::Unused);
    drop(inquiry.take(IMAGE).await.unwrap().unwrap());
    let third = Guard::acquire(&place, IMAGE, Some(Duration::ZERO), |_| {}).await;
    assert!(third.is_ok());
}

#[tokio::test]
async fn images_have_locks_of_their_own() {
    let (_base, place) = place();
    let other = IMAGE.replace('7', "8");
    let _first = Guard::acquire(&place, IMAGE, None, |_| {}).await.unwrap();
    let second = Guard::acquire(&place, &other, Some(Duration::ZERO), |_| {}).await;
    assert!(second.is_ok());
    let wrong = Guard::acquire(&place, "../x", None, |_| {})
        .await
        .unwrap_err();
    assert!(matches!(locks::Error::from(wrong), locks::Error::Other(_)));
}

#[tokio::test]
async fn where_there_is_no_place_for_a_lock_is_told_apart_from_a_held_one() {
    let nowhere = Arc::new(Place::new(None));
    let error = Guard::acquire(&nowhere, IMAGE, None, |_| {}).await;
    assert!(error.unwrap_err().is_lack());
    let (base, place) = place();
    std::fs::write(base.path().join("docker"), "").unwrap();
    let error = Guard::acquire(&place, IMAGE, None, |_| {}).await;
    assert!(error.unwrap_err().is_lack());
}
