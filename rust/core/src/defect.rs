//! A way in which bytes can be wrong, and the table that names them.
//!
//! A defect is a fact about bytes, not an opinion about a file: its slug is
//! the same word in the docs, in the policy, in `tests/cases` and on the
//! terminal. Each format declares its own table; there is no central enum, so
//! adding a format touches no other file.

/// What a defect leaves to be said about the part that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It breaks the format's own rules, or two readers see two things.
    Invalid,
    /// It could not be judged to the end.
    Inconclusive,
    /// Worth a word; the verdict stands without it.
    Note,
}

impl Class {
    /// The verdict this class leads to, as the reports spell it.
    #[must_use]
    pub const fn verdict(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Inconclusive => "inconclusive",
            Self::Note => "inert",
        }
    }

    /// The severity, as SARIF spells it.
    #[must_use]
    pub const fn severity(self) -> &'static str {
        match self {
            Self::Invalid => "error",
            Self::Inconclusive | Self::Note => "warning",
        }
    }
}

/// One row of a format's table of defects.
#[derive(Debug)]
pub struct Defect {
    /// The one name: docs heading, case folder, policy key.
    pub slug: &'static str,
    /// What it leaves to be said.
    pub class: Class,
    /// One line, lower case, without a full stop.
    pub summary: &'static str,
}

/// Two rows are the same defect when they have the same slug.
impl PartialEq for Defect {
    fn eq(&self, other: &Self) -> bool {
        self.slug == other.slug
    }
}

impl Eq for Defect {}

/// Declares a format's defects: a constant for each row, and `ALL` of them.
#[macro_export]
macro_rules! defects {
    ($($name:ident $class:ident $slug:literal $summary:literal;)+) => {
        $(
            #[doc = $summary]
            pub static $name: $crate::defect::Defect = $crate::defect::Defect {
                slug: $slug,
                class: $crate::defect::Class::$class,
                summary: $summary,
            };
        )+
        /// Every defect of this table, in the order of the table.
        pub static ALL: &[&$crate::defect::Defect] = &[$(&$name),+];
    };
}
