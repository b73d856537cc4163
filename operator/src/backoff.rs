//! Growing delays with jitter.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// The delay before try number `failures + 1`: `first` doubled for each failure, at most `most`, and 0 to 20 % longer so
/// that many that failed together do not come back together.
pub fn delay(failures: u32, first: Duration, most: Duration) -> Duration {
    let plain = first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1).min(20))).min(most);
    // A fresh RandomState is seeded anew: randomness enough for spreading, without a crate for it.
    let jitter = RandomState::new().hash_one(failures) % 200;
    plain + plain.mul_f64(jitter as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_to_its_bound() {
        let at = |failures| delay(failures, Duration::from_secs(1), Duration::from_secs(300));
        assert!((1.0..1.2).contains(&at(1).as_secs_f64()));
        assert!((4.0..4.8).contains(&at(3).as_secs_f64()));
        assert!((300.0..=360.0).contains(&at(40).as_secs_f64()));
    }
}
