//! Reads archives whose documents are made up and whose digests are right, so that what lies behind the
//! digests is reached.

#![no_main]

use keepdocker_readings::{assembly, readings};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let archive = assembly::assemble(bytes);
    readings::check(&archive);
});
