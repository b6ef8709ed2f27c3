//! Texts: pages, documents, JSON and Python's source, by how they begin.

use super::{Foreign, Kind};
use crate::bytes::wide;

/// What to do with what a server sent in place of a file.
const AGAIN: &str = "a server's answer in place of the file: check the address and the login, and download it again";

/// How a page begins, in lower case.
const HTML: &[&str] = &["<!doctype html", "<html", "<head>", "<head ", "<body", "<title>", "<script>", "<script "];

/// A text by its first bytes.
pub(super) fn recognise(head: &[u8], len: u64) -> Option<Foreign> {
    let text = text(head, len)?;
    let start = text.trim_start();
    let lower = start.get(..floor(start, 16))?.to_ascii_lowercase();
    if HTML.iter().any(|tag| lower.starts_with(tag)) {
        return Some(Foreign::new("html", Kind::Other, format!("an HTML page, {AGAIN}")));
    }
    if lower.starts_with("<?xml") {
        return Some(xml(start));
    }
    if is_json(start) {
        return Some(json(start));
    }
    is_python(text).then(|| {
        Foreign::new("python-source", Kind::Program, "the source of a Python program: it is run, not loaded: read it")
    })
}

/// The head as text without control characters; a character that the end of
/// the head cuts does not count.
fn text(head: &[u8], len: u64) -> Option<&str> {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(e) if e.error_len().is_none() && wide(head.len()) < len => {
            std::str::from_utf8(head.get(..e.valid_up_to())?).ok()?
        }
        Err(_) => return None,
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let plain = !text.is_empty() && text.chars().all(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\x0c'));
    plain.then_some(text)
}

/// The last place up to `at` where a character begins.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0)
}

fn xml(start: &str) -> Foreign {
    let root = start.split('<').find(|tag| !tag.is_empty() && !tag.starts_with(['?', '!']) && !tag.trim().is_empty());
    let root = root.and_then(|tag| tag.split(|c: char| !(c.is_alphanumeric() || c == '_')).next()).unwrap_or("");
    match root {
        "html" | "HTML" => Foreign::new("html", Kind::Other, format!("an HTML page, {AGAIN}")),
        "Error" => Foreign::new("xml", Kind::Other, format!("an XML error message, {AGAIN}")),
        "net" => Foreign::new("openvino-xml", Kind::Model, ""),
        "PMML" => Foreign::new("pmml", Kind::Model, ""),
        _ => Foreign::new("xml", Kind::Other, "an XML document, which is no model of a kind known here"),
    }
}

fn json(start: &str) -> Foreign {
    let key = first_key(start).unwrap_or("");
    if matches!(key, "error" | "errors" | "message" | "detail" | "statusCode") {
        return Foreign::new("json", Kind::Other, format!("a JSON text that begins with {key:?}, {AGAIN}"));
    }
    if key == "learner" {
        return Foreign::new("xgboost-json", Kind::Model, "");
    }
    let what = if key.is_empty() { "a JSON text".to_owned() } else { format!("a JSON text that begins with {key:?}") };
    Foreign::new("json", Kind::Other, format!("{what}: settings, or a model of a kind not read here"))
}

fn first_key(start: &str) -> Option<&str> {
    let rest = start.strip_prefix('{')?.trim_start().strip_prefix('"')?;
    let (key, after) = rest.split_once('"')?;
    after.trim_start().starts_with(':').then_some(key)
}

fn is_json(start: &str) -> bool {
    if let Some(rest) = start.strip_prefix('{') {
        return rest.trim() == "}" || first_key(start).is_some();
    }
    let Some(rest) = start.strip_prefix('[') else { return false };
    let rest = rest.trim_start();
    match rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, '-' | '.' | 'e' | 'E' | '+'))) {
        Some(0) => rest.starts_with(['{', '[', '"']) || rest.trim_end() == "]",
        Some(end) => rest.get(end..).is_some_and(|after| after.trim_start().starts_with([',', ']'])),
        None => false,
    }
}

/// Whether the first line that is no comment is one of Python's.
fn is_python(text: &str) -> bool {
    let line = text.lines().map(str::trim_end).find(|line| !line.is_empty() && !line.starts_with('#'));
    let Some(line) = line else { return false };
    let name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    if let Some(rest) = line.strip_prefix("import ") {
        return rest.chars().all(|c| name(c) || matches!(c, ' ' | ','));
    }
    if let Some(rest) = line.strip_prefix("from ") {
        return rest.split_once(" import ").is_some_and(|(module, _)| !module.is_empty() && module.chars().all(name));
    }
    let def = line.strip_prefix("def ").or_else(|| line.strip_prefix("async def "));
    if let Some((function, rest)) = def.and_then(|rest| rest.split_once('(')) {
        return function.chars().all(name) && rest.contains(')');
    }
    line.strip_prefix("class ").is_some_and(|rest| {
        let (class, after) = rest.split_at(rest.find(|c: char| !name(c)).unwrap_or(rest.len()));
        !class.is_empty() && after.starts_with(['(', ':']) && after.ends_with(':')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(head: &str) -> Option<&'static str> {
        recognise(head.as_bytes(), wide(head.len())).map(|f| f.name)
    }

    #[test]
    fn texts_are_told_apart() {
        for (head, expected) in [
            ("<!DOCTYPE html>\n<html>", "html"),
            ("\u{feff}\n  <HTML lang=en>", "html"),
            ("<?xml version=\"1.0\"?>\n<html xmlns=\"x\">", "html"),
            ("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "xml"),
            ("<?xml version=\"1.0\"?>\n<!-- a --><net name=\"m\" version=\"10\">", "openvino-xml"),
            ("{\"a\": 1}", "json"),
            ("{\n  \"error\": \"no\"}", "json"),
            ("{}", "json"),
            ("{\"learner\":{\"attributes\":{}", "xgboost-json"),
            ("[1, 2]", "json"),
            ("[{\"a\": 1}]", "json"),
            ("import os, sys\n", "python-source"),
            ("# a\n\nfrom a.b import c\n", "python-source"),
            ("def f(x):\n  pass\n", "python-source"),
            ("class A(B):\n", "python-source"),
        ] {
            assert_eq!(name(head), Some(expected), "{head}");
        }
    }

    #[test]
    fn prose_and_numbers_are_none_of_them() {
        for head in
            ["", "import the goods at once!", "from here we go", "class act", "[12:30] hello", "{a}", "# title\n"]
        {
            assert_eq!(name(head), None, "{head}");
        }
        assert_eq!(recognise(b"{\"a\"\0: 1}", 9), None);
    }

    #[test]
    fn a_character_that_the_head_cuts_is_not_an_error() {
        assert!(recognise(b"{\"a\": \"\xc3", 20).is_some());
        assert!(recognise(b"{\"a\": \"\xc3", 8).is_none());
    }
}
