//! What a scan saw: facts and defects with their offsets, never a judgement.

use crate::bytes::Span;
use crate::defect::{Class, Defect};
use crate::error::Error;
use crate::names::Side;
use crate::trace::Trace;

/// One thing seen at one place of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// What it is.
    pub what: What,
    /// Where, counted from the start of the part.
    pub span: Span,
    /// What the format asks for there, in words; may be empty.
    pub expected: String,
    /// What stands there, in words; may be empty.
    pub found: String,
    /// Where the value it is about stands in the object that comes out:
    /// `root['x']`; empty where that is not known, or nowhere.
    pub place: String,
    /// Where the name it is about was imported, when it is about one.
    pub imported: Option<u64>,
}

/// The kinds of observations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The bytes are wrong.
    Defect(&'static Defect),
    /// A name was imported that the policy does not allow.
    Import(Global),
    /// A callable was called that the policy does not allow.
    Call {
        /// Callee.
        name: Global,
        /// `posix.system('true')`
        text: String,
        /// Name of the opcode.
        opcode: &'static str,
    },
    /// An allowed callable got arguments outside its entry.
    Argument {
        /// Callee.
        name: Global,
        /// The call as text.
        text: String,
        /// What the entry grants.
        spec: String,
    },
    /// A write or a state that the object's entry does not grant.
    State {
        /// Class of the object.
        name: Global,
        /// Name of the opcode.
        opcode: &'static str,
    },
    /// An import whose name is not a literal of the pickle.
    ComputedName(&'static str),
    /// A call of something that is not a global.
    ComputedCall {
        /// Name of the opcode.
        opcode: &'static str,
        /// The call as text.
        text: String,
    },
    /// EXT1, EXT2 or EXT4.
    Extension(&'static str),
    /// A write into something this pickle did not make.
    ForeignWrite {
        /// What it writes into.
        name: String,
        /// Name of the opcode.
        opcode: &'static str,
    },
    /// A state with a dunder key, or with a key that is computed.
    DunderState {
        /// Class of the object.
        name: String,
        /// Name of the opcode.
        opcode: &'static str,
    },
    /// Items written through a method of an object that was given a state:
    /// the state may have planted the method.
    PlantedMethod {
        /// Class of the object.
        name: String,
        /// Name of the opcode.
        opcode: &'static str,
    },
    /// A persistent load that no container declares.
    Persistent(&'static str),
    /// NEXT_BUFFER.
    Buffer,
    /// What a program or an archive names or does, under the code of its rule.
    Trait {
        /// The code of the fact.
        code: &'static str,
        /// What is named.
        name: String,
    },
}

/// An imported name and where it was imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Global {
    /// Module, after the Python-2 mapping.
    pub module: String,
    /// Qualified name, after the Python-2 mapping.
    pub qualname: String,
    /// `module.name` as it stands in the file when it was mapped; else empty.
    pub raw: String,
    /// The policy's side.
    pub side: Side,
    /// The deny side's reason; else empty.
    pub reason: String,
    /// Name of the importing opcode.
    pub opcode: &'static str,
    /// Where it was imported first.
    pub span: Span,
    /// How often it was imported.
    pub count: u64,
    /// How often it was called.
    pub calls: u64,
    /// Where it was called first.
    pub first_call: u64,
}

impl Global {
    /// `module.qualname`, for people.
    #[must_use]
    pub fn dotted(&self) -> String {
        format!("{}.{}", self.module, self.qualname)
    }
}

impl What {
    /// The imported name it is about, where it holds one.
    const fn name(&self) -> Option<&Global> {
        match self {
            Self::Import(name) | Self::Call { name, .. } | Self::Argument { name, .. } | Self::State { name, .. } => {
                Some(name)
            }
            _ => None,
        }
    }
}

impl Observation {
    /// An observation without words.
    #[must_use]
    pub fn new(what: What, span: Span) -> Self {
        let imported = what.name().map(|name| name.span.start);
        Self { what, span, expected: String::new(), found: String::new(), place: String::new(), imported }
    }

    /// The slug of a defect, or the word of a fact.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match &self.what {
            What::Defect(d) => d.slug,
            What::Import(_) => "import",
            What::Call { .. } => "call",
            What::Argument { .. } => "argument",
            What::State { .. } => "state",
            What::ComputedName(_) => "computed-name",
            What::ComputedCall { .. } => "computed-call",
            What::Extension(_) => "extension",
            What::ForeignWrite { .. } => "foreign-write",
            What::DunderState { .. } => "dunder-state",
            What::PlantedMethod { .. } => "planted-method",
            What::Persistent(_) => "persistent",
            What::Buffer => "buffer",
            What::Trait { code, .. } => code,
        }
    }

    /// Whether an unpickler that came this far has imported something or
    /// worse. A persistent load alone proves nothing: `PK` begins like one.
    #[must_use]
    pub const fn is_act(&self) -> bool {
        !matches!(self.what, What::Defect(_) | What::Persistent(_) | What::Buffer | What::Trait { .. })
    }

    /// Whether it makes a part worse than unknown.
    #[must_use]
    pub const fn is_serious(&self) -> bool {
        match &self.what {
            What::Defect(defect) => !matches!(defect.class, Class::Note),
            What::Import(name) | What::Call { name, .. } => matches!(name.side, Side::Deny),
            What::Argument { .. } | What::State { .. } | What::Persistent(_) | What::Buffer => false,
            _ => true,
        }
    }

    /// Whether it is a mere note, which leaves the part inert.
    #[must_use]
    pub fn is_note(&self) -> bool {
        matches!(&self.what, What::Defect(d) if d.class == Class::Note)
    }
}

impl From<Error> for Observation {
    fn from(e: Error) -> Self {
        Self { expected: e.expected, found: e.found, ..Self::new(What::Defect(e.defect), e.span) }
    }
}

/// Bytes of a part that were not read, and why they need not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// `tensor-data`, `array-data`, ...
    pub why: &'static str,
    /// How many.
    pub bytes: u64,
}

/// What a scanner puts out while it is fed.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Facts and defects, in the order of the file.
    pub observations: Vec<Observation>,
    /// Observations beyond the limit, counted and not kept.
    pub dropped: u64,
    /// Bytes skipped.
    pub skipped: Vec<Skip>,
    /// Limits that cut something off.
    pub limits_hit: Vec<&'static str>,
    /// Regions handed up to be probed.
    pub children: Vec<Child>,
    /// Rows of opcodes, when somebody asked for them.
    pub trace: Option<Trace>,
    max_observations: usize,
}

/// Observations kept past the ceiling when they are serious.
const RESERVE: usize = 64;

impl Outbox {
    /// An outbox that keeps `max` observations.
    #[must_use]
    pub fn new(max: u64) -> Self {
        Self { max_observations: usize::try_from(max).unwrap_or(usize::MAX), ..Self::default() }
    }

    /// Keeps an observation. Past the ceiling it is counted: the part is then
    /// not inert anyway, as those that are kept say so already. Notes do not, and
    /// take half of the room at most; what is worse than an unknown name has a
    /// room of its own, so that a thousand of these do not hide it.
    pub fn observe(&mut self, observation: Observation) {
        let room = if observation.is_note() {
            self.max_observations / 2
        } else if observation.is_serious() {
            self.max_observations.saturating_add(RESERVE)
        } else {
            self.max_observations
        };
        if self.observations.len() < room {
            self.observations.push(observation);
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    /// Keeps a defect.
    pub fn defect(&mut self, error: Error) {
        self.observe(error.into());
    }

    /// Says that a limit cut something off.
    pub fn limit(&mut self, name: &'static str, limit: u64, span: Span, found: impl Into<String>) {
        if !self.limits_hit.contains(&name) {
            self.limits_hit.push(name);
        }
        self.defect(Error::new(&crate::limits::LIMIT, span).with(format!("{name} = {limit}"), found));
    }

    /// Counts skipped bytes under their reason.
    pub fn skip(&mut self, why: &'static str, bytes: u64) {
        match self.skipped.iter_mut().find(|s| s.why == why) {
            Some(s) => s.bytes = s.bytes.saturating_add(bytes),
            None => self.skipped.push(Skip { why, bytes }),
        }
    }

    /// Whether something was seen that could run code: an import or worse.
    #[must_use]
    pub fn has_acts(&self) -> bool {
        self.observations.iter().any(Observation::is_act)
    }

    /// Whether a further observation would only be counted.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.observations.len() >= self.max_observations
    }

    /// Whether the room for serious ones is full as well.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.observations.len() >= self.max_observations.saturating_add(RESERVE)
    }
}

/// A form of compression; `decode` knows what each is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Raw deflate (RFC 1951)
    Deflate,
    /// zlib (RFC 1950)
    Zlib,
    /// gzip (RFC 1952), of one or more members
    Gzip,
    /// bzip2, of one or more streams
    Bzip2,
    /// xz, of one or more streams
    Xz,
    /// lzma, as before xz
    Lzma,
    /// zstd (RFC 8878), of one or more frames
    Zstd,
    /// lz4 frames, one or more
    Lz4,
}

/// How the bytes of a child are stored in its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As they are.
    Stored,
    /// Compressed, to this many bytes where that is declared.
    Compressed(Kind, Option<u64>),
}

/// What the parent declares a child to be. Bytes are probed all the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// A file, or a member nothing is known of.
    #[default]
    Any,
    /// A pickle: the parent's loader unpickles it.
    Pickle,
    /// The pickle of a torch archive; its storages are members of these sizes.
    TorchPickle(std::sync::Arc<std::collections::HashMap<String, u64>>),
    /// The object pickle of a legacy torch stream, whose storages follow it.
    TorchLegacy,
    /// A member of a torch tar, which its loader reads as one of three streams.
    TorchTar(TarStream),
    /// Raw numbers, if the archive's pickle names a storage of this key.
    TensorData(String),
    /// A small text of a known layout that carries no code.
    Marker,
    /// Code of a TorchScript archive: the module that it is, and all modules
    /// that the archive has.
    ScriptCode(String, std::sync::Arc<std::collections::HashSet<String>>),
    /// A JSON member of a known layout.
    Layout(Layout),
    /// The schema of a skops archive, and the names of all its members.
    SkopsSchema(std::sync::Arc<std::collections::HashSet<String>>),
}

/// The members that a loader reads in a layout of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The graph of a torch.export archive.
    ExportGraph,
    /// Which members of this folder of a torch.export archive are raw numbers,
    /// and which are pickles.
    ExportPayload(&'static str),
}

impl Role {
    /// Whether its loader unpickles it, whatever its bytes look like.
    #[must_use]
    pub const fn is_pickle(&self) -> bool {
        matches!(self, Self::Pickle | Self::TorchPickle(_) | Self::TorchTar(_))
    }

    /// Whether its loader reads it as a text of a known layout. Texts run as
    /// opcodes for a while: `class A:` is an import of `lass A:`.
    #[must_use]
    pub const fn is_text(&self) -> bool {
        matches!(self, Self::ScriptCode(..) | Self::Layout(_) | Self::SkopsSchema(_))
    }
}

/// The size of a storage whose bytes the archive leaves out on purpose: nobody
/// reads it.
pub const UNSTORED: u64 = u64::MAX;

/// The streams of a torch tar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TarStream {
    /// `storages`: pickles with raw storages between them.
    Storages,
    /// `tensors`: pickles with raw shapes between them.
    Tensors,
    /// `pickle`: the object; its tensors are persistent loads.
    Object,
}

/// A region a scanner hands up to the session.
#[derive(Clone, Debug)]
pub struct Child {
    /// Its name in the parent.
    pub name: String,
    /// Its bytes in the parent.
    pub span: Span,
    /// How they are stored.
    pub encoding: Encoding,
    /// What the parent declares it to be.
    pub role: Role,
    /// Its first bytes, when they came with the parent's; may be empty.
    pub head: Vec<u8>,
}

crate::defects! {
    EMPTY_FILE Inconclusive "scan-empty-file" "no byte in it";
    UNRECOGNISED_CONTENT Inconclusive "scan-unrecognised-content" "the content is of no format known here";
    UNSUPPORTED_FORMAT Inconclusive "scan-unsupported-format" "a format that is recognised and not read yet";
    NOT_A_MODEL Inconclusive "scan-not-a-model" "the content is of another kind than a model's";
    NAME_MISMATCH Note "scan-name-mismatch" "the name stands for another format than the content is of";
    LFS_POINTER Inconclusive "scan-lfs-pointer" "a Git LFS pointer, not the model it stands for";
    SOURCE_CHANGED Inconclusive "scan-source-changed" "the source changed while it was read";
    UNREADABLE Inconclusive "scan-unreadable" "the source could not be read";
    SPECIAL_FILE Inconclusive "scan-special-file" "not a regular file, and not opened";
    MISSING_CLASS Invalid "torchscript-missing-class" "a class or function that no code of the archive defines";
    POLYGLOT Invalid "scan-polyglot" "the bytes are of two formats at once";
}
