//! What something costs against the size of what it works on, as a drawing. Both axes are logarithmic.

use std::fmt::Write as _;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 360.0;
const MARGIN: f64 = 60.0;
const COSTS: [&str; 4] = ["0.1 µs", "1 µs", "10 µs", "100 µs"];

pub(crate) struct Plot<'a> {
    pub(crate) title: &'a str,
    /// The labels of 10², 10³ and so on.
    pub(crate) sizes: &'a [&'a str],
    pub(crate) curves: Vec<Curve<'a>>,
}

pub(crate) struct Curve<'a> {
    pub(crate) name: &'a str,
    /// Size, mean and p99 in nanoseconds.
    pub(crate) points: Vec<(f64, f64, f64)>,
}

impl Plot<'_> {
    pub(crate) fn svg(&self) -> String {
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"11\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
             <text x=\"{MARGIN}\" y=\"24\" font-size=\"14\">{}</text>\n",
            self.title
        );
        self.grid(&mut text);
        let mut legend = MARGIN + 18.0;
        for (curve, colour) in self.curves.iter().zip(["#c33", "#36c", "#393"]) {
            let _ = writeln!(
                text,
                "<text x=\"{}\" y=\"{legend}\" fill=\"{colour}\">{}: mean, and p99 dashed</text>",
                MARGIN + 10.0,
                curve.name
            );
            legend += 16.0;
            self.line(&mut text, curve, colour, "", |(_, mean, _)| *mean);
            self.line(&mut text, curve, colour, "5 4", |(_, _, p99)| *p99);
        }
        text + "</svg>\n"
    }

    fn grid(&self, text: &mut String) {
        for (index, label) in self.sizes.iter().enumerate() {
            let at = self.x(10f64.powf(power_of(index)));
            let (top, bottom) = (MARGIN, HEIGHT - MARGIN);
            let _ = writeln!(
                text,
                "<path d=\"M{at:.1} {top}V{bottom}\" stroke=\"#ddd\"/><text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{label}</text>",
                bottom + 18.0
            );
        }
        for (index, label) in COSTS.iter().enumerate() {
            let at = y(10f64.powf(power_of(index)));
            let _ = writeln!(
                text,
                "<path d=\"M{MARGIN} {at}H{}\" stroke=\"#ddd\"/><text x=\"{}\" y=\"{}\" text-anchor=\"end\">{label}</text>",
                WIDTH - MARGIN,
                MARGIN - 6.0,
                at + 4.0
            );
        }
    }

    fn line(
        &self,
        text: &mut String,
        curve: &Curve<'_>,
        colour: &str,
        dashes: &str,
        cost: impl Fn(&(f64, f64, f64)) -> f64,
    ) {
        let points: Vec<String> = curve
            .points
            .iter()
            .map(|point| format!("{:.1},{:.1}", self.x(point.0), y(cost(point))))
            .collect();
        let _ = writeln!(
            text,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dashes}\"/>",
            points.join(" ")
        );
    }

    fn x(&self, size: f64) -> f64 {
        let decades = power_of(self.sizes.len()) - 3.0;
        MARGIN + (size.log10() - 2.0) / decades * (WIDTH - 2.0 * MARGIN)
    }
}

fn y(nanos: f64) -> f64 {
    let decades = power_of(COSTS.len()) - 3.0;
    HEIGHT - MARGIN - (nanos.log10() - 2.0) / decades * (HEIGHT - 2.0 * MARGIN)
}

fn power_of(index: usize) -> f64 {
    2.0 + f64::from(u32::try_from(index).unwrap_or(0))
}
