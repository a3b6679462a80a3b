//! Ids that sort by the time at which they were made: UUID version 7 (RFC 9562 5.7); and such as tell nothing:
//! version 4 (5.4).

use data_encoding::HEXLOWER;
use yunlong_model::Timestamp;

/// A UUID of version 7: 48 bits of milliseconds, then random bits.
pub(crate) fn uuid_v7(now: Timestamp) -> String {
    let mut bytes: [u8; 16] = rand::random();
    bytes[..6].copy_from_slice(&now.as_u64().to_be_bytes()[2..]);
    text(bytes, 0x70)
}

/// A UUID of version 4: random bits.
pub(crate) fn uuid_v4() -> String {
    text(rand::random(), 0x40)
}

fn text(mut bytes: [u8; 16], version: u8) -> String {
    bytes[6] = (bytes[6] & 0x0F) | version;
    bytes[8] = (bytes[8] & 0x3F) | 0x80;
    let hex = HEXLOWER.encode(&bytes);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_version_the_variant_and_the_order_of_time() {
        let a = uuid_v7(Timestamp(1_645_557_742_000));
        // The time of the example in RFC 9562, appendix A.6.
        assert!(a.starts_with("017f22e2-79b0-7"), "{a}");
        assert!("89ab".contains(&a[19..20]), "{a}");
        assert!(a < uuid_v7(Timestamp(1_645_557_742_001)));
        assert_ne!(a, uuid_v7(Timestamp(1_645_557_742_000)));
        let random = uuid_v4();
        assert!(random[14..].starts_with('4') && "89ab".contains(&random[19..20]), "{random}");
        assert_ne!(random, uuid_v4());
    }
}
