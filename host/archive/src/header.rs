//! What must hold of a tar header before its fields are believed.

use tar::Header;

use super::error::Fault;

/// A field holds what no tool writes.
pub(crate) const DAMAGED: Fault = Fault::Refused("has a damaged header");

/// Compares the header with its checksum.
pub(crate) fn check_sum(header: &Header) -> Result<(), Fault> {
    let bytes = header.as_bytes();
    let sum: u32 = bytes[..148]
        .iter()
        .chain(&bytes[156..])
        .map(|byte| u32::from(*byte))
        .sum::<u32>()
        + 8 * u32::from(b' ');
    match header.cksum() {
        Ok(found) if found == sum => Ok(()),
        _ => Err(DAMAGED),
    }
}

/// Returns the length of what follows the header.
pub(crate) fn size(header: &Header) -> Result<u64, Fault> {
    let field = &header.as_old().size;
    // The crate looks at the last eight bytes of a binary number alone.
    if field[0] & 0x80 != 0 && (field[0] != 0x80 || field[1..4] != [0; 3]) {
        return Err(DAMAGED);
    }
    header.entry_size().map_err(|_| DAMAGED)
}
