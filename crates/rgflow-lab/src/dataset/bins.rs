//! Continuous temperatures put into bins of about equal numbers of samples.

use super::Dataset;
use super::label_names::Meaning;
use super::labels::Labels;
use std::collections::BTreeMap;

impl Labels {
    /// The labels with temperatures put into at most `n` bins of about equal numbers of samples: each sample has the
    /// mean temperature of its bin, in six digits. Equal temperatures share a bin, so that there may be fewer bins.
    ///
    /// # Errors
    /// A sentence, if labels are classes, a temperature is infinite, or `n` is below 2.
    pub fn binned(&self, n: usize) -> Result<Self, String> {
        if self.meaning != Meaning::Temperature {
            return Err(
                "--bins is for temperatures, and labels are classes; leave it out, or name the temperatures by \
                --temperatures"
                    .into(),
            );
        }
        if n < 2 {
            return Err(format!("--bins {n}: at least two bins are needed"));
        }
        if self.values.iter().any(|t| t.is_infinite()) {
            return Err("--bins: a temperature is infinite and has no mean with others; leave these samples out".into());
        }
        let (distinct, classes) = self.classes();
        let total = classes.len();
        let mut counts = vec![0usize; distinct.len()];
        classes.iter().for_each(|k| counts[*k] += 1);
        let (mut before, mut bins) = (0usize, Vec::with_capacity(distinct.len()));
        for count in &counts {
            // The bin of the middle sample of that temperature.
            bins.push((2 * before + count) * n / (2 * total));
            before += count;
        }
        let mut sums: BTreeMap<usize, (f64, usize)> = BTreeMap::new();
        for ((bin, t), count) in bins.iter().zip(&distinct).zip(&counts) {
            let sum = sums.entry(*bin).or_default();
            *sum = (sum.0 + t * *count as f64, sum.1 + count);
        }
        let mean = |bin: &usize| {
            let (sum, count) = sums[bin];
            let mean = sum / count as f64;
            format!("{mean:.5e}").parse().unwrap_or(mean)
        };
        let values = classes.iter().map(|k| mean(&bins[*k])).collect();
        Ok(Self { meaning: Meaning::Temperature, values, words: Vec::new() })
    }
}

impl Dataset {
    /// Puts the temperatures into `bins` bins ([`Labels::binned`]), with a note; 0 leaves them as they are.
    ///
    /// # Errors
    /// As [`Labels::binned`], and if there are no labels.
    pub fn bin(&mut self, bins: usize) -> Result<(), String> {
        if bins == 0 {
            return Ok(());
        }
        let labels = self
            .labels
            .as_ref()
            .ok_or("--bins needs temperatures, and there are no labels; name them by --temperatures")?;
        let binned = labels.binned(bins)?;
        let (distinct, classes) = binned.classes();
        let of = |k: usize| classes.iter().filter(|c| **c == k).count();
        let counts: Vec<usize> = (0..distinct.len()).map(of).collect();
        let (least, most) = (counts.iter().min().unwrap_or(&0), counts.iter().max().unwrap_or(&0));
        let each = if least == most { least.to_string() } else { format!("{least} to {most}") };
        self.notes.push(format!(
            "{} temperatures are put into {} bins of {each} samples; each bin is read as its mean temperature ({} to \
             {})",
            labels.classes().0.len(),
            distinct.len(),
            distinct[0],
            distinct[distinct.len() - 1]
        ));
        self.labels = Some(binned);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn temperatures(values: Vec<f64>) -> Labels {
        Labels { meaning: Meaning::Temperature, values, words: vec![] }
    }

    #[test]
    fn bins_have_equal_numbers_of_samples() {
        let binned = temperatures((0..1000).map(|i| f64::from((i * 7) % 1000)).collect()).binned(4).unwrap();
        let (distinct, classes) = binned.classes();
        assert_eq!(distinct, [124.5, 374.5, 624.5, 874.5]);
        assert!((0..4).all(|k| classes.iter().filter(|c| **c == k).count() == 250));
        // Equal temperatures are not torn apart, and few of them stay as they are.
        let few = temperatures([1.0, 2.0, 3.0].repeat(20)).binned(10).unwrap();
        assert_eq!(few.values, [1.0, 2.0, 3.0].repeat(20));
        assert!(temperatures(vec![1.0, f64::INFINITY]).binned(2).unwrap_err().contains("infinite"));
        assert!(temperatures(vec![1.0, 2.0]).binned(1).unwrap_err().contains("two bins"));
        let classes = Labels { meaning: Meaning::Class, ..temperatures(vec![1.0, 2.0]) };
        assert!(classes.binned(2).unwrap_err().contains("--temperatures"));
    }
}
