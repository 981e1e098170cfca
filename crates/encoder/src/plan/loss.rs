//! What training minimises; the formulas are in `learn/loss`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::EncoderError;
use crate::range::{positive, require};

/// What training minimises.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Loss {
    /// Supervised contrastive (Khosla 2020).
    SupCon(SupCon),
    /// Contrastive with a margin (Chopra 2005, Hadsell 2006).
    Contrastive(Contrastive),
    /// Learned weighted L1 and cross-entropy (Koch 2015).
    Koch(Koch),
    /// Triplet with semi-hard mining (Schroff 2015).
    Triplet(Triplet),
    /// Multi-class N-pair (Sohn 2016).
    NPair(NPair),
    /// Prototypical (Snell 2017).
    Prototypical(Prototypical),
    /// Additive angular margin over the training subjects (Deng 2019).
    ArcFace(ArcFace),
    /// Cross-entropy over the training subjects.
    SubjectSoftmax(SubjectSoftmax),
}

impl Default for Loss {
    fn default() -> Self {
        Self::SupCon(SupCon::default())
    }
}

impl Loss {
    /// Checks the ranges of the settings.
    pub(crate) fn validate(&self) -> Result<(), EncoderError> {
        match self {
            Self::SupCon(loss) => positive("loss.temperature", loss.temperature, "0.1 is the default"),
            Self::Contrastive(loss) => positive("loss.margin", loss.margin, "1.4 is the default"),
            Self::Koch(_) => Ok(()),
            Self::Triplet(loss) => positive("loss.margin", loss.margin, "0.2 is the default"),
            Self::NPair(loss) => positive("loss.temperature", loss.temperature, "0.1 is the default"),
            Self::Prototypical(loss) => positive("loss.temperature", loss.temperature, "0.1 is the default"),
            Self::ArcFace(loss) => {
                positive("loss.scale", loss.scale, "30 is the default")?;
                let fits = (0.0..std::f64::consts::FRAC_PI_2).contains(&loss.margin);
                let limit = "an angle in radians from 0 to below π/2";
                require(fits, "loss.margin", loss.margin, limit, "0.5 is the default")
            }
            Self::SubjectSoftmax(loss) => positive("loss.scale", loss.scale, "10 is the default"),
        }
    }

    /// Whether classes are the training subjects by number, with a learnt vector each.
    pub(crate) fn knows_subjects(&self) -> bool {
        matches!(self, Self::ArcFace(_) | Self::SubjectSoftmax(_))
    }

    /// Whether it is a sum over pairs, so that sampled pairs can stand for all.
    pub(crate) fn takes_pairs(&self) -> bool {
        matches!(self, Self::Contrastive(_) | Self::Koch(_))
    }
}

/// Settings of the `sup_con` loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SupCon {
    /// What cosines are divided by: 0.1.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub temperature: f64,
}

impl Default for SupCon {
    fn default() -> Self {
        Self { temperature: 0.1 }
    }
}

/// Settings of the `contrastive` loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Contrastive {
    /// The distance: `l2`, `l1` or `cosine`.
    pub distance: Distance,
    /// Beyond this distance a negative pair costs nothing: 1.4. Random unit vectors lie √2 apart, so the customary
    /// margin of 1 would leave most negatives inactive.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub margin: f64,
}

impl Default for Contrastive {
    fn default() -> Self {
        Self { distance: Distance::L2, margin: 1.4 }
    }
}

/// Settings of the `koch` loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Koch {
    /// Where weights start, before softplus keeps them positive: −1.
    pub weight: f64,
    /// Where the bias starts, in √dim: 0.3.
    pub bias: f64,
}

impl Default for Koch {
    fn default() -> Self {
        Self { weight: -1.0, bias: 0.3 }
    }
}

/// Settings of the `triplet` loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Triplet {
    /// By how much the squared distance to another person must exceed that to the same one: 0.2.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub margin: f64,
}

impl Default for Triplet {
    fn default() -> Self {
        Self { margin: 0.2 }
    }
}

/// Settings of the `n_pair` loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NPair {
    /// What cosines are divided by: 0.1. The paper leaves prints unnormalised instead.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub temperature: f64,
}

impl Default for NPair {
    fn default() -> Self {
        Self { temperature: 0.1 }
    }
}

/// Settings of the `prototypical` loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Prototypical {
    /// What squared distances are divided by: 0.1. The paper leaves prints unnormalised instead.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub temperature: f64,
}

impl Default for Prototypical {
    fn default() -> Self {
        Self { temperature: 0.1 }
    }
}

/// Settings of the `arc_face` loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ArcFace {
    /// What cosines are multiplied by: 30.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub scale: f64,
    /// The angular margin in radians: 0.5.
    #[schemars(range(min = 0), extend("exclusiveMaximum" = std::f64::consts::FRAC_PI_2))]
    pub margin: f64,
}

impl Default for ArcFace {
    fn default() -> Self {
        Self { scale: 30.0, margin: 0.5 }
    }
}

/// Settings of the `subject_softmax` loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SubjectSoftmax {
    /// What unit prints are multiplied by, so that the classifier need not grow first: 10.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub scale: f64,
}

impl Default for SubjectSoftmax {
    fn default() -> Self {
        Self { scale: 10.0 }
    }
}

/// A distance between unit-length prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Distance {
    /// Euclidean: √Σ(x−y)². Random prints lie near √2.
    L2,
    /// City block, Σ|x−y|, times √(π/2d) so that random prints of d dimensions lie near √2 too and a margin means
    /// the same in both.
    L1,
    /// 1 − x·y. Random prints lie near 1.
    Cosine,
}
