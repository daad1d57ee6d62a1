//! Early termination at the minimum of the test cost (thesis section 2.2.2, fig 2.2).

use crate::restart::Unfit;

/// The restart of [`EarlyStopping`]: evaluations without a new minimum, and the best epoch, its cost and its machine.
pub(crate) type State<S> = (usize, Option<(usize, f64, S)>);

/// Watches a test cost and keeps a copy of the best machine seen.
#[derive(Clone, Debug)]
pub struct EarlyStopping<M> {
    patience: usize,
    since: usize,
    best: Option<(usize, f64, M)>,
}

impl<M: Clone> EarlyStopping<M> {
    /// Stops after `patience` epochs without a new minimum; 0 never stops, but still keeps the best.
    pub fn new(patience: usize) -> Self {
        Self { patience, since: 0, best: None }
    }

    /// Notes the test cost after `epoch`; returns whether to stop. A cost that is not finite stops at once.
    pub fn observe(&mut self, epoch: usize, cost: f64, machine: &M) -> bool {
        if !cost.is_finite() {
            return true;
        }
        if self.best.as_ref().is_none_or(|(_, best, _)| cost < *best) {
            self.best = Some((epoch, cost, machine.clone()));
            self.since = 0;
        } else {
            self.since += 1;
        }
        self.patience > 0 && self.since >= self.patience
    }

    /// The state so far, with the best machine as `of` gives it.
    pub(crate) fn state<'a, S>(&'a self, of: impl FnOnce(&'a M) -> S) -> State<S> {
        (self.since, self.best.as_ref().map(|(epoch, cost, machine)| (*epoch, *cost, of(machine))))
    }

    /// Goes on with what [`EarlyStopping::state`] gave.
    pub(crate) fn restore<S>(
        &mut self,
        (since, best): State<S>,
        of: impl FnOnce(S) -> Result<M, Unfit>,
    ) -> Result<(), Unfit> {
        self.since = since;
        self.best = best.map(|(epoch, cost, state)| Ok((epoch, cost, of(state)?))).transpose()?;
        Ok(())
    }

    /// The best epoch, its cost and its machine; `None` if no finite cost was seen.
    pub fn into_best(self) -> Option<(usize, f64, M)> {
        self.best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_minimum_and_waits() {
        let mut stop = EarlyStopping::new(2);
        let stopped: Vec<bool> =
            [3.0, 2.0, 2.5, 1.0, 1.5, 1.0].iter().enumerate().map(|(e, c)| stop.observe(e, *c, &e)).collect();
        assert_eq!(stopped, [false, false, false, false, false, true]);
        assert_eq!(stop.into_best(), Some((3, 1.0, 3)));
        assert!(EarlyStopping::new(5).observe(0, f64::NAN, &()));
    }
}
