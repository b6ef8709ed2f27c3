//! What the names of an archive's members make of it: a torch checkpoint, a
//! program of torch, an npz, or a plain zip. The names decide the loader, never
//! what is probed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::observe::{Layout, Role, UNSTORED};

/// The flavour of an archive.
#[derive(Clone, Debug)]
pub(super) struct Profile {
    /// As reports spell it.
    pub(super) format: &'static str,
    /// The one folder all members are in, with its slash; of torch archives.
    top: String,
    /// By pickle, without its ending: the members beside it that may be its
    /// storages.
    storages: HashMap<String, Arc<HashMap<String, u64>>>,
    /// Modules of TorchScript code.
    modules: Arc<HashSet<String>>,
    /// All names, where one of them is the schema of skops.
    names: Option<Arc<HashSet<String>>>,
}

/// Small members torch writes beside the pickle.
const MARKERS: &[&str] = &[
    "version",
    "byteorder",
    ".format_version",
    ".storage_alignment",
    ".data/serialization_id",
    ".data/version",
    "archive_format",
    "archive_version",
];

/// Formats whose name more than one place asks for.
const SCRIPT: &str = "torchscript-zip";
const EXPORT: &str = "torch-export-zip";

/// The folder of a torch.export archive whose libraries are loaded
/// (`torch/csrc/export/pt2_archive_constants.h`).
const AOT_INDUCTOR: &str = "data/aotinductor/";

/// What `skops.io.load` reads first.
const SCHEMA: &str = "schema.json";

/// The pickle of what a module was traced with.
const TRACED: &str = "traced_inputs";

/// Endings of libraries that a system's loader runs.
const LIBRARIES: &[&str] = &[".so", ".dylib", ".dll", ".pyd"];

impl Profile {
    /// Reads the flavour off the names and sizes of the members.
    pub(super) fn of(members: &[(&str, u64)]) -> Self {
        let plain = |format| Self {
            format,
            top: String::new(),
            storages: HashMap::new(),
            modules: Arc::default(),
            names: schema(members),
        };
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
            SCRIPT
        } else if inside("archive_format") {
            EXPORT
        } else if inside("data.pkl") {
            "torch-zip"
        } else {
            return plain(flat(members));
        };
        let names = || members.iter().filter_map(|(name, size)| Some((name.strip_prefix(&*top)?, *size)));
        let stems: Vec<&str> = names().filter_map(|(name, _)| stem(name)).collect();
        let mut storages: HashMap<String, HashMap<String, u64>> =
            stems.iter().map(|stem| ((*stem).to_owned(), HashMap::new())).collect();
        for (name, size) in names() {
            if let Some((folder, key)) = name.split_once('/')
                && let Some(keys) = storages.get_mut(folder)
            {
                // torch.jit.save writes the inputs of a trace without their
                // numbers, and its loader leaves that pickle alone.
                let unstored = folder == TRACED && size == 0;
                keys.insert(key.to_owned(), if unstored { UNSTORED } else { size.min(UNSTORED.saturating_sub(1)) });
            }
        }
        let storages = storages.into_iter().map(|(stem, keys)| (stem, Arc::new(keys))).collect();
        let modules = Arc::new(names().filter_map(|(name, _)| module(name)).collect());
        Self { format, top, storages, modules, names: None }
    }

    /// The code of the fact that it holds a program, which its loader builds.
    pub(super) fn program(&self) -> Option<&'static str> {
        match self.format {
            SCRIPT => Some("script-program"),
            EXPORT => Some("export-program"),
            _ => None,
        }
    }

    /// Whether the loader runs a member as native code.
    pub(super) fn is_native(&self, name: &str) -> bool {
        let inner = name.strip_prefix(&*self.top).unwrap_or(name);
        let lower = inner.to_ascii_lowercase();
        self.format == EXPORT && (inner.starts_with(AOT_INDUCTOR) || LIBRARIES.iter().any(|e| lower.ends_with(e)))
    }

    /// What a member is declared to be.
    pub(super) fn role(&self, name: &str) -> Role {
        if let Some(names) = &self.names {
            // Bytes that the schema calls so; anything else is looked into.
            let raw = name.ends_with(".bin");
            return match name {
                SCHEMA => Role::SkopsSchema(names.clone()),
                _ if raw => Role::TensorData(name.to_owned()),
                _ => Role::Any,
            };
        }
        let Some(inner) = name.strip_prefix(&*self.top).filter(|_| !self.top.is_empty()) else { return Role::Any };
        if MARKERS.contains(&inner) {
            return Role::Marker;
        }
        if self.format == EXPORT {
            return exported(inner);
        }
        if let Some(storages) = stem(inner).and_then(|stem| self.storages.get(stem))
            && (self.format == SCRIPT || inner == "data.pkl")
        {
            return Role::TorchPickle(storages.clone());
        }
        if self.format == SCRIPT {
            if let Some(module) = module(inner) {
                return Role::ScriptCode(module, self.modules.clone());
            }
            if inner.starts_with("code/") && inner.ends_with(".debug_pkl") {
                return Role::Pickle;
            }
        }
        match inner.split_once('/') {
            Some(("data", key)) if self.storages.contains_key("data") => Role::TensorData(key.to_owned()),
            Some((folder, _)) if self.format == SCRIPT && self.storages.contains_key(folder) => {
                Role::TensorData(inner.to_owned())
            }
            _ => Role::Any,
        }
    }
}

/// Whether a member is read before another: code says which classes there are,
/// a layout and a pickle say which members are raw numbers.
pub(super) const fn order(role: &Role) -> u8 {
    match role {
        Role::ScriptCode(..) | Role::Layout(_) | Role::SkopsSchema(_) => 0,
        Role::TorchPickle(_) => 1,
        _ => 2,
    }
}

/// The name of a pickle beside a folder of its storages: `data.pkl`.
fn stem(name: &str) -> Option<&str> {
    name.strip_suffix(".pkl").filter(|stem| !stem.contains('/'))
}

/// `code/__torch__/a.py` is the module `__torch__.a`.
fn module(name: &str) -> Option<String> {
    Some(name.strip_prefix("code/")?.strip_suffix(".py")?.replace('/', "."))
}

/// The layout of `torch.export.save` (`torch/export/pt2_archive/_package.py`).
fn exported(inner: &str) -> Role {
    for folder in ["weights", "constants"] {
        let Some(key) = inner.strip_prefix("data/").and_then(|n| n.strip_prefix(folder)?.strip_prefix('/')) else {
            continue;
        };
        if key.ends_with("_config.json") {
            return Role::Layout(Layout::ExportPayload(folder));
        }
        // Unpickled by the one unpickler that has no list.
        if key.starts_with("opaque_obj_") {
            return Role::Pickle;
        }
        return Role::TensorData(format!("{folder}/{key}"));
    }
    let graph = inner.starts_with("models/") && inner.ends_with(".json");
    if graph { Role::Layout(Layout::ExportGraph) } else { Role::Any }
}

/// All names of an archive that has a schema of skops.
fn schema(members: &[(&str, u64)]) -> Option<Arc<HashSet<String>>> {
    let names = || members.iter().map(|(name, _)| *name);
    names().any(|name| name == SCHEMA).then(|| Arc::new(names().map(str::to_owned).collect()))
}

fn flat(members: &[(&str, u64)]) -> &'static str {
    let mut names = members.iter().map(|(name, _)| *name);
    let written = |name: &str| name == SCHEMA || [".npy", ".npz", ".bin"].iter().any(|e| name.ends_with(e));
    if schema(members).is_some() && names.all(written) {
        return "skops";
    }
    if !members.is_empty() && members.iter().all(|(name, _)| name.ends_with(".npy")) { "npz" } else { "zip" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(names: &[&str]) -> (Profile, Vec<Role>) {
        let members: Vec<(&str, u64)> = names.iter().map(|name| (*name, 4)).collect();
        let profile = Profile::of(&members);
        let roles = names.iter().map(|name| profile.role(name)).collect();
        (profile, roles)
    }

    #[test]
    fn a_script_has_code_pickles_and_their_storages() {
        let (profile, roles) = roles(&[
            "m/data.pkl",
            "m/constants.pkl",
            "m/data/0",
            "m/constants/0",
            "m/code/__torch__/a/b.py",
            "m/code/__torch__/a/b.py.debug_pkl",
            "m/extra/x.pkl",
        ]);
        assert_eq!(profile.format, "torchscript-zip");
        let modules = Arc::new(HashSet::from(["__torch__.a.b".to_owned()]));
        let sizes = || Role::TorchPickle(Arc::new(HashMap::from([("0".to_owned(), 4)])));
        assert_eq!(
            roles,
            [
                sizes(),
                sizes(),
                Role::TensorData("0".to_owned()),
                Role::TensorData("constants/0".to_owned()),
                Role::ScriptCode("__torch__.a.b".to_owned(), modules),
                Role::Pickle,
                Role::Any,
            ]
        );
    }

    #[test]
    fn an_export_has_graphs_payloads_and_libraries() {
        let names = [
            "e/archive_format",
            "e/models/model.json",
            "e/data/weights/model_weights_config.json",
            "e/data/weights/weight_0",
            "e/data/constants/opaque_obj_0",
            "e/data/aotinductor/model/wrapper.json",
            "e/data/sample_inputs/model.pt",
            "e/extra/a.SO",
        ];
        let (profile, roles) = roles(&names);
        assert_eq!(profile.format, "torch-export-zip");
        assert_eq!(
            roles,
            [
                Role::Marker,
                Role::Layout(Layout::ExportGraph),
                Role::Layout(Layout::ExportPayload("weights")),
                Role::TensorData("weights/weight_0".to_owned()),
                Role::Pickle,
                Role::Any,
                Role::Any,
                Role::Any,
            ]
        );
        let native: Vec<&str> = names.into_iter().filter(|name| profile.is_native(name)).collect();
        assert_eq!(native, ["e/data/aotinductor/model/wrapper.json", "e/extra/a.SO"]);
    }
}
