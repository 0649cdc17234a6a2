//! Reads archives whose documents are made up and whose digests are right, so that what lies behind the
//! digests is reached.

#![no_main]

use libfuzzer_sys::fuzz_target;

mod assembly;
mod readings;

fuzz_target!(|bytes: &[u8]| {
    let archive = assembly::assemble(bytes);
    readings::check(&archive);
});
