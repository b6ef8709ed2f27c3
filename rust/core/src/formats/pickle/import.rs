//! Imports and persistent loads: every way a name or an outside value gets in.
//!
//! A name is an exact pair of module and qualified name. A dotted name is
//! another name, never resolved; a name that is not a literal is reported.

use super::machine::{Break, Imported, Machine, operand, printable};
use super::opcode::Opcode;
use super::value::{Kind, Value};
use super::{compat, defects, torch, torch_tar};
use crate::bytes::{Span, wide};
use crate::error::Error;
use crate::names::{OWN_CLASS, Side};
use crate::observe::{self, Global, Observation, Outbox, Role, What};

type Result<T> = std::result::Result<T, Break>;

impl Machine {
    pub(super) fn stack_global(&mut self, span: Span, out: &mut Outbox) -> Result<()> {
        let name = self.pop(span)?;
        let module = self.pop(span)?;
        if let (Some(module_text), Some(name_text)) = (self.arena.text_of(module), self.arena.text_of(name)) {
            let (module_text, name_text) = (module_text.to_vec(), name_text.to_vec());
            self.arena.remember(module);
            self.arena.remember(name);
            let value = self.import(&module_text, &name_text, Opcode::STACK_GLOBAL, span, out)?;
            self.note_pushed(value);
            return self.push(value);
        }
        if [module, name].iter().any(|v| matches!(v, Value::Text(..)) && self.arena.is_lost(*v)) {
            // What it names was said long ago and is not kept: nothing that
            // follows can be judged.
            return Err(Break::Limit("max_text_bytes", self.arena.max_text_bytes()));
        }
        let wrong = |v: Value| {
            !matches!(
                v,
                Value::Text(..) | Value::LongText | Value::Opaque | Value::Computed(_) | Value::Node(Kind::Object, ..)
            )
        };
        if wrong(module) || wrong(name) {
            let found = format!("{} and {}", self.render(module), self.render(name));
            return Err(operand(span, "two texts", &found).into());
        }
        let mut seen = Observation::new(What::ComputedName(Opcode::STACK_GLOBAL.name()), span);
        seen.found = format!("{} . {}", self.render(module), self.render(name));
        out.observe(seen);
        let value = self.computed();
        self.push(value)
    }

    /// Imports a name: looks it up in the policy, once for each distinct one.
    pub(super) fn import(
        &mut self,
        module: &[u8],
        name: &[u8],
        code: Opcode,
        span: Span,
        out: &mut Outbox,
    ) -> Result<Value> {
        if !module.is_ascii() || !name.is_ascii() || name.ends_with(b"\\") || module.ends_with(b"\\") {
            // pickletools and the unpicklers decode the two lines differently,
            // and no published module has such a name.
            let found = format!("{} {}", printable(module), printable(name));
            out.defect(Error::new(&defects::TEXT_ENCODING, span).with("an ASCII name", found));
        }
        let (module, name) = (String::from_utf8_lossy(module), String::from_utf8_lossy(name));
        self.key.clear();
        // One spelling is two names below and from protocol 3 on; the length
        // says where the module ends, whatever stands in it.
        self.key.push(if self.proto < 3 { '2' } else { '3' });
        self.key.push_str(&module.len().to_string());
        self.key.push(':');
        self.key.push_str(&module);
        self.key.push_str(&name);
        if let Some(&i) = self.index.get(&self.key)
            && let Some(imported) = self.imported.get_mut(i)
        {
            imported.global.count = imported.global.count.saturating_add(1);
            return Ok(Value::Global(u32::try_from(i).unwrap_or(u32::MAX)));
        }
        let (module, name) = (module.into_owned(), name.into_owned());
        self.import_new(&module, &name, code, span, out)
    }

    fn import_new(&mut self, module: &str, name: &str, code: Opcode, span: Span, out: &mut Outbox) -> Result<Value> {
        if wide(self.imported.len()) >= self.max_names {
            return Err(Break::Limit("max_names", self.max_names));
        }
        let moved = if self.proto < 3 { compat::python3_name(module, name) } else { None };
        let raw = if moved.is_some() { format!("{module}.{name}") } else { String::new() };
        let (module, name) = moved.unwrap_or((module, name));
        let (side, spec) = self.own_class(module, name, span, out).unwrap_or_else(|| self.names.side(module, name));
        let reason = if side == Side::Deny { self.names.reason(module, name).unwrap_or("") } else { "" };
        let global = Global {
            module: module.to_owned(),
            qualname: name.to_owned(),
            raw,
            side,
            reason: reason.to_owned(),
            opcode: code.name(),
            span,
            count: 1,
            calls: 0,
            first_call: 0,
        };
        if side != Side::Allow {
            out.observe(Observation::new(What::Import(global.clone()), span));
        }
        let index = self.imported.len();
        self.imported.push(Imported { global, spec });
        self.index.insert(self.key.clone(), index);
        Ok(Value::Global(u32::try_from(index).unwrap_or(u32::MAX)))
    }

    /// A class of the archive's own code, which its loader looks up there and
    /// nowhere else (`torch/csrc/jit/serialization/import_source.cpp`).
    fn own_class(&self, module: &str, name: &str, span: Span, out: &mut Outbox) -> Option<(Side, Option<u32>)> {
        let classes = self.classes.as_ref().filter(|_| module == "__torch__" || module.starts_with("__torch__."))?;
        let dotted = format!("{module}.{name}");
        if classes.contains(&dotted) {
            return Some((Side::Allow, Some(OWN_CLASS)));
        }
        if !dotted.starts_with("__torch__.torch.classes.") {
            let found = printable(dotted.as_bytes());
            out.defect(Error::new(&observe::MISSING_CLASS, span).with("a class of the archive's code", found));
        }
        None
    }

    /// Whether a value is a class that the archive's own code defines.
    pub(super) fn is_own_class(&self, value: Value) -> bool {
        let Value::Global(index) = value else { return false };
        self.imported_at(index).is_some_and(|imported| imported.spec == Some(OWN_CLASS))
    }

    /// Whether a value is a tuple of this pickle.
    pub(super) fn is_tuple(&self, value: Value) -> bool {
        matches!(value, Value::Node(Kind::Tuple, ..))
    }

    /// A persistent load: a storage where the container declares one.
    pub(super) fn persistent(&mut self, id: Value, code: Opcode, span: Span, out: &mut Outbox) -> Result<Value> {
        if matches!(self.role, Role::TorchPickle(_) | Role::TorchLegacy)
            && let Some(storage) = torch::storage(self, id)
        {
            if let Role::TorchPickle(members) = &self.role
                && let Some(error) = torch::check(&storage, members, span)
            {
                out.defect(error);
            }
            if wide(self.storages.len()) >= self.max_names {
                return Err(Break::Limit("max_names", self.max_names));
            }
            if let Some(&tag) = self.arena.node_of(id).and_then(|node| self.arena.items(node).first()) {
                self.arena.remember(tag);
            }
            let index = u32::try_from(self.storage_bytes.len()).unwrap_or(u32::MAX);
            self.storage_bytes.push((storage.bytes, storage.item, storage.class));
            let again = self.storages.get(&storage.key).and_then(|&first| torch::check_again(&storage, first, span));
            if let Some(error) = again {
                out.defect(error);
            }
            let declared = torch::Declared::of(&storage);
            self.storages.entry(storage.key).or_insert(declared);
            return Ok(Value::Storage(index));
        }
        if let Some(value) = torch_tar::persistent(self, id) {
            return Ok(value);
        }
        let mut seen = Observation::new(What::Persistent(code.name()), span);
        seen.found = self.render(id);
        out.observe(seen);
        Ok(Value::Opaque)
    }
}
