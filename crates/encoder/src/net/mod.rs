//! The learned networks, one file each: convolutions over time. The default road, features and a linear head, does not pass
//! through here.

mod conv;
mod layers;
mod resnet1d;
mod twin_cnn;

pub(crate) use layers::{Block, conv_parameters, linear, linear_parameters, norm_parameters};

#[cfg(test)]
mod tests;
