//! Where in the object that a pickle gives the values stand that something was
//! seen about: `root['x'][1]`.
//!
//! Nothing is kept while nothing was seen. From then on each step by which such
//! a value gets into another is noted, and STOP says what became the root.
//!
//! Untrusted input: bounded in values, in steps and in text.

use std::collections::HashMap;
use std::ops::Range;

use super::machine::Machine;
use super::value::{Kind, NodeId, Value};
use crate::bytes::wide;
use crate::observe::Outbox;

/// How a value is held by another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// As an item of a list or tuple, by its number.
    Index(u64),
    /// Under a key, as it is written.
    Key(String),
    /// As a key.
    IsKey,
    /// As a member of a set, or an item whose number is not known.
    Member,
    /// As what is called to make it.
    Callee,
    /// As the arguments it is made with.
    Args,
    /// As the state it is given.
    State,
}

/// A value that can be told from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Node(u32),
    Global(u32),
    Computed(u32),
}

/// The values something was seen about, and what holds them.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    watched: Vec<(Key, usize)>,
    /// What holds a value, by its first holder; `None` while nothing does.
    held: HashMap<Key, Option<(Key, Step)>>,
    /// What a value was before it was moved.
    was: HashMap<Key, Key>,
}

impl Places {
    /// Whether a value is watched at all.
    #[inline]
    pub(super) fn is_active(&self) -> bool {
        !self.watched.is_empty()
    }

    /// A value was put into another.
    pub(super) fn link(&mut self, value: Value, holder: Value, step: Step) {
        let (Some(value), Some(holder)) = (self.key(value), self.key(holder)) else { return };
        let room = self.held.len() < MAX_HELD;
        if let Some(held @ None) = self.held.get_mut(&value)
            && value != holder
            && room
        {
            *held = Some((holder, step));
            self.held.entry(holder).or_insert(None);
        }
    }

    /// A class that is an argument makes the value: that says more than the
    /// tuple of arguments.
    pub(super) fn link_class(&mut self, class: Value, made: Value) {
        if let Some(key) = self.key(class)
            && let Some(held) = self.held.get_mut(&key)
        {
            *held = None;
            self.link(class, made, Step::Callee);
        }
    }

    /// Values became the items of a tuple.
    pub(super) fn hold(&mut self, items: &[Value], tuple: Value) {
        for (i, &item) in items.iter().enumerate() {
            self.link(item, tuple, Step::Index(wide(i)));
        }
    }

    /// Whether anything is known of a value.
    pub(super) fn knows(&self, value: Value) -> bool {
        self.key(value).is_some_and(|key| matches!(self.held.get(&key), Some(None)))
    }

    /// A value goes on under another id.
    pub(super) fn moved(&mut self, old: Value, new: Value) {
        if old != new
            && let (Some(old), Some(new)) = (self.key(old), self.key(new))
            && self.held.contains_key(&old)
        {
            self.was.insert(new, old);
        }
    }

    /// The pickle is complete: says in each observation where its value is.
    pub(super) fn tell(&mut self, root: Value, out: &mut Outbox) {
        let root = self.key(root);
        for (key, observation) in std::mem::take(&mut self.watched) {
            if let (Some(seen), Some(place)) = (out.observations.get_mut(observation), self.place(key, root)) {
                seen.place = place;
            }
        }
    }

    fn key(&self, value: Value) -> Option<Key> {
        let key = match value {
            Value::Node(_, _, NodeId(id)) if id != 0 => Key::Node(id),
            Value::Global(index) => Key::Global(index),
            Value::Computed(n) => Key::Computed(n),
            _ => return None,
        };
        Some(self.was.get(&key).copied().unwrap_or(key))
    }

    fn place(&self, value: Key, root: Option<Key>) -> Option<String> {
        let root = root?;
        let mut steps = Vec::new();
        let mut at = value;
        while at != root {
            let (holder, step) = self.held.get(&at)?.as_ref()?;
            if steps.len() >= MAX_STEPS {
                return None;
            }
            steps.push(step);
            at = *holder;
        }
        Some(written(&steps))
    }
}

impl Machine {
    /// Watches what the instruction left on the stack, which these
    /// observations are about.
    #[cold]
    pub(super) fn watch(&mut self, observations: Range<usize>) {
        let Some(key) = self.stack.last().and_then(|&value| self.places.key(value)) else { return };
        for observation in observations {
            if self.places.watched.len() < MAX_WATCHED {
                self.places.watched.push((key, observation));
                self.places.held.entry(key).or_insert(None);
            }
        }
    }

    /// What stands on the stack from `at` on became the items of a container.
    #[cold]
    pub(super) fn note_items(&mut self, container: Value, at: usize, from: u64) {
        let items = self.stack.get(at..).unwrap_or(&[]).to_vec();
        match container {
            Value::Node(Kind::Dict, ..) => self.note_pairs(container, &items),
            Value::Node(Kind::FrozenSet | Kind::Set, ..) => self.note_members(container, &items),
            _ => {
                for (i, &item) in items.iter().enumerate() {
                    self.places.link(item, container, Step::Index(from.saturating_add(wide(i))));
                }
            }
        }
    }

    /// Items were written into a container or an object; called before its
    /// count goes up.
    #[cold]
    pub(super) fn note_written(&mut self, target: Value, items: &[Value], pairs: bool) {
        if pairs {
            return self.note_pairs(target, items);
        }
        let count = match target {
            Value::Node(Kind::List, ..) if !self.arena.is_lost(target) => {
                self.arena.node_of(target).map(|node| u64::from(self.arena.count(node)))
            }
            _ => None,
        };
        let Some(count) = count else { return self.note_members(target, items) };
        for (i, &item) in items.iter().enumerate() {
            self.places.link(item, target, Step::Index(count.saturating_add(wide(i))));
        }
    }

    fn note_pairs(&mut self, target: Value, pairs: &[Value]) {
        for pair in pairs.chunks(2) {
            let &[key, value] = pair else { return };
            self.places.link(key, target, Step::IsKey);
            if self.places.knows(value) {
                let mut written = self.render(key);
                if let Some((cut, _)) = written.char_indices().nth(MAX_KEY) {
                    written.truncate(cut);
                    written.push('…');
                }
                self.places.link(value, target, Step::Key(written));
            }
        }
    }

    fn note_members(&mut self, target: Value, items: &[Value]) {
        for &item in items {
            self.places.link(item, target, Step::Member);
        }
    }
}

/// Steps from the value out to the root, as Python would write them from the
/// root in.
fn written(steps: &[&Step]) -> String {
    let mut text = "root".to_owned();
    let mut steps = steps.iter().rev().peekable();
    while let Some(step) = steps.next() {
        match step {
            Step::Index(i) => text.push_str(&format!("[{i}]")),
            Step::Key(key) => text.push_str(&format!("[{key}]")),
            Step::IsKey => text.push_str(".keys()"),
            Step::Member => text.push_str("[…]"),
            Step::Callee => {}
            Step::Args => text.push_str(".args"),
            Step::State => match steps.peek() {
                Some(Step::Key(key)) if attribute(key).is_some() => {
                    text.push('.');
                    text.push_str(attribute(key).unwrap_or(""));
                    steps.next();
                }
                _ => text.push_str(".state"),
            },
        }
    }
    text
}

/// The name of an attribute, when a key as it is written is one.
fn attribute(key: &str) -> Option<&str> {
    let name = key.strip_prefix('\'')?.strip_suffix('\'')?;
    let good =
        name.chars().enumerate().all(|(i, c)| c == '_' || if i == 0 { c.is_alphabetic() } else { c.is_alphanumeric() });
    (good && !name.is_empty()).then_some(name)
}

/// Observations whose values are watched; a report draws fewer frames.
const MAX_WATCHED: usize = 100;
/// Values whose holders are noted.
const MAX_HELD: usize = 10_000;
/// Steps from a value to the root.
const MAX_STEPS: usize = 32;
/// Characters of a key that are written.
const MAX_KEY: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_read_as_python_from_the_root_in() {
        let steps = [Step::Index(3), Step::Key("'y z'".to_owned()), Step::Key("'coef_'".to_owned()), Step::State];
        assert_eq!(written(&steps.iter().collect::<Vec<_>>()), "root.coef_['y z'][3]");
        let steps = [Step::Callee, Step::Index(0), Step::Args, Step::Index(1), Step::State];
        assert_eq!(written(&steps.iter().collect::<Vec<_>>()), "root.state[1].args[0]");
    }
}
