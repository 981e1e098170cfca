//! The arguments of `model`.

use std::path::PathBuf;

use clap::Subcommand;
use twinprint_signal::FoldIndex;

use crate::number::whole;

/// What to do with a model in one file.
#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// Put an encoder of a run into one file: weights, preprocessing, thresholds, and a card that says what it is.
    #[command(after_help = "Example:\n  twinprint model pack reports/eegmat-1a2b3c4d --to eegmat.twinprint")]
    Pack {
        /// The run folder.
        run: PathBuf,
        /// The file to write.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        /// The encoder of this fold; the final model by default.
        #[arg(value_parser = whole::<FoldIndex>, long, value_name = "K")]
        fold: Option<FoldIndex>,
        /// Replace a file that is there.
        #[arg(long)]
        force: bool,
        /// Print what was packed as JSON.
        #[arg(long)]
        json: bool,
    },
    /// What a packed model says: whom it learnt from, what was measured, what it must not be used for.
    #[command(after_help = "Example:\n  twinprint model show eegmat.twinprint")]
    Show {
        /// The packed model.
        model: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Look whether every byte is as it was packed. Exit code 1 when one is not.
    #[command(after_help = "Example:\n  twinprint model check eegmat.twinprint")]
    Check {
        /// The packed model.
        model: PathBuf,
    },
}
