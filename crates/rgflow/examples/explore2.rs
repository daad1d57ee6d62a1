use ndarray::{Array2, Axis};
use rgflow::exact::transfer;
use rgflow::learning::{Adam, Momentum, Batching, Descent, Fall, Rule, Sgd};
use rgflow::prelude::*;
use rgflow::rbm::*;
use std::time::Instant;
// args: rule rate batch steps seconds-per-leg(updates) grow seed scale
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let rule = match a[1].as_str() { "adam" => Rule::Adam(Adam::default()), "mom" => Rule::Momentum(Momentum { alpha: 0.9 }), _ => Rule::Sgd(Sgd) };
    let rate: f32 = a[2].parse().unwrap();
    let batch: usize = a[3].parse().unwrap();
    let steps: usize = a[4].parse().unwrap();
    let updates: usize = a[5].parse().unwrap();
    let grow: usize = a[6].parse().unwrap();
    let seed: u64 = a[7].parse().unwrap();
    let scale: f32 = a[8].parse().unwrap();
    let hold: f64 = a[9].parse().unwrap();
    let m: usize = 25;
    let streams = Streams::new(1);
    let mut random = streams.generator("data", 0);
    let per = 1000;
    let mut all = Array2::<f32>::zeros((25 * per, 100));
    for k in 0..25 {
        let t = Temperature::new(0.25 * k as f64).unwrap();
        let spins = transfer::Sampler::new(10, 10, t).unwrap().sample(per, &mut random).spins.mapv(f32::from);
        for (i, row) in spins.rows().into_iter().enumerate() { all.row_mut(i * 25 + k).assign(&row); }
    }
    let (train, test) = all.view().split_at(Axis(0), 25 * (per - 200));
    let packed = rgflow::packed::packed(train.mapv(|x| x as i8).view());
    let s = Streams::new(seed);
    let mut rbm = Rbm::random(100, grow, scale, &mut s.generator("init", 0));
    let t0 = Instant::now();
    loop {
        let now = rbm.n_hidden();
        let descent = Descent { fall: Some(Fall { from: (hold * updates as f64) as u64, until: updates as u64 }), ..Descent::new(rule, rate) };
        let training = Training { updates, batching: Batching::Mini { size: batch, repeats: false }, descent, cd_steps: steps, method: Method::Pcd, ..Training::default() };
        let mut tr = Trainer::new(rbm.clone(), packed.as_slice(), &training, s.of("x")).unwrap();
        for _ in 0..updates { tr.update(); }
        rbm = tr.rbm();
        let t = t0.elapsed().as_secs_f64();
        let ln_z = rbm.ln_z().unwrap();
        println!("{now:3} {t:8.2}s ln p {:.3} train {:.3}", rbm.log_likelihood(test, ln_z).value, rbm.log_likelihood(train, ln_z).value);
        if now >= m { break; }
        let add = grow.min(m - now);
        rbm = rbm.grown(add, scale, &mut s.generator("grow", now as u64)).unwrap();
    }
}
