//! Where an encoder computes, by name.

use burn::tensor::Device;

use crate::EncoderError;

/// A device on which encoders are trained and used: `cpu`, `libtorch`, `cuda:N` or `wgpu`.
#[derive(Debug, Clone)]
pub struct Compute(Device);

impl Compute {
    /// The processor, through burn's `flex` backend.
    pub fn cpu() -> Self {
        Self(Device::flex())
    }

    /// The device called `name`: `cpu`; `libtorch` (cargo feature `libtorch`); `cuda` or `cuda:N` (cargo feature
    /// `cuda`); `wgpu` (cargo feature `wgpu`).
    ///
    /// # Errors
    /// When the name is unknown, the program was built without the device's feature, or the device is not there;
    /// the error lists those that are.
    pub fn named(name: &str) -> Result<Self, EncoderError> {
        let refuse =
            |why: String| EncoderError::Device { name: name.to_owned(), why, present: Self::present() };
        let (kind, index) = match name.split_once(':') {
            Some((kind, index)) => {
                let index = index.parse().map_err(|_| refuse(format!("{index:?} is not a device number")))?;
                (kind, Some(index))
            }
            None => (name, None),
        };
        let device = match (kind, index) {
            ("cpu", None) => Device::flex(),
            ("libtorch", None) => libtorch().map_err(&refuse)?,
            ("cuda", index) => cuda(index.unwrap_or(0)).map_err(&refuse)?,
            ("wgpu", None) => wgpu().map_err(&refuse)?,
            _ => return Err(refuse("the names are cpu, libtorch, cuda:N and wgpu".to_owned())),
        };
        Ok(Self(device))
    }

    /// The names of the devices that can be used here.
    pub fn present() -> Vec<String> {
        let others = ["libtorch", "cuda:0", "cuda:1", "cuda:2", "cuda:3", "wgpu"];
        let there = |name: &&str| match *name {
            "libtorch" => libtorch().is_ok(),
            "wgpu" => wgpu().is_ok(),
            cuda_name => cuda_name[5..].parse().is_ok_and(|index| cuda(index).is_ok()),
        };
        let found = others.into_iter().filter(there).map(str::to_owned);
        std::iter::once("cpu".to_owned()).chain(found).collect()
    }

    pub(crate) fn device(&self) -> &Device {
        &self.0
    }
}

#[cfg(any(not(feature = "libtorch"), not(feature = "cuda"), not(feature = "wgpu")))]
fn absent(feature: &str) -> Result<Device, String> {
    Err(format!("this program was built without it; build with --features {feature}"))
}

#[cfg(feature = "libtorch")]
fn libtorch() -> Result<Device, String> {
    Ok(Device::libtorch())
}

#[cfg(not(feature = "libtorch"))]
fn libtorch() -> Result<Device, String> {
    absent("libtorch")
}

#[cfg(feature = "cuda")]
fn cuda(index: usize) -> Result<Device, String> {
    let devices =
        std::panic::catch_unwind(|| Device::enumerate(burn::tensor::DeviceType::Cuda).into_vec().len());
    match devices {
        Ok(count) if index < count => Ok(Device::cuda(index)),
        Ok(count) => Err(format!("{count} CUDA devices are there")),
        Err(_) => Err("the CUDA driver cannot be loaded".to_owned()),
    }
}

#[cfg(not(feature = "cuda"))]
fn cuda(_: usize) -> Result<Device, String> {
    absent("cuda")
}

#[cfg(feature = "wgpu")]
fn wgpu() -> Result<Device, String> {
    let devices =
        std::panic::catch_unwind(|| Device::enumerate(burn::tensor::DeviceType::Wgpu).into_vec().len());
    match devices {
        Ok(count) if count > 0 => Ok(Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)),
        _ => Err("no graphics adapter was found".to_owned()),
    }
}

#[cfg(not(feature = "wgpu"))]
fn wgpu() -> Result<Device, String> {
    absent("wgpu")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_is_not_here_is_named_with_those_that_are() {
        for name in ["tpu", "cuda:x", "cuda:77", "cpu:1"] {
            let error = Compute::named(name).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("present here: cpu"), "{error}");
        }
        Compute::named("cpu").unwrap();
    }
}
