//! Bounded waiting for something that tells nobody when it comes about.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long anything may take on a machine that is busy with other things.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

const PAUSE: Duration = Duration::from_millis(10);

/// Looks until there is an answer, or `None` after [`LIMIT`].
///
/// # Errors
/// Looking failed.
pub(crate) fn until_some<T, E>(mut look: impl FnMut() -> Result<Option<T>, E>) -> Result<Option<T>, E> {
    let start = Instant::now();
    loop {
        let answer = look()?;
        if answer.is_some() || start.elapsed() > LIMIT {
            return Ok(answer);
        }
        sleep(PAUSE);
    }
}
