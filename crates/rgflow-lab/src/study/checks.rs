//! Grids of temperatures given by settings.

/// Temperatures 0, `step`, 2 `step` ... `max`.
pub fn temperature_grid(max: f64, step: f64) -> Vec<f64> {
    (0..=(max / step).round() as usize).map(|k| k as f64 * step).collect()
}

/// Refuses a grid that does not have 4 to 200 whole steps; `table` holds its `t_max` and `t_step`.
pub fn check_temperature_grid(table: &str, max: f64, step: f64) -> Result<(), String> {
    let steps = max / step;
    if (steps - steps.round()).abs() <= 1e-9 && (4.0..=200.0).contains(&steps.round()) {
        return Ok(());
    }
    Err(format!("{table}.t_max = {max}: must be 4 to 200 whole steps of {table}.t_step = {step}"))
}
