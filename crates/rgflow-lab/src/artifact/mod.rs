//! Artifacts: run folders, stages that are kept or repeated, file formats, atomic writes, provenance.
//!
//! A run is a folder that explains itself. The outputs of its stages are identified by hashes, so a run that was
//! stopped anywhere finishes with the same bytes, and nothing that is still valid is made again.

pub mod atomic;
mod cleaning;
mod config;
mod error;
mod folder;
pub mod inside;
mod json;
mod lock;
pub mod memory;
mod model;
pub mod network_file;
pub mod npy;
mod npy_header;
mod npy_types;
mod npy_words;
pub mod npz;
pub mod progress;
pub mod provenance;
pub mod rbm_file;
pub mod recipe;
mod record_checks;
mod report_files;
pub mod restart;
mod run;
pub mod settings;
mod stage;
pub mod stderr;
mod undefined;
pub mod user_file;

pub use cleaning::{Freed, clean, cleaned_files};
pub use error::Error;
pub use folder::{
    OVERVIEW, damaged_file, holds_several, is_complete, load_config, load_record, render_again, replace_note,
};
pub use json::canonical_json;
pub use model::Model;
pub use progress::Progress;
pub use report_files::{write_report, write_report_and_record};
pub use run::{Opened, Run, RunRequest};
pub use stage::{Artifact, Repetition, Stage, StageOut};
