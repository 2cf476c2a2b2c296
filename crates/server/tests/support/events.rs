//! A stream of server-sent events, read as it comes.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;

use serde_json::Value;

use super::answer::Answer;

/// The stream. Dropped, its connection is gone.
pub struct EventStream {
    source: BufReader<TcpStream>,
    /// What came in the chunks that were read and is not part of an event yet.
    text: String,
}

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its name.
    pub name: String,
    /// Its number, when it has one.
    pub id: Option<i64>,
    /// What it says.
    pub data: Value,
}

impl EventStream {
    /// Reads the head of the answer.
    pub(super) fn read(stream: TcpStream) -> (Answer, Self) {
        let mut source = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(source.read_line(&mut head).expect("an answer") > 0, "the head of the answer ends early: {head}");
        }
        let without_body = head.replace("transfer-encoding: chunked", "x-was: chunked");
        let answer = Answer::parse(without_body.as_bytes()).expect("an answer");
        if answer.status == 200 {
            assert_eq!(answer.header("content-type"), Some("text/event-stream; charset=utf-8"));
            assert_eq!(answer.header("x-was"), Some("chunked"), "a stream has no length");
        }
        (answer, Self { source, text: String::new() })
    }

    /// The next event; `None` when the server has ended the stream as a stream ends.
    #[track_caller]
    pub fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (parse(event), rest.to_owned());
                self.text = rest;
                if event.is_some() {
                    return event;
                }
                continue;
            }
            if !self.read_chunk() {
                assert_eq!(self.text, "", "the stream ends within an event");
                return None;
            }
        }
    }

    /// The rest of the events.
    #[track_caller]
    pub fn rest(mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.next()).collect()
    }

    /// True when the server cuts the stream before another event comes; comments, which tell of silence, do not count.
    pub fn is_cut(&mut self) -> bool {
        let mut line = String::new();
        // How it is cut is the same to a reader.
        while self.source.read_line(&mut line).is_ok_and(|length| length > 0) {
            // A comment comes in a chunk of its own.
            if !["3\r\n", ":\n", "\n", "\r\n"].contains(&line.as_str()) {
                return false;
            }
            line.clear();
        }
        self.text.is_empty() && line.is_empty()
    }

    /// Reads one more chunk; false when it is the last.
    #[track_caller]
    fn read_chunk(&mut self) -> bool {
        let mut line = String::new();
        self.source.read_line(&mut line).expect("the next chunk");
        let size = usize::from_str_radix(line.trim_end(), 16);
        let size = size.unwrap_or_else(|_| panic!("the stream was cut: {line:?}"));
        let mut chunk = vec![0; size + 2];
        self.source.read_exact(&mut chunk).expect("the whole chunk");
        self.text.push_str(str::from_utf8(&chunk[..size]).expect("the stream is UTF-8"));
        size > 0
    }
}

/// `None` for a comment.
#[track_caller]
fn parse(text: &str) -> Option<Event> {
    let mut event = Event { name: String::new(), id: None, data: Value::Null };
    for line in text.lines() {
        match line.split_once(": ") {
            Some(("event", name)) => event.name = name.to_owned(),
            Some(("id", id)) => event.id = Some(id.parse().expect("a number")),
            Some(("data", data)) => event.data = serde_json::from_str(data).expect("JSON"),
            _ => assert!(line.starts_with(':'), "{line:?} is no field of an event"),
        }
    }
    (!event.name.is_empty()).then_some(event)
}
