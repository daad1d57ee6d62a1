//! Checks of settings that types alone do not make.

/// Temperatures 0, `step`, 2 `step` ... `max`.
pub fn temperature_grid(max: f64, step: f64) -> Vec<f64> {
    (0..=(max / step).round() as usize).map(|k| k as f64 * step).collect()
}

/// Refuses a grid that is not 4 to 200 whole steps; `table` is where its `t_max` and `t_step` stand.
pub fn check_temperature_grid(table: &str, max: f64, step: f64) -> Result<(), String> {
    let steps = max / step;
    if (steps - steps.round()).abs() <= 1e-9 && (4.0..=200.0).contains(&steps.round()) {
        return Ok(());
    }
    Err(format!("{table}.t_max = {max}: must be 4 to 200 whole steps of {table}.t_step = {step}"))
}

/// No setting is below zero, and the type that says so would not say which.
pub fn whole_numbers(table: &toml::Table, path: &str) -> Result<(), String> {
    fn check(key: &str, value: &toml::Value) -> Result<(), String> {
        match value {
            toml::Value::Integer(i) if *i < 0 => Err(format!("{key} = {i}: must not be negative")),
            toml::Value::Array(items) => items.iter().try_for_each(|item| check(key, item)),
            toml::Value::Table(inner) => whole_numbers(inner, &format!("{key}.")),
            _ => Ok(()),
        }
    }
    table.iter().try_for_each(|(key, value)| check(&format!("{path}{key}"), value))
}
