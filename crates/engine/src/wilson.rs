//! Between which bounds a rate lies: Wilson's score interval (E. B. Wilson, 1927), which holds for few tries as well.

/// 95 % two-sided.
pub const Z95: f64 = 1.959_964;
/// 99 % two-sided.
pub const Z99: f64 = 2.576;

/// A rate, with the bounds between which the true one lies. 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    pub rate: f64,
    pub lower: f64,
    pub upper: f64,
}

/// The interval of `hits` in `tries`, as sure as `z` says; nothing without tries.
pub fn wilson(hits: f64, tries: f64, z: f64) -> Option<Interval> {
    if tries <= 0.0 {
        return None;
    }
    let rate = hits / tries;
    let z2 = z * z;
    let middle = (rate + z2 / (2.0 * tries)) / (1.0 + z2 / tries);
    let half =
        z / (1.0 + z2 / tries) * (rate * (1.0 - rate) / tries + z2 / (4.0 * tries * tries)).sqrt();
    Some(Interval {
        rate,
        lower: (middle - half).max(0.0),
        upper: (middle + half).min(1.0),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    /// The bounds are the rates p at which n (p̂ - p)² = z² p (1 - p); solved by bisection.
    #[test]
    fn the_interval_is_wilsons() {
        let interval = wilson(10.0, 100.0, Z99).unwrap();
        assert!((interval.rate - 0.1).abs() < 1e-12);
        assert!(
            (interval.lower - 0.046_023_516).abs() < 1e-8,
            "{interval:?}"
        );
        assert!(
            (interval.upper - 0.203_759_221).abs() < 1e-8,
            "{interval:?}"
        );
        assert_eq!(wilson(0.0, 0.0, Z95), None);
    }

    proptest! {
        #[test]
        fn the_bounds_solve_wilsons_equation(tries in 1u32..100_000, share in 0.0f64..=1.0) {
            let tries = f64::from(tries);
            let hits = (tries * share).floor();
            for z in [Z95, Z99] {
                let Interval { rate, lower, upper } = wilson(hits, tries, z).unwrap();
                prop_assert!(0.0 <= lower && lower <= rate + 1e-12);
                prop_assert!(rate <= upper + 1e-12 && upper <= 1.0);
                for bound in [lower, upper] {
                    let (left, right) = (tries * (rate - bound).powi(2), z * z * bound * (1.0 - bound));
                    prop_assert!((left - right).abs() < 1e-6 * (1.0 + left.abs()), "{bound}: {left} {right}");
                }
            }
        }
    }
}
