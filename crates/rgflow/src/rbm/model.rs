//! The machine: H(v, h) = -(sum_ia v_i w_ia h_a + sum_i b_i v_i + sum_a c_a h_a) + own energies of Gaussian units
//! (thesis eqs 2.4.12, 2.4.13 and 2.4.16).

use super::{Levels, RbmError, Samples, Sites, Units};
use crate::kernel::product::gemm;
use crate::kernel::vector::add_bias;
use crate::random::Generator;
use crate::restart::{Unfit, demand};
use ndarray::{Array1, Array2, ArrayView2, Axis, concatenate};
use rand::RngExt;

/// A restricted Boltzmann machine with its unit kinds.
///
/// A Gaussian unit has the energy a^2 / (2 sigma^2) - b a, so that at fixed other layer it is normal with mean
/// sigma^2 z and standard deviation sigma, z = b + (weights times the other layer). (Others divide the weights by
/// sigma; the laws are the same after rescaling.)
///
/// ```
/// use rgflow::{random::Streams, rbm::{Rbm, Units}};
/// let mut random = Streams::new(1).generator("example/rbm", 0);
/// let rbm = Rbm::random(4, 2, 0.1, &mut random).with_units(Units::BINARY, Units::SPIN)?;
/// assert_eq!((rbm.n_visible(), rbm.n_hidden()), (4, 2));
/// assert!((rbm.ln_z()? - 6.0 * 2.0f64.ln()).abs() < 0.5); // weak weights: all 2^6 states are nearly alike
/// # Ok::<(), rgflow::rbm::RbmError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Rbm {
    /// Weights w_ia, shape (n_visible, n_hidden).
    pub weights: Array2<f32>,
    /// Visible biases b_i, length n_visible.
    pub visible_bias: Array1<f32>,
    /// Hidden biases c_a, length n_hidden.
    pub hidden_bias: Array1<f32>,
    visible_units: Units,
    hidden_units: Units,
}

impl Rbm {
    /// A machine of given parameters: `weights` of shape (n_visible, n_hidden), biases of n_visible and n_hidden
    /// values.
    ///
    /// # Errors
    /// [`RbmError::Shape`] if the sizes do not fit together or a layer is empty.
    ///
    /// ```
    /// use ndarray::array;
    /// use rgflow::rbm::{Rbm, Units};
    /// let weights = array![[0.5f32, -0.5], [1.0, 0.0], [0.0, 2.0]];
    /// let (visible, hidden) = (array![0.0f32, 0.1, 0.2], array![0.0f32, -0.1]);
    /// let rbm = Rbm::new(weights.clone(), visible, hidden.clone(), Units::BINARY, Units::SPIN)?;
    /// assert_eq!((rbm.n_visible(), rbm.n_hidden()), (3, 2));
    /// // Biases of another number of units are refused.
    /// assert!(Rbm::new(weights, array![0.0f32], hidden, Units::BINARY, Units::SPIN).is_err());
    /// # Ok::<(), rgflow::rbm::RbmError>(())
    /// ```
    pub fn new(
        weights: Array2<f32>,
        visible_bias: Array1<f32>,
        hidden_bias: Array1<f32>,
        visible_units: Units,
        hidden_units: Units,
    ) -> Result<Self, RbmError> {
        let (n_visible, n_hidden) = weights.dim();
        let fits = |what, expected, found| {
            if expected == found && expected > 0 { Ok(()) } else { Err(RbmError::Shape { what, expected, found }) }
        };
        fits("visible biases", n_visible, visible_bias.len())?;
        fits("hidden biases", n_hidden, hidden_bias.len())?;
        // Rows must lie one after the other: products and optimisers see the parameters as slices.
        let weights = if weights.is_standard_layout() { weights } else { weights.as_standard_layout().into_owned() };
        Self { weights, visible_bias, hidden_bias, visible_units: Units::SPIN, hidden_units: Units::SPIN }
            .with_units(visible_units, hidden_units)
    }

    /// Untrained machine of {-1, +1} units: normal weights of standard deviation `scale`, biases 0.
    pub fn random(n_visible: usize, n_hidden: usize, scale: f32, random: &mut Generator) -> Self {
        // Sum of twelve uniforms less six (Irwin-Hall): variance 1, no call to the platform's logarithm; tails end
        // at 6.
        let mut normal = || (0..12).map(|_| random.random::<f32>()).sum::<f32>() - 6.0;
        Self {
            weights: Array2::from_shape_simple_fn((n_visible, n_hidden), || scale * normal()),
            visible_bias: Array1::zeros(n_visible),
            hidden_bias: Array1::zeros(n_hidden),
            visible_units: Units::SPIN,
            hidden_units: Units::SPIN,
        }
    }

    /// Weights and biases of both layers as they lie in memory, for a restart.
    pub(super) fn parameters(&self) -> [&[f32]; 3] {
        let [visible, hidden] = [&self.visible_bias, &self.hidden_bias].map(|b| b.as_slice().expect("contiguous"));
        [self.weights.as_slice().expect("standard layout"), visible, hidden]
    }

    /// The machine of the same units with what [`Rbm::parameters`] gave.
    pub(super) fn with_parameters(&self, [weights, visible, hidden]: [Vec<f32>; 3]) -> Result<Self, Unfit> {
        demand(visible.len() == self.n_visible() && hidden.len() == self.n_hidden())?;
        Ok(Self {
            weights: Array2::from_shape_vec(self.weights.dim(), weights).map_err(|_| Unfit)?,
            visible_bias: visible.into(),
            hidden_bias: hidden.into(),
            visible_units: self.visible_units.clone(),
            hidden_units: self.hidden_units.clone(),
        })
    }

    /// The same parameters with other unit kinds: another machine. For the same law in other units see
    /// [`Rbm::converted`].
    ///
    /// # Errors
    /// [`RbmError::Shape`] if Gaussian units have neither one sigma nor one for each unit; [`RbmError::Layer`] for a
    /// number of units that a kind cannot have.
    pub fn with_units(self, visible: Units, hidden: Units) -> Result<Self, RbmError> {
        visible.fits("visible", self.n_visible())?;
        hidden.fits("hidden", self.n_hidden())?;
        Ok(Self { visible_units: visible, hidden_units: hidden, ..self })
    }

    /// Control: a machine whose weights and biases are drawn, with replacement, from the fitted ones of this machine.
    /// It keeps their distribution and loses all structure (arXiv 2006.10176).
    ///
    /// ```
    /// use rgflow::{random::Streams, rbm::Rbm};
    /// let random = &mut Streams::new(1).generator("example", 0);
    /// let rbm = Rbm::random(8, 4, 0.5, random);
    /// let control = rbm.redrawn(random);
    /// assert!(control.weights != rbm.weights);
    /// assert!(control.weights.iter().all(|w| rbm.weights.iter().any(|own| own == w)));
    /// ```
    pub fn redrawn(&self, random: &mut Generator) -> Self {
        let mut from = |values: &[f32]| values[random.random_range(0..values.len())];
        let weights = self.weights.as_slice().expect("standard layout");
        let visible = self.visible_bias.as_slice().expect("contiguous");
        let hidden = self.hidden_bias.as_slice().expect("contiguous");
        Self {
            weights: Array2::from_shape_simple_fn(self.weights.dim(), || from(weights)),
            visible_bias: Array1::from_shape_simple_fn(visible.len(), || from(visible)),
            hidden_bias: Array1::from_shape_simple_fn(hidden.len(), || from(hidden)),
            visible_units: self.visible_units.clone(),
            hidden_units: self.hidden_units.clone(),
        }
    }

    /// A machine with `hidden` further hidden units: normal weights of standard deviation `scale`, biases 0. With
    /// `scale` near 0 it has the same law of the visible units, so that a training goes on from there; machines that
    /// grow a unit at a time end at better optima than those that begin with all.
    ///
    /// # Errors
    /// [`RbmError::Shape`] for hidden Gaussian units with a sigma for each; [`RbmError::Layer`] for a number that the
    /// kind cannot have.
    ///
    /// ```
    /// use rgflow::{random::Streams, rbm::Rbm};
    /// let random = &mut Streams::new(1).generator("example", 0);
    /// let rbm = Rbm::random(8, 2, 0.5, random);
    /// let grown = rbm.grown(1, 0.0, random)?;
    /// assert_eq!(grown.n_hidden(), 3);
    /// assert!(rbm.divergences(grown.visible_law()?.as_slice().unwrap())?.kl < 1e-12);
    /// # Ok::<(), rgflow::rbm::RbmError>(())
    /// ```
    pub fn grown(&self, hidden: usize, scale: f32, random: &mut Generator) -> Result<Self, RbmError> {
        let more = Self::random(self.n_visible(), hidden, scale, random);
        let join = "layers of one visible size";
        Self::new(
            concatenate(Axis(1), &[self.weights.view(), more.weights.view()]).expect(join),
            self.visible_bias.clone(),
            concatenate(Axis(0), &[self.hidden_bias.view(), more.hidden_bias.view()]).expect(join),
            self.visible_units.clone(),
            self.hidden_units.clone(),
        )
    }

    /// The machine with its layers exchanged: H is the same function of (h, v).
    ///
    /// ```
    /// use rgflow::{random::Streams, rbm::Rbm};
    /// let rbm = Rbm::random(3, 2, 0.5, &mut Streams::new(1).generator("example", 0));
    /// let (v, h) = ([1.0, -1.0, 1.0], [1.0, 1.0]);
    /// assert!((rbm.mirrored().energy(&h, &v) - rbm.energy(&v, &h)).abs() < 1e-6);
    /// ```
    pub fn mirrored(&self) -> Self {
        Self {
            weights: self.weights.t().as_standard_layout().into_owned(),
            visible_bias: self.hidden_bias.clone(),
            hidden_bias: self.visible_bias.clone(),
            visible_units: self.hidden_units.clone(),
            hidden_units: self.visible_units.clone(),
        }
    }

    /// Number of visible units.
    pub fn n_visible(&self) -> usize {
        self.visible_bias.len()
    }

    /// Number of hidden units.
    pub fn n_hidden(&self) -> usize {
        self.hidden_bias.len()
    }

    /// Kind of the visible units.
    pub fn visible_units(&self) -> &Units {
        &self.visible_units
    }

    /// Kind of the hidden units.
    pub fn hidden_units(&self) -> &Units {
        &self.hidden_units
    }

    /// The two values of the visible units, for `what`, which needs them.
    pub(super) fn visible_levels(&self, what: &'static str) -> Result<Levels, RbmError> {
        let kind = self.visible_units.kind();
        self.visible_units.levels().ok_or(RbmError::NotTwoValued { what, layer: "visible", kind })
    }

    /// The states of the visible units, for `what`, which lists them.
    pub(super) fn visible_sites(&self, what: &'static str) -> Result<Sites, RbmError> {
        let kind = self.visible_units.kind();
        self.visible_units.sites().ok_or(RbmError::NotTwoValued { what, layer: "visible", kind })
    }

    /// The states of the hidden units, for `what`, which lists them.
    pub(super) fn hidden_sites(&self, what: &'static str) -> Result<Sites, RbmError> {
        let kind = self.hidden_units.kind();
        self.hidden_units.sites().ok_or(RbmError::NotTwoValued { what, layer: "hidden", kind })
    }

    /// Whether every parameter is finite.
    pub fn is_finite(&self) -> bool {
        self.weights.iter().chain(&self.visible_bias).chain(&self.hidden_bias).all(|p| p.is_finite())
    }

    /// H(v, h) of one state, summed in f64 (thesis eqs 2.4.12 and 2.4.13 with the right sign).
    ///
    /// # Panics
    /// If `v` or `h` has another length than its layer, which is an error of the caller.
    ///
    /// ```
    /// use ndarray::{array, arr1};
    /// use rgflow::rbm::{Rbm, Units};
    /// let rbm = Rbm::new(array![[0.5f32]], arr1(&[0.25]), arr1(&[0.0]), Units::SPIN, Units::SPIN)?;
    /// assert_eq!(rbm.energy(&[1.0], &[-1.0]), 0.5 - 0.25);
    /// # Ok::<(), rgflow::rbm::RbmError>(())
    /// ```
    pub fn energy(&self, v: &[f32], h: &[f32]) -> f64 {
        assert_eq!((v.len(), h.len()), (self.n_visible(), self.n_hidden()), "lengths of v and h");
        let dot =
            |x: &[f32], y: &Array1<f32>| -> f64 { x.iter().zip(y).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum() };
        let coupling = |(v, row): (&f32, ndarray::ArrayView1<f32>)| {
            f64::from(*v) * row.iter().zip(h).map(|(w, h)| f64::from(*w) * f64::from(*h)).sum::<f64>()
        };
        let own = self.visible_units.own_energy(v.iter().copied()) + self.hidden_units.own_energy(h.iter().copied());
        own - v.iter().zip(self.weights.rows()).map(coupling).sum::<f64>()
            - dot(v, &self.visible_bias)
            - dot(h, &self.hidden_bias)
    }

    /// Expectation of the hidden units at fixed visible ones: tanh(v W + c) for spins (thesis eqs 2.4.22 and 4.1.1).
    /// `v`: shape (n, n_visible), any real values -> `h`: shape (n, n_hidden), in standard layout.
    ///
    /// # Panics
    /// If the shapes do not fit, which is an error of the caller.
    ///
    /// ```
    /// use ndarray::{Array2, array, arr1};
    /// use rgflow::rbm::{Rbm, Units};
    /// let rbm = Rbm::new(array![[0.5f32], [1.0]], arr1(&[0.0, 0.0]), arr1(&[0.1]), Units::SPIN, Units::SPIN)?;
    /// let mut h = Array2::zeros((1, 1));
    /// rbm.hidden_mean(array![[1.0f32, -1.0]].view(), &mut h);
    /// assert!((h[[0, 0]] - (0.5f32 - 1.0 + 0.1).tanh()).abs() < 1e-6);
    /// # Ok::<(), rgflow::rbm::RbmError>(())
    /// ```
    pub fn hidden_mean(&self, v: ArrayView2<f32>, h: &mut Array2<f32>) {
        mean(v, self.weights.view(), &self.hidden_bias, &self.hidden_units, h);
    }

    /// Expectation of the visible units at fixed hidden ones: tanh(W h + b) for spins (thesis eqs 2.4.22 and 4.1.2).
    /// `h`: shape (n, n_hidden), any real values -> `v`: shape (n, n_visible), in standard layout.
    ///
    /// # Panics
    /// If the shapes do not fit, which is an error of the caller.
    pub fn visible_mean(&self, h: ArrayView2<f32>, v: &mut Array2<f32>) {
        mean(h, self.weights.t(), &self.visible_bias, &self.visible_units, v);
    }

    /// Mean reconstruction cost sum_i (v_i - v'_i)^2 / 2 per sample, v' from one mean-field step v -> h -> v' (thesis
    /// section 4.5).
    ///
    /// `v`: shape (n, n_visible), or bits. At most 256 MiB of values are reconstructed at a time, so that bits stay
    /// bits.
    ///
    /// # Panics
    /// For bits of units that are not two-valued and for another width than the machine's, which [`Samples::check`]
    /// refuses.
    ///
    /// ```
    /// use ndarray::array;
    /// use rgflow::{random::Streams, rbm::Rbm};
    /// // Without weights the reconstruction of spins is 0.
    /// let rbm = Rbm::random(2, 1, 0.0, &mut Streams::new(1).generator("example", 0));
    /// assert_eq!(rbm.reconstruction_cost(array![[1.0f32, -1.0], [1.0, 1.0]].view()), 1.0);
    /// ```
    pub fn reconstruction_cost<'a>(&self, v: impl Into<Samples<'a>>) -> f64 {
        let v = v.into();
        let n = v.len(self.n_visible());
        let portion = (PORTION / self.n_visible().max(1)).max(256) / 256 * 256;
        let mut sum = 0.0;
        for first in (0..n).step_by(portion) {
            let rows = v.rows(self.n_visible(), first..n.min(first + portion));
            let values = rows.values(self);
            let mut h = Array2::zeros((values.nrows(), self.n_hidden()));
            let mut back = Array2::zeros(values.dim());
            self.hidden_mean(values.view(), &mut h);
            self.visible_mean(h.view(), &mut back);
            sum = values.iter().zip(&back).map(|(a, b)| ((a - b) as f64).powi(2)).fold(sum, |sum, square| sum + square);
        }
        sum / (2 * n) as f64
    }
}

/// Values that are reconstructed at a time. Fixed, and above the size of most test sets: the last bits of a product of
/// matrices can depend on how many rows it has.
const PORTION: usize = 1 << 26;

fn mean(from: ArrayView2<f32>, weights: ArrayView2<f32>, bias: &Array1<f32>, units: &Units, to: &mut Array2<f32>) {
    gemm(from, weights, 0.0, to.view_mut());
    let fields = to.as_slice_mut().expect("standard layout");
    add_bias(fields, bias.as_slice().expect("contiguous"));
    units.mean(bias.len(), fields);
}
