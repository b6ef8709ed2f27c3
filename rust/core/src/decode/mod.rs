//! Compressed bytes to plain ones, window by window and on a budget.
//!
//! Well-kept crates do the decoding; a form here bounds what comes out of a
//! step, checks what the form itself declares, and says when it is over. A file
//! for each form, and one list of them: `FORMS`.
//!
//! Untrusted input: never panics, puts out at most `room` bytes a step, and
//! keeps no more than the form's own window, which is limited.

mod bzip2;
mod deflate;
mod form;
mod gzip;
mod lz4;
mod lzma;
mod skippable;
#[cfg(test)]
mod tests;
mod zstd;

pub use form::{Decode, Form, Kind, Status, Step};

/// Declares every form by its kind: a kind without a form does not compile.
macro_rules! forms {
    ($($kind:ident => $form:path,)+) => {
        /// Every form, in the order in which a head is held against them.
        pub static FORMS: &[&Form] = &[$(&$form),+];

        /// The form of a kind.
        #[must_use]
        pub fn form(kind: Kind) -> &'static Form {
            match kind {
                $(Kind::$kind => &$form,)+
            }
        }
    };
}

forms! {
    Deflate => deflate::DEFLATE,
    Gzip => gzip::FORM,
    Bzip2 => self::bzip2::FORM,
    Xz => lzma::XZ,
    Zstd => zstd::FORM,
    Lz4 => lz4::FORM,
    Zlib => deflate::ZLIB,
    Lzma => lzma::LZMA,
}

/// The form that a region begins like.
#[must_use]
pub fn detect(head: &[u8]) -> Option<&'static Form> {
    FORMS.iter().find(|form| (form.begins)(head)).copied()
}

/// The name of what is inside a stream of this name, in lower case; `None` when
/// it is no name of a stream.
#[must_use]
pub fn inner_name(name: &str) -> Option<&str> {
    FORMS.iter().flat_map(|form| form.endings).find_map(|ending| name.strip_suffix(ending))
}

/// A decoder.
pub struct Decoder {
    inner: Option<Box<dyn Decode>>,
}

impl Decoder {
    /// A decoder at the start of a stream.
    #[must_use]
    pub fn new(form: &Form) -> Self {
        Self { inner: (form.open)() }
    }

    /// Takes input and appends at most `room` bytes to `out`.
    pub fn step(&mut self, input: &[u8], out: &mut Vec<u8>, room: usize) -> Step {
        let Some(inner) = &mut self.inner else {
            return Step { used: 0, made: 0, status: Status::Unsupported("more memory than there is") };
        };
        let before = out.len();
        out.resize(before.saturating_add(room), 0);
        let step = inner.step(input, out.get_mut(before..).unwrap_or(&mut []));
        out.truncate(before.saturating_add(step.made));
        step
    }

    /// Stands at the start of another stream.
    pub fn restart(&mut self) {
        if let Some(inner) = &mut self.inner {
            inner.restart();
        }
    }

    /// How far back what comes next may refer.
    #[must_use]
    pub fn window(&self) -> u64 {
        self.inner.as_ref().map_or(0, |inner| inner.window())
    }
}

crate::defects! {
    BAD_DEFLATE Invalid "zip-bad-deflate" "a deflated member that does not inflate";
    INFLATED_SIZE Invalid "zip-inflated-size" "a member inflates to another size than declared";
}
