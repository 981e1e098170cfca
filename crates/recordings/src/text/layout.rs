//! What only whoever made a table of numbers can say of it.

/// How a recording as text is laid out; what is absent or empty is as the file's header says.
///
/// ```
/// use twinprint_recordings::{RecordingReader, Strictness, TextLayout};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("mine.csv");
/// std::fs::write(&path, "n;Cz;Pz\n7;1,5;20\n8;-2;10\n10;3;0\n")?;
///
/// let layout = TextLayout { rate: Some(250.0), counter: Some("n".to_owned()), ..TextLayout::default() };
/// let reader = RecordingReader::open_text(&path, Strictness::Strict, &layout)?;
/// assert_eq!(reader.recording(&[0])?.samples().row(0).to_vec(), [1.5, -2.0, 3.0]);
/// let segments = reader.segments(0);
/// assert_eq!((segments.len(), segments[1].first.0, segments[1].onset.get()), (2, 2, 3.0 / 250.0), "sample 9 is lost");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TextLayout {
    /// Samples a second, in hertz.
    pub rate: Option<f64>,
    /// The unit of the channels; microvolts where nothing says another.
    pub unit: Option<String>,
    /// The columns' names, where the file has no line of them.
    pub columns: Vec<String>,
    /// The columns that are channels; every column of numbers that serves nothing else where empty.
    pub channels: Vec<String>,
    /// The electrodes' names, one for each channel in order, where the columns have others.
    pub names: Vec<String>,
    /// The column of time stamps: numbers of any unit, or dates and times of day.
    pub time: Option<String>,
    /// The column in which the device counts samples.
    pub counter: Option<String>,
    /// The column of events: a text or a number other than 0 where one begins.
    pub events: Option<String>,
}
