//! Whether a name promises what the content is.
//!
//! Only names that stand for one format promise one. `.bin`, `.pt`, `.ckpt`,
//! `.pkl` and their like are given to models of any format; they promise no
//! more than a model.

use super::foreign::Foreign;
use crate::bytes::Span;
use crate::error::Error;
use crate::formats::named_like_model;
use crate::observe;

/// Streams that people put around anything.
const STREAMS: &[&str] = &["gzip", "bzip2", "xz", "lzma", "zlib", "zstd", "lz4"];

/// Endings and the formats that they promise.
static PROMISES: &[(&[&str], &[&str])] = &[
    (&[".safetensors"], &["safetensors"]),
    (&[".npy"], &["npy"]),
    (&[".zip", ".npz", ".keras", ".mar", ".skops", ".pt2"], &["zip"]),
    (&[".ptl"], &["zip", "pytorch-mobile"]),
    (&[".tar"], &["tar", "gzip", "bzip2", "xz", "zstd", "lz4"]),
    (&[".nemo"], &["tar", "gzip", "bzip2", "xz", "zstd", "lz4", "zip"]),
    (&[".gz", ".tgz"], &["gzip"]),
    (&[".bz2"], &["bzip2"]),
    (&[".xz"], &["xz"]),
    (&[".lzma"], &["lzma", "xz"]),
    (&[".zst"], &["zstd"]),
    (&[".lz4"], &["lz4"]),
    (&[".z"], STREAMS),
    (&[".7z"], &["7z"]),
    (&[".rar"], &["rar4", "rar5"]),
    (&[".gguf"], &["gguf"]),
    (&[".onnx"], &["onnx"]),
    (&[".tflite"], &["tflite"]),
    (&[".h5", ".hdf5"], &["hdf5"]),
    (&[".pb"], &["saved-model", "tensorflow-graph", "onnx"]),
    (&[".mlmodel"], &["coreml"]),
    (&[".pte"], &["executorch"]),
    (&[".rds"], &["rds", "rdata", "gzip", "bzip2", "xz"]),
    (&[".ubj"], &["ubjson"]),
    (&[".msgpack", ".pdiparams", ".pdmodel"], &[]),
];

/// The ending of a name that promises a format, and what it promises.
fn promise(name: &str) -> Option<(&'static str, &'static [&'static str])> {
    PROMISES.iter().find_map(|(endings, formats)| {
        endings.iter().find(|ending| name.ends_with(**ending)).map(|ending| (*ending, *formats))
    })
}

/// Holds the name of a region against the formats that it is of.
pub(super) fn of_formats(name: &str, len: u64, formats: &[&'static str]) -> Option<Error> {
    let (ending, promised) = promise(name)?;
    let kept = formats.is_empty() || formats.iter().any(|f| promised.contains(f));
    (!kept).then(|| told(ending, len, formats.first().unwrap_or(&"")))
}

/// Holds the name of a region against a format that is not read.
pub(super) fn of_foreign(name: &str, len: u64, foreign: &Foreign) -> Option<Error> {
    if let Some((ending, promised)) = promise(name) {
        let kept = promised.contains(&foreign.name) || foreign.name == super::foreign::POINTER;
        return (!kept).then(|| told(ending, len, foreign.name));
    }
    let ending = name.rfind('.').and_then(|at| name.get(at..)).unwrap_or(name);
    (foreign.is_no_model() && named_like_model(name)).then(|| told(ending, len, foreign.name))
}

fn told(ending: &str, len: u64, found: &str) -> Error {
    let span = Span { start: 0, end: len };
    Error::new(&observe::NAME_MISMATCH, span).with(format!("what `{ending}` stands for"), found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_for_one_format_promises_it() {
        assert!(of_formats("a.safetensors", 9, &["pickle"]).is_some());
        assert!(of_formats("a.npy", 9, &["zip"]).is_some());
        assert!(of_formats("a.safetensors", 9, &["safetensors"]).is_none());
        assert!(of_formats("a.npz", 9, &["zip"]).is_none());
        assert!(of_formats("a.nemo", 9, &["tar"]).is_none());
    }

    #[test]
    fn a_name_for_any_model_promises_none() {
        for name in ["a.bin", "a.pt", "a.pth", "a.ckpt", "a.pkl", "a.model", "a", "readme.md"] {
            for format in ["pickle", "zip", "safetensors", "tar", "npy", "gzip"] {
                assert!(of_formats(name, 9, &[format]).is_none(), "{name}: {format}");
            }
        }
    }
}
