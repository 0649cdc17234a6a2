//! What the fuzzer has made up so far, read again with every run; see `docs/testing.md`.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

#[path = "../../host/fuzz/fuzz_targets/readings.rs"]
mod readings;

#[test]
fn all_readings_of_what_the_fuzzer_made_up_agree() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus.tar.zst");
    let corpus = zstd::decode_all(File::open(path).unwrap()).unwrap();
    let mut count = 0;
    for file in tar::Archive::new(&corpus[..]).entries().unwrap() {
        let mut file = file.unwrap();
        if !file.header().entry_type().is_file() {
            continue;
        }
        let path = file.path().unwrap().into_owned();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        // Which one it was, should it fail.
        let named = std::panic::catch_unwind(|| readings::check(&bytes));
        assert!(named.is_ok(), "{}", path.display());
        count += 1;
    }
    assert!(count > 200, "{count} files");
}
