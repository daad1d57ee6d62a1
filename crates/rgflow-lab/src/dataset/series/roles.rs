//! Roles of the columns of a table of series, by their names and by what the user says.

use super::Asked;
use crate::artifact::Error;
use crate::dataset::columns::{CHAIN, Columns};
use crate::dataset::file_names;
use crate::dataset::label_names::{Labelling, usual};

/// Usual names of columns of chains.
const CHAINS: [&str; 6] = [CHAIN, "chains", "chain_id", ".chain", "walker", "replica"];
/// Usual names of columns that count rows; those of one letter as they stand.
pub(super) const COUNTS: [&str; 18] = [
    "sweep",
    "sweeps",
    "step",
    "steps",
    "mcs",
    "mc_step",
    "mcstep",
    "iter",
    "iteration",
    "time",
    "t",
    "i",
    "n",
    "index",
    "idx",
    "sample",
    "draw",
    "#",
];
/// Usual names of parameters of a simulation beside temperatures; those of one letter as they stand.
const PARAMETERS: [&str; 9] = ["L", "N", "size", "h", "field", "J", "seed", "lattice", "model"];
pub(super) fn is_one_of(known: &[&str], name: &str) -> bool {
    known.iter().any(|k| if k.len() == 1 { *k == name } else { k.eq_ignore_ascii_case(name) })
}

fn is_parameter(name: &str) -> bool {
    matches!(usual(name), Some(Labelling::Temperatures | Labelling::Beta)) || is_one_of(&PARAMETERS, name)
}

/// Role of each column, the same in all files.
#[derive(Default)]
pub(super) struct Roles {
    pub chain: Option<usize>,
    pub by: Vec<usize>,
    pub by_file: bool,
    pub quantities: Vec<usize>,
    /// Columns that may count rows.
    pub counts: Vec<usize>,
    pub parameters: Vec<usize>,
}

/// Roles of the columns by their names, and by what the user says.
pub(super) fn roles(table: &Columns, asked: &Asked) -> Result<Roles, String> {
    let mut roles = Roles { by_file: asked.by.iter().any(|name| name == "file"), ..Roles::default() };
    for name in asked.by.iter().filter(|name| *name != "file") {
        roles.by.push(table.find(name, "--by")?);
    }
    let name = |c: usize| table.columns[c].name.as_str();
    let all = 0..table.columns.len();
    roles.chain = match &asked.chain {
        Some(name) => Some(table.find(name, "--chain")?),
        None => {
            let found: Vec<usize> =
                all.clone().filter(|c| is_one_of(&CHAINS, name(*c)) && !roles.by.contains(c)).collect();
            match found[..] {
                [a, b, ..] => {
                    return Err(format!(
                        "`{}` and `{}` may both count chains; name one, as in --chain {}",
                        name(a),
                        name(b),
                        name(a)
                    ));
                }
                _ => found.first().copied(),
            }
        }
    };
    if let Some(c) = roles.chain {
        let labels: std::collections::BTreeSet<String> = (0..table.n_rows()).map(|row| table.label(c, row)).collect();
        if labels.len() > 1 && labels.len() * 2 > table.n_rows() {
            return Err(format!(
                "`{}` has {} values in {} rows, so it counts no chains; name another column with --chain",
                table.title(c),
                labels.len(),
                table.n_rows()
            ));
        }
    }
    let taken = |c: usize, roles: &Roles| roles.chain == Some(c) || roles.by.contains(&c);
    for asked in &asked.columns {
        let c = table.find(asked, "--columns")?;
        if taken(c, &roles) || roles.quantities.contains(&c) {
            return Err(format!("--columns: `{}` is named twice, or is a column of chains or groups", table.title(c)));
        }
        roles.quantities.push(c);
    }
    let free: Vec<usize> = all.filter(|c| !taken(*c, &roles) && !roles.quantities.contains(c)).collect();
    for c in free {
        if is_parameter(name(c)) {
            roles.parameters.push(c);
        } else if asked.columns.is_empty() && !table.is_words(c) {
            roles.quantities.push(c);
        }
        roles.counts.push(c);
    }
    if roles.quantities.is_empty() {
        return Err(
            "holds no quantity: no column of numbers that is neither a parameter nor a column of chains; name one \
            with --columns"
                .into(),
        );
    }
    Ok(roles)
}

/// Refuses files that are not of one temperature by their names, unless the series are separate.
pub(super) fn one_temperature(tables: &[Columns], roles: &Roles) -> Result<(), Error> {
    let named: Vec<_> = tables.iter().map(|table| file_names::temperature(&table.path)).collect();
    if let Some(k) = (1..named.len()).find(|k| named[*k] != named[0])
        && roles.by.is_empty()
        && !roles.by_file
    {
        return Err(Error::user(format!(
            "{} and {}: by their names these are not of one temperature, and each file would be a chain of one law; \
             analyse them separately with --by file",
            tables[0].path.display(),
            tables[k].path.display()
        )));
    }
    Ok(())
}
