//! Downloads a manifest's files.
