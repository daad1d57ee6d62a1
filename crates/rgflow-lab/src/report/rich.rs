//! Symbols with an index: `T_c`, `k_B`, `n_eff` in plain text become subscripts in markup.

/// A piece of a text.
#[derive(Debug, PartialEq)]
enum Piece<'a> {
    Plain(&'a str),
    Subscript(&'a str),
}

/// Splits `text` at indices: one letter that begins a word, `_`, then one to three letters or digits that end it. Keys
/// and file names (`rbm.T_star`, `a_b.npz`) are left unchanged.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let bytes = text.as_bytes();
    let word = |i: usize| bytes.get(i).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80);
    let (mut out, mut done, mut at) = (Vec::new(), 0, 1);
    while at < bytes.len() {
        if bytes[at] == b'_' && bytes[at - 1].is_ascii_alphabetic() {
            let begins = at < 2 || !(word(at - 2) || b".-".contains(&bytes[at - 2]));
            let length = bytes[at + 1..].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
            let end = at + 1 + length;
            let goes_on = word(end) || (bytes.get(end) == Some(&b'.') && word(end + 1));
            if begins && !goes_on && (1..=3).contains(&length) {
                out.push(Piece::Plain(&text[done..at]));
                out.push(Piece::Subscript(&text[at + 1..end]));
                (done, at) = (end, end);
            }
        }
        at += 1;
    }
    out.push(Piece::Plain(&text[done..]));
    out
}

/// The text as HTML.
pub(super) fn html(text: &str) -> String {
    let piece = |p| match p {
        Piece::Plain(text) => escape(text),
        Piece::Subscript(text) => format!("<sub>{}</sub>", escape(text)),
    };
    pieces(text).into_iter().map(piece).collect()
}

/// The text as the content of an SVG `text` element.
pub(super) fn svg(text: &str) -> String {
    let mut after = false;
    let mut out = String::new();
    for piece in pieces(text) {
        match piece {
            Piece::Plain("") => {}
            // `dy` shifts all following text, so the text after an index is shifted back.
            Piece::Plain(text) if after => {
                out += &format!("<tspan dy=\"-.22em\">{}</tspan>", escape(text));
                after = false;
            }
            Piece::Plain(text) => out += &escape(text),
            Piece::Subscript(text) => {
                out += &format!("<tspan dy=\".3em\" style=\"font-size:74%\">{}</tspan>", escape(text));
                after = true;
            }
        }
    }
    out
}

/// Text for markup: the five special characters escaped, control characters dropped (XML forbids them).
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_become_subscripts_and_names_stay() {
        assert_eq!(html("T_c = 2.269 J/k_B."), "T<sub>c</sub> = 2.269 J/k<sub>B</sub>.");
        assert_eq!(
            svg("T_c & k_B"),
            "T<tspan dy=\".3em\" style=\"font-size:74%\">c</tspan><tspan dy=\"-.22em\"> &amp; k</tspan><tspan \
             dy=\".3em\" style=\"font-size:74%\">B</tspan>"
        );
        for plain in ["rbm.T_star", "a_b.npz", "my_T_c", "x_", "_c", "T_", "α_cé", "", "fig-T_c"] {
            assert_eq!(html(plain), plain);
        }
    }
}
