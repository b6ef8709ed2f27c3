//! The members read so far: their names held against each other, and what they
//! make of the archive.

use std::collections::{HashMap, HashSet};

use super::defects;
use super::links::Link;
use crate::bytes::{Span, printable};
use crate::error::Error;
use crate::observe::{Child, Encoding, Outbox, Role, TarStream};
use crate::path::{Place, place, plain};

/// Members of torch's tar of 0.1, which `torch.load` asks for by these names.
const STORAGES: &str = "storages";
const TENSORS: &str = "tensors";
const PICKLE: &str = "pickle";

/// What NeMo looks for first; its keys `_target_` name what is called.
const NEMO_CONFIG: &[u8] = b"model_config.yaml";

/// What a member is, as its name is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// It has data of its own.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    SymbolicLink,
    /// A hard link, a device, a pipe.
    Other,
}

/// Where a name stood first.
#[derive(Clone, Copy, Debug)]
struct First {
    sort: Sort,
    at: u64,
    index: usize,
}

/// All members.
#[derive(Debug, Default)]
pub(super) struct Members {
    seen: HashMap<Vec<u8>, First>,
    count: usize,
    links: Vec<Link>,
    children: Vec<Child>,
}

impl Members {
    /// How many there are.
    pub(super) const fn count(&self) -> usize {
        self.count
    }

    /// Takes a member in: one name, one member, also where case does not count.
    pub(super) fn add(&mut self, name: &[u8], sort: Sort, header: Span, out: &mut Outbox) {
        let found = || printable(name, 80);
        match place(name) {
            Place::Below => {}
            Place::Odd(rule) => {
                let found = format!("{} ({})", found(), rule.id());
                out.defect(Error::new(&defects::ODD_NAME, header).with("", found));
            }
            Place::Out(rule) => {
                let found = format!("{} ({})", found(), rule.id());
                out.defect(Error::new(&defects::OUTSIDE_NAME, header).with("a path below the folder", found));
            }
        }
        let index = self.count;
        self.count = self.count.saturating_add(1);
        let first = First { sort, at: header.start, index };
        let Some(before) = self.seen.insert(plain(name), first) else { return };
        if before.sort == Sort::Folder && sort == Sort::Folder {
            return;
        }
        let found = format!("{}, as at {:#x}", found(), before.at);
        out.defect(Error::new(&defects::DUPLICATE_MEMBER, header).with("", found));
    }

    /// Keeps a link until all members are known.
    pub(super) fn link(&mut self, link: Link) {
        self.links.push(link);
    }

    /// Keeps a member that has data.
    pub(super) fn child(&mut self, name: &[u8], data: Span) {
        self.children.push(Child {
            name: String::from_utf8_lossy(name).into_owned(),
            span: data,
            encoding: Encoding::Stored,
            role: Role::Any,
            head: Vec::new(),
        });
    }

    /// Holds links and names against all members.
    pub(super) fn check(&self, out: &mut Outbox) {
        if self.links.is_empty() {
            return;
        }
        let mut folders: HashSet<&[u8]> = HashSet::new();
        for name in self.seen.keys() {
            folders.extend(above(name));
        }
        for link in &self.links {
            let span = Span::at(link.at, super::header::BLOCK_BYTES);
            let found = || format!("{} -> {}", printable(&link.name, 80), printable(&link.target, 80));
            let Some(to) = link.leads_to() else {
                out.defect(Error::new(&defects::OUTSIDE_LINK, span).with("a target below the folder", found()));
                continue;
            };
            // A hard link leads to what was unpacked before it, or to what was
            // there before.
            let is_there = self.seen.get(&to).is_some_and(|first| !link.is_hard || first.index < link.before);
            let is_folder = !link.is_hard && (to.is_empty() || folders.contains(&*to));
            if !is_there && !is_folder {
                out.defect(Error::new(&defects::MISSING_TARGET, span).with("a member", found()));
            }
        }
        self.check_ways(out);
    }

    /// No member stands behind a link.
    fn check_ways(&self, out: &mut Outbox) {
        let links: HashSet<Vec<u8>> = self.links.iter().map(|link| plain(&link.name)).collect();
        let mut behind: Vec<(&First, &[u8])> = self
            .seen
            .iter()
            .filter(|(name, _)| above(name).any(|folder| links.contains(folder)))
            .map(|(name, first)| (first, name.as_slice()))
            .collect();
        behind.sort_unstable_by_key(|(first, _)| first.at);
        for (first, name) in behind {
            let span = Span::at(first.at, super::header::BLOCK_BYTES);
            out.defect(Error::new(&defects::BEHIND_LINK, span).with("", printable(name, 80)));
        }
    }

    /// Hands the members up, as what their names make of them; gives the
    /// archive's format.
    pub(super) fn hand_up(&mut self, len: u64, out: &mut Outbox) -> &'static str {
        let mut children = std::mem::take(&mut self.children);
        let has = |name: &str| children.iter().any(|child| child.name == name);
        let format = if has(STORAGES) && has(TENSORS) && has(PICKLE) {
            for child in &mut children {
                let stream = match child.name.as_str() {
                    STORAGES => TarStream::Storages,
                    TENSORS => TarStream::Tensors,
                    PICKLE => TarStream::Object,
                    _ => continue,
                };
                child.role = Role::TorchTar(stream);
            }
            "torch-tar"
        } else if self.seen.contains_key(NEMO_CONFIG) {
            let span = Span { start: 0, end: len };
            let found = "nemo, whose loader calls what `_target_` in model_config.yaml names";
            out.defect(Error::new(&crate::observe::UNSUPPORTED_FORMAT, span).with("", found));
            "nemo"
        } else {
            "tar"
        };
        out.children = children;
        format
    }
}

/// The folders a plain name is in, outermost first.
fn above(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    name.iter().enumerate().filter(|(_, b)| **b == b'/').filter_map(|(at, _)| name.get(..at))
}
