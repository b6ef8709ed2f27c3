//! What the names of an archive's members make of it: a torch checkpoint, an
//! npz, or a plain zip. The names decide the loader, never what is probed.

use std::collections::HashMap;
use std::sync::Arc;

use crate::observe::Role;

/// The flavour of an archive.
#[derive(Clone, Debug)]
pub(super) struct Profile {
    /// As reports spell it.
    pub(super) format: &'static str,
    /// The one folder all members are in, with its slash; of torch archives.
    top: String,
    storages: Arc<HashMap<String, u64>>,
}

/// Small members torch writes beside the pickle.
const MARKERS: &[&str] = &["version", "byteorder", ".format_version", ".storage_alignment", ".data/serialization_id"];

impl Profile {
    /// Reads the flavour off the names and sizes of the members.
    pub(super) fn of(members: &[(&str, u64)]) -> Self {
        let plain = |format| Self { format, top: String::new(), storages: Arc::default() };
        let Some((top, _)) = members.first().and_then(|(name, _)| name.split_once('/')) else {
            return plain(flat(members));
        };
        let top = format!("{top}/");
        let inside = |name: &str| members.iter().any(|(n, _)| n.strip_prefix(&*top) == Some(name));
        if !members.iter().all(|(name, _)| name.starts_with(&*top)) {
            return plain(flat(members));
        }
        let code = members.iter().any(|(n, _)| n.strip_prefix(&*top).is_some_and(|n| n.starts_with("code/")));
        let format = if inside("constants.pkl") || code {
            "torchscript-zip"
        } else if inside("archive_format") {
            "torch-export-zip"
        } else if inside("data.pkl") {
            "torch-zip"
        } else {
            return plain(flat(members));
        };
        let prefix = format!("{top}data/");
        let storages =
            members.iter().filter_map(|(n, size)| Some((n.strip_prefix(&*prefix)?.to_owned(), *size))).collect();
        Self { format, top, storages: Arc::new(storages) }
    }

    /// Whether its loader does more than the members' own: then members alone
    /// do not decide what loading does.
    pub(super) fn is_program(&self) -> bool {
        matches!(self.format, "torchscript-zip" | "torch-export-zip")
    }

    /// What a member is declared to be.
    pub(super) fn role(&self, name: &str) -> Role {
        if self.top.is_empty() {
            return Role::Any;
        }
        match name.strip_prefix(&*self.top).unwrap_or("") {
            "data.pkl" => Role::TorchPickle(self.storages.clone()),
            inner if MARKERS.contains(&inner) => Role::Marker,
            inner => match inner.strip_prefix("data/") {
                Some(key) if self.format == "torch-zip" => Role::TensorData(key.to_owned()),
                _ => Role::Any,
            },
        }
    }
}

fn flat(members: &[(&str, u64)]) -> &'static str {
    if !members.is_empty() && members.iter().all(|(name, _)| name.ends_with(".npy")) { "npz" } else { "zip" }
}
