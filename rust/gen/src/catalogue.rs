//! One way to write a catalogue of faults: an enum whose ids are the slugs of the
//! validator, so that a generated file and a finding about it share a name.

/// Makes an enum of faults with `ALL`, `id` and `of`.
macro_rules! catalogue {
    ($(#[$doc:meta])* { $($variant:ident = $id:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fault {
            $(#[doc = concat!("`", $id, "`")] $variant,)*
        }

        impl Fault {
            /// Every fault, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Every slug.
            pub const IDS: &'static [&'static str] = &[$($id,)*];

            /// The slug of the rule that sees it.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// The fault with this slug.
            #[must_use]
            pub fn of(id: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|fault| fault.id() == id)
            }
        }
    };
}

pub(crate) use catalogue;
