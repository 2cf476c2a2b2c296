//! A job's log as it grows: server-sent events, which no generator of clients knows, and going on after the stream was lost.

use std::pin::Pin;
use std::time::{Duration, Instant};

use eventsource_stream::{Event, EventStreamError, Eventsource};
use futures_util::{Stream, StreamExt};
use reqwest::header::ACCEPT;
use serde::Deserialize;

use crate::error::{self, CallError};
use crate::generated::types::{CodersdkProvisionerJobLog, CodersdkProvisionerJobStatus};

/// How often a stream is opened in vain before that is an error.
const ATTEMPTS: u32 = 8;
/// A stream that lasted so long was not in vain, though the job may have been silent.
const LASTING: Duration = Duration::from_secs(10);
/// The pause before a lost stream is opened again; it doubles each time.
const PAUSE: Duration = Duration::from_millis(250);

/// Something that happened to a log.
#[derive(Debug, Clone)]
pub enum LogEvent {
    /// Another line.
    Line(CodersdkProvisionerJobLog),
    /// The job has ended like this. No line comes after it.
    End(CodersdkProvisionerJobStatus),
}

type Events = Pin<Box<dyn Stream<Item = Result<Event, EventStreamError<reqwest::Error>>> + Send>>;

/// A log that is being followed.
pub struct Follow {
    http: reqwest::Client,
    url: String,
    after: Option<i64>,
    events: Option<Events>,
    opened_at: Instant,
    failures: u32,
    is_over: bool,
}

#[derive(Deserialize)]
struct End {
    status: CodersdkProvisionerJobStatus,
}

impl Follow {
    pub(crate) fn new(http: reqwest::Client, url: String, after: Option<i64>) -> Self {
        Self { http, url, after, events: None, opened_at: Instant::now(), failures: 0, is_over: false }
    }

    /// The next event; none after the end of the job. A stream that is lost is opened again where it was, a few times.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn next(&mut self) -> Result<Option<LogEvent>, CallError> {
        while !self.is_over {
            match self.next_of_stream().await {
                Ok(Some(event)) => {
                    self.failures = 0;
                    return Ok(Some(event));
                }
                Ok(None) => {}
                Err(error) if error.is_transient() && self.failures < ATTEMPTS => {
                    if self.events.take().is_some() && self.opened_at.elapsed() > LASTING {
                        self.failures = 0;
                    }
                    let pause = PAUSE * 2_u32.pow(self.failures);
                    self.failures += 1;
                    tokio::time::sleep(error.retry_after().unwrap_or(pause)).await;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// The next event of the stream that is open; none for one that says nothing about the log.
    async fn next_of_stream(&mut self) -> Result<Option<LogEvent>, CallError> {
        if self.events.is_none() {
            self.events = Some(self.open().await?);
            self.opened_at = Instant::now();
        }
        let next = match &mut self.events {
            Some(events) => events.next().await,
            None => None,
        };
        let event = match next {
            Some(Ok(event)) => event,
            Some(Err(EventStreamError::Transport(error))) => return Err(CallError::Unreachable(error)),
            Some(Err(error)) => return Err(CallError::Garbled(error.to_string())),
            None => return Err(CallError::Garbled("the stream ended before the job".to_owned())),
        };
        let garbled = |error: serde_json::Error| CallError::Garbled(error.to_string());
        match event.event.as_str() {
            "log" => {
                let line: CodersdkProvisionerJobLog = serde_json::from_str(&event.data).map_err(garbled)?;
                self.after = Some(line.id);
                Ok(Some(LogEvent::Line(line)))
            }
            "end" => {
                self.is_over = true;
                let End { status } = serde_json::from_str(&event.data).map_err(garbled)?;
                Ok(Some(LogEvent::End(status)))
            }
            _ => Ok(None),
        }
    }

    async fn open(&self) -> Result<Events, CallError> {
        let mut query = vec![("follow", "true".to_owned())];
        query.extend(self.after.map(|after| ("after", after.to_string())));
        let request = self.http.get(&self.url).query(&query).header(ACCEPT, "text/event-stream");
        let answer = error::succeeded(request.send().await?).await?;
        Ok(Box::pin(answer.bytes_stream().eventsource()))
    }
}
