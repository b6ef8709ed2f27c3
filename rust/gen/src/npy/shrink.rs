//! Smaller files of one: padding, data, an item or a dimension less.

use std::ops::ControlFlow;

use super::file::File;
use crate::bytes;
use crate::minimize::{Apart, Each};

impl Apart for File {
    fn repair(&mut self) {
        File::repair(self);
    }

    fn strip(&mut self) {
        self.padding = b"\n".to_vec();
    }

    fn write(&self) -> Vec<u8> {
        File::write(self)
    }
}

/// Files that are smaller, those with most left out first.
pub(crate) fn shrinks(data: &[u8], each: &mut Each<'_>) -> ControlFlow<()> {
    let Some(file) = File::parse(data) else { return ControlFlow::Continue(()) };
    let mut with = |edit: &dyn Fn(&mut File)| file.edited(edit, each);
    with(&|file| file.padding = b"\n".to_vec())?;
    with(&|file| file.padding.clear())?;
    with(&|file| file.data.clear())?;
    let items = match &file.header {
        Ok(items) => items,
        Err(raw) => {
            return bytes::runs(raw.len())
                .try_for_each(|run| with(&|file| file.header = Err(bytes::without(raw, &run))));
        }
    };
    for i in 0..items.len() {
        with(&|file| {
            if let Ok(items) = &mut file.header {
                items.remove(i);
            }
        })?;
    }
    for shape in ["()", "(0,)", "(1,)", "(2,)"] {
        with(&|file| {
            if let Some(value) = file.value("shape") {
                *value = shape.to_owned();
            }
        })?;
    }
    with(&|file| {
        if let Some(value) = file.value("descr") {
            *value = "'|u1'".to_owned();
        }
    })?;
    ControlFlow::Continue(())
}
