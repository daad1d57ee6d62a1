//! Which axes of an array count samples, and which are the shape of one.

/// Information in a file, and of the user's, about the shape of its samples.
#[derive(Default)]
pub(super) struct Says {
    /// Number of sites of its lattice.
    pub sites: Option<usize>,
    /// Shape of its labels.
    pub labels: Option<Vec<usize>>,
    /// Whether the labels are temperatures, each occurring once.
    pub by_temperature: bool,
    /// Whether every sample may have a temperature of its own (`--bins`).
    pub continuous: bool,
    /// Shape of one sample as the user gives it; empty where not.
    pub shape: Vec<usize>,
}

/// Extents as text, such as `4 x 5`.
fn list(of: &[usize]) -> String {
    of.iter().map(ToString::to_string).collect::<Vec<_>>().join(" x ")
}

/// Number of leading axes that count samples, and notes on choices that the shape alone does not decide; `name` is for
/// messages.
pub(super) fn sample_axes(name: &str, shape: &[usize], says: &Says) -> Result<(usize, Vec<String>), String> {
    if shape.contains(&0) {
        return Err(format!("{name} has the shape {shape:?}: holds no numbers; expected one row per sample"));
    }
    // The product of all extents is a usize, and so are those of fewer, as none is 0.
    let units = |axes: usize| shape[axes..].iter().product::<usize>();
    let taken = |axes: usize, by: &str| {
        let n = list(&shape[..axes]);
        let note =
            (axes > 1).then(|| format!("{name} is read as {n} samples of {} values, as its {by} says", units(axes)));
        Ok((axes, note.into_iter().collect()))
    };
    if shape.len() < 2 {
        let labels = match shape {
            [n] if *n > 1 => {
                "; labels are given in one archive with their samples: numpy.savez(\"all.npz\", x=samples, \
                 T=temperatures) or y=classes"
            }
            _ => "",
        };
        return Err(format!(
            "{name} has the shape {shape:?}; expected (samples, units) or (samples, rows, columns){labels}"
        ));
    }
    if !says.shape.is_empty() {
        let wanted = says.shape.iter().try_fold(1usize, |n, e| n.checked_mul(*e));
        let axes = (1..shape.len()).find(|axes| Some(units(*axes)) == wanted).ok_or_else(|| {
            format!(
                "{name} has the shape {shape:?}, no axes of which hold the {} values of a sample of --shape {}; \
                 correct the shape",
                wanted.map_or("too many".into(), |n| n.to_string()),
                says.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
            )
        })?;
        return Ok((axes, vec![]));
    }
    if shape.len() < 3 {
        return Ok((1, vec![]));
    }
    if let Some(axes) = says.sites.and_then(|sites| (1..shape.len()).find(|axes| units(*axes) == sites)) {
        return taken(axes, "lattice");
    }
    let labels = says.labels.as_deref().unwrap_or_default();
    if labels.len() >= 2 && labels.len() < shape.len() && shape.starts_with(labels) {
        return taken(labels.len(), "array of labels");
    }
    // Axes of length one, such as the one channel of an image, change nothing.
    let wide: Vec<usize> = shape[1..].iter().copied().filter(|extent| *extent != 1).collect();
    let by_first = labels == &shape[..1];
    let by_temperature = by_first && says.by_temperature;
    if wide.len() > 2 && by_temperature && !says.continuous {
        return taken(2, "array of temperatures");
    }
    // (temperatures, n, sites): one sample of each of so few temperatures would be no use.
    if shape.len() == 3
        && wide.len() == 2
        && by_temperature
        && !says.continuous
        && wide[0] != wide[1]
        && shape[0] < wide[0]
    {
        return taken(2, "array of temperatures");
    }
    let cubic = wide.len() == 3 && wide.iter().all(|extent| *extent == wide[0]);
    let doubtful = match wide.len() {
        0 | 1 => false,
        // Two temperatures of chains would look the same as two square lattices.
        2 => by_temperature && !says.continuous && wide[0] != wide[1],
        _ => !cubic && (!by_first || by_temperature),
    };
    if doubtful {
        let (one, two) = (list(&shape[..1]), list(&shape[..2]));
        let commas = |of: &[usize], between: &str| of.iter().map(ToString::to_string).collect::<Vec<_>>().join(between);
        return Err(format!(
            "{name} has the shape {shape:?}: {one} samples of {} values, or {two} of {}; give the shape of one \
             sample, --shape {} or --shape {}, or .reshape({}, -1) or .reshape(-1, {})",
            units(1),
            units(2),
            commas(&shape[1..], ","),
            commas(&shape[2..], ","),
            shape[0],
            commas(&shape[2..], ", ")
        ));
    }
    Ok((1, vec![]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temperatures_and_shapes_decide_between_axes() {
        let axes = |shape: &[usize], says: Says| sample_axes("x", shape, &says).map(|(axes, _)| axes);
        let temperatures = |n: usize| Says { labels: Some(vec![n]), by_temperature: true, ..Says::default() };
        let continuous = |n: usize| Says { continuous: true, ..temperatures(n) };
        let shaped = |shape: &[usize]| Says { shape: shape.to_vec(), ..Says::default() };
        assert_eq!(axes(&[5, 300, 64], temperatures(5)), Ok(2));
        assert_eq!(axes(&[5, 300, 8, 8], temperatures(5)), Ok(2));
        assert_eq!(axes(&[300, 8, 8], temperatures(300)), Ok(1));
        assert!(axes(&[300, 8, 6], temperatures(300)).unwrap_err().contains("--shape 8,6 or --shape 6"));
        assert_eq!(axes(&[300, 8, 6], continuous(300)), Ok(1));
        assert!(axes(&[5, 300, 8, 8], continuous(5)).is_err());
        assert!(axes(&[5, 300, 8, 8], Says::default()).unwrap_err().contains("--shape 8,8"));
        assert_eq!(axes(&[5, 300, 8, 8], shaped(&[8, 8])), Ok(2));
        assert_eq!(axes(&[5, 300, 64], shaped(&[8, 8])), Ok(2));
        assert_eq!(axes(&[5, 64], shaped(&[8, 8])), Ok(1));
        assert!(axes(&[5, 300, 64], shaped(&[9, 9])).unwrap_err().contains("--shape 9,9"));
        assert!(axes(&[5, 300, 64], shaped(&[usize::MAX, 2])).is_err());
        assert!(axes(&[0, usize::MAX, 2, 3], Says::default()).unwrap_err().contains("holds no numbers"));
    }
}
