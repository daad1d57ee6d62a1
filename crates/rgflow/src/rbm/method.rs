//! The source of the negative phase, and the measure that stops a training.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Where the expectation values of the machine come from in the gradient of ln p (thesis eq. 2.4.11): the negative
/// phase.
///
/// ```
/// use rgflow::rbm::Method;
/// assert_eq!("pcd".parse(), Ok(Method::Pcd));
/// assert_eq!(Method::Exact.to_string(), "exact");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Method {
    /// Contrastive divergence, CD-k: chains of k steps that start at the data of the batch (Hinton 2002).
    Cd,
    /// Persistent contrastive divergence, PCD-k: chains that go on from where the last update left them (Tieleman
    /// 2008).
    Pcd,
    /// Mean-field contrastive divergence: expectation values in the place of states, k steps from the data of the batch
    /// (thesis eqs 2.4.15, 2.4.24 and 2.4.25 read literally). Not the gradient of any likelihood.
    MeanField,
    /// The exact gradient of the likelihood, by enumeration: no chains; the smaller layer has at most 25 two-valued
    /// units.
    Exact,
    /// Parallel tempering: persistent chains that exchange their states with those of machines between the present one
    /// and independent units with the means of the data (Desjardins et al. 2010; Cho, Raiko and Ilin 2010),
    /// [`Training::temperatures`](super::Training) machines in all. k sweeps of all of them for each update.
    Tempering,
    /// Trajectory tempering: persistent chains that exchange their states with those of earlier machines of the same
    /// training (Béreux, Decelle, Furtlehner and Seoane, arXiv 2405.15376), of which one is kept whenever fewer than a
    /// third of the exchanges with the last one kept are accepted. k sweeps of all of them for each update.
    Trajectory,
}

impl Method {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Cd, "cd"),
        (Self::Pcd, "pcd"),
        (Self::MeanField, "mean-field"),
        (Self::Exact, "exact"),
        (Self::Tempering, "tempering"),
        (Self::Trajectory, "trajectory"),
    ];

    /// Whether chains go on from update to update.
    ///
    /// ```
    /// use rgflow::rbm::Method;
    /// assert!(Method::Pcd.is_persistent() && Method::Tempering.is_persistent());
    /// assert!(!Method::Cd.is_persistent() && !Method::Exact.is_persistent());
    /// ```
    pub fn is_persistent(self) -> bool {
        matches!(self, Self::Pcd) || self.is_aided()
    }

    /// Whether chains exchange their states with those of other machines.
    ///
    /// ```
    /// use rgflow::rbm::Method;
    /// assert!(Method::Tempering.is_aided() && Method::Trajectory.is_aided());
    /// assert!(!Method::Pcd.is_aided());
    /// ```
    pub fn is_aided(self) -> bool {
        matches!(self, Self::Tempering | Self::Trajectory)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        Self::ALL.iter().filter(|(method, _)| method == self).try_for_each(|(_, name)| f.write_str(name))
    }
}

impl FromStr for Method {
    type Err = String;

    /// "cd", "pcd", "mean-field", "exact", "tempering" or "trajectory".
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(_, name)| *name == text).map(|(method, _)| *method);
        found.ok_or_else(|| {
            format!(
                "method \"{text}\": must be \"cd\", \"pcd\", \"mean-field\", \"exact\", \"tempering\" or \"trajectory\""
            )
        })
    }
}

/// Measure of the test set that early stopping watches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum StopOn {
    /// The least reconstruction cost (thesis section 4.5): not a measure of the law.
    #[default]
    Reconstruction,
    /// The largest pseudo-likelihood ([`Rbm::pseudo_likelihood`](super::Rbm::pseudo_likelihood)).
    PseudoLikelihood,
    /// The largest ln p, with ln Z by enumeration ([`Rbm::ln_z`](super::Rbm::ln_z)).
    LogLikelihood,
}
