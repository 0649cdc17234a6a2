//! Words of several messages that are worked on together.

use std::ops::{Add, BitAnd, BitOr, BitXor, Not};

use wide::u32x4;

/// One word of each of some messages; what is done to it is done in each.
pub(crate) trait Lanes:
    Copy
    + Add<Output = Self>
    + BitAnd<Output = Self>
    + BitOr<Output = Self>
    + BitXor<Output = Self>
    + Not<Output = Self>
{
    /// How many messages there are.
    const COUNT: usize;

    /// Takes the word of each message.
    fn from_lanes(word: impl Fn(usize) -> u32) -> Self;

    /// Returns the word of one message.
    fn lane(self, index: usize) -> u32;

    /// Adds a number, without carry.
    fn plus(self, number: u32) -> Self;

    /// Rotates to the left by 1 to 31 bits.
    fn rotate<const BITS: u32>(self) -> Self;
}

/// Four messages in a vector register.
pub(crate) type Quad = u32x4;

impl Lanes for Quad {
    const COUNT: usize = 4;

    #[inline(always)]
    fn from_lanes(word: impl Fn(usize) -> u32) -> Self {
        Self::new(std::array::from_fn(word))
    }

    #[inline(always)]
    fn lane(self, index: usize) -> u32 {
        self.to_array()[index]
    }

    #[inline(always)]
    fn plus(self, number: u32) -> Self {
        self + Self::splat(number)
    }

    #[inline(always)]
    fn rotate<const BITS: u32>(self) -> Self {
        (self << BITS) | (self >> (32 - BITS))
    }
}

/// One or two messages in ordinary registers: two take half as long again as one, and a vector
/// longer than that.
#[derive(Clone, Copy)]
pub(crate) struct Scalar<const N: usize>([u32; N]);

pub(crate) type Single = Scalar<1>;
pub(crate) type Pair = Scalar<2>;

impl<const N: usize> Scalar<N> {
    #[inline(always)]
    fn with(self, other: Self, operation: impl Fn(u32, u32) -> u32) -> Self {
        Self(std::array::from_fn(|i| operation(self.0[i], other.0[i])))
    }
}

impl<const N: usize> Lanes for Scalar<N> {
    const COUNT: usize = N;

    #[inline(always)]
    fn from_lanes(word: impl Fn(usize) -> u32) -> Self {
        Self(std::array::from_fn(word))
    }

    #[inline(always)]
    fn lane(self, index: usize) -> u32 {
        self.0[index]
    }

    #[inline(always)]
    fn plus(self, number: u32) -> Self {
        Self(self.0.map(|word| word.wrapping_add(number)))
    }

    #[inline(always)]
    fn rotate<const BITS: u32>(self) -> Self {
        Self(self.0.map(|word| word.rotate_left(BITS)))
    }
}

impl<const N: usize> Add for Scalar<N> {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.with(other, u32::wrapping_add)
    }
}

impl<const N: usize> BitAnd for Scalar<N> {
    type Output = Self;

    #[inline(always)]
    fn bitand(self, other: Self) -> Self {
        self.with(other, |a, b| a & b)
    }
}

impl<const N: usize> BitOr for Scalar<N> {
    type Output = Self;

    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        self.with(other, |a, b| a | b)
    }
}

impl<const N: usize> BitXor for Scalar<N> {
    type Output = Self;

    #[inline(always)]
    fn bitxor(self, other: Self) -> Self {
        self.with(other, |a, b| a ^ b)
    }
}

impl<const N: usize> Not for Scalar<N> {
    type Output = Self;

    #[inline(always)]
    fn not(self) -> Self {
        Self(self.0.map(|word| !word))
    }
}
