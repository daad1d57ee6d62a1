//! A trajectory in a few numbers and pictures.

use super::moments::{Moment, Trajectory};
use super::{Reference, converged};

impl Trajectory {
    /// The last record.
    ///
    /// ```
    /// # use rgflow::{flow::{Flow, Mode, Readout, Schedule, Starts, run}, random::Streams, rbm::Rbm};
    /// # let streams = Streams::new(1);
    /// # let rbm = Rbm::random(4, 2, 0.01, &mut streams.generator("example/init", 0));
    /// # let spins = ndarray::Array2::from_shape_fn((40, 4), |(chain, _)| if chain < 20 { 1.0f32 } else { -1.0 });
    /// # let starts = Starts { values: spins.view().into(), n_starts: 2 };
    /// # let schedule = Schedule { steps: 8, records: vec![0, 1, 4, 8], ..Schedule::new(8) };
    /// # let flow = Flow { rbm: &rbm, mode: Mode::Mean, schedule: &schedule };
    /// let flow = run(flow, Readout::default(), starts, streams.of("example/flow"))?;
    /// assert_eq!(flow.last().step, 8);
    /// # Ok::<(), rgflow::flow::FlowError>(())
    /// ```
    ///
    /// # Panics
    /// If `moments` was emptied: [`run`](super::run) refuses a schedule without records.
    pub fn last(&self) -> &Moment {
        &self.moments[self.moments.len() - 1]
    }

    /// The record nearest to `step`.
    ///
    /// ```
    /// # use rgflow::{flow::{Flow, Mode, Readout, Schedule, Starts, run}, random::Streams, rbm::Rbm};
    /// # let streams = Streams::new(1);
    /// # let rbm = Rbm::random(4, 2, 0.01, &mut streams.generator("example/init", 0));
    /// # let spins = ndarray::Array2::from_shape_fn((40, 4), |(chain, _)| if chain < 20 { 1.0f32 } else { -1.0 });
    /// # let starts = Starts { values: spins.view().into(), n_starts: 2 };
    /// # let schedule = Schedule { steps: 8, records: vec![0, 1, 4, 8], ..Schedule::new(8) };
    /// # let flow = Flow { rbm: &rbm, mode: Mode::Mean, schedule: &schedule };
    /// let flow = run(flow, Readout::default(), starts, streams.of("example/flow"))?;
    /// assert_eq!(flow.nearest(3).step, 4);
    /// # Ok::<(), rgflow::flow::FlowError>(())
    /// ```
    pub fn nearest(&self, step: usize) -> &Moment {
        self.moments.iter().min_by_key(|m| m.step.abs_diff(step)).unwrap_or_else(|| self.last())
    }

    /// Recorded steps.
    ///
    /// ```
    /// # use rgflow::{flow::{Flow, Mode, Readout, Schedule, Starts, run}, random::Streams, rbm::Rbm};
    /// # let streams = Streams::new(1);
    /// # let rbm = Rbm::random(4, 2, 0.01, &mut streams.generator("example/init", 0));
    /// # let spins = ndarray::Array2::from_shape_fn((40, 4), |(chain, _)| if chain < 20 { 1.0f32 } else { -1.0 });
    /// # let starts = Starts { values: spins.view().into(), n_starts: 2 };
    /// # let schedule = Schedule { steps: 8, records: vec![0, 1, 4, 8], ..Schedule::new(8) };
    /// # let flow = Flow { rbm: &rbm, mode: Mode::Mean, schedule: &schedule };
    /// let flow = run(flow, Readout::default(), starts, streams.of("example/flow"))?;
    /// assert_eq!(flow.steps(), [0, 1, 4, 8]);
    /// # Ok::<(), rgflow::flow::FlowError>(())
    /// ```
    pub fn steps(&self) -> Vec<usize> {
        self.moments.iter().map(|m| m.step).collect()
    }

    /// Fraction of starts whose last windows agree ([`converged`]).
    ///
    /// ```
    /// # use rgflow::{flow::{Flow, Mode, Readout, Schedule, Starts, run}, random::Streams, rbm::Rbm};
    /// # let streams = Streams::new(1);
    /// # let rbm = Rbm::random(4, 2, 0.01, &mut streams.generator("example/init", 0));
    /// # let spins = ndarray::Array2::from_shape_fn((40, 4), |(chain, _)| if chain < 20 { 1.0f32 } else { -1.0 });
    /// # let starts = Starts { values: spins.view().into(), n_starts: 2 };
    /// # let schedule = Schedule { steps: 8, records: vec![0, 1, 4, 8], ..Schedule::new(8) };
    /// # let flow = Flow { rbm: &rbm, mode: Mode::Mean, schedule: &schedule };
    /// let flow = run(flow, Readout::default(), starts, streams.of("example/flow"))?;
    /// assert_eq!(flow.converged(), 1.0);
    /// # Ok::<(), rgflow::flow::FlowError>(())
    /// ```
    pub fn converged(&self) -> f64 {
        self.windows.iter().filter(|windows| converged(windows)).count() as f64 / self.windows.len() as f64
    }

    /// T* by record and start, in J/k_B.
    ///
    /// ```
    /// # use rgflow::flow::{Reading, Reference};
    /// # use rgflow::nn::{Activation, Mlp};
    /// # use rgflow::{flow::{Flow, Mode, Readout, Schedule, Starts, run}, random::Streams, rbm::Rbm};
    /// # let streams = Streams::new(1);
    /// # let rbm = Rbm::random(4, 2, 0.01, &mut streams.generator("example/init", 0));
    /// # let spins = ndarray::Array2::from_shape_fn((40, 4), |(chain, _)| if chain < 20 { 1.0f32 } else { -1.0 });
    /// # let starts = Starts { values: spins.view().into(), n_starts: 2 };
    /// # let schedule = Schedule { steps: 8, records: vec![0, 1, 4, 8], ..Schedule::new(8) };
    /// # let flow = Flow { rbm: &rbm, mode: Mode::Mean, schedule: &schedule };
    /// # let random = &mut streams.generator("example/mlp", 0);
    /// # let mlp = Mlp::random(&[4, 2], Activation::Tanh, Activation::Softmax, random);
    /// # let reading = |p: f32| Reading::of(ndarray::Array2::from_shape_fn((20, 2), |(_, k)| [p, 1.0 - p][k]).view());
    /// # let reference = Reference::new(&[1.0, 2.0], vec![reading(0.9), reading(0.2)], streams)?;
    /// let flow = run(flow, Readout::network(&mlp), starts, streams.of("example/flow"))?;
    /// let t = flow.t_star(&reference);
    /// assert!(t.len() == 4 && t.iter().flatten().all(|t| (1.0..=2.0).contains(t)));
    /// # Ok::<(), rgflow::flow::FlowError>(())
    /// ```
    pub fn t_star(&self, reference: &Reference) -> Vec<Vec<f64>> {
        let of = |m: &Moment| m.probability.rows().into_iter().map(|p| reference.t_star(&p.to_vec()).0).collect();
        self.moments.iter().map(of).collect()
    }

    /// Positions of the last records at or before each of `steps`.
    ///
    /// ```
    /// # use rgflow::{flow::{Flow, Mode, Readout, Schedule, Starts, run}, random::Streams, rbm::Rbm};
    /// # let streams = Streams::new(1);
    /// # let rbm = Rbm::random(4, 2, 0.01, &mut streams.generator("example/init", 0));
    /// # let spins = ndarray::Array2::from_shape_fn((40, 4), |(chain, _)| if chain < 20 { 1.0f32 } else { -1.0 });
    /// # let starts = Starts { values: spins.view().into(), n_starts: 2 };
    /// # let schedule = Schedule { steps: 8, records: vec![0, 1, 4, 8], ..Schedule::new(8) };
    /// # let flow = Flow { rbm: &rbm, mode: Mode::Mean, schedule: &schedule };
    /// let flow = run(flow, Readout::default(), starts, streams.of("example/flow"))?;
    /// assert_eq!(flow.records_before(&[0, 3, 100]), [0, 1, 3]);
    /// # Ok::<(), rgflow::flow::FlowError>(())
    /// ```
    pub fn records_before(&self, steps: &[usize]) -> Vec<usize> {
        steps.iter().map(|step| self.moments.iter().rposition(|m| m.step <= *step).unwrap_or(0)).collect()
    }

    /// The first chain of `starts` at `records` (positions): `[start][record]`.
    ///
    /// ```
    /// # use rgflow::{flow::{Flow, Mode, Readout, Schedule, Starts, run}, random::Streams, rbm::Rbm};
    /// # let streams = Streams::new(1);
    /// # let rbm = Rbm::random(4, 2, 0.01, &mut streams.generator("example/init", 0));
    /// # let spins = ndarray::Array2::from_shape_fn((40, 4), |(chain, _)| if chain < 20 { 1.0f32 } else { -1.0 });
    /// # let starts = Starts { values: spins.view().into(), n_starts: 2 };
    /// # let schedule = Schedule { steps: 8, records: vec![0, 1, 4, 8], ..Schedule::new(8) };
    /// # let flow = Flow { rbm: &rbm, mode: Mode::Mean, schedule: &schedule };
    /// let flow = run(flow, Readout::default(), starts, streams.of("example/flow"))?;
    /// assert_eq!(flow.pictures(&[1, 0], &[0]), [[[-1.0; 4]], [[1.0; 4]]]);
    /// # Ok::<(), rgflow::flow::FlowError>(())
    /// ```
    pub fn pictures(&self, starts: &[usize], records: &[usize]) -> Vec<Vec<Vec<f32>>> {
        let of = |start: &usize| records.iter().map(|r| self.moments[*r].example.row(*start).to_vec()).collect();
        starts.iter().map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Flow, Mode, Readout, Schedule, Starts, run};
    use crate::random::Streams;
    use crate::rbm::Rbm;
    use ndarray::Array2;

    #[test]
    fn records_are_found_by_their_steps() {
        let streams = Streams::new(1);
        let rbm = Rbm::random(4, 2, 0.5, &mut streams.generator("test/rbm", 0));
        let values = Array2::from_shape_fn((6, 4), |(row, _)| if row < 3 { 1.0f32 } else { -1.0 });
        let starts = Starts { values: values.view().into(), n_starts: 2 };
        let schedule = Schedule { steps: 8, records: vec![0, 1, 4, 8], ..Schedule::new(8) };
        let (readout, flow) = (Readout::default(), Flow { rbm: &rbm, mode: Mode::Gibbs, schedule: &schedule });
        let flow = run(flow, readout, starts, streams.of("test/flow"));
        let flow = flow.expect("starts fit");
        assert_eq!(flow.steps(), [0, 1, 4, 8]);
        assert_eq!((flow.nearest(3).step, flow.nearest(100).step, flow.last().step), (4, 8, 8));
        assert_eq!(flow.records_before(&[0, 3, usize::MAX]), [0, 1, 3]);
        let pictures = flow.pictures(&[1, 0], &[0]);
        assert_eq!(pictures, [[[-1.0; 4]], [[1.0; 4]]]);
        assert!((0.0..=1.0).contains(&flow.converged()));
    }
}
