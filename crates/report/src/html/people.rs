//! What the words on the page mean, for people of any field.

use maud::{Markup, html};

use crate::Results;

pub(super) fn how_to_read(results: &Results) -> Markup {
    let seconds = &results.protocol.enroll_seconds;
    html! {
        section aria-labelledby="reading" {
            h2 id="reading" { "How to read this page" }
            dl {
                dt { "Template and probe" }
                dd {
                    "A template is what is kept of a person at enrolment (here " (seconds) " s of clean EEG); a probe is what is \
                     compared with it later. All templates of a fold meet all its probes."
                }
                dt { "Mated and non-mated" }
                dd { "A comparison of one person with themselves, and of two different people (ISO/IEC 19795-1)." }
                dt { "EER" }
                dd {
                    "The equal error rate: the false match rate where it equals the false non-match rate, with one threshold \
                     for everybody. 0 % is perfect, 50 % is guessing."
                }
                dt { "95 % interval" }
                dd { "By bootstrap over subjects. When two intervals overlap, look at the paired difference instead." }
                dt { "Audits" }
                dd {
                    "Parts of the signal alone on the same trials. One that should say nothing about the brain (gain, amplitude, \
                     mains, muscle above 30 Hz, length of the recording) fails when it comes as low as the encoder; single bands only inform."
                }
                dt { "Small numbers" }
                dd {
                    "An error rate of 0 bounds the truth by about 3 divided by the number of people tested, however many probes \
                     each gave."
                }
                dt { "FMR, FNMR" }
                dd { "The share of non-mated comparisons accepted, and of mated comparisons refused." }
                dt { "Cllr, minDCF" }
                dd {
                    "The cost of the scores read as likelihood ratios, in bits, and the lowest cost of decisions at a prior of \
                     0.01. Lower is better; 1 is of no use."
                }
                dt { "–" }
                dd { "A number that could not be computed; the list of absent numbers says why." }
            }
            p class="footnote" { "Every number with its formula and source: docs/guide/how-to-read-a-result.md of twinprint." }
        }
    }
}
