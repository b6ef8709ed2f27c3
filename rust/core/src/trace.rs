//! Opcode rows, for the disassembler and for the frames around findings.

use std::collections::VecDeque;

/// One instruction as a person reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Offset in the part.
    pub offset: u64,
    /// Bytes of it and its argument.
    pub size: u64,
    /// Opcode byte.
    pub code: u8,
    /// Opcode name.
    pub name: &'static str,
    /// Argument, printable.
    pub arg: String,
    /// Marks open before it.
    pub depth: usize,
    /// Whether it only moves values to or from the memo.
    pub memo: bool,
}

/// Keeps rows: all of them, or those around given offsets.
#[derive(Debug, Default)]
pub struct Trace {
    around: Option<Vec<u64>>,
    before: usize,
    after: usize,
    following: usize,
    ring: VecDeque<Row>,
    rows: Vec<Row>,
}

impl Trace {
    /// Keeps every row.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Keeps the rows at `offsets`, `before` rows before and `after` after each.
    /// Memo rows between them are kept and not counted.
    #[must_use]
    pub fn around(mut offsets: Vec<u64>, before: usize, after: usize) -> Self {
        offsets.sort_unstable();
        Self { around: Some(offsets), before, after, ..Self::default() }
    }

    /// Takes the next row.
    pub fn push(&mut self, row: Row) {
        let Some(around) = &self.around else {
            self.rows.push(row);
            return;
        };
        if around.binary_search(&row.offset).is_ok() {
            self.rows.extend(self.ring.drain(..));
            self.rows.push(row);
            self.following = self.after;
        } else if self.following > 0 {
            if !row.memo {
                self.following = self.following.saturating_sub(1);
            }
            self.rows.push(row);
        } else {
            // Twice as many, as about every second opcode is a memo one.
            self.ring.push_back(row);
            if self.ring.len() > self.before.saturating_mul(2) {
                self.ring.pop_front();
            }
        }
    }

    /// The rows kept. Where the instructions end before an offset, as those of
    /// a cut file do, its rows are the last ones.
    #[must_use]
    pub fn into_rows(mut self) -> Vec<Row> {
        let last = self.ring.back().map_or(0, |row| row.offset);
        if self.around.is_some_and(|around| around.last().is_some_and(|&offset| offset > last)) {
            self.rows.extend(self.ring);
        }
        self.rows
    }
}
