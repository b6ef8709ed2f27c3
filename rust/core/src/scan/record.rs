//! What a scan of one source saw, complete and owned.

use crate::bytes::Span;
use crate::defect::Defect;
use crate::error::Error;
use crate::formats::Part;
use crate::observe::{self, Observation, Skip, What};

/// A part: the source itself or a region inside it, as one format.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartRecord {
    /// Names from the outermost archive inwards, joined by `!`; `None` for the
    /// source itself.
    pub member: Option<String>,
    /// Where it begins in the source; `None` when it was inflated.
    pub offset: Option<u64>,
    /// Its bytes, inflated.
    pub size: u64,
    /// The format it was followed as, of which the part names the flavour.
    pub family: &'static str,
    /// What it was.
    pub part: Part,
    /// What was seen in it.
    pub observations: Vec<Observation>,
    /// Observations beyond the limit.
    pub dropped: u64,
}

/// The whole scan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Bytes of the source.
    pub size: u64,
    /// Bytes of it that were asked for.
    pub bytes_read: u64,
    /// Batches in which they were asked for: what a source far away costs.
    pub rounds: u64,
    /// Format of the source; empty when none was recognised.
    pub format: &'static str,
    /// Whether the source is of a format that holds models.
    pub recognised: bool,
    /// Whether its name is that of a model file, or its content of a format
    /// made to hold models that is not read.
    pub named_like_model: bool,
    /// The parts, outer before inner.
    pub parts: Vec<PartRecord>,
    /// Bytes not read, by member, and why they need not be.
    pub skipped: Vec<(Option<String>, Skip)>,
    /// Limits that cut something off.
    pub limits_hit: Vec<&'static str>,
    /// Opcode rows, by part, when they were asked for.
    pub rows: Vec<(usize, crate::trace::Row)>,
}

impl Record {
    /// Whether there is nothing to judge: recognised, read to the end, and
    /// nothing seen but what the policy allows.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.recognised
            && self.limits_hit.is_empty()
            && self.parts.iter().all(|p| p.observations.is_empty() && p.dropped == 0)
    }

    /// Whether it is no model by content nor by name, such as a README: nothing
    /// is said of it but that no format claims it.
    #[must_use]
    pub fn is_no_model(&self) -> bool {
        let says = |o: &Observation| match o.what {
            What::Defect(d) => NO_MODEL.iter().any(|no| no.slug == d.slug),
            _ => false,
        };
        !self.recognised && !self.named_like_model && self.parts.iter().flat_map(|p| &p.observations).all(says)
    }

    /// Whether everything was judged to its end.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.recognised
            && self.limits_hit.is_empty()
            && !self.parts.iter().flat_map(|p| &p.observations).any(is_inconclusive)
    }

    /// The source is not what it was when its scan began, but this.
    pub fn changed(&mut self, found: &str) {
        let error = Error::new(&observe::SOURCE_CHANGED, Span { start: 0, end: self.size });
        let observation = error.with("the file that was opened", found).into();
        match self.parts.first_mut() {
            Some(part) => part.observations.push(observation),
            None => {
                let size = self.size;
                let observations = vec![observation];
                self.parts.push(PartRecord { offset: Some(0), size, observations, ..PartRecord::default() });
            }
        }
    }

    /// The place of an observation in the source.
    #[must_use]
    pub fn in_source(part: &PartRecord, span: Span) -> Option<u64> {
        part.offset?.checked_add(span.start)
    }
}

/// What is said of a file that no model format claims.
const NO_MODEL: [&Defect; 4] =
    [&observe::UNRECOGNISED_CONTENT, &observe::EMPTY_FILE, &observe::UNSUPPORTED_FORMAT, &observe::NOT_A_MODEL];

fn is_inconclusive(o: &Observation) -> bool {
    matches!(o.what, What::Defect(d) if d.class == crate::defect::Class::Inconclusive)
}
