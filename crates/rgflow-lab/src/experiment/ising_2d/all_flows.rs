//! One figure that compares all flows: RBM in both modes, block spins, Migdal-Kadanoff, tensors.

use super::figures::Figures;
use super::tables::mode_title;
use crate::study::prelude::*;
use rgflow::rg::{migdal_kadanoff, trg};

/// Steps of b = 2 of the flows of couplings and tensors.
const STEPS: usize = 6;
/// Number of singular values of the tensors: enough to distinguish the phases.
const CHI: usize = 8;

impl Figures<'_> {
    /// Temperatures along all flows from the same starts.
    pub fn all_flows(&self) -> Figure {
        let series = &self.found()[0].flow("all", MODES[0]).series;
        let shown: Vec<usize> = series.shown_starts.iter().copied().filter(|k| self.temperatures[*k] > 0.0).collect();
        let (last, steps) = (self.last(), "steps of b = 2");
        let y = || Axis::new("T (J/k_B)").limits(0.0, last);
        let marked = |curves: Vec<Curve>| {
            let x: Vec<f64> = curves.iter().flat_map(|c| c.x.iter().copied()).collect();
            let ends = [x.iter().copied().fold(f64::INFINITY, f64::min), x.iter().copied().fold(0.0, f64::max)];
            curves.into_iter().chain([Curve::level("T_c", &ends, Temperature::CRITICAL.value())])
        };
        let of_all = self.q.machines.of_set(0).flat_map(|machine| MODES.map(|mode| (machine, mode)));
        let rbm = of_all.map(|(machine, mode)| {
            let of = |k: &usize| {
                let t = self.temperatures[*k];
                self.series(machine, mode, format!("from T = {t}"), |s, r| s.t_star[r][*k]).colour(self.colour(t))
            };
            let curves = marked(shown.iter().map(of).collect());
            let title = format!("RBM, {}, {}: T*", self.q.machines.by(machine), mode_title(mode));
            Panel::curves(title, Axis::log("step"), y(), curves)
        });
        let from = |k: usize, y: Vec<f64>, error: Vec<f64>| {
            let (t, x) = (self.temperatures[k], (0..y.len()).map(|n| n as f64).collect::<Vec<_>>());
            let curve = Curve::new(format!("from T = {t}"), x, y).style(Style::LinePoints);
            Curve { error, ..curve.colour(self.colour(t)) }
        };
        // Blocked once and twice by b = 2; the start is the temperature itself.
        let twofold = |steps: usize| {
            self.found()[0].thermal.blocked.iter().position(|blocked| blocked.b == 2 && blocked.steps == steps)
        };
        let blocked = twofold(1).zip(twofold(2)).map(|(once, twice)| {
            let read = |i: usize, k: usize| {
                let mean = self.over.mean(|f| f.thermal.blocked[i].observed[k].t_energy);
                (mean.value.unwrap_or(f64::NAN), mean.error.unwrap_or(f64::NAN))
            };
            let of = |k: &usize| {
                let steps = [(self.temperatures[*k], f64::NAN), read(once, *k), read(twice, *k)];
                from(*k, steps.map(|s| s.0).to_vec(), steps.map(|s| s.1).to_vec())
            };
            Panel::curves("Block spins: T_E", steps, y(), marked(shown.iter().map(of).collect()))
        });
        let moved = |k: &usize| {
            let flow = std::iter::successors(Some(1.0 / self.temperatures[*k]), |k| Some(migdal_kadanoff::step(*k)));
            // Points outside the frame are not drawn.
            let t = flow.take(STEPS + 1).map(|k| if k * last >= 1.0 { 1.0 / k } else { f64::NAN });
            from(*k, t.collect(), vec![])
        };
        let fixed = 1.0 / migdal_kadanoff::fixed_point();
        let level = Curve::level("its fixed point", &[0.0, STEPS as f64], fixed);
        let moved = marked(shown.iter().map(moved).collect()).chain([level]);
        let tensors = |k: &usize| {
            let t = Temperature::new(self.temperatures[*k]).ok()?;
            let seen = trg::renormalize(t, CHI, 2 * STEPS).ok()?;
            // Two steps of the method correspond to one of b = 2.
            Some(from(*k, seen.iter().step_by(2).map(|s| s.degeneracy).collect(), vec![]))
        };
        let states = Axis::new("ground states").limits(0.9, 2.1);
        let coarse = [
            Panel::curves("Migdal-Kadanoff", steps, y(), moved),
            Panel::curves("TRG: (tr T)^2/tr T^2", steps, states, shown.iter().filter_map(tensors)),
        ];
        Figure::new("fig4.9-flows", "All flows from the same temperatures")
            .caption(
                format!(
                    "RBM trained on all temperatures: T* by step, mean over repetitions. Block spins: temperature by \
                     the energy, of lattices blocked to {0}x{0}. Migdal-Kadanoff: K' = (1/2) ln cosh 4K, whose fixed \
                     point is at T = {fixed:.3}. Tensors have no temperature: what is drawn goes to 1 in the \
                     disordered phase and to 2 in the ordered one. RG flows part at a critical point; RBM flows meet.",
                    self.settings.torus.lattice.size
                ),
                "Flows of the RBM converge to one temperature; those of block spins, Migdal-Kadanoff and tensors part \
                 to both sides.",
            )
            .panels(rbm)
            .panels(blocked)
            .panels(coarse)
    }
}
