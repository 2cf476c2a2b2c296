//! Whether a series of samples grows, told from noise: a straight line through them by least squares.

/// A straight line through samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// How much it rises from the first sample to the last.
    pub growth: f64,
    /// What that is uncertain by: the standard error of the slope, over the same stretch.
    pub error: f64,
}

impl Trend {
    /// The line through these points; none through fewer than three, or when all stand at one place.
    pub fn through(points: &[(f64, f64)]) -> Option<Self> {
        let count = points.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
        let (middle, level) = (mean(|point| point.0), mean(|point| point.1));
        let spread: f64 = points.iter().map(|point| (point.0 - middle).powi(2)).sum();
        if points.len() < 3 || spread <= 0.0 {
            return None;
        }
        let slope = points.iter().map(|point| (point.0 - middle) * (point.1 - level)).sum::<f64>() / spread;
        let rest: f64 = points.iter().map(|point| (point.1 - level - slope * (point.0 - middle)).powi(2)).sum();
        let error = (rest / (count - 2.0) / spread).sqrt();
        let length = points.last().map_or(0.0, |last| last.0) - points.first().map_or(0.0, |first| first.0);
        Some(Self { growth: slope * length, error: error * length })
    }

    /// True when it rises by more than this, and by more than noise explains. Neighbouring samples are alike, so that the error is
    /// larger than the formula says: it takes four of them.
    pub fn grows_by_more_than(self, bearable: f64) -> bool {
        self.growth > bearable && self.growth > 4.0 * self.error
    }
}

#[cfg(test)]
mod tests {
    use super::Trend;

    fn series(value: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
        (0..100).map(f64::from).map(|at| (at, value(at))).collect()
    }

    #[test]
    fn a_leak_is_told_from_noise() {
        // As good as random, and the same each time.
        let noise = |at: f64| (at * 12.9898).sin() * 43_758.545 % 1.0 * 10.0;
        let flat = Trend::through(&series(|at| 100.0 + noise(at))).unwrap();
        assert!(!flat.grows_by_more_than(3.0), "{flat:?}");
        let leaking = Trend::through(&series(|at| 100.0 + 0.2 * at + noise(at))).unwrap();
        assert!(leaking.grows_by_more_than(3.0), "{leaking:?}");
        assert!((leaking.growth - 19.8).abs() < 5.0, "{leaking:?}");
        let shrinking = Trend::through(&series(|at| 100.0 - at)).unwrap();
        assert!(!shrinking.grows_by_more_than(0.0));
        assert_eq!(Trend::through(&[(0.0, 1.0), (1.0, 2.0)]), None);
    }
}
