//! Every idea's file names its paper, by a key of the bibliography.

use std::path::Path;

fn keys(text: &str) -> Vec<String> {
    let head = text.lines().filter_map(|line| line.strip_prefix("//! References: "));
    head.flat_map(|line| line.split(['`', ',', '.', ' ']).filter(|part| !part.is_empty()))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_idea_cites_a_paper_that_the_bibliography_holds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let bibliography = std::fs::read_to_string(root.join("../../docs/references.bib")).unwrap();
    let ideas = [
        "learn/loss/arc_face.rs",
        "learn/loss/contrastive.rs",
        "learn/loss/koch.rs",
        "learn/loss/n_pair.rs",
        "learn/loss/prototypical.rs",
        "learn/loss/sup_con.rs",
        "learn/loss/triplet.rs",
        "front/covariances.rs",
        "gabor.rs",
        "net/resnet1d.rs",
        "net/twin_cnn.rs",
        "learn/sampler/subjects_by_epochs.rs",
        "learn/sampler/twin_pairs.rs",
        "back/fusion.rs",
        "../../closed/src/lda.rs",
        "../../closed/src/plda.rs",
        "../../closed/src/whitening.rs",
    ];
    for idea in ideas {
        let text = std::fs::read_to_string(root.join("src").join(idea)).unwrap();
        let cited = keys(&text);
        assert!(!cited.is_empty(), "{idea} cites nothing");
        for key in cited {
            assert!(
                bibliography.contains(&format!("{{{key},")),
                "{idea} cites {key}, docs/references.bib has none"
            );
        }
    }
}
