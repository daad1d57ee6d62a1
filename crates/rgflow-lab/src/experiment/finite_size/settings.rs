//! Settings of `finite-size-scaling`: spacing, corrections to scaling, training temperatures, blocks.

use crate::study::prelude::*;
use crate::study::values::{real, whole};
use rgflow::exact::infinite::magnetisation;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    pub finite_size: FiniteSize,
    pub classifier: Classifier,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FiniteSize {
    pub sizes: Rising<Within<4, 1024>>,
    pub temperatures: Within<3, 101>,
    pub reach: Positive,
    pub samples: Within<100, 10_000_000>,
    pub chains: Within<2, 1024>,
    pub blocks: Blocks,
    pub spacing: Spacing,
    pub burn_in: Within<2, 1_000_000>,
    pub degree: Within<1, 9>,
    pub omega: Omega,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Classifier {
    pub inputs: Within<2, 64>,
    pub half_width: HalfWidth,
    pub n_temperatures: Within<4, 1000>,
    pub per_temperature: Within<10, 100_000>,
    pub far: Positive,
    pub wrong: Positive,
    pub wrong_reach: Positive,
    pub hidden: Within<1, 4096>,
    pub learning_rate: LearningRate,
    pub batch: Within<1, 100_000>,
    pub epochs: Within<1, 10_000>,
}

real!(
    /// Spins flipped per site between configurations.
    Spacing,
    |x| x > 0.0 && x <= 1000.0,
    "must be above 0 and at most 1000"
);
real!(
    /// Exponent of a correction to scaling.
    Omega,
    |x| (0.0..=10.0).contains(&x),
    "must be 0 (no correction) to 10"
);
real!(
    /// Half the range of training temperatures.
    HalfWidth,
    |x| x > 0.0 && x <= 2.0,
    "must be above 0 and at most 2"
);
real!(
    /// Learning rate of Adam.
    LearningRate,
    |x| x > 0.0 && x <= 10.0,
    "must be above 0 and at most 10"
);

whole!(
    /// Blocks of the jackknife.
    Blocks,
    |n| n >= 10,
    "must be at least 10, fewer give no error by the jackknife"
);

impl values::Settings for Settings {
    fn parse(table: &toml::Table) -> Result<Self, String> {
        let settings: Self = values::parse(table)?;
        let (f, c) = (&settings.finite_size, &settings.classifier);
        let sizes = values::plain(&f.sizes);
        if sizes.len() < 3 {
            return Err(format!("finite_size.sizes = {sizes:?}: must be three sizes or more"));
        }
        if let Some(size) = sizes.iter().find(|size| !size.is_multiple_of(*c.inputs)) {
            return Err(format!(
                "classifier.inputs = {}: {size} of finite_size.sizes is no multiple of it, so that no blocks fit",
                c.inputs
            ));
        }
        if !f.blocks.is_multiple_of(*f.chains) {
            let (blocks, chains) = (f.blocks, f.chains);
            return Err(format!("finite_size.blocks = {blocks}: must be a multiple of finite_size.chains = {chains}"));
        }
        if !f.samples.is_multiple_of(*f.blocks) || *f.samples / *f.blocks < 10 {
            return Err(format!(
                "finite_size.samples = {}: must be a multiple of finite_size.blocks = {}, at least ten times as many",
                f.samples, f.blocks
            ));
        }
        let (t_c, half_width) = (Temperature::CRITICAL.value(), *c.half_width);
        let reach = 0.4 * t_c * sizes[0] as f64;
        for (key, value, most) in [
            ("finite_size.reach", *f.reach, reach),
            ("classifier.far", *c.far, 0.9 * half_width),
            ("classifier.wrong_reach", *c.wrong_reach, reach),
        ] {
            if value > most {
                return Err(format!("{key} = {value}: must be above 0 and at most {most:.4}"));
            }
        }
        let (least, most) = (t_c - 0.9 * half_width, 0.98 * t_c);
        if !(least..most).contains(&*c.wrong) {
            return Err(format!(
                "classifier.wrong = {}: must lie among the training temperatures in the ordered phase, {least:.3} to \
                 {most:.3}",
                c.wrong
            ));
        }
        Ok(settings)
    }
}

impl Settings {
    /// Spontaneous magnetisation at the wrong label's temperature.
    pub fn threshold(&self) -> f64 {
        Temperature::new(*self.classifier.wrong).map_or(f64::NAN, magnetisation)
    }

    /// Exponent of the correction to scaling, if there is one.
    pub fn omega(&self) -> Option<f64> {
        Some(*self.finite_size.omega).filter(|omega| *omega > 0.0)
    }
}

#[cfg(test)]
#[test]
fn impossible_settings_are_named() {
    assert_refused::<super::FiniteSize>(&[
        ("finite_size.sizes=[8, 16]", "three sizes"),
        ("finite_size.sizes=[2, 8, 16]", "finite_size.sizes[0] = 2: must be 4 to 1024"),
        ("finite_size.sizes=[16, 8, 32]", "finite_size.sizes"),
        ("finite_size.blocks=8", "at least 10"),
        ("finite_size.blocks=42", "multiple of finite_size.chains = 4"),
        ("finite_size.samples=100", "finite_size.samples"),
        ("finite_size.reach=100.0", "finite_size.reach"),
        ("finite_size.omega=-1.0", "finite_size.omega = -1.0: must be 0 (no correction) to 10"),
        ("classifier.wrong=3.0", "classifier.wrong"),
        ("classifier.far=0.5", "classifier.far"),
        ("classifier.hidden=0", "classifier.hidden = 0: must be 1 to 4096"),
        ("classifier.inputs=3", "classifier.inputs"),
    ]);
}
