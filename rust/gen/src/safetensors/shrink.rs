//! Smaller files of one: a member, a field, an element or the data less.

use super::file::File;
use super::tree::Node;

/// Files that are smaller, those with most left out first.
#[must_use]
pub fn shrinks(data: &[u8]) -> Vec<Vec<u8>> {
    let Some(file) = File::parse(data) else { return Vec::new() };
    let mut out = Vec::new();
    let mut add = |changed: &File| {
        // As it is, and with offsets and lengths that fit again.
        let mut repaired = changed.clone();
        repaired.repair();
        let mut plain = repaired.clone();
        plain.padding.clear();
        out.extend([plain.write(), repaired.write(), changed.write()]);
    };
    let mut with = |edit: &dyn Fn(&mut File)| {
        let mut changed = file.clone();
        edit(&mut changed);
        add(&changed);
    };
    with(&|file| file.padding.clear());
    with(&|file| file.data.clear());
    let members = match &file.header {
        Ok(Node::Object(members)) => members,
        Ok(_) => return out,
        Err(raw) => {
            for shorter in crate::bytes::shorter(raw) {
                with(&|file| file.header = Err(shorter.clone()));
            }
            return out;
        }
    };
    for i in 0..members.len() {
        with(&|file| {
            if let Ok(Node::Object(members)) = &mut file.header {
                members.remove(i);
            }
        });
    }
    for (i, (_, value)) in members.iter().enumerate() {
        with(&|file| {
            if let Ok(Node::Object(members)) = &mut file.header
                && let Some((name, _)) = members.get_mut(i)
            {
                *name = "\"\"".to_owned();
            }
        });
        let Node::Object(fields) = value else { continue };
        for (j, (_, field)) in fields.iter().enumerate() {
            with(&|file| {
                if let Some(fields) = fields_of(file, i) {
                    fields.remove(j);
                }
            });
            let Node::Array(items) = field else { continue };
            for k in 0..items.len() {
                with(&|file| {
                    if let Some((_, Node::Array(items))) = fields_of(file, i).and_then(|fields| fields.get_mut(j)) {
                        items.remove(k);
                    }
                });
                for number in ["0", "1"] {
                    with(&|file| {
                        if let Some((_, Node::Array(items))) = fields_of(file, i).and_then(|fields| fields.get_mut(j))
                            && let Some(item) = items.get_mut(k)
                        {
                            *item = Node::Raw(number.to_owned());
                        }
                    });
                }
            }
        }
    }
    out
}

fn fields_of(file: &mut File, i: usize) -> Option<&mut Vec<(String, Node)>> {
    match &mut file.header {
        Ok(Node::Object(members)) => members.get_mut(i).and_then(|(_, value)| value.members()),
        _ => None,
    }
}
