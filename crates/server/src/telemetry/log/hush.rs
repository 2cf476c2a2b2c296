//! Lines that would only alarm: Actix reports every body that breaks off as an error, also one that a test double broke off because it was
//! asked to.

use std::fmt::{self, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// How an error names itself that was made on purpose; Actix shows it as it prints for developers.
pub const ON_PURPOSE: &str = "OnPurpose";

/// Keeps errors of the HTTP library that were made on purpose out of the log.
pub(super) struct Hush;

impl<S: Subscriber> Layer<S> for Hush {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let metadata = event.metadata();
        if *metadata.level() != Level::ERROR || !metadata.target().starts_with("actix_http") {
            return true;
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        !message.0.ends_with(ON_PURPOSE)
    }
}

/// The text of a line.
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            // Writing into a text cannot fail.
            let _ = write!(self.0, "{value:?}");
        }
    }
}
