//! `rgflow data`: data sets, fetched or imported, checked by their checksums.

use crate::output;
use rgflow_lab::artifact::Error;
use rgflow_lab::dataset::mnist::{self, Source};
use std::path::PathBuf;

/// Fetches or imports a data set.
#[derive(clap::Args)]
pub struct Data {
    #[command(subcommand)]
    set: Set,
}

/// The data sets.
#[derive(clap::Subcommand)]
enum Set {
    /// MNIST: 60,000 and 10,000 handwritten digits, 28 x 28 grey levels (12 MB to fetch, 55 MB on disk).
    ///
    /// The files go to $RGFLOW_DATA/mnist, or to data/mnist in the current folder. Proxies are those of the environment
    /// (HTTPS_PROXY), certificates those of the system. Every file is checked by the SHA-256 of its raw bytes.
    Mnist(Mnist),
}

#[derive(clap::Args)]
#[command(after_help = "Examples:
  rgflow data mnist                                  from a public mirror
  rgflow data mnist --from ~/Downloads/mnist         from files that you have, raw or .gz
  rgflow data mnist --mirror https://example.org/mnist/")]
struct Mnist {
    /// Imports the files from a folder instead [default: fetches them].
    #[arg(long, value_name = "DIR", conflicts_with = "mirror")]
    from: Option<PathBuf>,
    /// Fetches URL/train-images-idx3-ubyte.gz and so on [default: the public mirrors].
    #[arg(long, value_name = "URL")]
    mirror: Option<String>,
    /// Prints folder and files as JSON.
    #[arg(long)]
    json: bool,
}

impl Data {
    pub fn execute(self) -> Result<(), Error> {
        let Set::Mnist(mnist) = self.set;
        mnist.execute()
    }
}

impl Mnist {
    fn execute(self) -> Result<(), Error> {
        let sources = match (self.from, self.mirror) {
            (Some(dir), _) => vec![Source::Folder(dir)],
            (None, Some(url)) => vec![Source::Mirror(url)],
            (None, None) => mnist::MIRRORS.map(|url| Source::Mirror(url.into())).into(),
        };
        let folder = mnist::folder();
        let brought = mnist::bring(&mnist::files(), &sources, &folder, &mut |name| {
            output::complain(&format!("{name} ..."));
        })?;
        if self.json {
            let files = mnist::files().map(|file| file.name);
            let folder = folder.display().to_string();
            return output::print_json(&serde_json::json!({ "folder": folder, "files": files, "brought": brought }));
        }
        let what = if brought.is_empty() {
            "all files are there and right".into()
        } else {
            format!("{} files", brought.len())
        };
        output::print(&format!("{}: {what}\n", folder.display()))
    }
}
