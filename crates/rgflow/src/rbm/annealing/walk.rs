//! Chains through a family of machines, and their weights.

use crate::random::{Bulk, Stream};
use crate::rbm::intermediate::{Family, Replicas};
use crate::restart::{Stopped, Tick, Ticks};
use ndarray::{ArrayView2, s};
use rayon::prelude::*;

/// Chains that one task takes. Fixed, so that random numbers do not depend on threads.
pub(super) const BLOCK: usize = 64;

/// Where chains begin.
#[derive(Clone, Copy)]
pub(super) enum Begin<'a> {
    /// So many draws of the independent units.
    Reference(usize),
    /// States, a row each.
    At(ArrayView2<'a, f32>),
}

/// Chains through the machines at the temperatures `betas`, in the order given: from beta_0, whose law the begin has, to
/// the last.
#[derive(Clone, Copy)]
pub(super) struct Walk<'a> {
    pub family: &'a Family,
    pub betas: &'a [f64],
    pub begin: Begin<'a>,
    /// Is told of the steps of all chains together.
    pub tick: &'a Tick<'a>,
}

impl Walk<'_> {
    /// ln w of each chain. Random numbers: those of `stream`, an index for each block of chains.
    pub(super) fn run(&self, stream: Stream) -> Result<Vec<f64>, Stopped> {
        let chains = match self.begin {
            Begin::Reference(n) => n,
            Begin::At(states) => states.nrows(),
        };
        let block = |b: usize| {
            let rows = b * BLOCK..chains.min((b + 1) * BLOCK);
            let begin = match self.begin {
                Begin::Reference(_) => Begin::Reference(rows.len()),
                Begin::At(states) => Begin::At(states.slice_move(s![rows, ..])),
            };
            Walk { begin, ..*self }.weights(stream.bulk(b as u64))
        };
        let blocks: Vec<Vec<f64>> = (0..chains.div_ceil(BLOCK)).into_par_iter().map(block).collect::<Result<_, _>>()?;
        Ok(blocks.concat())
    }

    fn weights(&self, random: Bulk) -> Result<Vec<f64>, Stopped> {
        let mut ln_w = Vec::new();
        self.see(random, |k, steps| {
            if k == 0 {
                ln_w = vec![0.0; steps.len()];
            }
            ln_w.iter_mut().zip(steps).for_each(|(w, step)| *w += step);
        })?;
        Ok(ln_w)
    }

    /// Calls `see` with k and ln f_(k+1)(v_k) - ln f_k(v_k) of each chain, k = 0 ..., v_k being drawn by a step of the
    /// machine at beta_k from v_(k-1); v_0 is where chains begin. The product of these factors weights v_0 ... as a
    /// draw from the last machine.
    pub(super) fn see(&self, random: Bulk, mut see: impl FnMut(usize, &[f64])) -> Result<(), Stopped> {
        let Self { family, betas, begin, tick } = *self;
        let rows = match begin {
            Begin::Reference(n) => n,
            Begin::At(states) => states.nrows(),
        };
        let mut ticks = Ticks::new(tick, rows, rows * family.n_weights());
        let mut replicas = Replicas::new(family, rows, random);
        match begin {
            Begin::Reference(_) => replicas.draw_reference(family),
            Begin::At(states) => replicas.chains.set_visible(states).expect("states that were checked"),
        }
        let (mut from, mut to, mut ln_ratios) = (vec![0.0; rows], vec![0.0; rows], vec![0.0; rows]);
        replicas.look(family);
        for (k, pair) in betas.windows(2).enumerate() {
            if k > 0 {
                replicas.set_beta(pair[0]);
                replicas.step(family);
                replicas.look(family);
            }
            from.fill(pair[0]);
            to.fill(pair[1]);
            replicas.ln_ratios(family, true, [&from, &to], &mut ln_ratios);
            see(k, &ln_ratios);
            ticks.step()?;
        }
        ticks.tell()
    }
}
