//! Draws a line as SVG.

use plotters::prelude::*;

const SIZE: (u32, u32) = (760, 240);

/// A drawing of these points over minutes; why there is none, in words.
pub(super) fn plot(title: &str, points: &[(f64, f64)]) -> Result<String, String> {
    let mut svg = String::new();
    draw(&mut svg, title, points).map_err(|error| format!("{title} cannot be drawn: {error}"))?;
    Ok(svg)
}

fn draw(svg: &mut String, title: &str, points: &[(f64, f64)]) -> Result<(), Box<dyn std::error::Error>> {
    let most = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0_f64, f64::max).max(1e-9);
    let (right, top) = (most(&mut points.iter().map(|point| point.0)), most(&mut points.iter().map(|point| point.1)));
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 16))
        .margin(8)
        .x_label_area_size(36)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..right, 0.0..top * 1.1)
        .map_err(|error| error.to_string())?;
    chart.configure_mesh().x_desc("minutes").light_line_style(TRANSPARENT).draw().map_err(|error| error.to_string())?;
    let line = LineSeries::new(points.iter().copied(), BLUE.stroke_width(2));
    chart.draw_series(line).map_err(|error| error.to_string())?;
    area.present().map_err(|error| error.to_string())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::plot;

    #[test]
    fn a_line_becomes_a_drawing() {
        let svg = plot("A title", &[(0.0, 1.0), (1.0, 2.0)]).unwrap();
        assert!(svg.starts_with("<svg") && svg.contains("A title") && svg.contains("<polyline"), "{svg}");
        assert!(plot("Nothing", &[]).unwrap().starts_with("<svg"));
    }
}
