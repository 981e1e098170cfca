//! The convolutional networks on fast blocks against the same networks written in burn's own layers: prints, gradients and
//! running statistics.

use burn::tensor::activation::relu;
use burn::tensor::module::{avg_pool1d, conv1d, max_pool1d};
use burn::tensor::ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions};
use burn::tensor::{Device, Tensor};
use rand::RngExt;

use super::layers;
use super::{Conv, Resnet1d, TwinCnn};
use crate::Architecture;
use crate::pass::{InputShape, Pass};
use crate::seed::stream;
use crate::weights::{Bound, matrix, read};

/// Layers one after the other.
struct Slow<'a> {
    bound: &'a Bound<'a>,
    training: bool,
    statistics: Vec<(String, Vec<f32>)>,
}

impl Slow<'_> {
    fn conv(&self, name: &str, x: Tensor<3>, stride: usize) -> Tensor<3> {
        let weight = self.bound.get::<3>(&format!("{name}.weight")).unwrap();
        let padding = weight.dims()[2] / 2;
        conv1d(x, weight, None, ConvOptions::new([stride], [padding], [1], 1))
    }

    fn norm(&mut self, name: &str, x: Tensor<3>) -> Tensor<3> {
        let [batch, channels, time] = x.dims();
        let part =
            |part: &str| self.bound.get::<1>(&format!("{name}.{part}")).unwrap().reshape([1, channels, 1]);
        let (mean, variance) = if self.training {
            let mean: Tensor<3> = x.clone().mean_dims(&[0, 2]);
            let variance = (x.clone() - mean.clone()).square().mean_dims(&[0, 2]);
            (mean, variance)
        } else {
            (part("running_mean"), part("running_variance"))
        };
        if self.training {
            let count = (batch * time) as f64;
            let unbiased = variance.clone() * (count / (count - 1.0));
            for (which, new) in [("running_mean", mean.clone()), ("running_variance", unbiased)] {
                let mixed = part(which) * 0.9 + new * 0.1;
                self.statistics.push((format!("{name}.{which}"), read(mixed.inner()).unwrap()));
            }
        }
        (x - mean) / (variance + 1e-5).sqrt() * part("scale") + part("offset")
    }

    fn linear(&self, x: Tensor<2>) -> Tensor<2> {
        let weight = self.bound.get::<2>("head.weight").unwrap();
        x.matmul(weight) + self.bound.get::<2>("head.bias").unwrap()
    }

    fn conv_net(&mut self, net: &Conv, mut x: Tensor<3>) -> Tensor<2> {
        for i in 0..net.widths.len() {
            x = self.conv(&format!("conv{i}"), x, 1);
            x = relu(self.norm(&format!("norm{i}"), x));
            x = max_pool1d(x, MaxPoolOptions::new([net.pool]).with_stride([net.pool]));
        }
        self.linear(layers::mean_over_time(x))
    }

    fn resnet1d(&mut self, net: &Resnet1d, x: Tensor<3>) -> Tensor<2> {
        let x = self.conv("stem.conv", x, 1);
        let mut x = relu(self.norm("stem.norm", x));
        for stage in 0..net.widths.len() {
            for block in 0..2 {
                let name = format!("stage{stage}.block{block}");
                let stride = 2 - block;
                let skip =
                    if block == 0 { self.conv(&format!("{name}.skip"), x.clone(), 2) } else { x.clone() };
                let inner = self.conv(&format!("{name}.conv0"), x, stride);
                let inner = relu(self.norm(&format!("{name}.norm0"), inner));
                let inner = self.conv(&format!("{name}.conv1"), inner, 1);
                x = relu(self.norm(&format!("{name}.norm1"), inner) + skip);
            }
        }
        self.linear(layers::mean_over_time(x))
    }

    fn twin_cnn(&mut self, net: &TwinCnn, x: Tensor<3>) -> Tensor<2> {
        let [batch, channels, time] = x.dims();
        let mut x = x.reshape([batch * channels, 1, time]);
        for i in 0..net.widths.len() {
            x = self.conv(&format!("conv{i}"), x, 1);
            x = relu(self.norm(&format!("norm{i}"), x));
            x = avg_pool1d(x, AvgPoolOptions::new([2]).with_stride([2]));
        }
        let [_, filters, left] = x.dims();
        self.linear(x.reshape([batch, channels * filters * left]))
    }

    fn forward(&mut self, architecture: &Architecture, x: Tensor<3>) -> Tensor<2> {
        match architecture {
            Architecture::Conv(net) => self.conv_net(net, x),
            Architecture::Resnet1d(net) => self.resnet1d(net, x),
            Architecture::TwinCnn(net) => self.twin_cnn(net, x),
            _ => panic!("not a convolutional network"),
        }
    }
}

fn networks() -> [Architecture; 4] {
    [
        // widths that go through the frequency domain, and widths that do not
        Architecture::Conv(Conv { widths: vec![16, 32], dim: 10, ..Conv::default() }),
        Architecture::Conv(Conv { widths: vec![5, 7, 6], pool: 3, dim: 10, ..Conv::default() }),
        Architecture::Resnet1d(Resnet1d { widths: vec![16, 8], dim: 10, ..Resnet1d::default() }),
        Architecture::TwinCnn(TwinCnn { widths: vec![16, 4], dim: 10, ..TwinCnn::default() }),
    ]
}

const INPUT: InputShape = InputShape { channels: 3, samples: 96 };
const BATCH: usize = 6;

struct Outcome {
    prints: Vec<f32>,
    /// Of every parameter, in order.
    gradients: Vec<Option<Vec<f32>>>,
    statistics: Vec<(String, Vec<f32>)>,
}

fn outcome(architecture: &Architecture, training: bool, fast: bool) -> Outcome {
    let device = Device::flex();
    let mut rng = stream(8, "networks");
    let mut parameters = architecture.parameters(INPUT, &mut rng);
    for parameter in parameters.iter_mut().filter(|p| p.shape.len() == 1) {
        parameter.values.iter_mut().for_each(|x| *x += rng.random_range(-0.3..0.3));
    }
    let width = INPUT.channels * INPUT.samples;
    let rows = (0..BATCH * width).map(|_| rng.random_range(-2.0..2.0)).collect();
    let rows = matrix(rows, BATCH, width, &device);
    let leaves: Vec<Tensor<1>> = parameters
        .iter()
        .map(|p| {
            if p.trained { p.tensor(&device).autodiff().require_grad() } else { p.tensor(&device).autodiff() }
        })
        .collect();
    let bound = Bound::new(&parameters, &leaves);
    let (prints, statistics) = if fast {
        let mut pass = Pass::new(training);
        (architecture.forward(INPUT, rows, &bound, &mut pass).unwrap(), pass.updates)
    } else {
        let mut slow = Slow { bound: &bound, training, statistics: Vec::new() };
        let x = rows.reshape([BATCH, INPUT.channels, INPUT.samples]);
        (slow.forward(architecture, x), slow.statistics)
    };
    let factors = (0..prints.dims().iter().product()).map(|_| rng.random_range(-1.0..1.0)).collect();
    let [n, dim] = prints.dims();
    let gradients = (prints.clone() * matrix(factors, n, dim, &device)).sum().backward();
    let gradient = |leaf: &Tensor<1>| leaf.grad(&gradients).map(|gradient| read(gradient).unwrap());
    Outcome {
        prints: read(prints.inner()).unwrap(),
        gradients: leaves.iter().map(gradient).collect(),
        statistics,
    }
}

fn assert_close(what: &str, ours: &[f32], theirs: &[f32]) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let scale = theirs.iter().fold(1.0f32, |scale, x| scale.max(x.abs()));
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert!((ours - theirs).abs() <= 1e-5 * scale, "{what}: {ours} is not {theirs}");
    }
}

#[test]
fn every_convolutional_network_equals_the_same_layers_of_burn() {
    for architecture in networks() {
        let names = architecture.parameters(INPUT, &mut stream(8, "names"));
        for training in [true, false] {
            let ours = outcome(&architecture, training, true);
            let theirs = outcome(&architecture, training, false);
            let what = format!("{}, training {training}", architecture.name());
            assert_close(&what, &ours.prints, &theirs.prints);
            for ((ours, theirs), p) in ours.gradients.iter().zip(&theirs.gradients).zip(&names) {
                assert_eq!(ours.is_some(), theirs.is_some(), "{what}: {}", p.name);
                if let (Some(ours), Some(theirs)) = (ours, theirs) {
                    assert_close(&format!("{what}: {}", p.name), ours, theirs);
                }
            }
            assert_eq!(ours.statistics.len(), theirs.statistics.len());
            for ((name, ours), (other, theirs)) in ours.statistics.iter().zip(&theirs.statistics) {
                assert_eq!(name, other);
                assert_close(name, ours, theirs);
            }
        }
    }
}
