//! Classical features of EEG epochs: the inputs of the baselines, the audits and the feature export.
//!
//! Every function maps epochs `[epochs, channels, samples]` in µV to one row of numbers an epoch, `[epochs, columns]`.
//! Nothing is fitted: an epoch's row depends on that epoch alone, whatever else is in the set and however many threads
//! work. Standardising, whitening and scoring belong to whoever uses the rows.
//!
//! The choices behind the defaults, with what each alternative measured, are in `docs/design/0003-classical-features.md`.

mod alpha;
mod aperiodic;
pub mod confound;
mod error;
mod feature;
mod parallel;
mod power;
mod reference;
mod spectra;
mod tangent;
mod view;
mod welch;

pub use error::FeatureError;
pub use feature::{Feature, names};
pub use power::{band_powers, log_psd, log_psd_frequencies};
pub use reference::average_reference;
pub use spectra::LogSpectra;
pub use tangent::{
    DEFAULT_BANDS, DEFAULT_SHRINKAGE, MOST_CHANNELS, Taper, spread_channels, tangent, tangent_of,
    tangent_with,
};
pub use view::View;

/// The default lower edge of [`log_psd`] in hertz.
pub const DEFAULT_L_FREQ: f64 = 1.0;
/// The default upper edge of [`log_psd`] in hertz.
pub const DEFAULT_H_FREQ: f64 = 40.0;
