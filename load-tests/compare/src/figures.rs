//! Small arithmetic on measured numbers.

/// The middle one; the mean of the two middle ones. 0 of nothing.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.len().saturating_sub(1) / 2, values.len() / 2);
    match (values.get(low), values.get(high)) {
        (Some(low), Some(high)) => f64::midpoint(*low, *high),
        _ => 0.0,
    }
}

/// The smallest; infinite of nothing.
pub(crate) fn least(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(f64::INFINITY, f64::min)
}

/// The largest; 0 of nothing.
pub(crate) fn most(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(0.0, f64::max)
}

/// To three significant digits, as nothing here is known better.
pub(crate) fn three_digits(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    #[expect(clippy::cast_possible_truncation, reason = "a logarithm is small")]
    let digits = 2 - value.abs().log10().floor() as i32;
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

/// A count as a number to calculate with.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub(crate) fn number(count: u64) -> f64 {
    count as f64
}

/// `part` per `whole`; 0 where there is no whole.
pub(crate) fn per(part: f64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part / number(whole) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        for (values, expected) in
            [(vec![], 0.0), (vec![3.0], 3.0), (vec![9.0, 1.0], 5.0), (vec![9.0, 1.0, 2.0], 2.0)]
        {
            assert!((median(values) - expected).abs() < 1e-9);
        }
    }

    #[test]
    fn three_digits_are_kept() {
        for (value, expected) in [(1234.5, 1230.0), (0.123_45, 0.123), (99.96, 100.0), (0.0, 0.0)] {
            assert!((three_digits(value) - expected).abs() < 1e-9, "{value}");
        }
    }
}
