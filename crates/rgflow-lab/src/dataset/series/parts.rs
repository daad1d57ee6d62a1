//! Series from the rows of tables: indices, chains that begin again, what is left out.

use super::roles::{COUNTS, Roles, is_one_of};
use super::{Asked, Group, Index, Series};
use crate::artifact::Error;
use crate::dataset::columns::Columns;

/// Rows from which a column that advances evenly is an index whatever its name.
const MANY: usize = 20;

/// Rows of one chain: those of a file.
pub(super) struct Chain {
    pub file: usize,
    pub name: String,
    pub rows: Vec<usize>,
}

/// Sources of series.
pub(super) struct Parts<'a> {
    pub tables: &'a [Columns],
    pub roles: &'a Roles,
    pub asked: &'a Asked,
}

impl Parts<'_> {
    pub fn series(&self, group: Group, mut chains: Vec<Chain>, notes: &mut Vec<String>) -> Result<Series, Error> {
        let mut say = |note: String| {
            if !notes.contains(&note) {
                notes.push(note);
            }
        };
        for c in &self.roles.parameters {
            let (title, value) = (self.tables[0].title(*c), self.constant(*c, &chains)?);
            if group.is_empty() {
                say(format!("`{title}` is {value} in every row, a parameter"));
            }
        }
        let mut quantities = self.roles.quantities.clone();
        let counts = self.roles.counts.iter().copied().find_map(|c| self.counts(c, &chains).map(|how| (c, how)));
        let mut index = None;
        if let Some((c, how)) = counts {
            let title = self.tables[0].title(c);
            if let Counts::Again = how {
                chains = self.split(c, chains)?;
                say(format!("`{title}` begins again: read as {} chains", chains.len()));
            }
            quantities.retain(|q| *q != c);
            let step = self.step(c, &chains);
            match step {
                Some(step) => {
                    say(format!("`{title}` counts the rows, {step} from one to the next, and is no quantity"))
                }
                None => say(format!(
                    "`{title}` counts the rows, and is no quantity; it advances unevenly: rows are missing, or have \
                     different distances, and tau_int counts rows"
                )),
            }
            index = Some(Index { name: title, step });
        }
        if quantities.is_empty() {
            return Err(Error::user(format!(
                "{}: holds an index alone, no quantity; name one with --columns",
                self.tables[0].path.display()
            )));
        }
        for chain in &mut chains {
            let table = &self.tables[chain.file];
            let wrong = |what: String| Error::user(format!("{}: {what}", table.path.display()));
            if chain.rows.len() <= self.asked.discard {
                let named =
                    if chain.name.is_empty() { "the series".into() } else { format!("the chain {}", chain.name) };
                return Err(wrong(format!(
                    "--discard {} leaves nothing of {named} of {} values",
                    self.asked.discard,
                    chain.rows.len()
                )));
            }
            chain.rows.drain(..self.asked.discard);
            for c in &quantities {
                table.check(*c, chain.rows.iter().copied()).map_err(wrong)?;
            }
        }
        let values = |c: usize, chain: &Chain| -> Vec<f64> {
            chain.rows.iter().map(|row| self.tables[chain.file].columns[c].values[*row]).collect()
        };
        let of = |c: &usize| (self.tables[0].title(*c), chains.iter().map(|chain| values(*c, chain)).collect());
        let quantities = quantities.iter().map(of).collect();
        Ok(Series { group, chains: chains.into_iter().map(|chain| chain.name).collect(), quantities, index })
    }

    /// The value that the column `c` has in all rows.
    fn constant(&self, c: usize, chains: &[Chain]) -> Result<String, Error> {
        let rows =
            || chains.iter().flat_map(|chain| chain.rows.iter().map(move |row| (&self.tables[chain.file], *row)));
        let first = rows().next().map_or(String::new(), |(table, row)| table.label(c, row));
        let Some((table, row)) = rows().find(|(table, row)| table.label(c, *row) != first) else { return Ok(first) };
        let title = table.title(c);
        Err(Error::user(format!(
            "{}: `{title}` is {first} and {} ({}): rows of different parameters are not one series; analyse them \
             separately with --by {title}, or take it for a quantity with --columns",
            table.path.display(),
            table.label(c, row),
            table.place(row)
        )))
    }

    /// Whether the column `c` counts the rows of each of the `chains`.
    fn counts(&self, c: usize, chains: &[Chain]) -> Option<Counts> {
        let column = &self.tables[0].columns[c];
        let named = is_one_of(&COUNTS, &column.name);
        let nameless = column.name.is_empty() && c == 0;
        let value = |chain: &Chain, k: usize| self.tables[chain.file].columns[c].values[chain.rows[k]];
        let all = || chains.iter().flat_map(|chain| (0..chain.rows.len()).map(move |k| value(chain, k)));
        let whole = all().all(|v| v.fract() == 0.0);
        let rises = |chain: &Chain| (1..chain.rows.len()).all(|k| value(chain, k) > value(chain, k - 1));
        let longest = chains.iter().map(|chain| chain.rows.len()).max().unwrap_or(0);
        if longest < 2 || all().any(|v| !v.is_finite()) {
            return None;
        }
        if chains.iter().all(rises) {
            let even = self.step(c, chains).is_some();
            let is_index =
                named && (whole || even) || nameless && whole && (even || longest >= MANY) || even && longest >= MANY;
            return is_index.then_some(Counts::Once);
        }
        // Several chains one below the other: the index goes back to where it began.
        let back = |chain: &Chain| {
            (1..chain.rows.len()).filter(|k| value(chain, *k) <= value(chain, k - 1)).collect::<Vec<_>>()
        };
        let again = chains.iter().all(|chain| back(chain).iter().all(|k| value(chain, *k) == value(chain, 0)));
        let few = chains.iter().map(|chain| back(chain).len()).sum::<usize>() * 5 < all().count();
        (named && whole && again && few).then_some(Counts::Again)
    }

    /// Chains that end where the index in column `c` begins again.
    fn split(&self, c: usize, chains: Vec<Chain>) -> Result<Vec<Chain>, Error> {
        let mut split = Vec::new();
        for chain in chains {
            let table = &self.tables[chain.file];
            let value = |row: usize| table.columns[c].values[row];
            let mut parts: Vec<Vec<usize>> = Vec::new();
            for row in chain.rows {
                match parts.last_mut() {
                    Some(part) if part.last().is_some_and(|last| value(row) > value(*last)) => part.push(row),
                    _ => parts.push(vec![row]),
                }
            }
            if parts.len() > 1 && self.roles.chain.is_some() {
                let (title, row) = (table.title(c), parts[1][0]);
                return Err(Error::user(format!(
                    "{}: `{title}` begins again at {} within the chain {}; correct it, or name another column with \
                     --chain",
                    table.path.display(),
                    table.place(row),
                    chain.name
                )));
            }
            let several = parts.len() > 1;
            for (k, rows) in parts.into_iter().enumerate() {
                let name = match (several, chain.name.is_empty()) {
                    (false, _) => chain.name.clone(),
                    (true, true) => (k + 1).to_string(),
                    (true, false) => format!("{}: {}", chain.name, k + 1),
                };
                split.push(Chain { file: chain.file, name, rows });
            }
        }
        Ok(split)
    }

    /// By how much the column `c` advances from row to row in all chains, if evenly.
    fn step(&self, c: usize, chains: &[Chain]) -> Option<f64> {
        let mut steps = chains.iter().flat_map(|chain| {
            let values = &self.tables[chain.file].columns[c].values;
            chain.rows.windows(2).map(move |w| values[w[1]] - values[w[0]])
        });
        let first = steps.next()?;
        (first > 0.0 && steps.all(|step| (step - first).abs() <= 1e-6 * first)).then_some(first)
    }
}

/// How a column counts rows.
enum Counts {
    /// From the first to the last row of each chain.
    Once,
    /// From where it began, again and again.
    Again,
}
