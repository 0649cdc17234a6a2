//! The compression function of MD5 (RFC 1321, section 3.4), in lanes.

use crate::lanes::Lanes;

/// How many bytes are compressed at a time.
pub(crate) const CHUNK: usize = 64;

/// The state before the first byte.
pub(crate) const INITIAL: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// Compresses the first `count` chunks of each message into its lane of the state.
// Never inlined: each width has a loop that is small enough for its registers.
#[inline(never)]
#[expect(
    clippy::needless_range_loop,
    reason = "the chunk of that number is taken of every message"
)]
pub(crate) fn compress<L: Lanes, const N: usize>(
    state: &mut [L; 4],
    messages: &[&[[u8; CHUNK]]; N],
    count: usize,
) {
    // So that bounds are checked once.
    let messages = messages.map(|message| &message[..count]);
    for at in 0..count {
        let word = |number: usize| {
            L::from_lanes(|lane| {
                let chunk = &messages[lane][at];
                let bytes = &chunk[4 * number..4 * number + 4];
                u32::from_le_bytes(bytes.try_into().expect("four bytes"))
            })
        };
        let words: [L; 16] = std::array::from_fn(word);
        let before = *state;
        let [mut a, mut b, mut c, mut d] = before;

        a = step::<L, 7>(first, [a, b, c, d], words[0], 0xd76a_a478);
        d = step::<L, 12>(first, [d, a, b, c], words[1], 0xe8c7_b756);
        c = step::<L, 17>(first, [c, d, a, b], words[2], 0x2420_70db);
        b = step::<L, 22>(first, [b, c, d, a], words[3], 0xc1bd_ceee);
        a = step::<L, 7>(first, [a, b, c, d], words[4], 0xf57c_0faf);
        d = step::<L, 12>(first, [d, a, b, c], words[5], 0x4787_c62a);
        c = step::<L, 17>(first, [c, d, a, b], words[6], 0xa830_4613);
        b = step::<L, 22>(first, [b, c, d, a], words[7], 0xfd46_9501);
        a = step::<L, 7>(first, [a, b, c, d], words[8], 0x6980_98d8);
        d = step::<L, 12>(first, [d, a, b, c], words[9], 0x8b44_f7af);
        c = step::<L, 17>(first, [c, d, a, b], words[10], 0xffff_5bb1);
        b = step::<L, 22>(first, [b, c, d, a], words[11], 0x895c_d7be);
        a = step::<L, 7>(first, [a, b, c, d], words[12], 0x6b90_1122);
        d = step::<L, 12>(first, [d, a, b, c], words[13], 0xfd98_7193);
        c = step::<L, 17>(first, [c, d, a, b], words[14], 0xa679_438e);
        b = step::<L, 22>(first, [b, c, d, a], words[15], 0x49b4_0821);

        a = step::<L, 5>(second, [a, b, c, d], words[1], 0xf61e_2562);
        d = step::<L, 9>(second, [d, a, b, c], words[6], 0xc040_b340);
        c = step::<L, 14>(second, [c, d, a, b], words[11], 0x265e_5a51);
        b = step::<L, 20>(second, [b, c, d, a], words[0], 0xe9b6_c7aa);
        a = step::<L, 5>(second, [a, b, c, d], words[5], 0xd62f_105d);
        d = step::<L, 9>(second, [d, a, b, c], words[10], 0x0244_1453);
        c = step::<L, 14>(second, [c, d, a, b], words[15], 0xd8a1_e681);
        b = step::<L, 20>(second, [b, c, d, a], words[4], 0xe7d3_fbc8);
        a = step::<L, 5>(second, [a, b, c, d], words[9], 0x21e1_cde6);
        d = step::<L, 9>(second, [d, a, b, c], words[14], 0xc337_07d6);
        c = step::<L, 14>(second, [c, d, a, b], words[3], 0xf4d5_0d87);
        b = step::<L, 20>(second, [b, c, d, a], words[8], 0x455a_14ed);
        a = step::<L, 5>(second, [a, b, c, d], words[13], 0xa9e3_e905);
        d = step::<L, 9>(second, [d, a, b, c], words[2], 0xfcef_a3f8);
        c = step::<L, 14>(second, [c, d, a, b], words[7], 0x676f_02d9);
        b = step::<L, 20>(second, [b, c, d, a], words[12], 0x8d2a_4c8a);

        a = step::<L, 4>(third, [a, b, c, d], words[5], 0xfffa_3942);
        d = step::<L, 11>(third, [d, a, b, c], words[8], 0x8771_f681);
        c = step::<L, 16>(third, [c, d, a, b], words[11], 0x6d9d_6122);
        b = step::<L, 23>(third, [b, c, d, a], words[14], 0xfde5_380c);
        a = step::<L, 4>(third, [a, b, c, d], words[1], 0xa4be_ea44);
        d = step::<L, 11>(third, [d, a, b, c], words[4], 0x4bde_cfa9);
        c = step::<L, 16>(third, [c, d, a, b], words[7], 0xf6bb_4b60);
        b = step::<L, 23>(third, [b, c, d, a], words[10], 0xbebf_bc70);
        a = step::<L, 4>(third, [a, b, c, d], words[13], 0x289b_7ec6);
        d = step::<L, 11>(third, [d, a, b, c], words[0], 0xeaa1_27fa);
        c = step::<L, 16>(third, [c, d, a, b], words[3], 0xd4ef_3085);
        b = step::<L, 23>(third, [b, c, d, a], words[6], 0x0488_1d05);
        a = step::<L, 4>(third, [a, b, c, d], words[9], 0xd9d4_d039);
        d = step::<L, 11>(third, [d, a, b, c], words[12], 0xe6db_99e5);
        c = step::<L, 16>(third, [c, d, a, b], words[15], 0x1fa2_7cf8);
        b = step::<L, 23>(third, [b, c, d, a], words[2], 0xc4ac_5665);

        a = step::<L, 6>(fourth, [a, b, c, d], words[0], 0xf429_2244);
        d = step::<L, 10>(fourth, [d, a, b, c], words[7], 0x432a_ff97);
        c = step::<L, 15>(fourth, [c, d, a, b], words[14], 0xab94_23a7);
        b = step::<L, 21>(fourth, [b, c, d, a], words[5], 0xfc93_a039);
        a = step::<L, 6>(fourth, [a, b, c, d], words[12], 0x655b_59c3);
        d = step::<L, 10>(fourth, [d, a, b, c], words[3], 0x8f0c_cc92);
        c = step::<L, 15>(fourth, [c, d, a, b], words[10], 0xffef_f47d);
        b = step::<L, 21>(fourth, [b, c, d, a], words[1], 0x8584_5dd1);
        a = step::<L, 6>(fourth, [a, b, c, d], words[8], 0x6fa8_7e4f);
        d = step::<L, 10>(fourth, [d, a, b, c], words[15], 0xfe2c_e6e0);
        c = step::<L, 15>(fourth, [c, d, a, b], words[6], 0xa301_4314);
        b = step::<L, 21>(fourth, [b, c, d, a], words[13], 0x4e08_11a1);
        a = step::<L, 6>(fourth, [a, b, c, d], words[4], 0xf753_7e82);
        d = step::<L, 10>(fourth, [d, a, b, c], words[11], 0xbd3a_f235);
        c = step::<L, 15>(fourth, [c, d, a, b], words[2], 0x2ad7_d2bb);
        b = step::<L, 21>(fourth, [b, c, d, a], words[9], 0xeb86_d391);

        *state = [before[0] + a, before[1] + b, before[2] + c, before[3] + d];
    }
}

/// One of the 64 steps. What does not need the step before comes first: that is what lanes wait for.
#[inline(always)]
fn step<L: Lanes, const BITS: u32>(
    mix: impl Fn(L, L, L, L) -> L,
    [a, b, c, d]: [L; 4],
    word: L,
    constant: u32,
) -> L {
    mix(a + word.plus(constant), b, c, d).rotate::<BITS>() + b
}

#[inline(always)]
fn first<L: Lanes>(sum: L, b: L, c: L, d: L) -> L {
    sum + (d ^ (b & (c ^ d)))
}

/// The two parts never have a bit in common, so that adding them one by one is as good as `or`.
#[inline(always)]
fn second<L: Lanes>(sum: L, b: L, c: L, d: L) -> L {
    (sum + (c & !d)) + (b & d)
}

#[inline(always)]
fn third<L: Lanes>(sum: L, b: L, c: L, d: L) -> L {
    sum + ((c ^ d) ^ b)
}

#[inline(always)]
fn fourth<L: Lanes>(sum: L, b: L, c: L, d: L) -> L {
    sum + (c ^ (b | !d))
}
