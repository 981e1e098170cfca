//! Which network an encoder is; the networks are in `front` and `net`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::filterbank::Filterbank;
use crate::EncoderError;
use crate::net::{self, Network, networks};
use crate::range::require;

macro_rules! architecture {
    ($($(#[cfg($when:meta)])? $name:literal => $file:ident::$Settings:ident,)+) => {
        /// A network by name.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "name")]
        pub enum Architecture {
            /// Gabor filterbank, channel pairs, log power and a linear head: the measured recipe.
            #[serde(rename = "filterbank")]
            Filterbank(Filterbank),
            $(
                $(#[cfg($when)])?
                #[doc = concat!("The learned network `", $name, "`.")]
                #[serde(rename = $name)]
                $Settings(net::$Settings),
            )+
        }

        impl Architecture {
            /// The name it is chosen by.
            pub fn name(&self) -> &'static str {
                match self {
                    Self::Filterbank(_) => "filterbank",
                    $($(#[cfg($when)])? Self::$Settings(_) => $name,)+
                }
            }

            /// The learned network; none where features go through a linear head.
            pub(crate) fn network(&self) -> Option<&dyn Network> {
                match self {
                    Self::Filterbank(_) => None,
                    $($(#[cfg($when)])? Self::$Settings(network) => Some(network),)+
                }
            }
        }
    };
}

networks!(architecture);

impl Default for Architecture {
    fn default() -> Self {
        Self::Filterbank(Filterbank::default())
    }
}

impl Architecture {
    pub(crate) fn validate(&self) -> Result<(), EncoderError> {
        match self {
            Self::Filterbank(bank) => bank.validate(),
            _ => self.network().map_or(Ok(()), Network::validate),
        }
    }

    /// Checks that an epoch of `samples` is long enough.
    pub(crate) fn check_samples(&self, samples: usize) -> Result<(), EncoderError> {
        let shortest = self.network().map_or(1, Network::shortest);
        let limit = format!("pooling leaves nothing of an epoch of {samples} samples, it needs {shortest}");
        let (found, remedy) = (format!("of {}", self.name()), "take fewer layers or cut longer epochs");
        require(samples >= shortest, "architecture.widths", found, limit, remedy)
    }
}
