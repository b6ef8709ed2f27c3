//! Checkpoints as `torch.save` writes them: a pickle of tensors, and a member for each
//! storage.

use super::archive::{Archive, Member};
use crate::catalogue::catalogue;
use crate::pickle;
use crate::rng::Rng;

catalogue! {
    /// What can be wrong with a checkpoint beside what can be wrong with an archive or
    /// with a pickle.
    {
        StorageMissing = "torch-storage-missing",
        StorageSize = "torch-storage-size",
    }
}

impl Fault {
    /// A checkpoint with this fault and no other.
    #[must_use]
    pub fn checkpoint(self, rng: &mut Rng) -> Vec<u8> {
        let n = rng.below(4).saturating_add(2);
        let data = vec![0; n.saturating_mul(4)];
        let elements = i64::try_from(n).unwrap_or(2);
        let (shape, storages) = match self {
            Self::StorageMissing => (elements, Vec::new()),
            Self::StorageSize => {
                let short =
                    data.get(..data.len().saturating_sub(rng.below(4).saturating_add(1))).unwrap_or(&[]).to_vec();
                (elements, vec![("0", short)])
            }
        };
        let object = dict(&[("weight", "FloatStorage", "0", shape)]);
        archive("m", &object, &storages).write()
    }
}

/// A checkpoint that torch loads: a state dict, or now and then another object.
#[must_use]
pub fn valid(rng: &mut Rng) -> Vec<u8> {
    let root = rng.pick(&["archive", "m", "model"]).copied().unwrap_or("m");
    if rng.one_in(6) {
        return archive(root, &pickle::valid(2, rng), &[]).write();
    }
    let count = rng.below(4);
    let mut tensors = Vec::new();
    let mut storages = Vec::new();
    for (name, key) in NAMES.iter().zip(KEYS).take(count) {
        let (class, bytes) = rng.pick(STORAGES).copied().unwrap_or(("FloatStorage", 4));
        let n = [0usize, 1, 2, 3, 8].get(rng.below(5)).copied().unwrap_or(1);
        tensors.push((*name, class, *key, i64::try_from(n).unwrap_or(0)));
        storages.push((*key, vec![0; n.saturating_mul(bytes)]));
    }
    archive(root, &dict(&tensors), &storages).write()
}

/// A checkpoint around a pickle.
#[must_use]
pub fn around(pickle: &[u8]) -> Vec<u8> {
    archive("m", pickle, &[]).write()
}

fn archive(root: &str, object: &[u8], storages: &[(&str, Vec<u8>)]) -> Archive {
    let mut members = vec![
        Member::stored(&format!("{root}/data.pkl"), object),
        Member::stored(&format!("{root}/byteorder"), b"little"),
    ];
    members.extend(storages.iter().map(|(key, data)| Member::stored(&format!("{root}/data/{key}"), data)));
    members.push(Member::stored(&format!("{root}/version"), b"3\n"));
    Archive::of(members)
}

/// An ordered dict of tensors: name, class and key of the storage, number of elements.
fn dict(tensors: &[(&str, &str, &str, i64)]) -> Vec<u8> {
    let mut out = b"\x80\x02ccollections\nOrderedDict\n)R(".to_vec();
    for (name, class, key, n) in tensors {
        text(&mut out, name);
        out.extend_from_slice(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        text(&mut out, "storage");
        out.extend_from_slice(format!("ctorch\n{class}\n").as_bytes());
        text(&mut out, key);
        text(&mut out, "cpu");
        number(&mut out, *n);
        out.extend_from_slice(b"tQK\0");
        number(&mut out, *n);
        out.extend_from_slice(b"\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR");
    }
    out.extend_from_slice(b"u.");
    out
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.push(b'X');
    out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(0).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn number(out: &mut Vec<u8>, n: i64) {
    out.push(b'J');
    out.extend_from_slice(&i32::try_from(n).unwrap_or(0).to_le_bytes());
}

const NAMES: &[&str] = &["weight", "bias", "layer.0.weight"];
const KEYS: &[&str] = &["0", "1", "2"];

/// Classes of storages, and the bytes of an element.
const STORAGES: &[(&str, usize)] = &[
    ("FloatStorage", 4),
    ("DoubleStorage", 8),
    ("HalfStorage", 2),
    ("LongStorage", 8),
    ("IntStorage", 4),
    ("ByteStorage", 1),
    ("BoolStorage", 1),
    ("BFloat16Storage", 2),
];
