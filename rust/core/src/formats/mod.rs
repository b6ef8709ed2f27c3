//! The formats, one folder each, and the contract between them and a driver.
//!
//! A scanner asks for bytes and is fed them; it never holds a file. A format
//! never imports another: what it finds inside itself it hands up as a
//! `Child`, and the session asks every format what that is.

use std::collections::HashSet;
use std::sync::Arc;

use crate::bytes::Span;
use crate::decode;
use crate::defect::Defect;
use crate::limits::Limits;
use crate::names::Names;
use crate::observe::{Global, Outbox, Role};

pub mod compressed;
pub mod npy;
pub mod pickle;
pub mod safetensors;
pub mod skops;
pub mod tar;
pub mod torchscript;
mod whole;
pub mod zip;

pub(crate) use whole::{Came, Whole};

/// Every format, in the order in which a file is asked. Adding one is a folder
/// and a line here.
pub static FORMATS: &[&Format] = &[
    &safetensors::FORMAT,
    &npy::FORMAT,
    &zip::FORMAT,
    &tar::FORMAT,
    &compressed::FORMAT,
    &torchscript::FORMAT,
    &skops::FORMAT,
    &pickle::FORMAT,
];

/// A format: how it is recognised, how it is scanned, what can be wrong.
pub struct Format {
    /// As reports spell it.
    pub name: &'static str,
    /// Endings of the names of files of this format, with the dot.
    pub extensions: &'static [&'static str],
    /// Whether its scanner says itself that a region is not of the format
    /// after all, so that a trial costs nothing but time.
    pub proves_itself: bool,
    /// Whether a region may be of this format.
    pub probe: fn(&Probe<'_>) -> Match,
    /// A scanner for a region.
    pub open: fn(&Probe<'_>) -> Box<dyn Scanner>,
    /// Its defects.
    pub defects: &'static [&'static Defect],
}

/// How sure a format is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Match {
    /// Not of this format.
    No,
    /// The name alone says so: what is wrong with it is told only where the
    /// content is of no other format.
    Named,
    /// Worth a trial: the name says so, or the first bytes could be.
    Maybe,
    /// Signature and first fields are of this format.
    Sure,
}

/// What is known of a region before it is scanned.
#[derive(Clone)]
pub struct Probe<'h> {
    /// Its first bytes, `HEAD_BYTES` of them where there are so many.
    pub head: &'h [u8],
    /// Its last bytes; empty where the region cannot be read from the end.
    pub tail: &'h [u8],
    /// Its length in bytes.
    pub len: u64,
    /// Name of the file or member, in lower case.
    pub name: &'h str,
    /// What its parent declares it to be.
    pub role: &'h Role,
    /// Classes that the code of its archive defines, where there is code.
    pub classes: Option<&'h Arc<HashSet<String>>>,
    /// Another format is sure: a trial must then prove itself.
    pub contested: bool,
    /// The policy.
    pub names: &'h Arc<Names>,
    /// The ceilings.
    pub limits: &'h Arc<Limits>,
}

impl Probe<'_> {
    /// Whether the name ends as one of `extensions`.
    #[must_use]
    pub fn named(&self, extensions: &[&str]) -> bool {
        extensions.iter().any(|e| self.name.ends_with(e))
    }

    /// Whether the name is that of a model file of any format.
    #[must_use]
    pub fn named_like_model(&self) -> bool {
        named_like_model(self.name)
    }
}

/// Bytes wanted: `span` must come, bytes up to `until` are welcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want {
    /// What is needed before anything goes on.
    pub span: Span,
    /// How far reading ahead makes sense.
    pub until: u64,
}

/// A resumable reader of one region. Offsets are the region's own.
pub trait Scanner: Send {
    /// Appends what is still wanted, as a batch; nothing means finished.
    fn wants(&self, wants: &mut Vec<Want>);

    /// Takes bytes that begin at `at` and cover at least one wanted span.
    fn feed(&mut self, at: u64, bytes: &[u8], out: &mut Outbox);

    /// What it was, when it is finished.
    fn part(&mut self) -> Part;
}

/// What a finished scanner says of its region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Whether the region was of this format after all.
    pub recognised: bool,
    /// The format, or the flavour of it: `torch-zip`.
    pub format: &'static str,
    /// Pickle protocol.
    pub protocol: Option<u8>,
    /// Pickle opcodes.
    pub opcodes: Option<u64>,
    /// Tensors or arrays.
    pub tensors: Option<u64>,
    /// Names imported.
    pub imports: Vec<Global>,
    /// Keys of the storages it names.
    pub storages: Vec<String>,
    /// Classes it defines for the pickles of its archive.
    pub declares: Vec<String>,
    /// The array that it is.
    pub array: Option<Array>,
}

/// An array, as its header says: for whoever lists a file, no verdict needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Array {
    /// The dtype as it is spelt, made printable and cut.
    pub dtype: String,
    /// The first [`MAX_DIMENSIONS`].
    pub shape: Vec<u64>,
    /// Whether there are more of them.
    pub cut: bool,
    /// Whether columns are contiguous.
    pub fortran: bool,
    /// Its bytes in the part, as far as they are there; a pickle where the
    /// dtype is one of objects.
    pub data: Span,
}

/// Dimensions kept of an array: numpy makes no more, and a header may hold
/// thousands.
pub const MAX_DIMENSIONS: usize = 64;

/// First bytes read of every region.
pub const HEAD_BYTES: u64 = 512;

/// First bytes read of what a pickle of the archive takes for numbers: all
/// signatures stand in them, and a checkpoint has hundreds.
pub const TENSOR_HEAD: u64 = 32;

/// Endings of model files whose format is not read yet.
const OTHER_EXTENSIONS: &[&str] = &[
    ".7z",
    ".ckpt",
    ".dill",
    ".gguf",
    ".h5",
    ".hdf5",
    ".keras",
    ".mar",
    ".mlmodel",
    ".msgpack",
    ".onnx",
    ".pb",
    ".pdiparams",
    ".pdmodel",
    ".pdparams",
    ".pte",
    ".rar",
    ".rds",
    ".tflite",
    ".tgz",
    ".ubj",
];

/// The name of what is inside a compressed stream of this name.
#[must_use]
pub fn inner_name(name: &str) -> &str {
    // A `.tgz` promises two formats; what comes out of it has no ending left.
    let inner = decode::inner_name(name).or_else(|| name.strip_suffix(".tgz"));
    inner.filter(|inner| !inner.is_empty()).unwrap_or(name)
}

/// Whether a name, in lower case, is that of a model file. A compressed stream
/// is one unless the rest of its name says otherwise: `data.csv.gz`.
#[must_use]
pub fn named_like_model(name: &str) -> bool {
    if let Some(inner) = decode::inner_name(name) {
        return !inner.contains('.') || named_like_model(inner);
    }
    let known = FORMATS.iter().flat_map(|f| f.extensions.iter());
    known.chain(OTHER_EXTENSIONS).any(|e| name.ends_with(e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compressed_streams_are_named_by_what_is_inside() {
        for name in ["a.pkl", "a.joblib.z", "model.tar.gz", "weights.gz", "a.safetensors"] {
            assert!(named_like_model(name), "{name}");
        }
        for name in ["readme.md", "data.csv.gz", "bash.1.gz", "config.json", "a.whl"] {
            assert!(!named_like_model(name), "{name}");
        }
    }
}
