//! Matrix products over strided views: the one door to the `gemm` crate.
//!
//! Every product runs on the calling thread, so that its result does not depend on how many threads there are.

use gemm::Parallelism;

/// A read-only matrix whose rows may overlap: element `(i, j)` is `data[i · row_stride + j · column_stride]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    data: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> View<'a> {
    /// `rows × columns` with contiguous rows that start every `row_stride` floats.
    pub(crate) fn new(data: &'a [f32], rows: usize, columns: usize, row_stride: usize) -> Self {
        Self { data, rows, columns, row_stride, column_stride: 1 }
    }

    /// The transpose of this view.
    pub(crate) fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    fn fits(&self) -> bool {
        self.rows == 0
            || self.columns == 0
            || (self.rows - 1) * self.row_stride + (self.columns - 1) * self.column_stride < self.data.len()
    }
}

/// What happens to the values already in the destination of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    Replace,
    Add,
}

/// `destination = left · right`, or `+=`; the destination is `[left.rows, right.columns]`, row-major and without gaps.
pub(crate) fn multiply(destination: &mut [f32], left: View<'_>, right: View<'_>, write: Write) {
    let (rows, columns, depth) = (left.rows, right.columns, left.columns);
    assert_eq!(depth, right.rows, "inner sizes of a matrix product differ");
    assert!(left.fits() && right.fits(), "a matrix view leaves its slice");
    assert!(destination.len() >= rows * columns, "the destination of a matrix product is too short");
    // SAFETY: the asserts above keep every index the product reads inside `left.data` and `right.data` and every
    // index it writes inside `destination`, which nothing else borrows. Strides of slices fit in `isize`.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            depth,
            destination.as_mut_ptr(),
            1,
            columns as isize,
            write == Write::Add,
            left.data.as_ptr(),
            left.column_stride as isize,
            left.row_stride as isize,
            right.data.as_ptr(),
            right.column_stride as isize,
            right.row_stride as isize,
            1.0f32,
            1.0f32,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}
