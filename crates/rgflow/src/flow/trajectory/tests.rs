//! Flows left and taken up, and the windows of a schedule.

use super::*;
use crate::lattice::Square;
use crate::nn::{Activation, Mlp};
use crate::random::Streams;
use crate::rbm::{Rest, Units};
use crate::restart::{Resumable, Stopped};
use std::sync::Mutex;

/// Left anywhere, also between two records and after chains have come to rest, and taken up in a new one, a flow makes
/// only the steps that are left and ends with the same bytes: expectation values and states, bits and grey levels,
/// Gaussian units.
#[test]
fn a_flow_left_anywhere_ends_with_the_same_bytes() {
    let streams = Streams::new(1);
    let mlp = Mlp::random(&[9, 5, 3], Activation::Tanh, Activation::Softmax, &mut streams.generator("t/mlp", 0));
    let square = Square::new(3, 3).unwrap();
    let spins = Array2::from_shape_fn((42, 9), |(i, j)| if (i * i + j * 3) % 5 < 2 { 1.0f32 } else { -1.0 });
    let grey = spins.mapv(|v| v * 0.5);
    let gaussian: Units = "gaussian:0.5".parse().unwrap();
    for (visible, values, lattice) in
        [(Units::SPIN, &spins, Some(&square)), (Units::SPIN, &grey, None), (gaussian, &grey, None)]
    {
        let rbm = Rbm::random(9, 4, 0.3, &mut streams.generator("t/init", 0));
        let rbm = rbm.with_units(visible, Units::SPIN).unwrap();
        for mode in [Mode::Mean, Mode::Gibbs] {
            let schedule = Schedule::new(60);
            // The trajectory as text with all bits, and the last state of each piece; left after `leave` of its
            // advances.
            let flow = |leave: Option<usize>| {
                let ends = Mutex::new(vec![Vec::new(); 2]);
                let states = Mutex::new(vec![None; 2]);
                let go = |drive: &Drive| {
                    let starts = Starts { values: values.view().into(), n_starts: 2 };
                    let flow = Flow { rbm: &rbm, mode, schedule: &schedule };
                    run_by(flow, Readout { mlp: Some(&mlp), lattice }, starts, streams.of("t"), drive)
                };
                if let Some(leave) = leave {
                    let left = go(&|piece, work| {
                        for _ in 0..leave {
                            work.advance();
                        }
                        states.lock().unwrap()[piece] = Some((work.done(), work.save()));
                        Err(Stopped)
                    });
                    assert_eq!(left.err(), Some(FlowError::Stopped(Stopped)));
                }
                let whole = go(&|piece, work| {
                    let saved = states.lock().unwrap()[piece].take();
                    if let Some((done, state)) = &saved {
                        work.restore(state).unwrap();
                        assert_eq!(work.done(), *done);
                    }
                    let mut advances = 0;
                    while work.advance() {
                        advances += 1;
                    }
                    if let Some(leave) = leave.filter(|_| saved.is_some()) {
                        assert_eq!(advances, (schedule.records.len() - 1).saturating_sub(leave));
                    }
                    ends.lock().unwrap()[piece] = work.save();
                    Ok(())
                });
                (format!("{:?}", whole.unwrap()), ends.into_inner().unwrap())
            };
            let whole = flow(None);
            let records = schedule.records.len();
            for leave in [0, 1, 2, records / 2, records - 1, records] {
                assert!(flow(Some(leave)) == whole, "{mode:?}, left after {leave} advances");
            }
        }
    }
}

/// The same between two records, step by step.
#[test]
fn a_flow_left_between_records_ends_with_the_same_bytes() {
    let rbm = Rbm::random(9, 4, 0.3, &mut Streams::new(1).generator("t/init", 0));
    let spins = Array2::from_shape_fn((20, 9), |(i, j)| if (i * i + j * 3) % 5 < 2 { 1.0f32 } else { -1.0 });
    let schedule = Schedule { steps: 40, records: vec![40], rest: Rest::default() };
    for mode in [Mode::Mean, Mode::Gibbs] {
        let flow = Flow { rbm: &rbm, mode, schedule: &schedule };
        let prepared = Prepared::new(flow, Readout::default()).unwrap();
        let end = |leave: usize| {
            let (mut v, mut w) = (Array2::zeros((20, 9)), Array2::zeros((20, 9)));
            let follower = |v| {
                let random = Randomness::of(Streams::new(1).of("steps"), 0);
                let mut follower = prepared.follow(spins.view().into(), v, random);
                follower.steps_per_advance = 1;
                follower
            };
            let mut first = follower(v.view_mut());
            (0..leave).for_each(|_| assert!(first.advance()));
            let mut second = follower(w.view_mut());
            second.restore(&first.save()).unwrap();
            assert_eq!(second.done(), 20 * leave as u64);
            while second.advance() {}
            let state = second.save();
            (state, w)
        };
        let whole = end(0);
        assert!(whole.1.iter().any(|v| *v != 0.0));
        (1..40).for_each(|leave| assert!(end(leave) == whole, "{mode:?}, left after {leave} steps"));
    }
}

#[test]
fn windows_are_the_last_two_quarters() {
    let schedule = Schedule::new(1000);
    let windows = [0, 499, 500, 749, 750, 1000].map(|step| schedule.window(step));
    assert_eq!(windows, [None, None, Some(0), Some(0), Some(1), Some(1)]);
    let records = &schedule.records;
    assert!(records.windows(2).all(|r| r[0] < r[1]) && records[0] == 0 && records[records.len() - 1] == 1000);
    for window in 0..2 {
        assert!(records.iter().filter(|r| schedule.window(**r) == Some(window)).count() >= 6);
    }
}
