//! One number for many.

/// Gives the number below which this share of the numbers lies, of at least one.
///
/// # Panics
/// When there is none.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place among a few thousand numbers"
)]
pub fn quantile(numbers: &mut [f64], share: f64) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let place = (numbers.len() as f64 * share).ceil() as usize;
    numbers[place.clamp(1, numbers.len()) - 1]
}
