//! Splits code into tokens, byte by byte, so that windows may cut it anywhere.
//!
//! Where torch's own lexer (`torch/csrc/jit/frontend/lexer.h`) takes more than
//! torch's printer writes, the token is refused: single quotes, triple quotes,
//! type comments, bytes that are no printable ASCII. Otherwise a text could be
//! made that ends here and goes on there.

/// What a byte completes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// A name or a keyword.
    Name(&'t str),
    /// A number or a text.
    Value,
    /// Any other sign; `\n` ends a line.
    Sign(u8),
}

/// A token and where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct At<'t> {
    pub(super) token: Token<'t>,
    pub(super) start: u64,
    pub(super) end: u64,
}

/// Why the bytes are no code as torch writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: u64,
    pub(super) expected: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ground,
    Name,
    Number,
    /// Inside a text; whether the last byte was a backslash.
    Text(bool),
    /// Behind a text of no characters.
    Empty,
    Comment,
}

/// The lexer.
#[derive(Debug)]
pub(super) struct Lexer {
    state: State,
    /// The bytes of the name or number so far, or how a comment begins.
    held: String,
    start: u64,
    at: u64,
}

/// Longest name; torch mangles names, and the longest of one model zoo had 132
/// characters.
const MAX_NAME: usize = 1024;

/// Signs of the language.
const SIGNS: &[u8] = b"()[]{},:.=+-*/%<>!&|^~@";

/// How a comment begins that is none.
const TYPE_COMMENT: &str = " type:";

impl Lexer {
    pub(super) const fn new() -> Self {
        Self { state: State::Ground, held: String::new(), start: 0, at: 0 }
    }

    /// Bytes taken.
    pub(super) const fn at(&self) -> u64 {
        self.at
    }

    /// Takes the next byte; `take` gets the tokens that it completes.
    pub(super) fn push(&mut self, byte: u8, take: &mut impl FnMut(At<'_>)) -> Result<(), Fault> {
        match self.state {
            State::Name if is_word(byte) => self.hold(byte)?,
            State::Number if is_word(byte) || byte == b'.' || self.is_exponent_sign(byte) => self.hold(byte)?,
            State::Name | State::Number => {
                self.settle(take)?;
                self.ground(byte, take)?;
            }
            State::Text(true) if is_printable(byte) => self.state = State::Text(false),
            State::Text(false) if byte == b'\\' => self.state = State::Text(true),
            State::Text(false) if byte == b'"' => {
                let empty = self.at == self.start.saturating_add(1);
                self.state = if empty { State::Empty } else { State::Ground };
                take(self.token(Token::Value, self.at.saturating_add(1)));
            }
            State::Text(false) if is_printable(byte) => {}
            State::Text(_) => return Err(self.fault("printable ASCII in a text")),
            State::Empty if byte == b'"' => return Err(self.fault("no text in triple quotes")),
            State::Empty | State::Ground => {
                self.state = State::Ground;
                self.ground(byte, take)?;
            }
            State::Comment if byte == b'\n' => {
                self.state = State::Ground;
                self.ground(byte, take)?;
            }
            State::Comment => {
                if self.held.len() < TYPE_COMMENT.len() {
                    self.held.push(char::from(byte));
                }
                if self.held == TYPE_COMMENT {
                    return Err(self.fault("no type in a comment"));
                }
            }
        }
        self.at = self.at.saturating_add(1);
        Ok(())
    }

    /// The end of the code.
    pub(super) fn finish(&mut self, take: &mut impl FnMut(At<'_>)) -> Result<(), Fault> {
        match self.state {
            State::Name | State::Number => self.settle(take)?,
            State::Text(_) => return Err(self.fault("the end of a text")),
            State::Ground | State::Empty | State::Comment => {}
        }
        self.state = State::Ground;
        take(At { token: Token::Sign(b'\n'), start: self.at, end: self.at });
        Ok(())
    }

    fn ground(&mut self, byte: u8, take: &mut impl FnMut(At<'_>)) -> Result<(), Fault> {
        self.start = self.at;
        match byte {
            b' ' => {}
            b'\n' => take(self.token(Token::Sign(byte), self.at.saturating_add(1))),
            b'#' => {
                self.held.clear();
                self.state = State::Comment;
            }
            b'"' => self.state = State::Text(false),
            _ if is_word(byte) => {
                self.held.clear();
                self.held.push(char::from(byte));
                self.state = if byte.is_ascii_digit() { State::Number } else { State::Name };
            }
            _ if SIGNS.contains(&byte) => take(self.token(Token::Sign(byte), self.at.saturating_add(1))),
            _ => return Err(self.fault("a sign of TorchScript")),
        }
        Ok(())
    }

    fn hold(&mut self, byte: u8) -> Result<(), Fault> {
        if self.held.len() >= MAX_NAME {
            return Err(Fault { at: self.start, expected: "a name of at most 1024 characters" });
        }
        self.held.push(char::from(byte));
        Ok(())
    }

    /// A name or number is complete.
    fn settle(&mut self, take: &mut impl FnMut(At<'_>)) -> Result<(), Fault> {
        let is_name = self.state == State::Name;
        if !is_name && !is_number(&self.held) {
            return Err(Fault { at: self.start, expected: "a number" });
        }
        self.state = State::Ground;
        take(self.token(if is_name { Token::Name(&self.held) } else { Token::Value }, self.at));
        Ok(())
    }

    const fn token<'t>(&self, token: Token<'t>, end: u64) -> At<'t> {
        At { token, start: self.start, end }
    }

    /// Whether a sign belongs to the exponent that is being read.
    fn is_exponent_sign(&self, byte: u8) -> bool {
        matches!(byte, b'+' | b'-') && self.held.ends_with(['e', 'E'])
    }

    const fn fault(&self, expected: &'static str) -> Fault {
        Fault { at: self.at, expected }
    }
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

const fn is_printable(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7e)
}

/// Digits, a fraction, an exponent, `j` at the end: each at most once.
fn is_number(text: &str) -> bool {
    let text = text.strip_suffix('j').unwrap_or(text);
    let (mantissa, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let exponent = exponent.map(|e| e.strip_prefix(['+', '-']).unwrap_or(e));
    !whole.is_empty() && digits(whole) && digits(fraction) && exponent.is_none_or(|e| !e.is_empty() && digits(e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(code: &str) -> Result<Vec<String>, Fault> {
        let mut lexer = Lexer::new();
        let mut all = Vec::new();
        let mut take = |at: At<'_>| {
            all.push(match at.token {
                Token::Name(name) => format!("{name}@{}", at.start),
                Token::Value => format!("value@{}..{}", at.start, at.end),
                Token::Sign(sign) => char::from(sign).to_string(),
            });
        };
        for byte in code.bytes() {
            lexer.push(byte, &mut take)?;
        }
        lexer.finish(&mut take)?;
        Ok(all)
    }

    #[test]
    fn code_is_split_where_torch_splits_it() {
        assert_eq!(
            tokens("x = -1.5e-05j+a.b(\"q\\\"\", \"\")").unwrap_or_default().join(" "),
            "x@0 = - value@5..13 + a@14 . b@16 ( value@18..23 , value@25..27 ) \n"
        );
        assert_eq!(tokens("a # b \" '\nc"), Ok(vec!["a@0".into(), "\n".into(), "c@10".into(), "\n".into()]));
    }

    #[test]
    fn what_torch_does_not_write_is_a_fault_with_its_place() {
        for (code, at) in [
            ("x = 'a'", 4),
            ("\"\"\"a", 2),
            ("\"a\nb\"", 2),
            ("\"a", 2),
            ("a # type: int", 8),
            ("#type: x \n# type:", 16),
            ("1torch", 0),
            ("1.2.3", 0),
            ("1e", 0),
            ("a\\\nb", 1),
            ("a;b", 1),
            ("a\tb", 1),
            ("a\u{e9}", 1),
            ("\"\u{e9}\"", 1),
        ] {
            assert_eq!(tokens(code).map_err(|fault| fault.at), Err(at), "{code}");
        }
        assert_eq!(tokens(&"a".repeat(2000)).map_err(|fault| fault.at), Err(0));
    }
}
