//! µ-law (ITU-T G.711): 14-bit samples in eight bits.

const BIAS: i32 = 0x84;
const CLIP: i32 = 32_635;

pub(super) fn encode(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = i32::from(sample).abs().min(CLIP) + BIAS;
    // The bias keeps bit 7 or a higher one set, so there is always a segment.
    let segment = (magnitude >> 7).ilog2();
    let mantissa = (magnitude >> (segment + 3)) & 0x0F;
    let code = sign | i32::try_from(segment).unwrap_or(7) << 4 | mantissa;
    !u8::try_from(code).unwrap_or(u8::MAX)
}

pub(super) fn decode(byte: u8) -> i16 {
    let code = i32::from(!byte);
    let magnitude = (((code & 0x0F) << 3) + BIAS) << ((code >> 4) & 7);
    let sample = if code & 0x80 == 0 {
        magnitude - BIAS
    } else {
        BIAS - magnitude
    };
    i16::try_from(sample).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_survives_a_round_trip() {
        for byte in 0..=u8::MAX {
            // 0x7F is the second zero, "minus nothing".
            let expected = if byte == 0x7F { 0xFF } else { byte };
            assert_eq!(encode(decode(byte)), expected, "{byte:#x}");
        }
        assert_eq!(decode(0xFF), 0);
        assert_eq!(encode(i16::MIN), 0x00);
        assert_eq!(encode(i16::MAX), 0x80);
    }
}
