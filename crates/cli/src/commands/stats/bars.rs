//! A bar beside a number, for who looks rather than reads.

const WIDTH: f64 = 20.0;
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// `part` of `whole` as a bar of twenty characters at most; nothing where there is nothing to compare.
pub(super) fn bar(part: f64, whole: f64) -> String {
    if whole <= 0.0 || !part.is_finite() {
        return String::new();
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most 160"
    )]
    let eighths = ((part / whole).clamp(0.0, 1.0) * WIDTH * 8.0).round() as usize;
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        assert_eq!(bar(1.0, 1.0).chars().count(), 20);
        assert_eq!(bar(0.5, 1.0), "█".repeat(10));
        assert_eq!(bar(1.0, 160.0), "▏");
        for (part, whole) in [(0.0, 1.0), (1.0, 0.0), (f64::NAN, 1.0)] {
            assert_eq!(bar(part, whole), "");
        }
        assert_eq!(bar(9.0, 1.0).chars().count(), 20);
    }
}
