//! Holds a JSON member of a torch.export archive as a whole, and has it read.

use super::{graph, payload};
use crate::formats::{Came, Part, Probe, Scanner, Want, Whole};
use crate::json::Fault;
use crate::observe::{Layout, Outbox, Role};

/// The scanner.
pub(super) struct LayoutScanner {
    layout: Layout,
    whole: Whole,
    storages: Vec<String>,
}

impl LayoutScanner {
    pub(super) fn new(p: &Probe<'_>) -> Self {
        let layout = match p.role {
            Role::Layout(layout) => *layout,
            _ => Layout::ExportGraph,
        };
        Self { layout, whole: Whole::new(p.len, p.limits), storages: Vec::new() }
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
        self.whole.wants(wants);
    }

    fn feed(&mut self, at: u64, bytes: &[u8], out: &mut Outbox) {
        if let Came::All(bytes) = self.whole.take(at, bytes, "JSON", out)
            && let Err(fault) = self.read(bytes, out)
        {
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
