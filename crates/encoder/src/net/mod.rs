//! The learned networks, one file each: convolutions over time. The default road, features and a linear head, does not pass
//! through here.
//!
//! A network is one file with its settings and what [`Network`] asks of them, and one line in the list below. Nothing else
//! knows which networks there are (`docs/guide/write-a-new-encoder.md`).

#[cfg(test)]
mod channel_power;
mod conv;
mod layers;
mod network;
mod resnet1d;
mod twin_cnn;

/// Hands the list of networks to another macro: the name in a plan, the file, the settings in it.
macro_rules! networks {
    ($each:ident) => {
        $each! {
            "conv" => conv::Conv,
            "resnet1d" => resnet1d::Resnet1d,
            "twin_cnn" => twin_cnn::TwinCnn,
            #[cfg(test)]
            "channel_power" => channel_power::ChannelPower,
        }
    };
}

macro_rules! export {
    ($($(#[cfg($when:meta)])? $name:literal => $file:ident::$Settings:ident,)+) => {
        $($(#[cfg($when)])? pub use $file::$Settings;)+
    };
}

networks!(export);

pub(crate) use layers::{Block, conv_parameters, linear, linear_parameters, norm_parameters};
pub(crate) use network::Network;
pub(crate) use networks;

#[cfg(test)]
mod example_tests;
#[cfg(test)]
mod tests;
