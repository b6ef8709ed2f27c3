//! Every ceiling in one place, and the budget that is spent against it.
//!
//! A limit is never an acquittal: what it cut off is reported with the limit's
//! name, and the part is inconclusive.

/// Declares the limits, their defaults and what each bounds.
macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $name:ident = $default:expr;)+) => {
        /// The ceilings of one scan. Bytes, counts and depths as the field says.
        #[derive(Clone, Debug)]
        pub struct Limits {
            $($(#[doc = $doc])+ pub $name: u64,)+
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        impl Limits {
            /// Name, default and meaning of every limit.
            pub const ALL: &'static [(&'static str, u64, &'static str)] =
                &[$((stringify!($name), $default, concat!($($doc,)+)),)+];

            /// Sets a limit by name; false when there is none of that name.
            pub fn set(&mut self, name: &str, value: u64) -> bool {
                match name {
                    $(stringify!($name) => self.$name = value,)+
                    _ => return false,
                }
                true
            }
        }
    };
}

limits! {
    /// regions inside regions: a zip in a zip is two
    max_depth = 8;
    /// members of one archive; a 671B checkpoint has 45,000 tensors
    max_members = 200_000;
    /// parts of one file: itself, and the members of a known format that are read one by one; a report holds each
    max_parts = 10_000;
    /// bytes of members held inflated at a time, where they must be read in any order
    max_inflated_bytes = 32 * 1024 * 1024;
    /// bytes inflated from one file in all, those inflated twice counted twice
    max_total_inflated_bytes = 16 * 1024 * 1024 * 1024;
    /// bytes inflated from each compressed byte of a stream, once 64 MiB have come out; four times as many from each byte of a file, once 256 MiB have
    max_inflate_ratio = 200;
    /// bytes that the decoders of streams inside each other hold of what came out of them; `zstd --ultra -22` refers 128 MiB back
    max_window_bytes = 80 * 1024 * 1024;
    /// bytes of a central directory held in memory
    max_directory_bytes = 64 * 1024 * 1024;
    /// bytes of archive members read to compare their checksums; `scan --full` sets it as high as can be
    max_checksum_bytes = 0;
    /// bytes of one newline-ended opcode argument
    max_line_bytes = 16 * 1024 * 1024;
    /// containers and objects of one pickle that are kept for good, because the stack holds them; others only as long as they are new
    max_nodes = 256 * 1024;
    /// memo slots of one pickle; each takes 2 to 8 bits here, and 60 bytes or more in an unpickler
    max_memo = 128 * 1024 * 1024;
    /// distinct names one pickle may import, and storages it may name
    max_names = 200_000;
    /// values on the stack of one pickle
    max_stack = 2 * 1024 * 1024;
    /// bytes of short texts of one pickle that are kept for good; others only as long as they are new
    max_text_bytes = 8 * 1024 * 1024;
    /// observations kept of one part; the rest is counted
    max_observations = 1_000;
    /// bytes of a safetensors header; the format's own ceiling
    max_header_bytes = 100_000_000;
    /// bytes of a tar header that speaks of the next member: a long name, or pax records
    max_tar_header_bytes = 1024 * 1024;
    /// bytes of an npy header; numpy refuses more unless pickles are allowed
    max_npy_header_bytes = 10_000;
    /// seconds that the scan of one file may take; `scan --timeout-per-file` sets it
    max_seconds = 86_400;
}

/// A count that is spent, never reset; spent out, work stops.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    left: u64,
}

impl Budget {
    /// A budget of `units`.
    #[must_use]
    pub const fn new(units: u64) -> Self {
        Self { left: units }
    }

    /// Spends `units`; false, and nothing spent, when fewer are left.
    #[must_use]
    pub const fn spend(&mut self, units: u64) -> bool {
        match self.left.checked_sub(units) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }

    /// Units left.
    #[must_use]
    pub const fn left(self) -> u64 {
        self.left
    }
}

crate::defects! {
    LIMIT Inconclusive "scan-limit" "a limit cut the scan short";
}
