//! Locks between real processes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use super::*;

const IMAGE: &str = "sha256:70a7460c1d522af75cbf6d47be2622f63fc1bc7b517e1fe5870bee89a55dc372";

fn cache() -> (tempfile::TempDir, Cache) {
    let base = tempfile::tempdir().unwrap();
    let cache = Cache::open(base.path()).unwrap();
    (base, cache)
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
    let (_base, cache) = cache();
    let holder = Holder::start(&cache);
    let timeout = Some(Duration::from_millis(100));
    let error = Guard::acquire(&cache, IMAGE, timeout, |_| {})
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
    let guard = Guard::acquire(&cache, IMAGE, None, |_| {}).await.unwrap();

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
    let (_base, cache) = cache();
    let first = Guard::acquire(&cache, IMAGE, None, |_| {}).await.unwrap();
    let mut lines = Vec::new();
    let timeout = Some(Duration::from_millis(1200));
    let second = Guard::acquire(&cache, IMAGE, timeout, |line| lines.push(line.to_owned()));
    let error = second.await.unwrap_err();
    let owner = format!("(process {} on ", std::process::id());
    assert!(error.to_string().contains(&owner), "{error}");
    assert_eq!(lines.len(), 1);
    assert!(
        lines[0].starts_with("waiting for ") && lines[0].contains(&owner),
        "{lines:?}"
    );
    let told = holder(&cache, IMAGE).unwrap().unwrap();
    assert!(told.contains(&owner), "{told}");
    assert_eq!(
        Guard::try_acquire(&cache, IMAGE).unwrap().unwrap_err(),
        told
    );
    drop(first);
    assert_eq!(holder(&cache, IMAGE).unwrap(), None);
    drop(Guard::try_acquire(&cache, IMAGE).unwrap().unwrap());
    let third = Guard::acquire(&cache, IMAGE, Some(Duration::ZERO), |_| {}).await;
    assert!(third.is_ok());
}

#[tokio::test]
async fn images_have_locks_of_their_own() {
    let (_base, cache) = cache();
    let other = IMAGE.replace('7', "8");
    let _first = Guard::acquire(&cache, IMAGE, None, |_| {}).await.unwrap();
    let second = Guard::acquire(&cache, &other, Some(Duration::ZERO), |_| {}).await;
    assert!(second.is_ok());
    let wrong = Guard::acquire(&cache, "../x", None, |_| {})
        .await
        .unwrap_err();
    assert!(matches!(locks::Error::from(wrong), locks::Error::Other(_)));
}
