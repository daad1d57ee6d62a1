//! Series of the user's own: means with errors that know of autocorrelation, binning, and whether chains have one law.

use super::ValueWithError;
use crate::dataset::series::{Found, Series};
use crate::record::format::significant;
use crate::record::{Axis, Curve, Figure, Panel, Style};
use rgflow::statistics::{
    Binning, Convergence, CorrelatedMean, SeriesError, autocorrelation, binning, burn_in, chi_square_tail, convergence,
    correlated_mean,
};
use serde::{Serialize, Serializer};

/// Least probability of a difference between halves of chains, or of their begin, by chance; below it they are not of
/// one law.
const CHANCE: f64 = 1e-4;
/// Autocorrelation times below which the error of a mean is said to be rough.
const ENOUGH_TIMES: f64 = 200.0;
/// Points at most that a curve of a figure has.
const POINTS: usize = 1000;

/// Analysis of all series of some files, as `rgflow analyse` prints it.
#[derive(Debug, Serialize)]
pub struct Analysis {
    /// Names and hashes of the files.
    pub files: Vec<File>,
    /// Values left out at the begin of each chain.
    pub discard: usize,
    /// Decisions where the files could be read in two ways.
    pub notes: Vec<String>,
    /// One for each quantity of each series.
    pub quantities: Vec<Quantity>,
}

/// A file that was read.
#[derive(Debug, Serialize)]
pub struct File {
    /// Its path.
    pub path: std::path::PathBuf,
    /// Hash of its bytes (BLAKE3).
    pub hash: String,
}

/// One quantity of one series.
#[derive(Debug, Serialize)]
pub struct Quantity {
    /// Name of its column.
    pub name: String,
    /// Columns by whose values the series are separate, with the values.
    #[serde(serialize_with = "as_map", skip_serializing_if = "Vec::is_empty")]
    pub group: Vec<(String, String)>,
    /// Number of values in all chains.
    pub n: usize,
    /// Number of chains.
    pub n_chains: usize,
    /// The mean; its error is NaN (null) where `why` says that there is none.
    pub mean: ValueWithError,
    /// Standard deviation of one value.
    pub deviation: f64,
    /// Effective number of independent values, n/(2 tau_int); null without an error.
    pub n_eff: f64,
    /// Integrated autocorrelation time in values; null without an error.
    pub tau_int: ValueWithError,
    /// Last lag of its sum.
    pub window: Option<usize>,
    /// Updates (of the index, or as given) between two values, where they are known.
    pub spacing: Option<f64>,
    /// Why there is no error.
    pub why: Option<String>,
    /// Errors by the length of blocks.
    pub binning: Vec<Level>,
    /// Length of the blocks from which the error rises no more; none: the series is too short to tell.
    pub plateau: Option<usize>,
    /// Rank-normalised split R-hat.
    pub r_hat: Option<f64>,
    /// Effective sample size of the bulk and of the tails (Vehtari et al. 2021).
    pub ess_bulk: Option<f64>,
    /// That of the tails.
    pub ess_tail: Option<f64>,
    /// Values at the begin of each chain to leave out by MSER-5.
    pub burn_in: usize,
    /// Warnings to look at before the numbers are used.
    pub warnings: Vec<String>,
    #[serde(skip)]
    chains: Vec<Vec<f64>>,
}

/// Error from blocks of one length.
#[derive(Debug, Serialize)]
pub struct Level {
    /// Length of a block in values.
    pub length: usize,
    /// Number of blocks.
    pub blocks: usize,
    /// Standard error of the mean.
    pub error: f64,
    /// Standard error of `error`.
    pub uncertainty: f64,
}

fn as_map<S: Serializer>(group: &[(String, String)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(group.iter().map(|(name, value)| (name, value)))
}

impl Analysis {
    /// Analyses the series `found`, of which the first `discard` values of each chain are left out already. `spacing`:
    /// updates between two values; `None`: those of the index, where there is one.
    pub fn new(found: Found, discard: usize, spacing: Option<f64>) -> Self {
        let of_series = |series: Series| {
            let spacing = spacing.or_else(|| series.index.as_ref().and_then(|index| index.step));
            let group = series.group;
            series.quantities.into_iter().map(move |(name, chains)| Quantity::new(name, group.clone(), chains, spacing))
        };
        Self {
            files: found.files.into_iter().map(|(path, hash)| File { path, hash }).collect(),
            discard,
            notes: found.notes,
            quantities: found.series.into_iter().flat_map(of_series).collect(),
        }
    }

    /// Three panels for each quantity: the series, its autocorrelation, and the error by length of the blocks.
    pub fn figure(&self) -> Figure {
        let names: Vec<String> = self.quantities.iter().map(Quantity::title).collect();
        let alt = format!("Series, autocorrelation function and error by length of blocks of {}.", names.join(", "));
        Figure::new("series", "Series, autocorrelation and binning")
            .caption("", alt)
            .panels(self.quantities.iter().flat_map(Quantity::panels))
    }
}

/// |z| of the two-sided normal tail [`CHANCE`].
const FAR: f64 = 3.891;

impl Quantity {
    fn new(name: String, group: Vec<(String, String)>, chains: Vec<Vec<f64>>, spacing: Option<f64>) -> Self {
        let n = chains.iter().map(Vec::len).sum::<usize>();
        let value = chains.iter().flatten().sum::<f64>() / n as f64;
        let squares = chains.iter().flatten().map(|x| (x - value).powi(2)).sum::<f64>();
        let (seen, diagnosis, Binning { levels, plateau }) =
            (correlated_mean(&chains), convergence(&chains), binning(&chains));
        let begin = Begin::of(&chains);
        let mut warnings = Vec::new();
        let mut why = seen.as_ref().err().map(ToString::to_string);
        if let (Some(begin), Ok(seen)) = (&begin, &seen)
            && (begin.rest - value).abs() > 0.5 * seen.mean.error
        {
            why = Some(begin.to_string());
        } else if let (Some(begin), Err(SeriesError::Open { .. } | SeriesError::Short { .. })) = (&begin, &seen) {
            why = Some(begin.to_string());
        } else if let Some(apart) = diagnosis.filter(|d| d.r_hat > 1.01).and_then(|d| apart(&chains, &d)) {
            why = Some(apart);
        }
        if let (Ok(seen), None) = (&seen, &why) {
            let times = n as f64 / seen.tau.tau.max(0.5);
            if times < ENOUGH_TIMES {
                warnings.push(format!(
                    "{times:.0} tau_int are few: the error is itself uncertain by {:.0} %",
                    50.0 * seen.tau.error / seen.tau.tau.max(0.5)
                ));
            }
            let level = plateau.map(|k| levels[k]);
            if let Some(level) = level
                .filter(|l| (l.error - seen.mean.error).abs() > 4.0 * l.uncertainty && l.error > 1.5 * seen.mean.error)
            {
                warnings.push(format!(
                    "blocks of {} values have the error {}: there may be a slow mode that tau_int does not see",
                    level.length,
                    significant(level.error, 2)
                ));
            }
        }
        let known = seen.ok().filter(|_| why.is_none());
        let of = |f: fn(&CorrelatedMean) -> f64| known.as_ref().map_or(f64::NAN, f);
        let level = |l: &rgflow::statistics::BinLevel| Level {
            length: l.length,
            blocks: l.blocks,
            error: l.error,
            uncertainty: l.uncertainty,
        };
        Self {
            name,
            group,
            n,
            n_chains: chains.len(),
            mean: ValueWithError { value, error: of(|seen| seen.mean.error) },
            deviation: (squares / (n as f64 - 1.0)).sqrt(),
            n_eff: of(|seen| seen.mean.n_eff),
            tau_int: ValueWithError { value: of(|seen| seen.tau.tau), error: of(|seen| seen.tau.error) },
            window: known.map(|seen| seen.tau.window),
            spacing,
            why,
            plateau: plateau.map(|k| levels[k].length),
            binning: levels.iter().map(level).collect(),
            r_hat: diagnosis.map(|d| d.r_hat),
            ess_bulk: diagnosis.map(|d| d.ess_bulk),
            ess_tail: diagnosis.map(|d| d.ess_tail),
            burn_in: begin.map_or(0, |begin| begin.length),
            warnings,
            chains,
        }
    }

    /// Its name, with the values of the columns by which the series are separate.
    pub fn title(&self) -> String {
        let group: Vec<String> = self.group.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        if group.is_empty() { self.name.clone() } else { format!("{}, {}", self.name, group.join(", ")) }
    }

    fn panels(&self) -> [Panel; 3] {
        let title = self.title();
        let name = self.name.as_str();
        let longest = self.chains.iter().map(Vec::len).max().unwrap_or(0);
        let stride = longest.div_ceil(POINTS).max(1);
        let unit = self.spacing.unwrap_or(1.0);
        let updates = if self.spacing.is_some() { "updates" } else { "values" };
        let drawn = self.chains.iter().enumerate().take(8).map(|(k, chain)| {
            let x: Vec<f64> = (0..chain.len()).step_by(stride).map(|i| i as f64 * unit).collect();
            let y: Vec<f64> = chain.iter().step_by(stride).copied().collect();
            Curve::new(if self.n_chains > 1 { format!("chain {}", k + 1) } else { name.into() }, x, y)
        });
        let lags = self.window.map_or(longest / 4, |window| 2 * window + 5).max(10);
        let rho = autocorrelation(&self.chains, lags);
        let x: Vec<f64> = (0..rho.len()).map(|t| t as f64 * unit).collect();
        let stride = rho.len().div_ceil(POINTS).max(1);
        let thin = |v: &[f64]| v.iter().step_by(stride).copied().collect::<Vec<f64>>();
        let mut decay = vec![Curve::new(name, thin(&x), thin(&rho)), Curve::level("0", &x, 0.0)];
        if let Some(window) = self.window {
            let at = window as f64 * unit;
            decay.push(Curve::new("window", vec![at, at], vec![0.0, 1.0]).style(Style::Dashed));
        }
        let lengths: Vec<f64> = self.binning.iter().map(|l| l.length as f64).collect();
        let column = |of: fn(&Level) -> f64| self.binning.iter().map(of).collect::<Vec<f64>>();
        let mut errors = vec![
            Curve { error: column(|l| l.uncertainty), ..Curve::new("blocks", lengths.clone(), column(|l| l.error)) }
                .style(Style::LinePoints),
        ];
        if self.mean.error.is_finite() {
            errors.push(Curve::level("from tau_int", &lengths, self.mean.error));
        }
        [
            Panel::curves(title.clone(), updates, name, drawn),
            Panel::curves(title.clone(), format!("lag ({updates})").as_str(), "autocorrelation", decay),
            Panel::curves(title, Axis::log("length of a block (values)"), "error of the mean", errors),
        ]
    }
}

/// A begin of chains that is of another law than the rest.
struct Begin {
    length: usize,
    /// Its difference from the rest in standard errors.
    z: f64,
    /// Mean of the rest.
    rest: f64,
    /// Whether it is half of the values, so that no rest is known to be of one law.
    is_half: bool,
}

impl Begin {
    /// The begin by MSER of the mean over chains, if it differs from the rest by more than chance allows.
    fn of(chains: &[Vec<f64>]) -> Option<Self> {
        let n = chains.iter().map(Vec::len).min()?;
        let m = chains.len() as f64;
        let mean: Vec<f64> = (0..n).map(|i| chains.iter().map(|chain| chain[i]).sum::<f64>() / m).collect();
        let length = burn_in(&mean);
        if length == 0 {
            return None;
        }
        let rests: Vec<Vec<f64>> = chains.iter().map(|chain| chain[length..].to_vec()).collect();
        let is_half = 2 * (length + 5) > n;
        let seen = correlated_mean(&rests).ok()?;
        let first = mean[..length].iter().sum::<f64>() / length as f64;
        // A begin shorter than tau_int is one value at most.
        let own = seen.deviation * (2.0 * seen.tau.tau.max(0.5) / length as f64).min(1.0).sqrt() / m.sqrt();
        let z = (first - seen.mean.value).abs() / own.hypot(seen.mean.error);
        // MSER looks for the begin that differs most.
        (z > FAR + 1.0).then_some(Self { length, z, rest: seen.mean.value, is_half })
    }
}

impl std::fmt::Display for Begin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { length, z, is_half, .. } = self;
        write!(
            f,
            "the first {length} values of each chain differ from the rest by {z:.1} standard errors, so they are not \
             of one law; "
        )?;
        if *is_half {
            write!(f, "take a longer series, or leave out its begin with --discard")
        } else {
            write!(f, "leave them out with --discard {length}")
        }
    }
}

/// Whether the halves of the chains differ by more than chance allows where they have one law.
///
/// R-hat^2 - 1 is about F/n_eff of a half, with F of chi^2/(m - 1) for m halves: the bound is that of [`CHANCE`], with
/// tau_int within the halves.
fn apart(chains: &[Vec<f64>], seen: &Convergence) -> Option<String> {
    let halves: Vec<Vec<f64>> = chains
        .iter()
        .flat_map(|chain| {
            let half = chain.len() / 2;
            [chain[..half].to_vec(), chain[chain.len() - half..].to_vec()]
        })
        .map(|half| {
            let mean = half.iter().sum::<f64>() / half.len() as f64;
            half.iter().map(|v| v - mean).collect()
        })
        .collect();
    let m = halves.len() as f64;
    let n_eff = match correlated_mean(&halves) {
        Ok(within) => within.mean.n_eff / m,
        // Where even the halves are too short, one value each is known.
        Err(_) => return None,
    };
    let excess = (seen.r_hat * seen.r_hat - 1.0).max(0.0) * n_eff * (m - 1.0);
    // Errors of tau_int make the law wider than chi^2.
    (chi_square_tail(0.5 * excess, m - 1.0) < CHANCE).then(|| {
        format!(
            "{} differ by more than their spread explains (R-hat = {:.3}), so they have not one law; leave out the \
             begin with --discard, or take longer chains",
            if chains.len() == 1 { "its halves" } else { "the chains, or their halves," },
            seen.r_hat
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AR(1) with uniform noise of a linear congruential generator, stationary from its first value on.
    fn ar1(phi: f64, n: usize, state: &mut u32) -> Vec<f64> {
        let mut noise = || {
            *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(*state >> 8) / f64::from(1 << 24) - 0.5
        };
        let mut x = 0.0;
        (0..200).for_each(|_| x = phi * x + noise());
        let mut step = |_| {
            x = phi * x + noise();
            x
        };
        (0..n).map(&mut step).collect()
    }

    fn analysed(chains: Vec<Vec<f64>>) -> Quantity {
        Quantity::new("x".into(), Vec::new(), chains, None)
    }

    /// Null: chains of one law; that halves or the begin differ has the probability 1e-4 each. Of 300, more than two
    /// have p < 1e-4. Those refused as too short are none of them. Seed 1 of the generator, lengths of 105 to 1050
    /// tau_int.
    #[test]
    fn chains_of_one_law_are_rarely_called_different() {
        let mut state = 1;
        let (mut alarms, mut short) = (0, 0);
        for k in 0..300 {
            let n = [1000, 2000, 10_000][k % 3];
            let chains = [1, 4][k % 2];
            let seen = analysed((0..chains).map(|_| ar1(0.9, n / chains, &mut state)).collect());
            match seen.why {
                Some(why) if why.contains("law") => alarms += 1,
                Some(_) => short += 1,
                None => assert!(seen.mean.error > 0.0),
            }
        }
        assert!(alarms <= 2 && short <= 45, "{alarms} {short}");
    }

    /// Chains one standard deviation apart, and a begin six of them away, are seen, whatever the seed.
    #[test]
    fn chains_of_different_laws_have_no_error() {
        let mut state = 1;
        for _ in 0..20 {
            let apart = (0..4).map(|c| ar1(0.5, 500, &mut state).iter().map(|x| x + 0.2 * f64::from(c)).collect());
            let seen = analysed(apart.collect());
            assert!(seen.mean.error.is_nan() && seen.why.is_some_and(|why| why.contains("R-hat")), "{:?}", seen.r_hat);
            let far = |(i, x): (usize, &f64)| x + 2.0 * (-(i as f64) / 50.0).exp();
            let seen = analysed(vec![ar1(0.5, 2000, &mut state).iter().enumerate().map(far).collect()]);
            let why = seen.why.unwrap();
            assert!(why.contains("--discard") && (50..500).contains(&seen.burn_in), "{why}");
        }
    }
}
