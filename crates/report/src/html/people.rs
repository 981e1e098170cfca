//! What the words on the page mean, for people of any field.

use maud::{Markup, html};

use crate::{Results, format};

pub(super) fn how_to_read(results: &Results) -> Markup {
    let seconds = &results.protocol.enroll_seconds;
    let systems = format::systems(results.verification.iter().map(|row| row.system.as_str()));
    let defined = || systems.iter().filter_map(|system| definition(system).map(|text| (system, text)));
    html! {
        section aria-labelledby="reading" {
            h2 id="reading" { "How to read this page" }
            @if defined().next().is_some() {
                h3 id="systems" { "The encoder and the baselines" }
                p { "All are scored on the same trials. Whatever a system is fitted to, it is fitted to the training people of its fold." }
                dl { @for (system, text) in defined() { dt { (system) } dd { (text) } } }
                h3 { "The words" }
            }
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

/// What a system is, in a sentence; nothing for one of another program.
fn definition(system: &str) -> Option<&'static str> {
    Some(match system {
        "encoder" => "What the plan fits or trains, and what this page is about.",
        "encoder:alone" => "The encoder without the features that the plan joins to its prints.",
        "untrained_encoder" => {
            "The encoder's architecture with random weights: what the architecture gives without learning."
        }
        "whitened_encoder" => {
            "The encoder before its first training step: its head is whitened in closed form by how one person's prints vary. \
             Training has helped only where the encoder beats this."
        }
        "log_psd_cosine" => {
            "The logarithm of the power spectrum of every channel, standardised and compared by cosine."
        }
        "log_psd_wccn" => {
            "The same power spectra, whitened by how they vary within one person (WCCN, within-class covariance normalisation)."
        }
        "alpha_aligned_wccn" => {
            "Power spectra whose alpha peak was moved to 10 Hz, and where it was, whitened within people (after Näpflin and others 2007)."
        }
        "tangent_cosine" => {
            "The logarithm of the covariance of the channels in six frequency bands (tangent space), standardised and compared by cosine."
        }
        "tangent_wccn" => {
            "The same covariances, whitened by how they vary within one person; the hardest classical baseline on most data."
        }
        _ => return None,
    })
}
