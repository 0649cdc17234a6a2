//! Reads whatever comes as an archive, in all ways there are, and holds them to each other.

#![no_main]

use keepdocker_readings::readings;
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|bytes: &[u8]| readings::check(bytes));

// Nearly every change of a tar only damages the checksum of a header. This mends them, so that what
// lies behind is reached.
fuzz_mutator!(|bytes: &mut [u8], size: usize, max_size: usize, _seed: u32| {
    let size = fuzzer_mutate(bytes, size, max_size);
    for header in bytes[..size].chunks_exact_mut(512) {
        if header[257..262] == *b"ustar" {
            header[148..156].fill(b' ');
            let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
            header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
    }
    size
});
