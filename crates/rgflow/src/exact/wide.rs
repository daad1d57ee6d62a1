//! Numbers of 32 digits with two derivatives, for sums that cancel at low temperature.
//!
//! [`Wide`] is an unevaluated sum of two f64 (Dekker 1971; Hida, Li, Bailey 2001); [`Jet`] carries a value with its
//! first and second derivative through a formula, so that no difference quotient is needed.

use std::ops::{Add, Mul, Neg, Sub};

/// hi + lo with |lo| at most half a unit of hi's last place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wide {
    pub hi: f64,
    lo: f64,
}

const LN_2: Wide = Wide { hi: std::f64::consts::LN_2, lo: 2.319_046_813_846_299_6e-17 };
const PI: Wide = Wide { hi: std::f64::consts::PI, lo: 1.224_646_799_147_353_2e-16 };

fn two_sum(a: f64, b: f64) -> Wide {
    let hi = a + b;
    let bb = hi - a;
    Wide { hi, lo: (a - (hi - bb)) + (b - bb) }
}

fn quick_sum(a: f64, b: f64) -> Wide {
    let hi = a + b;
    Wide { hi, lo: b - (hi - a) }
}

/// The fused product is exact by IEEE 754, so that here std may do what libm does more slowly.
fn two_product(a: f64, b: f64) -> Wide {
    let hi = a * b;
    Wide { hi, lo: a.mul_add(b, -hi) }
}

impl From<f64> for Wide {
    fn from(hi: f64) -> Self {
        Self { hi, lo: 0.0 }
    }
}

impl Add for Wide {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let (s, t) = (two_sum(self.hi, other.hi), two_sum(self.lo, other.lo));
        let s = quick_sum(s.hi, s.lo + t.hi);
        quick_sum(s.hi, s.lo + t.lo)
    }
}

impl Neg for Wide {
    type Output = Self;
    fn neg(self) -> Self {
        Self { hi: -self.hi, lo: -self.lo }
    }
}

impl Sub for Wide {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Wide {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let p = two_product(self.hi, other.hi);
        quick_sum(p.hi, p.lo + (self.hi * other.lo + self.lo * other.hi))
    }
}

impl Wide {
    /// 1 / self by Newton's iteration from the f64 value.
    pub fn recip(self) -> Self {
        let guess = Self::from(1.0 / self.hi);
        guess + guess * (Self::from(1.0) - self * guess)
    }

    pub fn sqrt(self) -> Self {
        if self.hi <= 0.0 {
            return Self::from(0.0);
        }
        let guess = Self::from(self.hi.sqrt());
        guess + (self - guess * guess) * Self::from(0.5 / guess.hi)
    }

    /// exp, for arguments of a moderate size: exp(r / 512)^512 after the powers of two are taken out.
    pub fn exp(self) -> Self {
        if self.hi < -700.0 {
            return Self::from(0.0);
        }
        let k = (self.hi / LN_2.hi).round();
        let r = (self - LN_2 * Self::from(k)) * Self::from(1.0 / 512.0);
        // exp(r) - 1 by its series; |r| < 7e-4. The 1 stays outside until the squarings are done.
        let (mut term, mut sum) = (r, r);
        for n in 2..10 {
            term = term * r * Self::from(f64::from(n)).recip();
            sum = sum + term;
        }
        for _ in 0..9 {
            sum = sum + sum + sum * sum;
        }
        let scale = libm::exp2(k);
        let e = sum + Self::from(1.0);
        Self { hi: e.hi * scale, lo: e.lo * scale }
    }

    /// Natural logarithm of a positive number: two Newton steps on exp.
    pub fn ln(self) -> Self {
        let guess = Self::from(libm::log(self.hi));
        guess + (self * (-guess).exp() - Self::from(1.0))
    }

    /// cos(pi a / b), by Taylor's series on [0, pi/4] and identities beyond.
    pub fn cos_pi(a: usize, b: usize) -> Self {
        let a = a % (2 * b);
        let a = a.min(2 * b - a);
        if 2 * a > b {
            return -Self::cos_pi(b - a, b);
        }
        let angle = PI * Self::from(a as f64) * Self::from(b as f64).recip();
        // cos x = 1 - 2 sin^2(x/2) keeps the series short: x/2 <= pi/4.
        let half = angle * Self::from(0.5);
        let square = half * half;
        let (mut term, mut sine) = (half, half);
        for n in 1..16 {
            let n = f64::from(n);
            term = -(term * square * Self::from(2.0 * n * (2.0 * n + 1.0)).recip());
            sine = sine + term;
        }
        Self::from(1.0) - sine * sine * Self::from(2.0)
    }
}

/// A value with its first and second derivative.
#[derive(Clone, Copy, Debug)]
pub(super) struct Jet {
    pub value: Wide,
    pub first: Wide,
    pub second: Wide,
}

impl Jet {
    pub fn constant(value: f64) -> Self {
        Self { value: value.into(), first: 0.0.into(), second: 0.0.into() }
    }

    /// g(self), given g and its two derivatives at the value.
    fn chain(self, g: Wide, g1: Wide, g2: Wide) -> Self {
        Self { value: g, first: g1 * self.first, second: g2 * self.first * self.first + g1 * self.second }
    }

    pub fn exp(self) -> Self {
        let e = self.value.exp();
        self.chain(e, e, e)
    }

    pub fn ln(self) -> Self {
        let inverse = self.value.recip();
        self.chain(self.value.ln(), inverse, -(inverse * inverse))
    }

    pub fn sqrt(self) -> Self {
        let root = self.value.sqrt();
        let g1 = root.recip() * Wide::from(0.5);
        self.chain(root, g1, -(g1 * self.value.recip() * Wide::from(0.5)))
    }

    pub fn recip(self) -> Self {
        let inverse = self.value.recip();
        let square = inverse * inverse;
        self.chain(inverse, -square, square * inverse * Wide::from(2.0))
    }

    pub fn powi(self, mut n: usize) -> Self {
        let (mut base, mut out) = (self, Self::constant(1.0));
        while n > 0 {
            if n % 2 == 1 {
                out = out * base;
            }
            base = base * base;
            n /= 2;
        }
        out
    }

    pub fn scaled(self, factor: Wide) -> Self {
        Self { value: self.value * factor, first: self.first * factor, second: self.second * factor }
    }
}

impl Add for Jet {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { value: self.value + other.value, first: self.first + other.first, second: self.second + other.second }
    }
}

impl Sub for Jet {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + other.scaled(Wide::from(-1.0))
    }
}

impl Mul for Jet {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let cross = self.first * other.first;
        Self {
            value: self.value * other.value,
            first: self.first * other.value + self.value * other.first,
            second: self.second * other.value + cross + cross + self.value * other.second,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_digits() {
        for x in [1e-5, 0.3, 1.0, 2.5, -3.0, -40.0] {
            let w = Wide::from(x);
            let difference = w.exp().ln() - w;
            assert!(difference.hi.abs() < 1e-29 * x.abs().max(1.0), "{x}: {difference:?}");
            let one = w.exp() * (-w).exp() - Wide::from(1.0);
            assert!(one.hi.abs() < 1e-29, "{x}: {one:?}");
        }
        let half = Wide::cos_pi(2, 6) - Wide::from(0.5);
        assert!(half.hi.abs() < 1e-31);
        let root = Wide::cos_pi(1, 4) * Wide::from(2.0).sqrt() - Wide::from(1.0);
        assert!(root.hi.abs() < 1e-30);
        assert!((Wide::cos_pi(3, 4) + Wide::cos_pi(1, 4)).hi.abs() < 1e-31);
        assert!((Wide::cos_pi(3, 3) + Wide::from(1.0)).hi.abs() < 1e-31);
    }
}
