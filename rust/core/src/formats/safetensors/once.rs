//! Whether a key stands twice in an object, in eight bytes a key.
//!
//! Hashes are gathered and sorted where the object ends. Two that are equal
//! make the object be read again, so a collision costs time and tells nothing.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::bytes::wide;
use crate::json::{Json, Keys};

/// Repeated hashes kept of an object, and objects that are read again.
const MAX_KEPT: usize = 64;

/// The keys of the objects that are open, and what was found of those that
/// ended.
#[derive(Debug, Default)]
pub(super) struct Once {
    hashes: Vec<u64>,
    /// Of each open object: its first hash, and where it begins.
    open: Vec<(usize, usize)>,
    /// Where an object with repeated hashes begins, and these, sorted.
    repeated: Vec<(usize, Vec<u64>)>,
}

/// A key that stands twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Repeat<'a> {
    /// The key, escapes undone.
    pub(super) key: Cow<'a, str>,
    /// Where it stands again.
    pub(super) at: usize,
    /// Where it stood before.
    pub(super) first: usize,
}

fn hash(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

/// Keys up to which a table is faster than sorting, and small.
const TABLE: usize = 64 * 1024;
/// Steps from the place of a hash; more of them, and the keys were chosen.
const STEPS: usize = 32;

/// Whether no two hashes are equal; `false` where that is not cheaply known.
fn all_differ(hashes: &[u64]) -> bool {
    if hashes.len() < 2 || hashes.len() > TABLE {
        return hashes.len() < 2;
    }
    let size = hashes.len().saturating_mul(2).next_power_of_two();
    let mask = size.saturating_sub(1);
    let mut table = vec![0u64; size];
    'keys: for hash in hashes {
        // Zero is an empty slot; a hash of zero counts as one.
        let hash = (*hash).max(1);
        let first = usize::try_from(hash & wide(mask)).unwrap_or(0);
        for step in 0..STEPS {
            let Some(slot) = table.get_mut(first.wrapping_add(step) & mask) else { return false };
            if *slot == hash {
                return false;
            }
            if *slot == 0 {
                *slot = hash;
                continue 'keys;
            }
        }
        return false;
    }
    true
}

impl Keys for Once {
    fn open(&mut self, at: usize) {
        self.open.push((self.hashes.len(), at));
    }

    fn key(&mut self, key: &str) {
        self.hashes.push(hash(key));
    }

    fn close(&mut self) {
        let Some((from, at)) = self.open.pop() else { return };
        let Some(own) = self.hashes.get_mut(from..) else { return };
        if all_differ(own) {
            self.hashes.truncate(from);
            return;
        }
        own.sort_unstable();
        let runs = own.chunk_by(|a, b| a == b).filter(|run| run.len() > 1);
        let twice: Vec<u64> = runs.filter_map(|run| run.first().copied()).take(MAX_KEPT).collect();
        if !twice.is_empty() && self.repeated.len() < MAX_KEPT {
            self.repeated.push((at, twice));
        }
        self.hashes.truncate(from);
    }
}

impl Once {
    /// Keys that stand twice, at most `max` of them, also in objects that were
    /// cut short.
    pub(super) fn repeats<'a>(&mut self, text: &'a str, max: usize) -> Vec<Repeat<'a>> {
        while !self.open.is_empty() {
            self.close();
        }
        let mut found = Vec::new();
        for (at, hashes) in &self.repeated {
            again(text, *at, hashes, max, &mut found);
        }
        found.sort_by_key(|repeat| repeat.at);
        found
    }
}

/// Reads an object again, as far as it is one.
fn again<'a>(text: &'a str, at: usize, hashes: &[u64], max: usize, found: &mut Vec<Repeat<'a>>) {
    let mut json = Json::new_at(text, at);
    let mut seen: HashMap<Cow<'a, str>, usize> = HashMap::new();
    if !json.accept(b'{') {
        return;
    }
    while found.len() < max {
        json.peek();
        let at = json.at();
        let Ok(key) = json.string() else { return };
        if hashes.binary_search(&hash(&key)).is_ok() {
            match seen.get(&key) {
                Some(&first) => found.push(Repeat { key, at, first }),
                None => drop(seen.insert(key, at)),
            }
        }
        if !json.accept(b':') || json.skip().is_err() || !json.accept(b',') {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repeats(text: &str) -> Vec<(String, usize, usize)> {
        let mut once = Once::default();
        let _ = Json::new(text).skip_with(&mut once);
        once.repeats(text, 64).into_iter().map(|r| (r.key.into_owned(), r.at, r.first)).collect()
    }

    #[test]
    fn keys_are_compared_unescaped_and_at_every_level() {
        assert_eq!(repeats(r#"{"a":1,"b":{"a":1},"c":[{"a":2}]}"#), []);
        assert_eq!(repeats(r#"{"a":1,"\u0061":2}"#), [("a".to_owned(), 7, 1)]);
        assert_eq!(repeats(r#"{"b":[{"x":1,"y":2,"x":3}]}"#), [("x".to_owned(), 19, 7)]);
        assert_eq!(repeats(r#"{"a":1,"a":2,"a":"#), [("a".to_owned(), 7, 1), ("a".to_owned(), 13, 1)]);
    }
}
