//! When a flow is read.

use super::FlowError;
use crate::rbm::Rest;

/// Steps of a flow, and those at which it is read.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// Number of steps.
    pub steps: usize,
    /// Steps at which P(T), E and |m| are read, ascending, up to `steps`; with 0 for what needs the start.
    pub records: Vec<usize>,
    /// When chains of expectation values are kept as they are; those of states never are.
    pub rest: Rest,
}

impl Schedule {
    /// About eight records per decade, and six in each of the windows
    /// [t/2, 3t/4) and [3t/4, t] whose agreement means "converged".
    ///
    /// ```
    /// let schedule = rgflow::flow::Schedule::new(1000);
    /// assert_eq!((schedule.records[0], schedule.records.last()), (0, Some(&1000)));
    /// ```
    pub fn new(steps: usize) -> Self {
        let decades = [1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 7.5];
        let mut records: Vec<usize> = vec![0, steps];
        let mut scale = 1;
        while scale <= steps {
            records.extend(decades.iter().map(|d| (d * scale as f64).round() as usize));
            scale *= 10;
        }
        records.extend((0..12).map(|i| steps / 2 + i * steps / 24));
        records.retain(|r| *r <= steps);
        records.sort_unstable();
        records.dedup();
        Self { steps, records, rest: Rest::default() }
    }

    /// Refuses records that no flow has.
    pub(super) fn check(&self) -> Result<(), FlowError> {
        let ascending = self.records.windows(2).all(|pair| pair[0] < pair[1]);
        match self.records.last() {
            Some(last) if ascending && *last <= self.steps => Ok(()),
            _ => Err(FlowError::Records { steps: self.steps, records: self.records.clone() }),
        }
    }

    /// Window of a record: 0 for [t/2, 3t/4), 1 for [3t/4, t], `None` before.
    pub(super) fn window(&self, step: usize) -> Option<usize> {
        if 2 * step < self.steps { None } else { Some(usize::from(4 * step >= 3 * self.steps)) }
    }
}
