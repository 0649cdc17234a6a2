//! What the fuzzer has made up so far, read again with every run; see `docs/testing.md`.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use keepdocker_readings::{assembly, readings};

/// What the fuzzer of documents begins with, each byte of it in turn left out or changed: what lies behind the
/// digests is reached, as they are made to fit.
#[test]
fn all_readings_of_documents_agree_whatever_stands_in_them() {
    let mut count = 0;
    for seed in assembly::SEEDS {
        readings::check(&assembly::assemble(seed.as_bytes()));
        let changes = [&b""[..], b"\xe9", b"0", b"\"", b"["];
        for (at, change) in (0..seed.len()).zip(changes.iter().cycle()) {
            let (before, after) = (&seed.as_bytes()[..at], &seed.as_bytes()[at + 1..]);
            readings::check(&assembly::assemble(&[before, change, after].concat()));
            count += 1;
        }
    }
    let bytes: usize = assembly::SEEDS.iter().map(|seed| seed.len()).sum();
    assert_eq!(count, bytes, "one for each byte");
    assert!(count > 1000, "{count} archives");
}

#[test]
fn all_readings_of_what_the_fuzzer_made_up_agree() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus.tar.zst");
    let corpus = zstd::decode_all(File::open(path).unwrap()).unwrap();
    let (mut archives, mut documents) = (0, 0);
    for file in tar::Archive::new(&corpus[..]).entries().unwrap() {
        let mut file = file.unwrap();
        if !file.header().entry_type().is_file() {
            continue;
        }
        let path = file.path().unwrap().into_owned();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        // Each target has a folder; what that of documents begins with describes an archive.
        if path.starts_with("documents") {
            bytes = assembly::assemble(&bytes);
            documents += 1;
        } else {
            archives += 1;
        }
        // Which one it was, should it fail.
        let named = std::panic::catch_unwind(|| readings::check(&bytes));
        assert!(named.is_ok(), "{}", path.display());
    }
    assert!(
        archives > 200 && documents > 200,
        "{archives} and {documents} files"
    );
}
