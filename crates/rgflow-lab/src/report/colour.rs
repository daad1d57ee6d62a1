//! Colours: the theme of page and figures (light and dark), the palette of curves, and the colour scales.

/// Names of the theme's colours with their light and dark values. Curves 0-7 follow Okabe and Ito (2008), safe for the
/// colour-blind, with lighter tones on a dark ground.
pub(crate) const THEME: [(&str, &str, &str); 22] = [
    ("page", "#ffffff", "#14161a"),
    ("soft", "#f5f6f8", "#1d2026"),
    ("ink", "#1b1f24", "#e8e9ec"),
    ("dim", "#59616b", "#a3abb6"),
    ("line", "#d9dde3", "#363b44"),
    ("grid", "#eceef1", "#262a31"),
    ("link", "#0b5cad", "#7db8f5"),
    ("agrees", "#19703a", "#5fcf8a"),
    ("differs", "#b3261e", "#ff8d82"),
    ("inconclusive", "#8a5a00", "#e9b44c"),
    ("depends", "#6a3fb0", "#bea2f4"),
    ("c0", "#0072b2", "#4fb0ec"),
    ("c1", "#d55e00", "#ff8a42"),
    ("c2", "#008f68", "#35cda0"),
    ("c3", "#b9568f", "#ec9fca"),
    ("c4", "#b98200", "#f2b93f"),
    ("c5", "#3a93cf", "#92d2f7"),
    ("c6", "#6b4fbb", "#b7a2f2"),
    ("c7", "#7d6538", "#cdb27b"),
    ("up", "#d1481f", "#ff8a5c"),
    ("down", "#2461c2", "#74a9f7"),
    ("shade", "#00000014", "#ffffff1f"),
];

/// Number of curve colours in the palette.
pub(crate) const PALETTE: usize = 8;

/// Cold to hot: blue, violet, red, orange; all readable on white and on black.
const TEMPERATURE: [[u8; 3]; 6] = [
    [0x2b, 0x62, 0xd6],
    [0x6d, 0x57, 0xd2],
    [0xa9, 0x49, 0xae],
    [0xd2, 0x4a, 0x78],
    [0xe2, 0x66, 0x40],
    [0xe8, 0x94, 0x26],
];

/// Viridis, nine anchors.
const SEQUENTIAL: [[u8; 3]; 9] = [
    [0x44, 0x01, 0x54],
    [0x47, 0x2d, 0x7b],
    [0x3b, 0x52, 0x8b],
    [0x2c, 0x72, 0x8e],
    [0x21, 0x91, 0x8c],
    [0x28, 0xae, 0x80],
    [0x5e, 0xc9, 0x62],
    [0xad, 0xdc, 0x30],
    [0xfd, 0xe7, 0x25],
];

/// Spin down, zero, spin up: blue, bone, orange.
const DIVERGING: [[u8; 3]; 5] =
    [[0x24, 0x46, 0x8f], [0x86, 0x9d, 0xcb], [0xf4, 0xf0, 0xe8], [0xe8, 0xae, 0x78], [0xd0, 0x66, 0x1c]];

/// Black to white.
const GREY: [[u8; 3]; 2] = [[0x00, 0x00, 0x00], [0xff, 0xff, 0xff]];

/// A continuous colour scale over [0, 1].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gradient {
    /// For curves over temperatures, cold to hot.
    Temperature,
    /// For maps.
    Sequential,
    /// For spins, and maps with values of both signs.
    Diverging,
    /// For images: black to white.
    Grey,
}

impl Gradient {
    /// The colour at `position`, clamped to [0, 1], as `#rrggbb`.
    pub(crate) fn at(self, position: f64) -> String {
        let [r, g, b] = self.mixed(position);
        format!("#{r:02x}{g:02x}{b:02x}")
    }

    /// Black or white, whichever is read better on the colour at `position`: by the relative luminance of WCAG 2, at
    /// which contrasts are equal.
    pub(crate) fn ink(self, position: f64) -> &'static str {
        let linear = |c: u8| (f64::from(c) / 255.0).powf(2.2);
        let [r, g, b] = self.mixed(position).map(linear);
        if 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 { "#000000" } else { "#ffffff" }
    }

    fn mixed(self, position: f64) -> [u8; 3] {
        let anchors: &[[u8; 3]] = match self {
            Gradient::Temperature => &TEMPERATURE,
            Gradient::Sequential => &SEQUENTIAL,
            Gradient::Diverging => &DIVERGING,
            Gradient::Grey => &GREY,
        };
        let position = if position.is_finite() { position.clamp(0.0, 1.0) } else { 0.5 } * (anchors.len() - 1) as f64;
        let left = (position.floor() as usize).min(anchors.len() - 2);
        let t = position - left as f64;
        let mix =
            |i: usize| (f64::from(anchors[left][i]) * (1.0 - t) + f64::from(anchors[left + 1][i]) * t).round() as u8;
        [0, 1, 2].map(mix)
    }
}

/// The theme as custom properties, for the page.
pub(crate) fn theme_css() -> String {
    let list = |dark: bool| {
        THEME
            .iter()
            .map(|(name, light, night)| format!("--{name}:{};", if dark { night } else { light }))
            .collect::<String>()
    };
    format!(
        ":root{{color-scheme:light dark;{}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{}}}}}\n",
        list(false),
        list(true)
    )
}

/// Style of figures with the light colours written out, for files that stand alone (many viewers do not support custom
/// properties).
pub(crate) fn standalone_css() -> String {
    THEME.iter().fold(figure_css(), |css, (name, light, _)| css.replace(&format!("var(--{name})"), light))
}

/// Style of figures in terms of the theme.
pub(crate) fn figure_css() -> String {
    let mut css = include_str!("figure.css").to_string();
    for i in 0..PALETTE {
        css += &format!(".k{i}{{color:var(--c{i})}}\n");
    }
    css
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradients_pass_their_anchors_and_never_fail() {
        assert_eq!(Gradient::Diverging.at(0.5), "#f4f0e8");
        assert_eq!(Gradient::Sequential.at(-3.0), "#440154");
        assert_eq!(Gradient::Temperature.at(1.0), "#e89426");
        assert_eq!(Gradient::Temperature.at(f64::NAN).len(), 7);
        assert_eq!([0.0, 1.0].map(|at| Gradient::Sequential.ink(at)), ["#ffffff", "#000000"]);
    }

    #[test]
    fn standalone_style_needs_no_custom_properties() {
        assert!(!standalone_css().contains("var("));
    }
}
