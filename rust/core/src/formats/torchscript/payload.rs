//! Which members of a torch.export archive are raw numbers, by its own account.
//!
//! A member that is declared a pickle, or twice in two ways, is not named here,
//! and so is looked into as any other.

use std::collections::HashSet;

use crate::json::{Event, Events, Fault};

/// The members of `folder` that are raw numbers: `weights/weight_0`.
pub(super) fn read(text: &str, folder: &str) -> Result<Vec<String>, Fault> {
    let mut events = Events::new(text, MAX_DEPTH);
    let (mut raw, mut other) = (HashSet::new(), HashSet::new());
    let mut entry = Entry::default();
    let mut key = String::new();
    // `{"config": {NAME: {"path_name": ..., "use_pickle": ...}}}`: an entry is
    // open from the third brace on.
    while let Some((_, event)) = events.step()? {
        match event {
            Event::Object | Event::Array if events.depth() == ENTRY => entry = Entry::default(),
            Event::Key(name) => key = name.into_owned(),
            Event::Text(value) if events.depth() == ENTRY && key == "path_name" => {
                entry.paths.push(value.into_owned());
            }
            Event::Scalar(value) if events.depth() == ENTRY && key == "use_pickle" => {
                entry.is_raw = Some(value == "false" && entry.is_raw.is_none());
            }
            Event::End if events.depth().saturating_add(1) == ENTRY => {
                let to = if entry.is_raw == Some(true) && entry.paths.len() == 1 { &mut raw } else { &mut other };
                to.extend(std::mem::take(&mut entry.paths));
            }
            _ => {}
        }
    }
    let named = raw.difference(&other).map(|path| format!("{folder}/{path}"));
    Ok(named.collect())
}

/// What one entry says of its member.
#[derive(Debug, Default)]
struct Entry {
    paths: Vec<String>,
    /// Whether `use_pickle` is false; a second word on it counts against it.
    is_raw: Option<bool>,
}

/// Braces around what is said of one member.
const ENTRY: usize = 3;

/// Containers in containers; the metadata of a tensor takes six.
const MAX_DEPTH: usize = 127;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_raw_by_every_account_is_named() {
        let entry = |path: &str, pickle: &str| {
            format!(
                r#"{{"path_name": "{path}", "use_pickle": {pickle}, "tensor_meta": {{"path_name": "x", "sizes": [{{}}]}}}}"#
            )
        };
        let entries = [
            ("a", "w0", "false"),
            ("b", "w0", "false"),
            ("c", "w1", "true"),
            ("d", "w2", "false"),
            ("e", "w2", "true"),
            ("f", "w3", "false, \"use_pickle\": true"),
            ("g", "w4", "true, \"use_pickle\": false"),
            ("h", "w5\", \"path_name\": \"w6", "false"),
        ];
        let config: Vec<_> =
            entries.iter().map(|(name, path, pickle)| format!("\"{name}\": {}", entry(path, pickle))).collect();
        let text = format!("{{\"config\": {{{}}}}}", config.join(", "));
        assert_eq!(read(&text, "weights"), Ok(vec!["weights/w0".to_owned()]));
        assert_eq!(read("{\"config\": {}}", "weights"), Ok(vec![]));
        assert!(read("{", "weights").is_err());
    }
}
