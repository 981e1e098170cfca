//! The prints of a run's encoders: of people tested in `prints.h5`, of everybody else in `systems/`.

use ndarray::{Array2, ArrayView1, Axis};
use twinprint_protocol::Role;
use twinprint_signal::RowInfo;
use twinprint_store::prints::PrintFile;

use crate::error::Placed;
use crate::{RunError, RunFolder, System};

/// The prints of a run's encoders in every role, fold by fold; each print is stored once.
pub struct EncoderPrints {
    tested: PrintFile,
    others: PrintFile,
}

impl EncoderPrints {
    /// Opens the files of a run folder.
    ///
    /// # Errors
    /// When one is missing or damaged: names it.
    pub fn open(folder: &RunFolder) -> Result<Self, RunError> {
        let open = |role| {
            let path = folder.prints(System::Encoder, role);
            PrintFile::open(&path).in_folder(&path, "run `twinprint embed` again")
        };
        Ok(Self { tested: open(Role::Test)?, others: open(Role::Train)? })
    }

    /// The file with the prints of people in a role; it may hold those of other roles too.
    pub fn of(&self, role: Role) -> &PrintFile {
        if role == Role::Test { &self.tested } else { &self.others }
    }

    /// Every print once, with whose it is: those of people tested, then the others.
    pub fn rows(&self) -> impl Iterator<Item = (PrintRow, &RowInfo)> {
        // Runs of earlier versions hold those of people tested in both files.
        let test = Some(Role::Test.name());
        let tested = self.tested.infos().iter().enumerate();
        let others =
            self.others.infos().iter().enumerate().filter(move |(_, info)| info.role.as_deref() != test);
        let of = |is_tested| move |(row, info)| (PrintRow { is_tested, row }, info);
        tested.map(of(true)).chain(others.map(of(false)))
    }

    /// One print, `[dim]`.
    pub fn row(&self, PrintRow { is_tested, row }: PrintRow) -> ArrayView1<'_, f32> {
        let file = if is_tested { &self.tested } else { &self.others };
        file.prints().index_axis_move(Axis(0), row)
    }

    /// Copies of some prints, `[rows, dim]`, in the order given.
    pub fn select(&self, rows: &[PrintRow]) -> Array2<f32> {
        let mut prints = Array2::zeros((rows.len(), self.dim()));
        prints.rows_mut().into_iter().zip(rows).for_each(|(mut print, &row)| print.assign(&self.row(row)));
        prints
    }

    /// Numbers a print.
    pub fn dim(&self) -> usize {
        self.tested.dim()
    }
}

/// Which print it is among those of an [`EncoderPrints`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrintRow {
    is_tested: bool,
    row: usize,
}
