//! Findings of an experiment as data: numbers with errors, tables, figures. A record is written as `results.json`
//! and rendered by [`crate::report`]; it depends neither on the experiment it came from nor on its presentation.

mod claim;
mod combined;
mod dimension;
mod family;
mod figure;
pub mod format;
mod number;
mod numbers;
mod quantity;
mod table;
#[cfg(test)]
pub mod testing;

pub use claim::{Claim, verdicts};
pub use combined::{Combined, Interval, Measured, around, fraction, over_seeds, union};
pub use dimension::{Dimension, Position, Rows};
pub use family::family;
pub use figure::{Axis, Curve, Figure, Frame, Lattice, Map, Panel, Scale, Shades, Style};
pub use number::{Comparison, Number, Verdict};
pub use numbers::{ByPlace, Grouped, Numbers, list_together};
pub use quantity::{Place, Places, Quantity, Repeated, Sample, places};
pub use table::{Cell, Table};

use serde::{Deserialize, Serialize};

/// All content of a run's report: the first screen, its sections and every number.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Record {
    /// Name of the experiment, such as `ising-2d`.
    pub experiment: String,
    /// Headline, such as "RBM flow of the 2D Ising model".
    pub title: String,
    /// Question of the experiment: one or two sentences of plain text.
    pub question: String,
    /// Answers: short sentences in order of importance, each with its numbers.
    pub answers: Vec<String>,
    /// The table of the first screen (also printed at the end of the command).
    pub summary: Table,
    /// The rest of the page, in order.
    pub sections: Vec<Section>,
    /// Every number, written to `results.json`.
    pub numbers: Vec<Number>,
    /// The claims of the thesis that the numbers answer.
    #[serde(default)]
    pub claims: Vec<Claim>,
}

/// One part of the page: a heading, a paragraph, then its figures and tables.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Section {
    /// Heading.
    pub title: String,
    /// Paragraphs of plain text.
    pub text: Vec<String>,
    /// Figures, in order.
    pub figures: Vec<Figure>,
    /// Tables, in order, below the figures.
    pub tables: Vec<Table>,
}

impl Record {
    /// A record of `experiment` with its headline and question.
    pub fn new(experiment: &str, title: impl Into<String>, question: impl Into<String>) -> Self {
        Self { experiment: experiment.into(), title: title.into(), question: question.into(), ..Self::default() }
    }

    /// Lists the numbers of `all` in the results, one after the other.
    pub fn list(&mut self, all: &[&dyn Numbers]) {
        let mut listed = Vec::new();
        all.iter().for_each(|one| one.list(&[], &mut listed));
        self.numbers.extend(listed.into_iter().cloned());
    }

    /// Appends the table of verdicts, if there are claims.
    pub fn judged(mut self) -> Self {
        if !self.claims.is_empty() {
            let mut table = verdicts([&self]);
            table.notes.extend(family(self.claims.iter().map(|claim| (&self, claim))));
            self.sections.push(Section::new("What the thesis states").tables([table]));
        }
        self
    }

    /// The number `key`.
    pub fn number(&self, key: &str) -> Option<&Number> {
        self.numbers.iter().find(|number| number.key == key)
    }

    /// The figures of all sections.
    pub fn figures(&self) -> impl Iterator<Item = &Figure> {
        self.sections.iter().flat_map(|section| &section.figures)
    }
}

impl Section {
    /// An empty section.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Appends a paragraph.
    pub fn text(mut self, paragraph: impl Into<String>) -> Self {
        self.text.push(paragraph.into());
        self
    }

    /// Appends paragraphs.
    pub fn texts(mut self, paragraphs: impl IntoIterator<Item = String>) -> Self {
        self.text.extend(paragraphs);
        self
    }

    /// Appends a figure, or several, or an optional one.
    pub fn figures(mut self, figures: impl IntoIterator<Item = Figure>) -> Self {
        self.figures.extend(figures);
        self
    }

    /// Appends tables.
    pub fn tables(mut self, tables: impl IntoIterator<Item = Table>) -> Self {
        self.tables.extend(tables);
        self
    }
}

/// The file `results.json` and the `--json` output of commands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Results {
    /// Always [`Results::SCHEMA`].
    pub schema: String,
    /// All numbers, keys unique.
    pub numbers: Vec<Number>,
}

impl Results {
    /// Name and version of the format.
    pub const SCHEMA: &'static str = "rgflow-results-1";

    /// Results that hold `numbers`.
    pub fn new(numbers: Vec<Number>) -> Self {
        Self { schema: Self::SCHEMA.into(), numbers }
    }
}
