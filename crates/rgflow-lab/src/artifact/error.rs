//! Errors of the laboratory, and the exit code of each kind.

use ndarray::ShapeError;
use rgflow::boltzmann::BoltzmannError;
use rgflow::exact::ExactError;
use rgflow::flow::FlowError;
use rgflow::lattice::LatticeError;
use rgflow::nn::NnError;
use rgflow::rbm::RbmError;
use rgflow::restart::Stopped;
use rgflow::rg::{RgError, trace_condition::TraceError};
use rgflow::sampling::SamplingError;
use std::path::{Path, PathBuf};

/// An error. Messages name the file, the key and its value, and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A mistake of the user (exit code 2): a wrong key, a folder that holds something else.
    #[error("{0}")]
    User(String),
    /// A failure that is no one's mistake (exit code 1): a damaged file, an algorithm that diverged.
    #[error("{0}")]
    Failure(String),
    /// The system refused to read or write a file (exit code 1).
    #[error("cannot {action} {}: {source}{}", path.display(), remedy(action, source))]
    Io {
        /// Attempted action, such as `write`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Error of the operating system.
        source: std::io::Error,
    },
    /// Stopped by SIGINT or SIGTERM (exit code 130); what was finished is kept.
    #[error("interrupted")]
    Interrupted,
}

impl From<Stopped> for Error {
    fn from(_: Stopped) -> Self {
        Error::Interrupted
    }
}

/// Errors of the library become failures, except an interruption.
macro_rules! failures {
    ($($error:ident),*) => {$(
        impl From<$error> for Error {
            fn from(error: $error) -> Self {
                match error {
                    $error::Stopped(stopped) => stopped.into(),
                    other => Error::failure(other.to_string()),
                }
            }
        }
    )*};
}

failures!(BoltzmannError, FlowError, LatticeError, NnError, RbmError);

impl From<ShapeError> for Error {
    fn from(error: ShapeError) -> Self {
        Error::failure(error.to_string())
    }
}

impl From<TraceError> for Error {
    fn from(error: TraceError) -> Self {
        match error {
            TraceError::Machine(error) => error.into(),
            other => Error::failure(other.to_string()),
        }
    }
}

impl From<RgError> for Error {
    fn from(error: RgError) -> Self {
        match error {
            RgError::Lattice(error) => error.into(),
            RgError::Stopped(stopped) => stopped.into(),
            other => Error::failure(other.to_string()),
        }
    }
}

impl From<ExactError> for Error {
    fn from(error: ExactError) -> Self {
        match error {
            ExactError::Lattice(error) => error.into(),
            other => Error::failure(other.to_string()),
        }
    }
}

impl From<SamplingError> for Error {
    fn from(error: SamplingError) -> Self {
        match error {
            SamplingError::Lattice(error) => error.into(),
            SamplingError::Exact(error) => error.into(),
            SamplingError::Stopped(stopped) => stopped.into(),
            other => Error::failure(other.to_string()),
        }
    }
}

/// Remedy for the system's error in `action`, if one is known.
fn remedy(action: &str, source: &std::io::Error) -> &'static str {
    use std::io::ErrorKind as Kind;
    match source.kind() {
        Kind::StorageFull | Kind::QuotaExceeded => "; make room, then the same command with --resume goes on",
        Kind::ReadOnlyFilesystem | Kind::PermissionDenied => "; choose another --out or change the permissions",
        Kind::NotADirectory | Kind::NotFound if action == "create the folder" => "; choose another --out",
        // A system's own folder such as /proc takes no files.
        Kind::NotFound if action == "write" => "; no file can be made there, choose another --out",
        _ => "",
    }
}

impl Error {
    /// Error for a mistake of the user.
    pub fn user(message: impl Into<String>) -> Self {
        Error::User(message.into())
    }

    /// Error for a failure.
    pub fn failure(message: impl Into<String>) -> Self {
        Error::Failure(message.into())
    }

    /// Function for `map_err`: the system refused to `action` the file `path`.
    pub fn io(action: &'static str, path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Error::Io { action, path: path.as_ref().to_path_buf(), source }
    }

    /// Exit code of the command: 2, 1 or 130.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::User(_) => 2,
            Error::Failure(_) | Error::Io { .. } => 1,
            Error::Interrupted => 130,
        }
    }

    /// Whether the error means that the place is not writable: a read-only disk, no permission.
    pub fn is_unwritable(&self) -> bool {
        use std::io::ErrorKind as Kind;
        let Error::Io { source, .. } = self else { return false };
        matches!(source.kind(), Kind::ReadOnlyFilesystem | Kind::PermissionDenied)
    }

    /// The same error with `place` in front of a failure's message.
    pub(super) fn within(self, place: impl FnOnce() -> String) -> Self {
        match self {
            Error::Failure(message) => Error::Failure(format!("{}: {message}", place())),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stopped_is_interrupted_and_other_errors_keep_their_words() {
        let within = ExactError::Lattice(LatticeError::Stopped(Stopped));
        for stopped in [Error::from(Stopped), NnError::Stopped(Stopped).into(), within.into()] {
            assert!(matches!(stopped, Error::Interrupted));
        }
        let refused = Error::from(ExactError::Lattice(LatticeError::ZeroTemperature));
        assert_eq!(refused.exit_code(), 1);
        assert_eq!(refused.to_string(), LatticeError::ZeroTemperature.to_string());
    }
}
