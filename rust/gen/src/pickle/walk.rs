//! One instruction after the other, whatever the model permits.
//!
//! Picklers never write such streams; unpicklers read them to the end.

use dryload_core::formats::pickle::opcode::Opcode;

use super::emit::Gen;
use super::model::{Item, Shape};

impl Gen<'_> {
    /// So many instructions that an unpickler follows.
    pub(super) fn walk(&mut self, steps: usize) {
        for _ in 0..steps {
            self.step();
        }
    }

    fn step(&mut self) {
        let top = self.model.peek(0);
        let height = self.model.height();
        match self.rng.below(28) {
            0..3 => self.atom(),
            3 if height > 0 => {
                self.raw(Opcode::DUP, b"");
                if let Some(item) = top {
                    self.model.push(item);
                }
            }
            4 if height > 1 => self.pop(),
            5 if self.model.depth() < 4 => self.mark(),
            6 if self.model.depth() > 0 && height == 0 => {
                // POP takes a bare mark.
                self.raw(Opcode::POP, b"");
                self.model.drop_mark();
            }
            7 if self.model.depth() > 0 && self.can(Opcode::POP_MARK) => {
                self.raw(Opcode::POP_MARK, b"");
                self.model.pop_mark();
            }
            8 if self.model.depth() > 0 => self.close(Opcode::TUPLE),
            9 if self.model.depth() > 0 => self.close(Opcode::LIST),
            10 if self.model.depth() > 0 => {
                let keys = self.model.above().iter().step_by(2).all(|item| item.hashable);
                if height.is_multiple_of(2) && keys {
                    self.close(Opcode::DICT);
                }
            }
            11 if self.model.depth() > 0 && self.can(Opcode::FROZENSET) => {
                if self.model.above().iter().all(|item| item.hashable) {
                    self.close(Opcode::FROZENSET);
                }
            }
            12 if self.can(Opcode::TUPLE1) => {
                let n = self.rng.below(3).saturating_add(1);
                if height >= n {
                    self.short_tuple(n);
                }
            }
            13 if self.model.peek(1).is_some_and(|target| target.takes_appends()) => {
                self.raw(Opcode::APPEND, b"");
                self.model.pop();
            }
            14 if self.model.peek(2).is_some_and(|target| target.takes_pairs()) => {
                if self.model.peek(1).is_some_and(|key| key.hashable) {
                    self.set_item();
                }
            }
            15 => self.write_marked(),
            16 if height > 0 => self.put(),
            17 | 18 => {
                self.get(|_| true);
            }
            19 => self.any_name(),
            20 | 21 if self.model.peek(1).is_some_and(|f| matches!(f.shape, Shape::Name | Shape::Object)) => {
                if top.is_some_and(|args| args.shape == Shape::Tuple) {
                    self.apply(true);
                }
            }
            22 if self.model.peek(1).is_some_and(|target| target.shape == Shape::Object) => self.build(),
            23 if self.model.depth() > 0 && height > 0 && self.can(Opcode::OBJ) => {
                if self.model.above().first().is_some_and(|class| class.shape == Shape::Name) {
                    self.raw(Opcode::OBJ, b"");
                    self.model.pop_mark();
                    self.model.push(Item::of(Shape::Object));
                }
            }
            24 if self.model.depth() > 0 => {
                self.pair(Opcode::INST, "argparse", "Namespace");
                self.model.pop_mark();
                self.model.push(Item::of(Shape::Object));
            }
            25 => self.empty(Shape::Tuple),
            26 => {
                let shape = self.rng.pick(&[Shape::List, Shape::Dict(true), Shape::Dict(true)]).copied();
                self.empty(shape.unwrap_or(Shape::List));
            }
            27 if self.can(Opcode::EMPTY_SET) => self.empty(Shape::Set),
            _ => self.none(),
        }
    }

    /// APPENDS, SETITEMS or ADDITEMS, if what stands under the mark takes them.
    fn write_marked(&mut self) {
        let Some(target) = self.model.under_mark() else { return };
        let items = self.model.above();
        let pairs = items.len().is_multiple_of(2) && items.iter().step_by(2).all(|item| item.hashable);
        let hashable = items.iter().all(|item| item.hashable);
        if target.takes_appends() && self.can(Opcode::APPENDS) {
            self.written(Opcode::APPENDS);
        } else if target.takes_pairs() && pairs && self.can(Opcode::SETITEMS) {
            self.written(Opcode::SETITEMS);
        } else if target.takes_members() && self.can(Opcode::ADDITEMS) && hashable {
            self.written(Opcode::ADDITEMS);
        }
    }

    /// Comes to an end: one value on top, above no mark that it needs.
    pub(super) fn finish(&mut self) {
        while self.model.depth() > 0 {
            match self.rng.below(3) {
                0 if self.can(Opcode::POP_MARK) => {
                    self.raw(Opcode::POP_MARK, b"");
                    self.model.pop_mark();
                }
                1 => self.close(Opcode::LIST),
                _ => self.close(Opcode::TUPLE),
            }
        }
        match self.model.height() {
            0 => self.none(),
            1 => {}
            // What lies below STOP's value is dropped by every reader.
            _ if self.rng.one_in(8) => {}
            n @ 2..4 if self.can(Opcode::TUPLE2) => self.short_tuple(n),
            n => {
                for _ in 1..n {
                    self.pop();
                }
            }
        }
        self.raw(Opcode::STOP, b"");
    }
}
