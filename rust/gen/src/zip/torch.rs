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
        let float = rng.one_in(2);
        let (class, bytes) = rng.pick(STORAGES).copied().filter(|_| !float).unwrap_or(("FloatStorage", 4));
        let n = [0usize, 1, 2, 3, 8].get(rng.below(5)).copied().unwrap_or(1);
        tensors.push((*name, class, *key, i64::try_from(n).unwrap_or(0)));
        storages.push((*key, vec![0; n.saturating_mul(bytes)]));
    }
    archive(root, &dict(&tensors), &storages).write()
}

/// A checkpoint of one tensor whose numbers do not all fit each other: elements of the
/// storage and of the tensor, offset, sizes, strides.
#[must_use]
pub fn odd(rng: &mut Rng) -> Vec<u8> {
    let n = [1i64, 2, 4, 6].get(rng.below(4)).copied().unwrap_or(2);
    let number = |rng: &mut Rng| {
        [0, 1, 1, 2, 3, n, n.saturating_add(1), -1, 0x7fff_ffff].get(rng.below(9)).copied().unwrap_or(1)
    };
    let mut layout = Layout { numel: n, offset: 0, size: vec![n], stride: vec![1] };
    match rng.below(5) {
        0 => layout.numel = number(rng),
        1 => layout.offset = number(rng),
        2 => layout.size = (0..rng.below(4)).map(|_| number(rng)).collect(),
        3 => layout.stride = (0..rng.below(4)).map(|_| number(rng)).collect(),
        _ => {
            layout.size = (0..rng.below(4)).map(|_| number(rng)).collect();
            layout.stride = layout.size.iter().map(|_| number(rng)).collect();
        }
    }
    let mut object = Vec::new();
    head(&mut object);
    tensor(&mut object, "weight", "FloatStorage", "0", &layout);
    object.extend_from_slice(b"u.");
    let bytes = usize::try_from(n).unwrap_or(0).saturating_mul(4);
    archive("m", &object, &[("0", vec![0; bytes])]).write()
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
    let mut out = Vec::new();
    head(&mut out);
    for (name, class, key, n) in tensors {
        let layout = Layout { numel: *n, offset: 0, size: vec![*n], stride: vec![1] };
        tensor(&mut out, name, class, key, &layout);
    }
    out.extend_from_slice(b"u.");
    out
}

/// The numbers of a tensor.
struct Layout {
    numel: i64,
    offset: i64,
    size: Vec<i64>,
    stride: Vec<i64>,
}

fn head(out: &mut Vec<u8>) {
    out.extend_from_slice(b"\x80\x02ccollections\nOrderedDict\n)R(");
}

fn tensor(out: &mut Vec<u8>, name: &str, class: &str, key: &str, layout: &Layout) {
    text(out, name);
    out.extend_from_slice(b"ctorch._utils\n_rebuild_tensor_v2\n((");
    text(out, "storage");
    out.extend_from_slice(format!("ctorch\n{class}\n").as_bytes());
    text(out, key);
    text(out, "cpu");
    number(out, layout.numel);
    out.extend_from_slice(b"tQ");
    number(out, layout.offset);
    for numbers in [&layout.size, &layout.stride] {
        match numbers.as_slice() {
            [] => out.push(b')'),
            [one] => {
                number(out, *one);
                out.push(0x85);
            }
            more => {
                out.push(b'(');
                more.iter().for_each(|n| number(out, *n));
                out.push(b't');
            }
        }
    }
    out.extend_from_slice(b"\x89ccollections\nOrderedDict\n)RtR");
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
