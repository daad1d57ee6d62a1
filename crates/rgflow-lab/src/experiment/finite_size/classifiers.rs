//! Stage "classifiers": for each size, networks that distinguish two phases, with labels that are correct, far from
//! T_c, or wrong.

use super::settings::Settings;
use crate::artifact::{Model, network_file};
use crate::study::prelude::*;
use crate::study::samples::sampled;
use crate::study::training::NetworkFit;
use crate::study::values::plain;
use ndarray::Array2;
use rgflow::lattice::{ChainLength, Ising, Square, wolff};
use rgflow::learning::{Adam, Batching, Descent, Rule};
use rgflow::nn::{Activation, Data, Mlp, Targets};

const REVISION: u32 = 1;

/// Labelling of a network's training samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Labels {
    /// Ordered below T_c, disordered above.
    Right,
    /// The same, but only samples far from T_c.
    Far,
    /// Ordered below another temperature, disordered above.
    Wrong,
}

impl Labels {
    pub const ALL: [Self; 3] = [Self::Right, Self::Far, Self::Wrong];

    /// Name in keys and file names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Right => "told",
            Self::Far => "far",
            Self::Wrong => "wrong",
        }
    }

    /// Label of a sample of the temperature `t`; `None` if it is not in the training set.
    fn label(self, t: f64, settings: &Settings) -> Option<f32> {
        let (c, t_c) = (&settings.classifier, Temperature::CRITICAL.value());
        let ordered = |below: f64| Some(f32::from(u8::from(t < below)));
        match self {
            Self::Right => ordered(t_c),
            Self::Far if (t - t_c).abs() < *c.far => None,
            Self::Far => ordered(t_c),
            Self::Wrong => ordered(*c.wrong),
        }
    }
}

/// Networks by size, then in the order of [`Labels::ALL`].
pub(super) type Networks = Vec<Vec<Mlp>>;

/// Makes or keeps the networks.
pub(super) fn stage(repetition: &Repetition, settings: &Settings) -> Result<(Artifact, Networks), Error> {
    let (sizes, epochs) = (plain(&settings.finite_size.sizes), *settings.classifier.epochs);
    let file = |size: usize, labels: Labels| format!("classifiers/L{size}-{}.safetensors", labels.name());
    let files: Vec<String> = sizes.iter().flat_map(|size| Labels::ALL.map(|labels| file(*size, labels))).collect();
    let what = Stage {
        name: "classifiers",
        revision: REVISION,
        settings: (&sizes, &settings.classifier),
        inputs: &[],
        outputs: &files.iter().map(String::as_str).collect::<Vec<_>>(),
    };
    let artifact = repetition.stage(what, |out| {
        out.add_work((sizes.len() * Labels::ALL.len() * epochs) as u64);
        for size in &sizes {
            let units = (Labels::ALL.len() * epochs) as u64;
            let models = out.keep(&format!("L{size}"), units, || {
                let samples = draw(out, settings, *size)?;
                let model = |labels: &Labels| {
                    let (mlp, cost) = fit(out, settings, *size, *labels, &samples)?;
                    let metadata = serde_json::json!({
                        "kind": "P(ordered)", "size": size, "inputs": "block means", "told": labels.name(),
                        "seed": out.seed(),
                        "settings": settings.classifier, "test_cross_entropy": cost,
                    });
                    network_file::with_layers(Model::new(metadata), &mlp).to_bytes()
                };
                Labels::ALL.par_iter().map(model).collect::<Result<Vec<_>, Error>>()
            })?;
            for (labels, model) in Labels::ALL.iter().zip(models) {
                out.write(&file(*size, *labels), model)?;
            }
        }
        Ok(())
    })?;
    let read = |size: &usize| {
        Labels::ALL
            .iter()
            .map(|labels| network_file::layers(&Model::load(artifact.path(&file(*size, *labels)))?))
            .collect()
    };
    let networks = sizes.iter().map(read).collect::<Result<Networks, Error>>()?;
    Ok((artifact, networks))
}

/// Configurations and their temperatures.
struct Samples {
    x: Array2<f32>,
    t: Vec<f64>,
}

/// Input of the networks: means over `inputs` x `inputs` square blocks of `size` x `size` spins.
///
/// The input has the same width for all sizes; with 128 x 128 or more weights per hidden unit a network memorises 4000
/// samples instead of learning the phases.
pub(super) fn block_means(spins: &[i8], size: usize, inputs: usize, means: &mut [f32]) {
    let side = size / inputs;
    let scale = 1.0 / (side * side) as f32;
    means.fill(0.0);
    for (y, line) in spins.chunks_exact(size).enumerate() {
        let means = &mut means[y / side * inputs..][..inputs];
        for (mean, block) in means.iter_mut().zip(line.chunks_exact(side)) {
            *mean += scale * f32::from(block.iter().map(|s| i16::from(*s)).sum::<i16>());
        }
    }
}

fn draw(out: &StageOut, settings: &Settings, size: usize) -> Result<Samples, Error> {
    let c = &settings.classifier;
    let lattice = Square::new(size, size)?;
    let model = Ising::new(&lattice);
    let (n, inputs) = (*c.per_temperature, *c.inputs);
    let step = 2.0 * *c.half_width / (*c.n_temperatures - 1) as f64;
    let t: Vec<f64> =
        (0..*c.n_temperatures).map(|k| Temperature::CRITICAL.value() - *c.half_width + step * k as f64).collect();
    let mut x = Array2::<f32>::zeros((n * t.len(), inputs * inputs));
    let rows: Vec<_> = x.axis_chunks_iter_mut(ndarray::Axis(0), n).collect();
    rows.into_par_iter().zip(&t).enumerate().try_for_each(|(k, (mut rows, t))| {
        let part = format!("L{size}/samples/{k}");
        let means = out.keep(&part, 0, || {
            let mut rng = out.streams().generator("classifiers/samples", (size * 10_000 + k) as u64);
            let chain = ChainLength::in_spacings(2, 20, 2.0);
            let temperature = Temperature::new(*t)?;
            let chains = wolff::sampling(&model, temperature, n, &chain, &mut rng)?;
            let seen = sampled(out, &format!("{part}/chains"), chains, 0)?;
            let mut means = Array2::zeros(rows.dim());
            for (mut x, spins) in means.rows_mut().into_iter().zip(seen.spins.rows()) {
                let (Some(x), Some(spins)) = (x.as_slice_mut(), spins.as_slice()) else { continue };
                block_means(spins, size, inputs, x);
            }
            Ok(means)
        })?;
        rows.assign(&means);
        Ok::<(), Error>(())
    })?;
    Ok(Samples { x, t: t.iter().flat_map(|t| vec![*t; n]).collect() })
}

/// One sample in this many is held out; the network with the least cost on these is kept.
const TEST: usize = 5;

/// A network and its cross-entropy on the test set.
fn fit(out: &StageOut, settings: &Settings, size: usize, labels: Labels, all: &Samples) -> Result<(Mlp, f64), Error> {
    let c = &settings.classifier;
    let y: Vec<Option<f32>> = all.t.iter().map(|t| labels.label(*t, settings)).collect();
    let part = |test: bool| {
        let rows: Vec<usize> = (0..y.len()).filter(|i| y[*i].is_some() && (i % TEST == TEST - 1) == test).collect();
        let y = rows.iter().filter_map(|i| y[*i]).collect();
        let y = Array2::from_shape_vec((rows.len(), 1), y).expect("a label each");
        (all.x.select(ndarray::Axis(0), &rows), y)
    };
    let ((x, y), (test_x, test_y)) = (part(false), part(true));
    let streams = out.streams();
    let purpose = format!("classifiers/{}", labels.name());
    let mut init = streams.generator(&format!("{purpose}/init"), size as u64);
    let mlp = Mlp::random(&[c.inputs.pow(2), *c.hidden, 1], Activation::Relu, Activation::Sigmoid, &mut init);
    let data = Data { x: x.view().into(), targets: Targets::Values(y.view()) };
    let test = Data { x: test_x.view().into(), targets: Targets::Values(test_y.view()) };
    let fit = NetworkFit {
        purpose: &format!("{purpose}/{size}"),
        part: &format!("L{size}/{}", labels.name()),
        epochs: *c.epochs,
        batching: Batching::Mini { size: *c.batch, repeats: false },
        descent: Descent::new(Rule::Adam(Adam::default()), *c.learning_rate as f32),
        patience: 0,
        lower: &[("classifier.learning_rate", *c.learning_rate)],
        units: 1,
    };
    let trained = fit.run(out, mlp, data, test)?;
    let cost = trained.curve.iter().map(|e| e.test_cost).fold(f64::INFINITY, f64::min);
    Ok((trained.mlp, cost))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_means_are_means_of_blocks() {
        // 4 x 4 spins in 2 x 2 blocks: all up, all down, half, three of four up.
        let spins = [1, 1, -1, -1, 1, 1, -1, -1, 1, -1, 1, 1, -1, 1, -1, 1];
        let mut means = [9.0; 4];
        block_means(&spins, 4, 2, &mut means);
        assert_eq!(means, [1.0, -1.0, 0.0, 0.5]);
        let mut same = [9.0; 16];
        block_means(&spins, 4, 4, &mut same);
        assert!(same.iter().zip(spins).all(|(x, s)| *x == f32::from(s)));
    }
}
