//! The pipeline as text, with a comment where a person may want something else.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use twinprint_dataset::Layout;
use twinprint_protocol::Variant;

use super::choices::Choices;

/// The text of the pipeline.
pub(super) fn pipeline(folder: &Path, pipeline: &Path, choices: &Choices) -> String {
    let name = name(folder);
    let shown = pipeline.display();
    let mut text = format!(
        "# Made by `twinprint init` from what it found in {}. Read it through: each guess may be wrong.\n#\n\
         #   twinprint check {shown}     looks at it without reading a sample\n\
         #   twinprint run {shown}       runs it\n\n\
         name = {}\nseed = 1\n\n",
        folder.display(),
        quoted(&name)
    );
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "[dataset]\n# Relative paths start at this file.\nroot = {}",
        quoted(&root(folder, pipeline))
    );
    dataset(&mut text, choices);
    preprocess(&mut text, choices);
    protocol(&mut text, choices);
    text += "\n[encoder]\n\
        # Log powers and covariances of the channels in frequency bands, whitened in closed form on each fold's training people. Gradient\n\
        # steps from there took more than they gave on 24, 33 and 97 people; to see what they do here: --set encoder.optimiser.steps=300\n\
        architecture = { name = \"filterbank\" }\n";
    text
}

/// The folder's name as far as a run may have it.
fn name(folder: &Path) -> String {
    let full = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let name = full.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let kept: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' })
        .collect();
    let kept = kept.trim_matches('-').to_owned();
    if kept.is_empty() { "own".to_owned() } else { kept }
}

/// The folder as the pipeline names it: as it was given where both start at the same place, else in full.
fn root(folder: &Path, pipeline: &Path) -> String {
    let beside = pipeline.parent().unwrap_or(Path::new(""));
    let full = || -> PathBuf { folder.canonicalize().unwrap_or_else(|_| folder.to_owned()) };
    let path = if folder.is_relative() && beside.as_os_str().is_empty() {
        folder.to_owned()
    } else {
        match folder.strip_prefix(beside) {
            Ok(below) if !below.as_os_str().is_empty() => below.to_owned(),
            _ => full(),
        }
    };
    path.to_string_lossy().into_owned()
}

fn dataset(text: &mut String, choices: &Choices) {
    match &choices.layout {
        Layout::Bids(_) => *text += "layout = { kind = \"bids\" }\n",
        Layout::Pattern(pattern) => {
            *text += "# {subject} stands where the name of the person is; files with the same {subject} are of one person.\n";
            let _ =
                writeln!(text, "layout = {{ kind = \"pattern\", pattern = {} }}", quoted(&pattern.pattern));
        }
        Layout::Manifest { name } => {
            let _ = writeln!(text, "layout = {{ kind = \"manifest\", name = {} }}", quoted(name));
        }
    }
    if !choices.excluded.is_empty() {
        *text += "# These cannot be read or are far shorter than the others: `twinprint inspect FILE` says more.\nexclude_recordings = [\n";
        for (key, _) in &choices.excluded {
            let _ = writeln!(text, "  {},", quoted(&key.to_string()));
        }
        *text += "]\n";
    }
}

fn preprocess(text: &mut String, choices: &Choices) {
    *text += "\n[preprocess]\n";
    if choices.average {
        *text += "reference = \"average\"\n";
    } else {
        let _ = writeln!(
            text,
            "# {} channels are too few for their average to be neutral.\nreference = \"none\"",
            choices.channels
        );
    }
    let _ = writeln!(text, "# In hertz.\nfilter = {{ l_freq = 1.0, h_freq = {:.1} }}", choices.highest);
    if let Some(rate) = choices.resample {
        let _ = writeln!(text, "resample = {{ sfreq = {rate:.1} }}");
    }
    *text += "# Windows of 2 s, one every half second, to learn from; what is enrolled and probed never overlaps.\n\
        epochs = { duration = 2.0, overlap = 1.5 }\n";
    if choices.pick.is_empty() && !choices.unitless {
        return;
    }
    *text += "\n[preprocess.channels]\n";
    if !choices.pick.is_empty() {
        match choices.of_many {
            Some(there) => {
                let _ = writeln!(
                    text,
                    "# Those of the 10-20 system: {there} channels have {} covariances in six bands, and to fit so many takes\n\
                     # hours and gigabytes. For all {there}, take this list away.",
                    6 * there * (there + 1) / 2
                );
            }
            None => *text += "# The channels that every recording has.\n",
        }
        *text += "pick = [\n";
        for names in choices.pick.chunks(12) {
            let names: Vec<String> = names.iter().map(|name| quoted(name.as_str())).collect();
            let _ = writeln!(text, "  {},", names.join(", "));
        }
        *text += "]\n";
    }
    if choices.unitless {
        *text += "# Some channels state no unit. Microvolts are a guess: say what their samples are.\nunit = \"uV\"\n";
    }
}

fn protocol(text: &mut String, choices: &Choices) {
    *text += "\n[protocol]\n";
    let why = match choices.variant {
        Variant::CrossSession => {
            "Enrolment and probes come from different sessions; nobody who is tested was learnt from."
        }
        Variant::WithinRecording => {
            "There is one recording a person, so enrolment and probe are parts of it. Numbers from that flatter: record everybody twice."
        }
        _ => "Enrolment and probes come from different recordings; nobody who is tested was learnt from.",
    };
    let _ =
        writeln!(text, "# {why}\nvariant = {}\nfolds = {}", quoted(choices.variant.name()), choices.folds);
    if choices.dev > 0 {
        let _ =
            writeln!(text, "# People kept out of the fit, for thresholds.\ndev_subjects = {}", choices.dev);
    }
    *text +=
        "# People and recordings with too few clean seconds are left out and counted.\non_short = \"drop\"\n";
    let list = |names: &[String]| names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
    let recordings = |names: &[String]| {
        if names.is_empty() { String::new() } else { format!("recordings = [{}], ", list(names)) }
    };
    let seconds: Vec<String> = choices.probe_seconds.iter().map(|length| format!("{length:.1}")).collect();
    let _ =
        writeln!(text, "enrol = {{ {}seconds = {:.1} }}", recordings(&choices.enrol), choices.enrol_seconds);
    let _ = writeln!(text, "probe = {{ {}seconds = [{}] }}", recordings(&choices.probe), seconds.join(", "));
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
