//! Trying again: pauses that grow, are of random length, and are no shorter than the server asks for.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use orgd_client::CallError;

const SHORTEST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(10);
/// A server that asks for more is not believed.
const LONGEST_ASKED: Duration = Duration::from_secs(120);

/// The pauses of one call.
pub(crate) struct Pauses(ExponentialBackoff);

impl Default for Pauses {
    fn default() -> Self {
        let growing = ExponentialBuilder::default().with_min_delay(SHORTEST).with_max_delay(LONGEST);
        Self(growing.with_jitter().without_max_times().build())
    }
}

impl Pauses {
    /// How long to wait after this error; none when trying again is in vain.
    pub(crate) fn after(&mut self, error: &CallError) -> Option<Duration> {
        if !error.is_transient() {
            return None;
        }
        let own = self.0.next().unwrap_or(LONGEST);
        // Those who were turned away together must not come back together.
        let pause = error.retry_after().map_or(own, |asked| asked.min(LONGEST_ASKED) + own / 4);
        tracing::warn!(error = %error.to_string().escape_debug(), ?pause, "trying again");
        Some(pause)
    }
}

/// Calls until there is an answer that trying again would not change.
pub(crate) async fn until_answered<T, F>(mut call: impl FnMut() -> F) -> Result<T, CallError>
where
    F: Future<Output = Result<T, CallError>>,
{
    let mut pauses = Pauses::default();
    loop {
        match call().await {
            Ok(answer) => return Ok(answer),
            Err(error) => match pauses.after(&error) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(error),
            },
        }
    }
}
