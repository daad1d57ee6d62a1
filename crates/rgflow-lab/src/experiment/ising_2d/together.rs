//! One figure with all flows: the RBM's in both modes, block spins, Migdal-Kadanoff, tensors.

use super::figures::{Figures, steps_axis};
use super::tables::mode_title;
use super::{Findings, MODES};
use crate::record::over_seeds;
use crate::record::{Axis, Curve, Figure, Panel, Style};
use crate::study::drawing::axis;
use crate::study::readings::label;
use rgflow::lattice::Temperature;
use rgflow::rg::{migdal_kadanoff, trg};

/// Steps of b = 2 of the flows of couplings and tensors.
const STEPS: usize = 6;
/// Singular values of the tensors: enough to tell the phases.
const CHI: usize = 8;

impl Figures<'_> {
    /// Temperatures along all flows from the same starts.
    pub fn together(&self) -> Figure {
        let series = &self.found[0].flow("all", MODES[0]).series;
        let shown: Vec<usize> = series.shown_starts.iter().copied().filter(|k| self.temperatures[*k] > 0.0).collect();
        let last = self.temperatures[self.temperatures.len() - 1];
        let y = || Axis { label: "T (J/k_B)".into(), limits: Some([0.0, last]), ..Axis::default() };
        let marked = |mut curves: Vec<Curve>| {
            let x: Vec<f64> = curves.iter().flat_map(|c| c.x.iter().copied()).collect();
            let ends = [x.iter().copied().fold(f64::INFINITY, f64::min), x.iter().copied().fold(0.0, f64::max)];
            curves.push(self.dashed(&ends, Temperature::CRITICAL.value(), "T_c".into(), None));
            curves
        };
        let mut panels = Vec::new();
        for mode in MODES {
            let of = |k: &usize| {
                let name = format!("from T = {}", label(self.temperatures[*k]));
                self.series("all", mode, name, self.colour(self.temperatures[*k]), |s, r| s.t_star[r][*k])
            };
            panels.push(Panel::Curves {
                title: format!("RBM, {}: T*", mode_title(mode)),
                x: steps_axis(),
                y: y(),
                curves: marked(shown.iter().map(of).collect()),
            });
        }
        let from = |k: usize, y: Vec<f64>, error: Vec<f64>| {
            let t = self.temperatures[k];
            let x = (0..y.len()).map(|n| n as f64).collect();
            let label = format!("from T = {}", label(t));
            Curve { label, x, y, error, style: Style::LinePoints, colour: self.colour(t) }
        };
        // Blocked once and twice by b = 2; the start is the temperature itself.
        let twofold = |steps: usize| {
            self.found[0].thermal.blocked.iter().position(|blocked| blocked.b == 2 && blocked.steps == steps)
        };
        if let (Some(once), Some(twice)) = (twofold(1), twofold(2)) {
            let read = |i: usize, k: usize| {
                let of = |f: &Findings| f.thermal.blocked[i].observed[k].t_energy;
                let c = over_seeds(&self.found.iter().map(of).collect::<Vec<_>>(), 1.0);
                (c.value.unwrap_or(f64::NAN), c.error.unwrap_or(f64::NAN))
            };
            let of = |k: &usize| {
                let steps = [(self.temperatures[*k], f64::NAN), read(once, *k), read(twice, *k)];
                from(*k, steps.map(|s| s.0).to_vec(), steps.map(|s| s.1).to_vec())
            };
            panels.push(Panel::Curves {
                title: "Block spins: T_E".into(),
                x: axis("steps of b = 2"),
                y: y(),
                curves: marked(shown.iter().map(of).collect()),
            });
        }
        let moved = |k: &usize| {
            let flow = std::iter::successors(Some(1.0 / self.temperatures[*k]), |k| Some(migdal_kadanoff::step(*k)));
            // What has left the frame is not drawn.
            let t = flow.take(STEPS + 1).map(|k| if k * last >= 1.0 { 1.0 / k } else { f64::NAN });
            from(*k, t.collect(), vec![])
        };
        let mut curves = marked(shown.iter().map(moved).collect());
        let fixed = 1.0 / migdal_kadanoff::fixed_point();
        curves.push(self.dashed(&[0.0, STEPS as f64], fixed, "its fixed point".into(), None));
        panels.push(Panel::Curves { title: "Migdal-Kadanoff".into(), x: axis("steps of b = 2"), y: y(), curves });
        let tensors = |k: &usize| {
            let t = Temperature::new(self.temperatures[*k]).ok()?;
            let seen = trg::renormalize(t, CHI, 2 * STEPS).ok()?;
            // Two steps of the method are one of b = 2.
            Some(from(*k, seen.iter().step_by(2).map(|s| s.degeneracy).collect(), vec![]))
        };
        panels.push(Panel::Curves {
            title: "TRG: (tr T)^2/tr T^2".into(),
            x: axis("steps of b = 2"),
            y: Axis { label: "ground states".into(), limits: Some([0.9, 2.1]), ..Axis::default() },
            curves: shown.iter().filter_map(tensors).collect(),
        });
        Figure {
            id: "fig4.9-flows".into(),
            title: "All flows from the same temperatures".into(),
            caption: format!(
                "RBM trained on all temperatures: T* by step, mean over repetitions. Block spins: temperature by the energy, of lattices blocked to {0}x{0}. \
                 Migdal-Kadanoff: K' = (1/2) ln cosh 4K, whose fixed point is at T = {fixed:.3}. Tensors have no temperature: what is drawn goes to 1 in the \
                 disordered phase and to 2 in the ordered one. RG flows part at a critical point; RBM flows meet.",
                *self.settings.torus.lattice.size
            ),
            alt: "Flows of the RBM converge to one temperature; those of block spins, Migdal-Kadanoff and tensors part to both sides.".into(),
            panels,
        }
    }
}
