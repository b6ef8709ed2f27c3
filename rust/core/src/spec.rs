//! The grammar of an allow entry: what may be done with a name.
//!
//! An entry says which kinds of arguments a callable may get, which state an
//! object may be given, and whether items may be written into it. What it does
//! not grant is not proven to be data, and is reported.

use std::fmt;

/// Kinds of values, as a set of bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds(pub u32);

macro_rules! kinds {
    ($($name:ident $word:literal $bit:literal;)+) => {
        impl Kinds {
            $(#[doc = concat!("`", $word, "`")] pub const $name: Self = Self(1 << $bit);)+
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$name)),+];
        }
    };
}

kinds! {
    NONE "none" 0;
    BOOL "bool" 1;
    INT "int" 2;
    SIZE "size" 3;
    FLOAT "float" 4;
    STR "str" 5;
    BYTES "bytes" 6;
    TUPLE "tuple" 7;
    LIST "list" 8;
    DICT "dict" 9;
    SET "set" 10;
    OBJECT "object" 11;
    STORAGE "storage" 12;
    TYPE "type" 13;
    CALLABLE "callable" 14;
    GLOBAL "global" 15;
    DATA "data" 16;
    ANY "any" 17;
    EMPTY "empty" 18;
    SMALL "small" 19;
    NEVER "never" 20;
    ARRAY "array" 21;
    EACH "each" 22;
    DTYPE "dtype" 23;
    SLICE "slice" 24;
    KEYED "keyed" 25;
    ZONE "zone" 26;
}

impl Kinds {
    /// Whether any kind of `other` is in this set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Both sets together.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(w, _)| *w == word).map(|(_, k)| *k)
    }
}

/// One parameter: the kinds it takes, or the literal texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Param {
    /// Kinds it takes.
    pub kinds: Kinds,
    /// Texts it takes besides.
    pub literals: Vec<String>,
    /// Tags of values that stand apart, which it takes besides.
    pub tags: Vec<String>,
}

/// What an allow entry grants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spec {
    /// As it was written, for messages.
    pub text: String,
    /// A class: may stand where a type is expected.
    pub is_type: bool,
    /// May be called, with these parameters.
    pub call: Option<Vec<Param>>,
    /// It is made by NEWOBJ alone: its constructor does not run.
    pub new: bool,
    /// Parameters that must be there.
    pub required: usize,
    /// The last parameter may stand any number of times.
    pub rest: bool,
    /// State that BUILD may give the result; none when BUILD is not granted.
    pub state: Option<Param>,
    /// What may stand under a key of the state, where that is a mapping.
    pub keys: Vec<(String, Param)>,
    /// Only those keys may stand there.
    pub closed: bool,
    /// This argument is a mapping, held against the keys as a state is.
    pub keyed: Option<usize>,
    /// The state is a tuple of these.
    pub fields: Option<Vec<Param>>,
    /// How many of the last fields may be missing.
    pub optional_fields: usize,
    /// What it makes stands apart: it is handed only to parameters that ask
    /// for this tag.
    pub tag: Option<String>,
    /// SETITEM and SETITEMS may write into the result.
    pub items: bool,
    /// Its items are its attributes: their keys are checked as those of a
    /// state are.
    pub attributes: bool,
    /// APPEND, APPENDS and ADDITEMS may write into the result.
    pub append: bool,
    /// The kind its result counts as, besides `object`.
    pub gives: Kinds,
    /// It calls argument `.0` with the tuple that is argument `.1`: that call
    /// must be granted too.
    pub applies: Option<(usize, usize)>,
    /// Its result is an instance of the class that is this argument.
    pub makes: Option<usize>,
    /// It gives the attribute of its first argument that its second names; any
    /// other use of it is on the deny side.
    pub attribute: bool,
    /// It sets the keys of this argument as attributes of its result.
    pub updates: Option<usize>,
}

/// What is wrong with a spec, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError(String);

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SpecError {}

impl Spec {
    /// Reads a spec.
    ///
    /// # Errors
    /// Names the word that is not of the grammar.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        let mut spec = Self { text: text.to_owned(), ..Self::default() };
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(SpecError("an empty spec; `value` grants the import alone".to_owned()));
        }
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            let after = after.trim_start();
            let (inside, next) = match after.strip_prefix('(') {
                Some(tail) => {
                    let close = closing(tail).ok_or_else(|| SpecError(format!("`{word}(` is not closed")))?;
                    let (inside, next) = tail.split_at(close);
                    (Some(inside), next.get(1..).unwrap_or(""))
                }
                None => (None, after),
            };
            match (word, inside) {
                ("value", None) => {}
                ("type", None) => spec.is_type = true,
                ("items", None) => spec.items = true,
                ("append", None) => spec.append = true,
                ("attributes", None) => spec.attributes = true,
                ("attribute", None) => spec.attribute = true,
                ("closed", None) => spec.closed = true,
                ("keys", Some(inside)) => spec.keyed = Some(index(inside)?),
                ("tag", Some(inside)) => spec.tag = Some(parse_tag(inside)?),
                ("fields", Some(inside)) => spec.parse_fields(inside)?,
                ("key", Some(inside)) => spec.keys.push(parse_key(inside)?),
                ("call", Some(inside)) => spec.parse_call(inside)?,
                ("new", Some(inside)) => {
                    spec.new = true;
                    spec.parse_call(inside)?;
                }
                ("state", Some(inside)) => spec.state = Some(parse_param(inside)?),
                ("gives", Some(inside)) => spec.gives = parse_param(inside)?.kinds,
                ("applies", Some(inside)) => {
                    let (callee, args) = inside.split_once(',').unwrap_or((inside, ""));
                    spec.applies = Some((index(callee)?, index(args)?));
                }
                ("makes", Some(inside)) => spec.makes = Some(index(inside)?),
                ("updates", Some(inside)) => spec.updates = Some(index(inside)?),
                _ => return Err(SpecError(format!("`{}` is no word of a spec", text_of(word, rest)))),
            }
            rest = next.trim_start();
        }
        Ok(spec)
    }

    fn parse_call(&mut self, inside: &str) -> Result<(), SpecError> {
        let mut params = Vec::new();
        let mut optional = false;
        if !inside.trim().is_empty() {
            for part in split_top(inside) {
                let part = part.trim();
                if self.rest {
                    return Err(SpecError("a parameter after the one marked `*`".to_owned()));
                }
                let part = if let Some(p) = part.strip_suffix('*') {
                    self.rest = true;
                    p
                } else if let Some(p) = part.strip_suffix('?') {
                    optional = true;
                    p
                } else {
                    part
                };
                params.push(parse_param(part)?);
                if !optional && !self.rest {
                    self.required = params.len();
                }
            }
        }
        self.call = Some(params);
        Ok(())
    }

    fn parse_fields(&mut self, inside: &str) -> Result<(), SpecError> {
        let mut fields = Vec::new();
        for part in split_top(inside) {
            let part = part.trim();
            let required = part.strip_suffix('?');
            if required.is_some() {
                self.optional_fields = self.optional_fields.saturating_add(1);
            } else if self.optional_fields > 0 {
                return Err(SpecError("a field that must be there after one that may be missing".to_owned()));
            }
            fields.push(parse_param(required.unwrap_or(part))?);
        }
        self.fields = Some(fields);
        Ok(())
    }

    /// The parameter that takes argument `index`.
    #[must_use]
    pub fn param(&self, index: usize) -> Option<&Param> {
        let params = self.call.as_ref()?;
        match params.get(index) {
            Some(p) => Some(p),
            None if self.rest => params.last(),
            None => None,
        }
    }
}

fn text_of<'a>(word: &'a str, rest: &'a str) -> &'a str {
    if word.is_empty() { rest } else { word }
}

/// The place of the parenthesis that closes, outside quotes.
fn closing(text: &str) -> Option<usize> {
    let mut quoted = false;
    text.char_indices().find_map(|(i, c)| {
        if c == '\'' {
            quoted = !quoted;
        }
        (c == ')' && !quoted).then_some(i)
    })
}

/// Splits at commas outside quotes.
fn split_top(text: &str) -> Vec<&str> {
    let mut quoted = false;
    text.split(|c: char| {
        if c == '\'' {
            quoted = !quoted;
        }
        c == ',' && !quoted
    })
    .collect()
}

/// The number of an argument, from 0.
fn index(text: &str) -> Result<usize, SpecError> {
    text.trim().parse().map_err(|_| SpecError(format!("`{}` is no number of an argument", text.trim())))
}

/// The word of a tag.
fn parse_tag(text: &str) -> Result<String, SpecError> {
    let text = text.trim();
    let is_word = !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase());
    if is_word { Ok(text.to_owned()) } else { Err(SpecError(format!("`{text}` is no tag: a word in small letters"))) }
}

/// A key in quotes, and what may stand under it.
fn parse_key(text: &str) -> Result<(String, Param), SpecError> {
    let parts = split_top(text);
    let [key, kinds] = parts.as_slice() else {
        return Err(SpecError(format!("`key({text})` is no key and its kinds")));
    };
    let name = key.trim().strip_prefix('\'').and_then(|k| k.strip_suffix('\''));
    let name = name.ok_or_else(|| SpecError(format!("`{}` is no key in quotes", key.trim())))?;
    Ok((name.to_owned(), parse_param(kinds)?))
}

fn parse_param(text: &str) -> Result<Param, SpecError> {
    let mut param = Param::default();
    for kind in text.split('|') {
        let kind = kind.trim();
        if let Some(literal) = kind.strip_prefix('\'').and_then(|k| k.strip_suffix('\'')) {
            param.literals.push(literal.to_owned());
        } else if let Some(tag) = kind.strip_prefix('#') {
            param.tags.push(parse_tag(tag)?);
        } else {
            let kinds = Kinds::word(kind).ok_or_else(|| SpecError(format!("`{kind}` is no kind")))?;
            param.kinds = param.kinds.or(kinds);
        }
    }
    Ok(param)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_spec_is_read_word_by_word() -> Result<(), SpecError> {
        let text = "type call(str, 'latin1'|'latin-1', any*) state(dict|tuple) key('a', int) items applies(0, 2)";
        let spec = Spec::parse(text)?;
        assert_eq!(spec.keys.first().map(|(key, param)| (key.as_str(), param.kinds)), Some(("a", Kinds::INT)));
        assert!(spec.is_type && spec.items && !spec.append && spec.rest);
        assert_eq!(spec.required, 2);
        assert_eq!(spec.param(1).map(|p| p.literals.len()), Some(2));
        assert_eq!(spec.param(9).map(|p| p.kinds), Some(Kinds::ANY));
        assert!(spec.state.is_some_and(|s| s.kinds.has(Kinds::TUPLE)));
        assert_eq!(spec.applies, Some((0, 2)));
        Ok(())
    }

    #[test]
    fn what_stands_apart_is_read_word_by_word() -> Result<(), SpecError> {
        let spec = Spec::parse("new(each|#index) state(tuple) fields(#type, array, keyed?) closed keys(1) tag(frame)")?;
        assert!(spec.new && spec.closed && !spec.attribute);
        assert_eq!((spec.keyed, spec.tag.as_deref()), (Some(1), Some("frame")));
        assert_eq!((spec.fields.as_ref().map(Vec::len), spec.optional_fields), (Some(3), 1));
        assert!(spec.param(0).is_some_and(|p| p.kinds.has(Kinds::EACH) && p.tags == ["index"]));
        assert!(Spec::parse("call('a.B', 'c') attribute")?.attribute);
        Ok(())
    }

    #[test]
    fn faults_are_named() {
        for (text, word) in [
            ("call(strr)", "strr"),
            ("klass", "klass"),
            ("call(str", "not closed"),
            ("", "empty"),
            ("call(any*, int)", "after"),
            ("key(a, int)", "no key in quotes"),
            ("key('a')", "no key and its kinds"),
            ("tag(A b)", "no tag"),
            ("call(#)", "no tag"),
            ("fields(int?, str)", "may be missing"),
            ("keys(x)", "no number"),
            ("closed()", "no word"),
        ] {
            assert!(Spec::parse(text).is_err_and(|e| e.to_string().contains(word)), "{text}");
        }
    }
}
