//! Cuts a stream of JSON into its objects: the elements of an array, an object alone, or one object after the other. Looks at
//! brackets and quotes only; whether an object is sound is for its reader to say.
//!
//! An object is handed over as bytes with the place where it begins, so that a parser can read it from memory, and so that one
//! bad object does not hide the faults of the next.

use std::io::{self, Read};
use std::sync::Arc;

use super::fault::{Fault, Place};
use crate::wire::quoted;

/// The longest object that is read, in bytes. A server's jobs are a few KiB.
pub const LONGEST_OBJECT: usize = 16 << 20;

/// How much is read at a time.
const CHUNK: u64 = 256 << 10;

/// Why there is no next object.
#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// What follows cannot be cut into objects.
    #[error("{0}")]
    Fault(Fault),
}

/// What may come next outside objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// An object, an array or the end.
    Value,
    /// The first element of an array, or its end.
    FirstElement,
    /// An element after a comma.
    Element,
    /// A comma or the end of the array.
    CommaOrEnd,
}

/// The objects of one stream.
pub(super) struct Frames<R> {
    source: R,
    /// How much is read at a time.
    chunk: u64,
    buffer: Vec<u8>,
    /// Up to here, everything was handed over.
    at: usize,
    place: Place,
    expect: Expect,
    bytes_read: u64,
}

/// How far the brackets of an object have been followed.
#[derive(Default)]
struct Scan {
    length: usize,
    depth: usize,
    in_string: bool,
    escaped: bool,
    lines: usize,
    /// The bytes since the last line feed, or since the object's beginning.
    column: usize,
}

impl<R: Read> Frames<R> {
    pub(super) fn new(source: R, name: Arc<str>) -> Self {
        Self::in_chunks_of(CHUNK, source, name)
    }

    fn in_chunks_of(chunk: u64, source: R, name: Arc<str>) -> Self {
        let place = Place { file: name, line: 1, column: 1 };
        Self { source, chunk, buffer: Vec::new(), at: 0, place, expect: Expect::Value, bytes_read: 0 }
    }

    /// How much of the stream has been read.
    pub(super) fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// The next object and where it begins; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(&[u8], Place)>, FrameError> {
        if self.bytes_read == 0 {
            self.check_beginning()?;
        }
        loop {
            let Some(byte) = self.skip_white_space()? else { return self.end().map(|()| None) };
            match (byte, self.expect) {
                (b'{', Expect::Value | Expect::FirstElement | Expect::Element) => break,
                (b'[', Expect::Value) => self.expect = Expect::FirstElement,
                (b']', Expect::FirstElement | Expect::CommaOrEnd) => self.expect = Expect::Value,
                (b',', Expect::CommaOrEnd) => self.expect = Expect::Element,
                _ => return Err(self.unexpected(byte)),
            }
            self.at += 1;
            self.place.column += 1;
        }
        if self.expect != Expect::Value {
            self.expect = Expect::CommaOrEnd;
        }
        let place = self.place.clone();
        let length = self.find_end()?;
        let start = self.at;
        self.at += length;
        Ok(Some((&self.buffer[start..self.at], place)))
    }

    /// Refuses what common tools write that is not JSON, by its name; skips the mark that some put before UTF-8.
    fn check_beginning(&mut self) -> Result<(), FrameError> {
        while self.buffer.len() < 3 && self.fill()? {}
        let told = match self.buffer.as_slice() {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "the text is UTF-16; save it as UTF-8",
            [0x1f, 0x8b, ..] => {
                "the file is compressed with gzip; unpack it first, as in gunzip -c FILE | orgd import -"
            }
            [0xef, 0xbb, 0xbf, ..] => {
                self.at = 3;
                return Ok(());
            }
            _ => return Ok(()),
        };
        Err(FrameError::Fault(Fault::of_text(self.place.clone(), told)))
    }

    fn skip_white_space(&mut self) -> Result<Option<u8>, FrameError> {
        loop {
            while let Some(byte) = self.buffer.get(self.at).copied() {
                match byte {
                    b'\n' => (self.place.line, self.place.column) = (self.place.line + 1, 0),
                    b' ' | b'\t' | b'\r' => {}
                    other => return Ok(Some(other)),
                }
                self.at += 1;
                self.place.column += 1;
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    fn end(&self) -> Result<(), FrameError> {
        match self.expect {
            Expect::Value => Ok(()),
            Expect::FirstElement | Expect::Element | Expect::CommaOrEnd => Err(FrameError::Fault(Fault::of_text(
                self.place.clone(),
                "the file ends inside an array; is it cut off?",
            ))),
        }
    }

    fn unexpected(&self, byte: u8) -> FrameError {
        let wanted = match self.expect {
            Expect::Value => "an object or an array of objects",
            Expect::FirstElement => "an object or the end of the array",
            Expect::Element => "an object",
            Expect::CommaOrEnd => "a comma or the end of the array",
        };
        let found = quoted(&String::from_utf8_lossy(&[byte]));
        FrameError::Fault(Fault::of_text(self.place.clone(), format!("expected {wanted}, found {found}")))
    }

    /// The length of the object that begins here; all of it is in the buffer then, and the place is behind it.
    fn find_end(&mut self) -> Result<usize, FrameError> {
        let mut scan = Scan::default();
        loop {
            let ended = scan.follow(&self.buffer[self.at..]);
            if let Ok(true) = ended {
                self.place = self.place.plus(scan.lines + 1, scan.column + 1);
                return Ok(scan.length);
            }
            let rule = if ended.is_err() {
                // Found here and not by the parser, which would have to be given all that follows.
                "the text in quotes is not closed on this line"
            } else if scan.length > LONGEST_OBJECT {
                "the object is longer than 16 MiB"
            } else if self.fill()? {
                continue;
            } else {
                "the file ends inside this object; is it cut off?"
            };
            let place =
                if ended.is_err() { self.place.plus(scan.lines + 1, scan.column + 1) } else { self.place.clone() };
            return Err(FrameError::Fault(Fault::of_text(place, rule)));
        }
    }

    /// Reads more; false at the end of the stream.
    fn fill(&mut self) -> Result<bool, FrameError> {
        self.buffer.drain(..self.at);
        self.at = 0;
        let read = self.source.by_ref().take(self.chunk).read_to_end(&mut self.buffer)?;
        self.bytes_read += read as u64;
        Ok(read > 0)
    }
}

impl Scan {
    /// Goes on where it stopped, in the bytes from the object's beginning. True when the object has ended; an error when a
    /// line ends inside quotes.
    fn follow(&mut self, bytes: &[u8]) -> Result<bool, ()> {
        for byte in &bytes[self.length..] {
            if *byte == b'\n' {
                if self.in_string {
                    return Err(());
                }
                (self.lines, self.column) = (self.lines + 1, 0);
            } else {
                self.column += 1;
            }
            self.length += 1;
            match (self.in_string, byte) {
                (true, _) if self.escaped => self.escaped = false,
                (true, b'\\') => self.escaped = true,
                (_, b'"') => self.in_string = !self.in_string,
                (false, b'{' | b'[') => self.depth += 1,
                (false, b'}' | b']') => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return Ok(true);
                    }
                }
                _ => {}
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests;
