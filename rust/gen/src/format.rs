//! The formats that inputs are made of.

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// No format: bytes.
    Bytes,
    /// Arrays of numpy.
    Npy,
    /// Pickles.
    Pickle,
    /// Safetensors files.
    Safetensors,
    /// Checkpoints as `torch.save` writes them.
    Torch,
    /// Zip archives.
    Zip,
}

impl Format {
    /// Every format, by name.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("bytes", Self::Bytes),
        ("npy", Self::Npy),
        ("pickle", Self::Pickle),
        ("safetensors", Self::Safetensors),
        ("torch", Self::Torch),
        ("zip", Self::Zip),
    ];

    /// The format with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, format)| *format)
    }

    /// What some bytes look like, from their first ones.
    #[must_use]
    pub fn of(data: &[u8]) -> Self {
        match data {
            [0x80, 0..6, ..] => Self::Pickle,
            [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => Self::Npy,
            [b'P', b'K', ..] => Self::Zip,
            [_, _, _, _, _, _, _, _, b'{', ..] => Self::Safetensors,
            [b'(' | b'c' | b'I' | b'V' | b'}' | b']' | b'N' | b'K', .., b'.'] => Self::Pickle,
            _ => Self::Bytes,
        }
    }
}
