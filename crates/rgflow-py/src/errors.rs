//! Errors as exceptions: the words are those of the library and the command line.

use pyo3::create_exception;
use pyo3::exceptions::{PyKeyboardInterrupt, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use rgflow_lab::artifact::Error;

create_exception!(
    rgflow,
    DataError,
    PyValueError,
    "Data that cannot be taken: the message names row, column, value and remedy."
);
create_exception!(
    rgflow,
    SettingError,
    PyValueError,
    "A setting that cannot be: the message names it, its value and what it must be."
);
create_exception!(
    rgflow,
    FileError,
    PyValueError,
    "A file or folder that cannot be read or written, is damaged or holds something else."
);

/// What a user's mistake in a call is about.
#[derive(Clone, Copy)]
pub enum About {
    Data,
    Settings,
    File,
}

impl About {
    /// A user's mistake as an exception.
    pub fn mistake(self, text: impl std::fmt::Display) -> PyErr {
        let text = text.to_string();
        match self {
            Self::Data => DataError::new_err(text),
            Self::Settings => SettingError::new_err(text),
            Self::File => FileError::new_err(text),
        }
    }

    /// An error of the laboratory as an exception: mistakes are those of the call, failures `RuntimeError` unless the
    /// call is about a file.
    pub fn error(self, error: Error) -> PyErr {
        match (error, self) {
            (Error::Interrupted, _) => PyKeyboardInterrupt::new_err("interrupted"),
            (error @ Error::Io { .. }, _) => FileError::new_err(error.to_string()),
            (Error::Failure(text), Self::Data | Self::Settings) => PyRuntimeError::new_err(text),
            (error, about) => about.mistake(error),
        }
    }
}
