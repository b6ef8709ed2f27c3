//! Smaller files of one: padding, data, an item or a dimension less.

use super::file::File;

/// Files that are smaller, those with most left out first.
#[must_use]
pub fn shrinks(data: &[u8]) -> Vec<Vec<u8>> {
    let Some(file) = File::parse(data) else { return Vec::new() };
    let mut out = Vec::new();
    let mut with = |edit: &dyn Fn(&mut File)| {
        let mut changed = file.clone();
        edit(&mut changed);
        let mut repaired = changed.clone();
        repaired.repair();
        let mut plain = repaired.clone();
        plain.padding = b"\n".to_vec();
        out.extend([plain.write(), repaired.write(), changed.write()]);
    };
    with(&|file| file.padding = b"\n".to_vec());
    with(&|file| file.padding.clear());
    with(&|file| file.data.clear());
    let items = match &file.header {
        Ok(items) => items,
        Err(raw) => {
            for shorter in crate::bytes::shorter(raw) {
                with(&|file| file.header = Err(shorter.clone()));
            }
            return out;
        }
    };
    for i in 0..items.len() {
        with(&|file| {
            if let Ok(items) = &mut file.header {
                items.remove(i);
            }
        });
    }
    for shape in ["()", "(0,)", "(1,)", "(2,)"] {
        with(&|file| {
            if let Some(value) = file.value("shape") {
                *value = shape.to_owned();
            }
        });
    }
    with(&|file| {
        if let Some(value) = file.value("descr") {
            *value = "'|u1'".to_owned();
        }
    });
    out
}
