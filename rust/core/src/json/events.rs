//! A JSON text as a row of events, so that a reader keeps only what it asks for.

use std::borrow::Cow;

use super::{Fault, Json};

/// What stands next in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// `{`
    Object,
    /// `[`
    Array,
    /// The key of what follows.
    Key(Cow<'a, str>),
    /// A string that is a value.
    Text(Cow<'a, str>),
    /// A number, true, false or null, as it stands there.
    Scalar(&'a str),
    /// `}` or `]`
    End,
}

/// The events of one text, each with its offset.
#[derive(Clone, Debug)]
pub struct Events<'a> {
    json: Json<'a>,
    open: Vec<u8>,
    /// A value is complete: a comma, an end, or nothing may follow.
    after: bool,
    /// A key was given: its value follows.
    keyed: bool,
    started: bool,
    max_depth: usize,
}

impl<'a> Events<'a> {
    /// The events of `text`, whose values nest at most `max_depth` deep.
    #[must_use]
    pub const fn new(text: &'a str, max_depth: usize) -> Self {
        Self { json: Json::new(text), open: Vec::new(), after: false, keyed: false, started: false, max_depth }
    }

    /// Containers open.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.open.len()
    }

    /// The next event and where it begins; nothing at the end of the text.
    ///
    /// # Errors
    /// The text is not JSON, or nests too deep.
    pub fn step(&mut self) -> Result<Option<(usize, Event<'a>)>, Fault> {
        let Some(byte) = self.json.peek() else {
            let done = self.started && self.open.is_empty();
            return if done { Ok(None) } else { Err(self.json.fault("a value")) };
        };
        if self.after {
            match self.open.last() {
                None => return Err(self.json.fault("the end of the text")),
                Some(_) if byte == b',' => {
                    self.json.accept(b',');
                    self.after = false;
                }
                Some(&close) if byte == close => return Ok(Some(self.close(close))),
                Some(_) => return Err(self.json.fault("a comma or the end of a container")),
            }
        } else if let Some(&close) = self.open.last()
            && byte == close
            && !self.keyed
            && self.just_opened()
        {
            return Ok(Some(self.close(close)));
        }
        self.json.peek();
        let at = self.json.at();
        if self.open.last() == Some(&b'}') && !self.keyed {
            let key = self.json.string()?;
            self.json.require(b':', "a colon")?;
            self.keyed = true;
            return Ok(Some((at, Event::Key(key))));
        }
        self.value(at).map(Some)
    }

    fn value(&mut self, at: usize) -> Result<(usize, Event<'a>), Fault> {
        self.started = true;
        self.keyed = false;
        let event = match self.json.peek() {
            Some(b @ (b'{' | b'[')) => {
                if self.open.len() >= self.max_depth {
                    return Err(self.json.fault("fewer nested values"));
                }
                self.json.accept(b);
                self.open.push(if b == b'{' { b'}' } else { b']' });
                self.after = false;
                return Ok((at, if b == b'{' { Event::Object } else { Event::Array }));
            }
            Some(b'"') => Event::Text(self.json.string()?),
            Some(b'}' | b']' | b',' | b':') | None => return Err(self.json.fault("a value")),
            Some(_) => {
                self.json.skip()?;
                Event::Scalar(self.json.text.get(at..self.json.at()).unwrap_or(""))
            }
        };
        self.after = true;
        Ok((at, event))
    }

    fn close(&mut self, close: u8) -> (usize, Event<'a>) {
        let at = self.json.at();
        self.json.accept(close);
        self.open.pop();
        (self.after, self.keyed) = (true, false);
        (at, Event::End)
    }

    /// Whether nothing but space stands between the last bracket and here: a
    /// comma before an end is a fault.
    fn just_opened(&self) -> bool {
        let before = self.json.text.get(..self.json.at()).unwrap_or("");
        before.trim_end_matches([' ', '\n', '\r', '\t']).ends_with(['{', '['])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, usize> {
        let mut events = Events::new(text, 4);
        let mut told = Vec::new();
        while let Some((at, event)) = events.step().map_err(|fault| fault.at)? {
            told.push(match event {
                Event::Object => format!("{at}{{"),
                Event::Array => format!("{at}["),
                Event::Key(key) => format!("{at}{key}:"),
                Event::Text(text) => format!("{at}'{text}'"),
                Event::Scalar(text) => format!("{at}{text}"),
                Event::End => format!("{at}end"),
            });
        }
        Ok(told.join(" "))
    }

    #[test]
    fn events_come_with_their_offsets() {
        assert_eq!(
            read(r#"{"a": [1, "x", null], "b": {}, "c": -1.5}"#).as_deref(),
            Ok("0{ 1a: 6[ 71 10'x' 15null 19end 22b: 27{ 28end 31c: 36-1.5 40end")
        );
        assert_eq!(read(" [] ").as_deref(), Ok("1[ 2end"));
        assert_eq!(read("3").as_deref(), Ok("03"));
    }

    #[test]
    fn what_is_no_json_has_a_place() {
        for (text, at) in [
            ("", 0),
            ("{", 1),
            ("[1,]", 3),
            ("{\"a\":1,}", 7),
            ("{\"a\"}", 4),
            ("{\"a\":}", 5),
            ("[1 2]", 3),
            ("[1}", 2),
            ("1 2", 2),
            ("[NaN]", 1),
            ("[[[[[]]]]]", 4),
            ("{a:1}", 1),
            ("{,}", 1),
            ("{\"a\":{\"b\"", 9),
        ] {
            assert_eq!(read(text), Err(at), "{text}");
        }
    }
}
