//! Charts as SVG: pages show them as they are, mails as pictures of them. Pure; text is escaped, nothing is loaded from
//! anywhere, and what a chart shows stands in its title and description too, for who cannot see it.

use std::fmt::Write;

/// Bars that a chart has at most: more cannot be read on a phone.
pub const BARS_MAX: usize = 10;

/// Width, in the units of the view box; a mail is 600 wide.
const WIDTH: u32 = 600;
/// Height of one bar with its label.
const ROW: u32 = 46;
/// Longest label, characters; it stands on a line of its own.
const LABEL_CHARS_MAX: usize = 64;
/// Room for the number at the end of a bar.
const NUMBER_WIDTH: u32 = 130;

/// One bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// What it stands for.
    pub label: String,
    /// How many now.
    pub now: u32,
    /// How many before, if that is known.
    pub before: Option<u32>,
}

impl Bar {
    fn name(&self) -> String {
        if self.label.chars().count() <= LABEL_CHARS_MAX {
            return self.label.clone();
        }
        let cut: String = self.label.chars().take(LABEL_CHARS_MAX - 1).collect();
        format!("{}…", cut.trim_end())
    }
}

/// Horizontal bars, the first on top, each with what it was before as a line across it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bars {
    /// What the chart is.
    pub title: String,
    /// What is counted, e.g. `openings`.
    pub unit: String,
    /// The bars; those after [`BARS_MAX`] are left out.
    pub bars: Vec<Bar>,
}

impl Bars {
    fn shown(&self) -> &[Bar] {
        self.bars.get(..BARS_MAX).unwrap_or(&self.bars)
    }

    /// What it shows, in words: the text for who does not see it.
    #[must_use]
    pub fn alt(&self) -> String {
        let words: Vec<String> = self
            .shown()
            .iter()
            .map(|bar| match bar.before {
                Some(before) => format!("{} {} (before: {before})", bar.name(), bar.now),
                None => format!("{} {}", bar.name(), bar.now),
            })
            .collect();
        format!("{}, {}: {}.", self.title, self.unit, words.join("; "))
    }

    /// The picture: width 600, height by the number of bars.
    #[must_use]
    pub fn svg(&self) -> String {
        let bars = self.shown();
        let most = bars.iter().map(|bar| bar.now.max(bar.before.unwrap_or(0))).max().unwrap_or(0).max(1);
        let height = ROW * u32::try_from(bars.len()).unwrap_or(0) + 12;
        let length = |n: u32| f64::from(n) / f64::from(most) * f64::from(WIDTH - NUMBER_WIDTH - 24);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
             role=\"img\" font-family=\"DejaVu Sans, Arial, Helvetica, sans-serif\"><title>{}</title><desc>{}</desc>\
             <rect width=\"{WIDTH}\" height=\"{height}\" rx=\"6\" fill=\"#ffffff\"/>",
            escape(&self.title),
            escape(&self.alt())
        );
        let mut y = 6;
        for bar in bars {
            let (now, text, top) = (length(bar.now).max(2.0), y + 15, y + 21);
            let _ = write!(
                svg,
                "<text x=\"12\" y=\"{text}\" font-size=\"13\" fill=\"#1c2733\">{}</text>\
                 <rect x=\"12\" y=\"{top}\" width=\"{now:.1}\" height=\"17\" rx=\"3\" fill=\"#0b5c8a\"/>",
                escape(&bar.name())
            );
            let mut end = now;
            if let Some(before) = bar.before {
                let x = 12.0 + length(before);
                end = end.max(length(before));
                let _ = write!(
                    svg,
                    "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{}\" y2=\"{}\" stroke=\"#c2570c\" stroke-width=\"3\"/>",
                    top - 2,
                    top + 19
                );
            }
            let change = bar.before.map(|before| i64::from(bar.now) - i64::from(before)).filter(|change| *change != 0);
            let change = change.map(|change| format!(" ({change:+})")).unwrap_or_default();
            let _ = write!(
                svg,
                "<text x=\"{:.1}\" y=\"{}\" font-size=\"13\" font-weight=\"bold\" fill=\"#1c2733\">{}{change}</text>",
                20.0 + end,
                top + 14,
                bar.now
            );
            y += ROW;
        }
        svg.push_str("</svg>");
        svg
    }
}

/// Text within XML; characters that XML does not know are left out.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' => out.push(' '),
            c if c.is_control() || c == '\u{fffe}' || c == '\u{ffff}' => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(many: u32) -> Bars {
        let bar =
            |n| Bar { label: format!("Gas <metal> & \"arc\" {n}"), now: n, before: (n % 2 == 0).then_some(n + 3) };
        Bars { title: "Biggest needs".to_owned(), unit: "openings".to_owned(), bars: (0..many).map(bar).collect() }
    }

    #[test]
    fn a_chart_says_in_words_what_it_shows_and_lets_no_text_out() {
        let svg = bars(3).svg();
        assert!(svg.contains("<title>Biggest needs</title>"), "{svg}");
        assert!(svg.contains("Gas &lt;metal&gt; &amp; &quot;arc&quot; 2"), "{svg}");
        assert!(!svg.contains("<metal>"), "{svg}");
        assert!(svg.contains("2 (-3)"), "{svg}");
        assert_eq!(
            bars(2).alt(),
            "Biggest needs, openings: Gas <metal> & \"arc\" 0 0 (before: 3); Gas <metal> & \"arc\" 1 1."
        );
    }

    #[test]
    fn it_is_bounded_and_nothing_is_drawn_beyond_its_edge() {
        let many = bars(50).svg();
        assert_eq!(many.matches("font-weight").count(), BARS_MAX);
        assert_eq!(bars(0).svg().matches("font-weight").count(), 0);
        let one = Bars { bars: vec![Bar { label: "x".repeat(500), now: u32::MAX, before: Some(u32::MAX) }], ..bars(0) };
        let svg = one.svg();
        let widest: f64 = svg
            .split(" width=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next()?.parse::<f64>().ok())
            .fold(0.0, f64::max);
        assert!(widest <= f64::from(WIDTH), "{widest}");
        assert!(svg.matches('x').count() < 200, "a long label is cut");
    }
}
