//! Tables of text: one sample a line, separated by commas, semicolons, tabs or spaces, with or without a line of names.

use super::labels::{CLASSES, TEMPERATURES};
use super::{Labels, Options, Table};
use ndarray::Array2;

/// The table of a text file. Lines that begin with `#` are remarks (as `numpy.savetxt` writes them).
pub(super) fn table(bytes: &[u8], options: &Options) -> Result<Table, String> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| "is no text in UTF-8; is it another kind of file? Save it as text".to_string())?;
    let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#')).unwrap_or_default();
    let separator = [b',', b';', b'\t', b' '].into_iter().find(|s| first.trim().as_bytes().contains(s)).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .comment(Some(b'#'))
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(bytes);
    let mut names: Option<Vec<String>> = None;
    let (mut rows, mut columns) = (Vec::<f64>::new(), None);
    let mut record = csv::StringRecord::new();
    let mut n = 0;
    while reader.read_record(&mut record).map_err(|e| format!("not a table of text: {e}"))? {
        let line = record.position().map_or(0, csv::Position::line);
        if columns.is_none() && names.is_none() && record.iter().any(|field| field.parse::<f64>().is_err()) {
            names = Some(record.iter().map(str::to_string).collect());
            continue;
        }
        let width = record.len();
        let expected = *columns.get_or_insert(names.as_ref().map_or(width, Vec::len));
        if width != expected {
            return Err(format!(
                "line {line} has {width} values, expected {expected}; every sample needs the same number"
            ));
        }
        for (column, field) in record.iter().enumerate() {
            let value = field.parse().map_err(|_| {
                format!("line {line}, column {}: \"{field}\" is not a number; remove or replace it", column + 1)
            })?;
            rows.push(value);
        }
        n += 1;
    }
    let width = columns.unwrap_or(0);
    if n == 0 || width == 0 {
        return Err("holds no numbers; expected one line per sample".into());
    }
    let label = label_column(names.as_deref(), options)?;
    let all = Array2::from_shape_vec((n, width), rows).map_err(|e| e.to_string())?;
    let (mut labels, mut kept) = (None, (0..width).collect::<Vec<_>>());
    if let Some((column, name)) = label {
        labels = Some(Labels::of(&name, all.column(column).to_vec(), n)?);
        kept.remove(column);
    }
    let scale = options.scale as f32;
    let values = all.select(ndarray::Axis(1), &kept).mapv(|v| if scale == 1.0 { v as f32 } else { v as f32 / scale });
    Ok(Table { shape: vec![values.ncols()], values: values.into(), labels, lattice: None })
}

/// The column of labels and its name.
fn label_column(names: Option<&[String]>, options: &Options) -> Result<Option<(usize, String)>, String> {
    let known: Vec<&str> = TEMPERATURES.into_iter().chain(CLASSES).collect();
    let find = |wanted: &dyn Fn(&str) -> bool| {
        names.and_then(|names| names.iter().position(|n| wanted(n)).map(|i| (i, names[i].clone())))
    };
    if options.labels.is_empty() {
        return Ok(find(&|n| known.contains(&n)));
    }
    let wanted = &options.labels;
    match (find(&|n| n == wanted), names) {
        (Some(found), _) => Ok(Some(found)),
        (None, Some(names)) => Err(format!("has no column `{wanted}` of labels; it has {}", names.join(", "))),
        (None, None) => Err(format!("has no line of names, so no column `{wanted}`; write one as its first line")),
    }
}
