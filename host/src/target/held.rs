//! The end of an archive, kept back.

use std::collections::VecDeque;

/// The last pieces of a stream of bytes.
///
/// A tar may have up to 1 MiB of zeros after its end mark. Keeping back that much and a piece more
/// makes sure that the end mark does not go out before everything was verified.
#[derive(Debug, Default)]
pub(super) struct Held {
    pieces: VecDeque<Vec<u8>>,
    length: usize,
}

/// How much is kept back at least, once there is so much.
const KEPT: usize = (1 << 20) + 1024;

impl Held {
    /// Adds a piece, and returns one that need not be kept any longer.
    pub(super) fn push(&mut self, piece: Vec<u8>) -> Option<Vec<u8>> {
        self.length += piece.len();
        self.pieces.push_back(piece);
        let oldest = self.pieces.front()?.len();
        (self.length - oldest >= KEPT).then(|| self.pop())?
    }

    /// Returns the oldest piece.
    pub(super) fn pop(&mut self) -> Option<Vec<u8>> {
        let piece = self.pieces.pop_front()?;
        self.length -= piece.len();
        Some(piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_kept_back_and_the_order_stays() {
        let mut held = Held::default();
        let (mut sent, mut total) = (Vec::new(), 0);
        for number in 0..10u8 {
            total += 700_000;
            sent.extend(held.push(vec![number; 700_000]).map(|piece| piece[0]));
            let out = sent.len() * 700_000;
            assert!(total - out >= KEPT || sent.is_empty(), "{total} {out}");
            assert!(total - out <= KEPT + 700_000);
        }
        sent.extend(std::iter::from_fn(|| held.pop()).map(|piece| piece[0]));
        assert_eq!(sent, (0..10).collect::<Vec<u8>>());
    }
}
