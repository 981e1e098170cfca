//! The rows. To add one: an example of a crate and a script in `tests/peers/` that answer the same command (see `mod.rs`
//! and `tests/peers/turns.py`), an entry here, and a pin in `tests/peers/requirements.txt` for a package that is new.

use super::row::{Ours, Peer, Row};

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "preprocess_eegmat",
        what: "eegmat: read, average reference, FIR 1-40 Hz, resample to 128 Hz, 2-s epochs; MNE-Python in one process",
        goal: Some(15.0),
        peer: Peer { script: Some("preprocess_eegmat.py"), arguments: &[], command: "preprocess" },
        ..PREPROCESS
    },
    Row {
        name: "preprocess_eegmat_parallel",
        what: "the same; MNE-Python in a process a core",
        goal: None,
        peer: Peer {
            script: Some("preprocess_eegmat.py"),
            arguments: &["--parallel"],
            command: "preprocess",
        },
        memory: false,
        ..PREPROCESS
    },
    Row {
        name: "eer_1e7",
        what: "EER and DET curve of 10^7 scores",
        goal: Some(8.0),
        ours: Ours { example: "speed", arguments: &["eer"], command: "eer" },
        peer: Peer { script: Some("eer.py"), arguments: &[], command: "eer" },
        packages: &["numpy", "scikit-learn"],
        nearest: None,
        data: None,
        check: Some(0.01),
        memory: false,
        rounds: 5,
    },
    Row {
        name: "knn",
        what: "the 5 nearest of 10^4 queries in 10^5 prints of 128 floats, exact; faiss flat",
        goal: Some(3.0),
        peer: Peer { script: Some("knn.py"), arguments: &["faiss"], command: "knn" },
        packages: &["numpy", "faiss-cpu"],
        ..KNN
    },
    Row {
        name: "knn_scikit_learn",
        what: "the same; scikit-learn brute force",
        goal: Some(3.0),
        peer: Peer { script: Some("knn.py"), arguments: &["scikit-learn"], command: "knn" },
        packages: &["numpy", "scikit-learn"],
        ..KNN
    },
    Row {
        name: "identify_1",
        what: "one probe against 10^6 templates of 128 floats, the 5 best, exact; faiss flat",
        ours: Ours { example: "identify", arguments: &["1"], command: "identify" },
        peer: Peer { script: Some("identify.py"), arguments: &["1"], command: "identify" },
        packages: &["numpy", "faiss-cpu"],
        ..KNN
    },
    Row {
        name: "identify_100",
        what: "a batch of 100 probes against them",
        ours: Ours { example: "identify", arguments: &["100"], command: "identify" },
        peer: Peer { script: Some("identify.py"), arguments: &["100"], command: "identify" },
        packages: &["numpy", "faiss-cpu"],
        ..KNN
    },
    Row {
        name: "train_step",
        what: "one twin training step: 64 pairs of 64 channels x 320 samples, three convolution blocks, AdamW",
        goal: Some(1.6),
        memory: true,
        ..twin("train_step")
    },
    Row { name: "embed", what: "the same network embedding 128 epochs", goal: Some(1.6), ..twin("embed") },
    Row { name: "conv1d_forward", what: "its first convolution", ..twin("conv1d_forward") },
    Row { name: "conv1d_backward", what: "its first convolution, backward", ..twin("conv1d_backward") },
    Row {
        name: "embed_filterbank",
        what: "128 epochs of 19 channels x 256 samples by the powers of the default encoder; second moments in PyTorch",
        goal: Some(1.3),
        peer: Peer { script: Some("filterbank.py"), arguments: &[], command: "embed_filterbank" },
        rounds: 31,
        ..twin("embed_filterbank")
    },
    Row {
        name: "time_to_eer",
        what: "epochs of 16 people of eegmat to an encoder with an EER of 5 % at 2 s on 8 others; PyTorch, same recipe",
        check: Some(0.02),
        ..to_eer("closed_form")
    },
    Row {
        name: "time_to_eer_gradient",
        what: "the same from a random start, by gradient steps alone",
        check: Some(0.02),
        ..to_eer("gradient")
    },
    Row {
        name: "time_to_eer_twin_pairs",
        what: "the same; our own training on one pair for two encodings, contrastive loss",
        peer: Peer { script: None, arguments: &[], command: "twin_pairs" },
        packages: &[],
        ..to_eer("gradient")
    },
];

const PREPROCESS: Row = Row {
    name: "",
    what: "",
    goal: None,
    ours: Ours { example: "preprocess_eegmat", arguments: &[], command: "preprocess" },
    peer: Peer { script: Some("preprocess_eegmat.py"), arguments: &[], command: "preprocess" },
    nearest: None,
    packages: &["mne", "numpy", "scipy"],
    data: Some("eegmat"),
    // Both count the epochs.
    check: Some(0.0),
    memory: true,
    rounds: 9,
};

const KNN: Row = Row {
    name: "",
    what: "",
    goal: None,
    ours: Ours { example: "speed", arguments: &["knn"], command: "knn" },
    peer: Peer { script: Some("knn.py"), arguments: &[], command: "knn" },
    nearest: None,
    packages: &[],
    data: None,
    check: None,
    memory: false,
    rounds: 5,
};

const fn twin(command: &'static str) -> Row {
    Row {
        name: "",
        what: "",
        goal: None,
        ours: Ours { example: "bench", arguments: &[], command },
        peer: Peer { script: Some("twin_step.py"), arguments: &[], command },
        nearest: None,
        packages: &["torch", "numpy"],
        data: None,
        check: None,
        memory: false,
        rounds: 15,
    }
}

const fn to_eer(command: &'static str) -> Row {
    Row {
        name: "",
        what: "",
        goal: None,
        ours: Ours { example: "time_to_eer", arguments: &[], command },
        peer: Peer { script: Some("time_to_eer.py"), arguments: &[], command },
        nearest: Some("least"),
        packages: &["torch", "numpy"],
        data: Some("eegmat"),
        check: None,
        memory: false,
        rounds: 5,
    }
}
