//! Smaller files of one: a member, a field, an element or the data less.

use std::ops::ControlFlow;

use super::file::File;
use super::tree::Node;
use crate::bytes;
use crate::minimize::{Apart, Each};

impl Apart for File {
    fn repair(&mut self) {
        File::repair(self);
    }

    fn strip(&mut self) {
        self.padding.clear();
    }

    fn write(&self) -> Vec<u8> {
        File::write(self)
    }
}

/// Files that are smaller, those with most left out first.
pub(crate) fn shrinks(data: &[u8], each: &mut Each<'_>) -> ControlFlow<()> {
    let Some(file) = File::parse(data) else { return ControlFlow::Continue(()) };
    let mut with = |edit: &dyn Fn(&mut File)| file.edited(edit, each);
    with(&|file| file.padding.clear())?;
    with(&|file| file.data.clear())?;
    let members = match &file.header {
        Ok(Node::Object(members)) => members,
        Ok(_) => return ControlFlow::Continue(()),
        Err(raw) => {
            return bytes::runs(raw.len())
                .try_for_each(|run| with(&|file| file.header = Err(bytes::without(raw, &run))));
        }
    };
    for i in 0..members.len() {
        with(&|file| {
            if let Ok(Node::Object(members)) = &mut file.header {
                members.remove(i);
            }
        })?;
    }
    for (i, (_, value)) in members.iter().enumerate() {
        with(&|file| {
            if let Ok(Node::Object(members)) = &mut file.header
                && let Some((name, _)) = members.get_mut(i)
            {
                *name = "\"\"".to_owned();
            }
        })?;
        let Node::Object(fields) = value else { continue };
        for (j, (_, field)) in fields.iter().enumerate() {
            with(&|file| {
                if let Some(fields) = fields_of(file, i) {
                    fields.remove(j);
                }
            })?;
            let Node::Array(items) = field else { continue };
            for k in 0..items.len() {
                with(&|file| {
                    if let Some((_, Node::Array(items))) = fields_of(file, i).and_then(|fields| fields.get_mut(j)) {
                        items.remove(k);
                    }
                })?;
                for number in ["0", "1"] {
                    with(&|file| {
                        if let Some((_, Node::Array(items))) = fields_of(file, i).and_then(|fields| fields.get_mut(j))
                            && let Some(item) = items.get_mut(k)
                        {
                            *item = Node::Raw(number.to_owned());
                        }
                    })?;
                }
            }
        }
    }
    ControlFlow::Continue(())
}

fn fields_of(file: &mut File, i: usize) -> Option<&mut Vec<(String, Node)>> {
    match &mut file.header {
        Ok(Node::Object(members)) => members.get_mut(i).and_then(|(_, value)| value.members()),
        _ => None,
    }
}
