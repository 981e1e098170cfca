//! The sizes of one convolution.

/// Sizes of a convolution with dilation and groups of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConvShape {
    /// Examples in the batch.
    pub(crate) batch: usize,
    /// Samples of one example before the convolution.
    pub(crate) time_in: usize,
    /// Samples of one example after it: `⌊(time_in + 2·padding − kernel) / stride⌋ + 1`.
    pub(crate) time_out: usize,
    pub(crate) in_channels: usize,
    pub(crate) out_channels: usize,
    pub(crate) kernel: usize,
    /// Samples between two outputs.
    pub(crate) stride: usize,
    /// Zeros before and after each example.
    pub(crate) padding: usize,
}

impl ConvShape {
    /// Floats of one example `[time_in, in_channels]`.
    pub(crate) fn input_len(&self) -> usize {
        self.time_in * self.in_channels
    }

    /// Floats of one example `[time_out, out_channels]`.
    pub(crate) fn output_len(&self) -> usize {
        self.time_out * self.out_channels
    }

    /// Floats of the weights `[out_channels, in_channels, kernel]`.
    pub(crate) fn weight_len(&self) -> usize {
        self.out_channels * self.in_channels * self.kernel
    }
}

/// How the floats of one example lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// `[channels, time]`
    ChannelsFirst,
    /// `[time, channels]`
    ChannelsLast,
}

/// A batch of examples without gaps between them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch<'a> {
    pub(crate) data: &'a [f32],
    pub(crate) order: Order,
}

impl<'a> Batch<'a> {
    /// Example `index` as `[time_in, in_channels]`, transposed into `spare` where it lies the other way.
    pub(crate) fn example<'s>(&self, shape: &ConvShape, index: usize, spare: &'s mut Vec<f32>) -> &'s [f32]
    where
        'a: 's,
    {
        let len = shape.input_len();
        let example = &self.data[index * len..(index + 1) * len];
        match self.order {
            Order::ChannelsLast => example,
            Order::ChannelsFirst => {
                spare.resize(len, 0.0);
                transpose(example, shape.in_channels, shape.time_in, spare);
                &spare[..len]
            }
        }
    }
}

/// `target[j, i] = source[i, j]` for a `rows × columns` source, block by block to stay in the cache.
pub(crate) fn transpose(source: &[f32], rows: usize, columns: usize, target: &mut [f32]) {
    const BLOCK: usize = 16;
    for row in (0..rows).step_by(BLOCK) {
        let row_end = (row + BLOCK).min(rows);
        for column in (0..columns).step_by(BLOCK) {
            let column_end = (column + BLOCK).min(columns);
            for j in column..column_end {
                let line = &mut target[j * rows + row..j * rows + row_end];
                for (i, value) in line.iter_mut().enumerate() {
                    *value = source[(row + i) * columns + j];
                }
            }
        }
    }
}
