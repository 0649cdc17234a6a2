//! The folder of a sandbox, and what becomes of it when it is emptied.

use std::fs;

use keepdocker_sandbox::{Error, Options, Sandbox, reset};

#[tokio::test]
async fn a_sandbox_that_does_not_run_is_removed_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("sandbox");
    let start = || Sandbox::start(&dir, Options::default());
    let first = start().await.unwrap();
    let second = start().await.unwrap();
    let (token, other) = (first.token(), dir.join("notes.txt"));
    fs::create_dir_all(dir.join("blocks/abc")).unwrap();
    fs::create_dir_all(dir.join("blocks-2/abc")).unwrap();

    first.shutdown().await;
    assert!(matches!(reset(&dir), Err(Error::InUse(_))));
    second.shutdown().await;
    reset(&dir).unwrap();
    assert!(!dir.exists());

    let again = start().await.unwrap();
    assert_ne!(again.token(), token);
    again.shutdown().await;
    fs::write(&other, "of somebody").unwrap();
    reset(&dir).unwrap();
    let left: Vec<_> = fs::read_dir(&dir).unwrap().collect();
    assert_eq!(left.len(), 1);
    assert_eq!(fs::read_to_string(&other).unwrap(), "of somebody");
}

#[test]
fn a_folder_without_a_sandbox_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("blocks")).unwrap();
    for dir in [folder.path(), &folder.path().join("missing")] {
        assert!(matches!(reset(dir), Err(Error::NoSandbox(_))));
    }
    assert!(folder.path().join("blocks").exists());
}
