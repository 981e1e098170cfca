//! Decoded columns of parquet as numbers, texts and lists.

use polars_arrow::array::{
    Array, BooleanArray, FixedSizeBinaryArray, ListArray, PrimitiveArray, Utf8ViewArray,
};
use polars_arrow::datatypes::ArrowDataType;
use polars_arrow::types::NativeType;

/// The values of a column in a row group.
pub(crate) enum Values {
    /// Whole numbers.
    Whole(Vec<Option<i128>>),
    /// Numbers with a fraction.
    Real(Vec<Option<f64>>),
    /// True and false.
    Truth(Vec<Option<bool>>),
    /// Texts, in pieces with the row at which each begins.
    Texts(Vec<(usize, Utf8ViewArray)>),
    /// A list of numbers in each row, as places among all numbers.
    Lists { places: Vec<Option<(usize, usize)>>, numbers: Vec<Option<f64>> },
}

/// Decoded arrays of a type as values; nothing where they are of another type than stated.
pub(crate) fn values_of(dtype: &ArrowDataType, arrays: &[Box<dyn Array>]) -> Option<Values> {
    use ArrowDataType as T;
    Some(match dtype {
        T::Int8 => Values::Whole(numbers::<i8, i128>(arrays)?),
        T::Int16 => Values::Whole(numbers::<i16, i128>(arrays)?),
        T::Int32 => Values::Whole(numbers::<i32, i128>(arrays)?),
        T::Int64 => Values::Whole(numbers::<i64, i128>(arrays)?),
        T::UInt8 => Values::Whole(numbers::<u8, i128>(arrays)?),
        T::UInt16 => Values::Whole(numbers::<u16, i128>(arrays)?),
        T::UInt32 => Values::Whole(numbers::<u32, i128>(arrays)?),
        T::UInt64 => Values::Whole(numbers::<u64, i128>(arrays)?),
        T::Float32 => Values::Real(numbers::<f32, f64>(arrays)?),
        T::Float64 => Values::Real(numbers::<f64, f64>(arrays)?),
        T::Decimal(_, scale) | T::Decimal32(_, scale) | T::Decimal64(_, scale) => {
            let whole = numbers::<i128, i128>(arrays)?;
            match *scale {
                0 => Values::Whole(whole),
                scale => {
                    let divisor = 10f64.powi(scale as i32);
                    Values::Real(whole.into_iter().map(|digits| Some(digits? as f64 / divisor)).collect())
                }
            }
        }
        T::FixedSizeBinary(2) => Values::Real(halves(arrays)?),
        T::Boolean => {
            let arrays = downcast::<BooleanArray>(arrays)?;
            Values::Truth(arrays.iter().flat_map(|array| array.iter()).collect())
        }
        T::Utf8View => {
            let mut start = 0;
            let mut texts = Vec::with_capacity(arrays.len());
            for array in downcast::<Utf8ViewArray>(arrays)? {
                texts.push((start, array.clone()));
                start += array.len();
            }
            Values::Texts(texts)
        }
        T::LargeList(inner) => lists(&inner.dtype, arrays)?,
        _ => return None,
    })
}

fn downcast<A: Array>(arrays: &[Box<dyn Array>]) -> Option<Vec<&A>> {
    arrays.iter().map(|array| array.as_any().downcast_ref::<A>()).collect()
}

fn numbers<T: NativeType + Into<N>, N>(arrays: &[Box<dyn Array>]) -> Option<Vec<Option<N>>> {
    let arrays = downcast::<PrimitiveArray<T>>(arrays)?;
    Some(
        arrays
            .iter()
            .flat_map(|array| array.iter().map(|number| number.map(|number| (*number).into())))
            .collect(),
    )
}

fn halves(arrays: &[Box<dyn Array>]) -> Option<Vec<Option<f64>>> {
    let half = |bytes: &[u8]| Some(half::f16::from_le_bytes(bytes.try_into().ok()?).to_f64());
    let arrays = downcast::<FixedSizeBinaryArray>(arrays)?;
    Some(arrays.iter().flat_map(|array| array.iter().map(|bytes| bytes.and_then(half))).collect())
}

fn lists(inner: &ArrowDataType, arrays: &[Box<dyn Array>]) -> Option<Values> {
    let (mut places, mut all) = (Vec::new(), Vec::new());
    for array in downcast::<ListArray<i64>>(arrays)? {
        let base = all.len();
        all.extend(match values_of(inner, std::slice::from_ref(array.values()))? {
            Values::Real(numbers) => numbers,
            Values::Whole(numbers) => {
                numbers.into_iter().map(|number| number.map(|number| number as f64)).collect()
            }
            _ => return None,
        });
        places.extend((0..array.len()).map(|row| {
            let (start, end) = array.offsets().start_end(row);
            (!array.is_null(row)).then_some((base + start, base + end))
        }));
    }
    Some(Values::Lists { places, numbers: all })
}
