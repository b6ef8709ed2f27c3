//! The dtypes of safetensors 0.8.0, and their sizes in bits.

/// A dtype: an index into the table. A spec may extend it, so it is no enum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dtype(u8);

/// Name and bits of an element, as `safetensors::Dtype` orders them, and the
/// first release whose Python package opens a file with it: measured, from
/// 0.3.0 on.
static TABLE: &[(&str, u64, &str)] = &[
    ("BOOL", 8, "0.3.0"),
    ("F4", 4, "0.6.1"),
    ("F6_E2M3", 6, "0.6.1"),
    ("F6_E3M2", 6, "0.6.1"),
    ("U8", 8, "0.3.0"),
    ("I8", 8, "0.3.0"),
    ("F8_E5M2", 8, "0.4.1"),
    ("F8_E4M3", 8, "0.4.1"),
    ("F8_E8M0", 8, "0.6.1"),
    ("F8_E4M3FNUZ", 8, "0.8.0"),
    ("F8_E5M2FNUZ", 8, "0.8.0"),
    ("I16", 16, "0.3.0"),
    ("U16", 16, "0.3.0"),
    ("F16", 16, "0.3.0"),
    ("BF16", 16, "0.3.0"),
    ("I32", 32, "0.3.0"),
    ("U32", 32, "0.3.0"),
    ("F32", 32, "0.3.0"),
    ("C64", 64, "0.7.0"),
    ("F64", 64, "0.3.0"),
    ("I64", 64, "0.3.0"),
    ("U64", 64, "0.3.0"),
];

impl Dtype {
    /// The dtype of a name, exactly as the format spells it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let index = TABLE.iter().position(|(n, ..)| *n == name)?;
        u8::try_from(index).ok().map(Self)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        TABLE.get(usize::from(self.0)).map_or("?", |(name, ..)| name)
    }

    /// The first release of safetensors that knows it.
    #[must_use]
    pub fn since(self) -> &'static str {
        TABLE.get(usize::from(self.0)).map_or("?", |(.., since)| since)
    }

    /// Bits of an element.
    #[must_use]
    pub fn bits(self) -> u64 {
        TABLE.get(usize::from(self.0)).map_or(0, |(_, bits, _)| *bits)
    }
}

/// A set of dtypes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dtypes(u32);

impl Dtypes {
    /// Adds one.
    pub const fn add(&mut self, dtype: Dtype) {
        self.0 |= 1 << dtype.0;
    }

    /// Those that are in it, in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Dtype> {
        let all = 0..u8::try_from(TABLE.len()).unwrap_or(0);
        all.filter(move |i| self.0 & (1 << i) != 0).map(Dtype)
    }
}
