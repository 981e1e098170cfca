//! What every reader must know beside the numbers.

use crate::stage::Context;

/// Sentences to stand above the numbers.
pub(super) fn of(context: &Context) -> Vec<String> {
    let mut caveats = Vec::new();
    if context.cohort.synthetic {
        caveats.push(
            "Synthetic cohort: made by twinprint from known causes, for learning and testing. Its numbers say nothing about people."
                .to_owned(),
        );
    }
    caveats.extend(context.plan.config().protocol.variant.caveat().map(str::to_owned));
    caveats.extend(context.cohort.caveat.clone());
    caveats.extend(context.notices.iter().filter(|notice| !notice.leaky()).map(|notice| notice.text.clone()));
    caveats
}
