//! Files of arrays and models: round trips, the same bytes, and damage that is named instead of believed.

use ndarray::{Array1, Array2, Array3, arr0, arr1, arr2};
use rgflow_lab::artifact::{Model, npz};

fn sample() -> npz::Writer {
    let mut file = npz::Writer::new();
    file.add("spins", &Array3::<i8>::from_shape_fn((2, 3, 4), |(i, j, k)| if (i + j + k) % 2 == 0 { 1 } else { -1 }))
        .unwrap();
    file.add("temperatures", &arr1(&[0.25, f64::INFINITY])).unwrap();
    file.add("n_eff", &arr0(7_u64)).unwrap();
    file.add("turned", &arr2(&[[1.0_f32, 2.0], [3.0, 4.0]]).reversed_axes()).unwrap();
    file
}

#[test]
fn arrays_round_trip_with_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.npz");
    sample().save(&path).unwrap();
    assert_eq!(sample().finish().unwrap(), std::fs::read(&path).unwrap());
    let mut file = npz::Reader::open(&path).unwrap();
    let spins: Array3<i8> = file.array("spins").unwrap();
    assert_eq!((spins.shape(), spins[(1, 0, 0)]), (&[2, 3, 4][..], -1));
    let temperatures: Array1<f64> = file.array("temperatures").unwrap();
    assert_eq!(temperatures[1], f64::INFINITY);
    let turned: Array2<f32> = file.array("turned").unwrap();
    assert_eq!(turned, arr2(&[[1.0, 3.0], [2.0, 4.0]]));
    let seen: Vec<_> = file.describe().unwrap().into_iter().map(|d| (d.name, d.dtype, d.shape)).collect();
    assert_eq!(seen[0], ("spins".into(), "|i1".into(), vec![2, 3, 4]));
    assert_eq!(seen[2], ("n_eff".into(), "<u8".into(), vec![]));
}

#[test]
fn damaged_arrays_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.npz");
    let whole = sample().finish().unwrap();
    let message = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let array = npz::Reader::open(&path).and_then(|mut file| file.array::<i8, ndarray::Ix3>("spins"));
        array.map(|_| ()).map_err(|e| e.to_string())
    };
    assert!(message(&whole).is_ok());
    assert!(message(&whole[..100]).unwrap_err().contains("a.npz"));
    assert!(message(b"").unwrap_err().contains("a.npz"));
    // A changed byte is found by the archive's checksum (headers that claim too much: see the tests of `datasets`).
    let shape = b"(2, 3, 4)";
    let at = whole.windows(shape.len()).position(|w| w == shape).unwrap();
    let mut huge = whole.clone();
    huge[at..at + shape.len()].copy_from_slice(b"(9,9**9,)");
    assert!(message(&huge).unwrap_err().contains("damaged"));
    let mut flipped = whole.clone();
    let data = at + 80;
    flipped[data] ^= 4;
    assert!(message(&flipped).unwrap_err().contains("damaged"));
    std::fs::write(&path, &whole).unwrap();
    let mut file = npz::Reader::open(&path).unwrap();
    assert!(file.array::<f32, ndarray::Ix3>("spins").unwrap_err().to_string().contains("`spins`"));
    assert!(file.array::<i8, ndarray::Ix2>("spins").is_err());
    assert!(file.array::<i8, ndarray::Ix2>("weights").unwrap_err().to_string().contains("`weights`"));
}

#[test]
fn models_round_trip_with_the_same_bytes() {
    let model = Model::new(serde_json::json!({ "b": [1, 2.5], "a": { "z": null, "y": "spin" } }))
        .with("weights", arr2(&[[1.5_f32, -2.0, 0.1]]).reversed_axes())
        .with("bias", arr1(&[0.0_f32]));
    let bytes = model.to_bytes().unwrap();
    assert_eq!(bytes, model.clone().to_bytes().unwrap());
    let read = Model::from_bytes(&bytes, "m").unwrap();
    assert_eq!(read, model);
    assert_eq!(read.tensor::<ndarray::Ix2>("weights").unwrap()[(2, 0)], 0.1);
    assert!(read.tensor::<ndarray::Ix1>("weights").unwrap_err().to_string().contains("[3, 1]"));
    assert!(read.tensor::<ndarray::Ix1>("w").unwrap_err().to_string().contains("bias, weights"));
    for end in [0, 7, 20, bytes.len() - 1] {
        let error = Model::from_bytes(&bytes[..end], "m.safetensors").unwrap_err().to_string();
        assert!(error.starts_with("m.safetensors: "), "{error}");
    }
}
