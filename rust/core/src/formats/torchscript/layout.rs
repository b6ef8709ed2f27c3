//! Holds a JSON member of a torch.export archive as a whole, and has it read.

use std::sync::Arc;

use super::{graph, payload};
use crate::bytes::{Span, wide};
use crate::formats::{Part, Probe, Scanner, Want};
use crate::json::Fault;
use crate::limits::Limits;
use crate::observe::{Layout, Outbox, Role};

/// The scanner.
pub(super) struct LayoutScanner {
    layout: Layout,
    limits: Arc<Limits>,
    len: u64,
    done: bool,
    storages: Vec<String>,
}

impl LayoutScanner {
    pub(super) fn new(p: &Probe<'_>) -> Self {
        let layout = match p.role {
            Role::Layout(layout) => *layout,
            _ => Layout::ExportGraph,
        };
        Self { layout, limits: p.limits.clone(), len: p.len, done: false, storages: Vec::new() }
    }

    fn read(&mut self, bytes: &[u8], out: &mut Outbox) -> Result<(), Fault> {
        let text = std::str::from_utf8(bytes).map_err(|e| Fault { at: e.valid_up_to(), expected: "UTF-8" })?;
        match self.layout {
            Layout::ExportGraph => graph::read(text, out)?,
            Layout::ExportPayload(folder) => self.storages = payload::read(text, folder)?,
        }
        Ok(())
    }
}

impl Scanner for LayoutScanner {
    fn wants(&self, wants: &mut Vec<Want>) {
        if !self.done {
            wants.push(Want { span: Span { start: 0, end: self.len }, until: self.len });
        }
    }

    fn feed(&mut self, at: u64, bytes: &[u8], out: &mut Outbox) {
        let max = self.limits.max_inflated_bytes;
        if !self.done && self.len > max {
            out.limit(
                "max_inflated_bytes",
                max,
                Span { start: 0, end: self.len },
                format!("{} bytes of JSON", self.len),
            );
            self.done = true;
        }
        if self.done || at != 0 || wide(bytes.len()) < self.len {
            return;
        }
        self.done = true;
        let len = usize::try_from(self.len).unwrap_or(usize::MAX);
        if let Err(fault) = self.read(bytes.get(..len).unwrap_or(bytes), out) {
            graph::bad(fault, out);
        }
    }

    fn part(&mut self) -> Part {
        let format = match self.layout {
            Layout::ExportGraph => "torch-export-graph",
            Layout::ExportPayload(_) => "torch-export-payload",
        };
        Part { recognised: true, format, storages: std::mem::take(&mut self.storages), ..Part::default() }
    }
}
