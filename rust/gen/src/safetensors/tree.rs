//! A JSON text as a tree that can also be wrong: keys may repeat, and what stands
//! between brackets is kept as it was written.

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Members in their order; keys as they are written, with their quotes.
    Object(Vec<(String, Node)>),
    /// Elements.
    Array(Vec<Node>),
    /// A number, a text with its quotes, a word, or anything else.
    Raw(String),
}

impl Node {
    /// A text that needs no escapes.
    pub(super) fn text(text: &str) -> Self {
        Self::Raw(format!("\"{text}\""))
    }

    /// A number.
    pub(super) fn number(n: u64) -> Self {
        Self::Raw(n.to_string())
    }

    /// Reads what is JSON, more or less; nothing of other texts.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parser = Parser { text, at: 0 };
        let node = parser.value(DEPTH)?;
        parser.space();
        (parser.at == text.len()).then_some(node)
    }

    /// Writes it without spaces.
    pub(super) fn write(&self, out: &mut String) {
        match self {
            Self::Raw(text) => out.push_str(text),
            Self::Array(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (i, (key, value)) in members.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    out.push_str(key);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    /// The members of an object.
    pub(super) const fn members(&mut self) -> Option<&mut Vec<(String, Self)>> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The value of a key of an object.
    pub(super) fn member(&mut self, key: &str) -> Option<&mut Self> {
        let quoted = |name: &str| {
            name.len() == key.len().saturating_add(2) && name.get(1..name.len().saturating_sub(1)) == Some(key)
        };
        self.members()?.iter_mut().find(|(name, _)| quoted(name)).map(|(_, value)| value)
    }

    /// A number, where it is one.
    pub(super) fn as_number(&self) -> Option<u64> {
        match self {
            Self::Raw(text) => text.parse().ok(),
            _ => None,
        }
    }
}

/// Nested values: headers have three.
const DEPTH: usize = 8;

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn space(&mut self) {
        let rest = self.rest();
        let trimmed = rest.trim_start_matches([' ', '\n', '\r', '\t']);
        self.at = self.at.saturating_add(rest.len().saturating_sub(trimmed.len()));
    }

    fn accept(&mut self, c: char) -> bool {
        self.space();
        let found = self.rest().starts_with(c);
        if found {
            self.at = self.at.saturating_add(c.len_utf8());
        }
        found
    }

    fn value(&mut self, depth: usize) -> Option<Node> {
        let below = depth.checked_sub(1)?;
        if self.accept('{') {
            let mut members = Vec::new();
            if self.accept('}') {
                return Some(Node::Object(members));
            }
            loop {
                self.space();
                let key = self.quoted()?;
                if !self.accept(':') {
                    return None;
                }
                members.push((key, self.value(below)?));
                if self.accept('}') {
                    return Some(Node::Object(members));
                }
                if !self.accept(',') {
                    return None;
                }
            }
        }
        if self.accept('[') {
            let mut items = Vec::new();
            if self.accept(']') {
                return Some(Node::Array(items));
            }
            loop {
                items.push(self.value(below)?);
                if self.accept(']') {
                    return Some(Node::Array(items));
                }
                if !self.accept(',') {
                    return None;
                }
            }
        }
        self.space();
        if self.rest().starts_with('"') {
            return self.quoted().map(Node::Raw);
        }
        let rest = self.rest();
        let len = rest.find([',', '}', ']', ':', ' ', '\n', '{', '[', '"']).unwrap_or(rest.len());
        let word = rest.get(..len).filter(|word| !word.is_empty())?.to_owned();
        self.at = self.at.saturating_add(len);
        Some(Node::Raw(word))
    }

    fn quoted(&mut self) -> Option<String> {
        let rest = self.rest();
        let mut escaped = false;
        let mut started = false;
        for (i, c) in rest.char_indices() {
            match c {
                '"' if !started => started = true,
                _ if !started => return None,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => {
                    let end = i.saturating_add(1);
                    let text = rest.get(..end)?.to_owned();
                    self.at = self.at.saturating_add(end);
                    return Some(text);
                }
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_again() {
        for text in [
            r#"{"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"a":{},"\"\\":[nul,-1.5e3,"x"]}"#,
            "{}",
            "[]",
            "1",
        ] {
            let mut out = String::new();
            if let Some(node) = Node::parse(text) {
                node.write(&mut out);
            }
            assert_eq!(out, text);
        }
        for text in ["", "{", r#"{"a"}"#, r#"{"a":1,}"#, "[1", "[[[[[[[[[[1]]]]]]]]]]", r#""a"#] {
            assert_eq!(Node::parse(text), None, "{text}");
        }
    }
}
