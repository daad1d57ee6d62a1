//! Special functions built on `libm`, so that they give the same bits on every platform.

/// Regularised incomplete beta function I_x(a, b), `x` in `[0, 1]`, by Lentz's continued fraction.
pub(crate) fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    let log_front = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) + a * libm::log(x) + b * libm::log1p(-x);
    let front = libm::exp(log_front);
    // The fraction converges fast below the mean; above it the reflection does.
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(a, b, x) / a
    } else {
        1.0 - front * beta_fraction(b, a, 1.0 - x) / b
    }
}

fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let guard = |v: f64| if v.abs() < TINY { TINY } else { v };
    let (mut c, mut d) = (1.0, 1.0 / guard(1.0 - (a + b) * x / (a + 1.0)));
    let mut h = d;
    for m in 1..10_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / guard(1.0 + even * d);
        c = guard(1.0 + even / c);
        h *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / guard(1.0 + odd * d);
        c = guard(1.0 + odd / c);
        h *= d * c;
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    h
}

/// Two-sided tail P(|t| > `t`) of Student's law with `dof` degrees of freedom.
pub(crate) fn student_t_two_sided(t: f64, dof: f64) -> f64 {
    incomplete_beta(dof / 2.0, 0.5, dof / (dof + t * t))
}

/// Quantile of Student's law, `p` in `(1/2, 1)`, by bisection.
pub(crate) fn student_t_quantile(p: f64, dof: f64) -> f64 {
    let tail = 2.0 * (1.0 - p);
    let mut high = 1.0;
    while student_t_two_sided(high, dof) > tail && high < 1e300 {
        high *= 2.0;
    }
    bisect(0.0, high, |t| student_t_two_sided(t, dof) > tail)
}

/// Two-sided tail of the normal law beyond `z` standard deviations.
pub(crate) fn normal_tail(z: f64) -> f64 {
    libm::erfc(z / std::f64::consts::SQRT_2)
}

/// The z whose two-sided normal tail is `p`: 0 for p = 1; at most 37.5, where the tail leaves the range of f64.
pub(crate) fn normal_z(p: f64) -> f64 {
    if p >= 1.0 {
        return 0.0;
    }
    bisect(0.0, 37.5, |z| normal_tail(z) > p)
}

/// Quantile of the normal law, `p` in (0, 1): algorithm AS 241 of Wichura (Applied Statistics 37 (1988) 477), to 1e-15
/// of its value.
#[rustfmt::skip]
pub(crate) fn normal_quantile(p: f64) -> f64 {
    // Numerator and denominator, the highest power first.
    const CENTRE: [[f64; 8]; 2] = [
        [
            2509.0809287301227, 33430.57558358813, 67265.7709270087, 45921.95393154987,
            13731.69376550946, 1971.5909503065513, 133.14166789178438, 3.3871328727963665,
        ],
        [
            5226.495278852854, 28729.085735721943, 39307.89580009271, 21213.794301586597,
            5394.196021424751, 687.1870074920579, 42.31333070160091, 1.0,
        ],
    ];
    const TAIL: [[f64; 8]; 2] = [
        [
            0.0007745450142783414, 0.022723844989269184, 0.2417807251774506, 1.2704582524523684,
            3.6478483247632045, 5.769497221460691, 4.630337846156546, 1.4234371107496835,
        ],
        [
            1.0507500716444169e-09, 0.0005475938084995345, 0.015198666563616457, 0.14810397642748008,
            0.6897673349851, 1.6763848301838038, 2.053191626637759, 1.0,
        ],
    ];
    const FAR: [[f64; 8]; 2] = [
        [
            2.0103343992922881e-07, 2.7115555687434876e-05, 0.0012426609473880784, 0.026532189526576124,
            0.29656057182850487, 1.7848265399172913, 5.463784911164114, 6.657904643501103,
        ],
        [
            2.0442631033899397e-15, 1.421511758316446e-07, 1.8463183175100548e-05, 0.0007868691311456133,
            0.014875361290850615, 0.1369298809227358, 0.599832206555888, 1.0,
        ],
    ];
    let ratio = |[above, below]: [[f64; 8]; 2], r: f64| {
        let of = |c: [f64; 8]| c.iter().fold(0.0, |sum, c| sum * r + c);
        of(above) / of(below)
    };
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        return q * ratio(CENTRE, 0.180625 - q * q);
    }
    let r = (-libm::log(if q < 0.0 { p } else { 1.0 - p })).sqrt();
    let z = if r <= 5.0 { ratio(TAIL, r - 1.6) } else { ratio(FAR, r - 5.0) };
    if q < 0.0 { -z } else { z }
}

/// The point in `[low, high]` where `above_left` turns from true to false.
pub(crate) fn bisect(mut low: f64, mut high: f64, above_left: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if above_left(middle) { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// Regularised upper incomplete gamma function Q(a, x), `a > 0`, `x >= 0`: series below a + 1, fraction above.
pub(crate) fn incomplete_gamma_upper(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    let front = libm::exp(a * libm::log(x) - x - libm::lgamma(a));
    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        for _ in 0..100_000 {
            n += 1.0;
            term *= x / n;
            sum += term;
            if term < sum * 1e-16 {
                break;
            }
        }
        return (1.0 - front * sum).max(0.0);
    }
    let mut b = x + 1.0 - a;
    let (mut c, mut d) = (1e300, 1.0 / b);
    let mut h = d;
    for i in 1..100_000 {
        let an = -f64::from(i) * (f64::from(i) - a);
        b += 2.0;
        d = 1.0 / (an * d + b);
        c = b + an / c;
        h *= d * c;
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    front * h
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_closed_forms() {
        // One degree of freedom: Cauchy; two: t / sqrt(2 + t^2).
        for t in [0.1f64, 1.0, 3.0, 50.0] {
            let cauchy = 1.0 - 2.0 * t.atan() / std::f64::consts::PI;
            assert!((student_t_two_sided(t, 1.0) - cauchy).abs() < 1e-13);
            assert!((student_t_two_sided(t, 2.0) - (1.0 - t / (2.0 + t * t).sqrt())).abs() < 1e-13);
        }
        assert!((normal_z(0.317_310_507_862_914) - 1.0).abs() < 1e-12);
        assert_eq!(normal_z(1.0), 0.0);
        assert!(normal_z(0.0) > 37.0);
        // The inverse of the normal law, from the far tail to the centre.
        for p in [1e-300, 1e-20, 1e-6, 0.001, 0.07, 0.0749, 0.2, 0.4999] {
            let z = normal_quantile(p);
            assert!((0.5 * libm::erfc(-z / std::f64::consts::SQRT_2) / p - 1.0).abs() < 1e-12 * (1.0 + z * z), "{p}");
            let upper = normal_quantile(1.0 - p);
            assert!(p < 1e-10 || (upper + z).abs() < 1e-9, "{p}");
        }
        assert_eq!(normal_quantile(0.5), 0.0);
        // Q(1, x) = e^-x; Q(2, x) = (1 + x) e^-x.
        for x in [0.01f64, 0.5, 1.9, 2.1, 5.0, 40.0] {
            assert!((incomplete_gamma_upper(1.0, x) / (-x).exp() - 1.0).abs() < 1e-12);
            assert!((incomplete_gamma_upper(2.0, x) / ((1.0 + x) * (-x).exp()) - 1.0).abs() < 1e-12);
        }
    }
}
