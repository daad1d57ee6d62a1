//! What an experiment found, as data: numbers with errors, tables, figures. A record is written as `results.json`
//! and rendered by [`crate::report`]; it knows neither the experiment it came from nor how it will look.

mod claim;
mod figure;
mod number;
mod table;

pub use claim::{Claim, verdicts};
pub use figure::{Axis, Curve, Figure, Frame, Lattice, Map, Panel, Scale, Shades, Style};
pub use number::{Comparison, Number, Verdict};
pub use table::{Cell, Table};

use serde::{Deserialize, Serialize};

/// Everything that a run shows: the first screen, its sections and every number.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Record {
    /// Name of the experiment, such as `ising-2d`.
    pub experiment: String,
    /// Headline, such as "RBM flow of the 2D Ising model".
    pub title: String,
    /// What was asked: one or two sentences of plain text.
    pub question: String,
    /// What came out: short sentences in order of weight, each with its numbers.
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
