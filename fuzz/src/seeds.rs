//! Seeds: small valid files of each format, built from bytes a reader can check.

use dryload_gen::{Rng, pickle};

/// Name and bytes of each seed.
#[must_use]
pub fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let mut seeds: Vec<(&'static str, Vec<u8>)> = vec![
        ("p0.pkl", b"(dp0\nVa\np1\n(lp2\nI1\naF1.5\naL7L\nasVb\np3\nccollections\nOrderedDict\np4\n(tRp5\ns.".to_vec()),
        ("p2.pkl", b"\x80\x02}q\0(X\x01\0\0\0aq\x01K\x01X\x01\0\0\0bq\x02]q\x03(M\x00\x01J\xff\xff\xff\xff\x8a\x02\xff\0Neu.".to_vec()),
        ("p4.pkl", frame(b"}\x94(\x8c\x01a\x94K\x01\x8c\x01b\x94]\x94(G?\xf8\0\0\0\0\0\0C\x03abc\x88\x89Ne\x8c\x01o\x94\x8c\x0bcollections\x94\x8c\x0bOrderedDict\x94\x93\x94)R\x94u.")),
        ("calls.pkl", b"cposix\nsystem\n(S'true'\ntR.".to_vec()),
        ("two.pkl", b"\x80\x02K\x01.\x80\x02K\x02.".to_vec()),
        ("joblib.joblib", joblib()),
        ("legacy.pt", legacy()),
        ("a.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", &[0; 8])),
        ("o.npy", npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", b"\x80\x02]Na.")),
        ("s.safetensors", safetensors(r#"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[],"data_offsets":[8,9]}}"#, &[0; 9])),
    ];
    let pickle: &[u8] = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x02tQK\0K\x02\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR.";
    seeds.push(("t.pt", zip(&[("t/data.pkl", pickle), ("t/version", b"3\n"), ("t/data/0", &[0; 8])])));
    let object = npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", b"\x80\x02]Na.");
    let inner = zip(&[("c.pkl", b"\x80\x02N.")]);
    seeds.push(("d.zip", deflated(&[("a.pkl", b"\x80\x02K\x01."), ("o.npy", &object), ("inner.zip", &inner)])));
    seeds.push((
        "a.tar",
        tar(&[
            (b'0', "a.pkl", b"\x80\x02K\x01."),
            (b'5', "d/", b""),
            (b'0', "d/o.npy", &object),
            (b'2', "l", b"a.pkl"),
        ]),
    ));
    let long = format!("{}/c.pkl", "d".repeat(120));
    let records = format!("{} path={long}\n", long.len().saturating_add(10));
    seeds.push((
        "p.tar",
        tar(&[
            (b'g', "g", b"13 comment=a\n"),
            (b'x', "p", records.as_bytes()),
            (b'0', "c", b"\x80\x02N."),
            (b'L', "L", long.replace('c', "b").as_bytes()),
            (b'0', "b", b"\x80\x02N."),
        ]),
    ));
    seeds.push(("t.tar", torch_tar()));
    seeds.extend(programs());
    seeds.extend(crate::streams::STREAMS.iter().map(|(name, data)| (*name, data.to_vec())));
    seeds.push(("z.zip", zip(&[("a.pkl", b"\x80\x02K\x01."), ("inner.zip", &zip(&[("b.pkl", b"\x80\x02N.")]))])));
    seeds
}

/// Archives whose loaders read texts of their own: TorchScript, torch.export and
/// skops.
fn programs() -> Vec<(&'static str, Vec<u8>)> {
    let code = b"class M(Module):\n  w : Tensor\n  def __setstate__(self: __torch__.M, s: Tensor) -> NoneType:\n    _0 = getattr(self, \"w\")\n    torch.save(ops.aten.add(s, -1.5e-3), \"p\")\n    return ops.evil.run([(_0).f(CONSTANTS.c0, )])\n";
    let graph = br##"{"graph": {"nodes": [{"target": "torch.ops.aten.relu.default", "as_operator": "#evil:x"}], "expr_str": "Add(Symbol('s0', integer=True), 1.5)"}, "in_spec": "[{\"context\": \"{\\\"default_factory_module\\\": \\\"os\\\"}\"}]", "guards_code": ["L['x'].size()[0] >= 3"]}"##;
    let config = br#"{"config": {"w": {"path_name": "weight_0", "use_pickle": false, "tensor_meta": {"sizes": [{"as_int": 1}]}}}}"#;
    let schema = br#"{"__class__": "Tree", "__module__": "sklearn.tree._tree", "__reduce__": {"args": {"__class__": "tuple", "__module__": "builtins", "__loader__": "TupleNode", "content": [{"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": "4", "__id__": 7}]}}, "content": {"__class__": "dict", "__module__": "builtins", "__loader__": "DictNode", "content": {"a": {"__class__": "bytes", "__module__": "builtins", "__loader__": "BytesNode", "file": "1.bin"}}, "key_types": {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "content": [{"__class__": "str", "__module__": "builtins", "__loader__": "TypeNode", "__id__": 8}]}}, "__loader__": "TreeNode", "protocol": 2}"#;
    vec![
        (
            "s.pt",
            zip(&[
                ("s/data.pkl", b"\x80\x02c__torch__\nM\n)\x81}X\x01\0\0\0wNsb."),
                ("s/code/__torch__.py", code),
                ("s/code/__torch__.py.debug_pkl", b"\x80\x02)."),
                ("s/constants.pkl", b"\x80\x02)."),
            ]),
        ),
        (
            "e.pt2",
            zip(&[
                ("e/archive_format", b"pt2"),
                ("e/models/model.json", graph),
                ("e/data/weights/model_weights_config.json", config),
                ("e/data/weights/weight_0", &[0; 4]),
                ("e/data/constants/opaque_obj_0", b"\x80\x02N."),
                ("e/data/aotinductor/m/m.so", b"\x80\x02N."),
            ]),
        ),
        ("m.skops", zip(&[("1.bin", b"\x80\x02N."), ("schema.json", schema)])),
    ]
}

/// Pickles that the generator makes: values, calls and streams that no pickler
/// writes, of every protocol. And what is no model: a JSON text, the name of a member,
/// and entries of policies, a few of every length.
#[must_use]
pub fn generated() -> Vec<(&'static str, Vec<u8>)> {
    let json = br#"{"metadata":{"total_size":8},"weight_map":{"a":"x\u00e9","b":["1",2.5,true,null]}}"#;
    let pickles = (0..GENERATED).map(|seed| ("generated.pkl", pickle::generate(&mut Rng::new(seed))));
    let entries = pickle::allowed().iter().step_by(97).map(|row| ("entry.txt", row.spec.text.clone().into_bytes()));
    pickles.chain(entries).chain([("index.json", json.to_vec()), ("name.txt", b"a/b/../c.pkl".to_vec())]).collect()
}

/// As many as the other seeds, twice over: they are small.
const GENERATED: u64 = 32;

fn frame(body: &[u8]) -> Vec<u8> {
    let mut out = b"\x80\x04\x95".to_vec();
    out.extend(u64::try_from(body.len()).unwrap_or(0).to_le_bytes());
    out.extend_from_slice(body);
    out
}

fn joblib() -> Vec<u8> {
    let mut out = b"\x80\x03cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(X\x08\0\0\0subclasscnumpy\nndarray\nX\x05\0\0\0shapeK\x02\x85X\x05\0\0\0orderX\x01\0\0\0CX\x05\0\0\0dtypecnumpy\ndtype\nX\x02\0\0\0f4\x89\x88\x87R(K\x03X\x01\0\0\0<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tbX\x1b\0\0\0numpy_array_alignment_bytesK\x10ub".to_vec();
    out.extend_from_slice(b"\x02\xff\xff\0\0\0\0\0\0\0\0.");
    out
}

fn legacy() -> Vec<u8> {
    let mut out = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.".to_vec();
    out.extend_from_slice(b"\x80\x02(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x02NtQ.\x80\x02]X\x01\0\0\x000a.");
    out.extend_from_slice(&2u64.to_le_bytes());
    out.extend_from_slice(&[0; 8]);
    out
}

fn npy(header: &str, data: &[u8]) -> Vec<u8> {
    let mut out = b"\x93NUMPY\x01\0".to_vec();
    out.extend(u16::try_from(header.len()).unwrap_or(0).to_le_bytes());
    out.extend_from_slice(header.as_bytes());
    out.extend_from_slice(data);
    out
}

fn safetensors(header: &str, data: &[u8]) -> Vec<u8> {
    let mut out = u64::try_from(header.len()).unwrap_or(0).to_le_bytes().to_vec();
    out.extend_from_slice(header.as_bytes());
    out.extend_from_slice(data);
    out
}

/// A tar of torch 0.1: one storage of two floats, one tensor of it.
fn torch_tar() -> Vec<u8> {
    let mut storages = b"\x80\x02K\x01.\x80\x02(K\x07X\x03\0\0\0cpuctorch\nFloatStorage\nt.".to_vec();
    storages.extend_from_slice(&2u64.to_le_bytes());
    storages.extend_from_slice(&[0; 8]);
    storages.extend_from_slice(b"\x80\x02].");
    let mut tensors = b"\x80\x02K\x01.\x80\x02(K\x08K\x07ctorch\nFloatTensor\nt.".to_vec();
    for n in [1u64, 2, 1, 0] {
        tensors.extend_from_slice(&n.to_le_bytes());
    }
    let object = b"\x80\x02}X\x01\0\0\0wK\x08Qs.";
    tar(&[
        (b'0', "sys_info", b"\x80\x02}."),
        (b'0', "pickle", object),
        (b'0', "tensors", &tensors),
        (b'0', "storages", &storages),
    ])
}

/// A tar of members: type flag, name, data; of a link, where it leads.
fn tar(members: &[(u8, &str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (flag, name, data) in members {
        let link = if *flag == b'2' { *data } else { b"" };
        let data = if *flag == b'2' { b"" } else { *data };
        let mut header = Vec::new();
        let field = |to: &mut Vec<u8>, bytes: &[u8], width: usize| {
            to.extend_from_slice(bytes);
            to.resize(to.len().saturating_add(width).saturating_sub(bytes.len()), 0);
        };
        field(&mut header, name.as_bytes(), 100);
        (0..3).for_each(|_| field(&mut header, b"0000644", 8));
        field(&mut header, format!("{:011o}", data.len()).as_bytes(), 12);
        field(&mut header, b"00000000000", 12);
        header.extend_from_slice(b"        ");
        header.push(*flag);
        field(&mut header, link, 100);
        field(&mut header, b"ustar\x0000", 255);
        let sum: u32 = header.iter().map(|&b| u32::from(b)).sum();
        header.splice(148..156, format!("{sum:06o}\0 ").into_bytes());
        out.extend_from_slice(&header);
        out.extend_from_slice(data);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len().saturating_add(1024), 0);
    out
}

/// A zip of stored members.
fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let members: Vec<_> = members.iter().map(|(name, data)| (*name, 0, data.len(), data.to_vec())).collect();
    archive(&members)
}

/// A zip of deflated members, each one block that is stored as it is.
fn deflated(members: &[(&str, &[u8])]) -> Vec<u8> {
    let block = |data: &[u8]| {
        let len = u16::try_from(data.len()).unwrap_or(0);
        let mut out = vec![1];
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(&(!len).to_le_bytes());
        out.extend_from_slice(data);
        out
    };
    let members: Vec<_> = members.iter().map(|(name, data)| (*name, 8, data.len(), block(data))).collect();
    archive(&members)
}

/// A zip of members: name, method, size, stored bytes. CRCs are zero: nothing
/// here checks them.
fn archive(members: &[(&str, u8, usize, Vec<u8>)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, method, plain, data) in members {
        let plain = u32::try_from(*plain).unwrap_or(0).to_le_bytes();
        let size = u32::try_from(data.len()).unwrap_or(0).to_le_bytes();
        let name_len = u16::try_from(name.len()).unwrap_or(0).to_le_bytes();
        let local = u32::try_from(out.len()).unwrap_or(0).to_le_bytes();
        let common = |to: &mut Vec<u8>| {
            to.extend_from_slice(&[20, 0, 0, 0, *method, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            to.extend_from_slice(&size);
            to.extend_from_slice(&plain);
            to.extend_from_slice(&name_len);
            to.extend_from_slice(&[0, 0]);
        };
        out.extend_from_slice(b"PK\x03\x04");
        common(&mut out);
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(data);
        directory.extend_from_slice(b"PK\x01\x02\x14\0");
        common(&mut directory);
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&local);
        directory.extend_from_slice(name.as_bytes());
    }
    let count = u16::try_from(members.len()).unwrap_or(0).to_le_bytes();
    let start = u32::try_from(out.len()).unwrap_or(0).to_le_bytes();
    out.extend_from_slice(&directory);
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    out.extend_from_slice(&count);
    out.extend_from_slice(&count);
    out.extend_from_slice(&u32::try_from(directory.len()).unwrap_or(0).to_le_bytes());
    out.extend_from_slice(&start);
    out.extend_from_slice(&[0, 0]);
    out
}

#[cfg(test)]
mod tests {
    use dryload_core::limits::Limits;
    use dryload_io::scan_bytes;

    /// Seeds that call something, or are programs.
    const TELLING: &[&str] = &["calls.pkl", "s.pt", "e.pt2", "m.skops"];

    #[test]
    fn every_seed_is_read_to_its_end() {
        let names = crate::policy();
        for (name, data) in super::seeds() {
            let record = scan_bytes(&data, name, &names, &std::sync::Arc::new(Limits::default()));
            assert!(record.recognised, "{name}: {record:#?}");
            assert!(record.is_complete(), "{name}: {record:#?}");
            assert_eq!(record.is_quiet(), !TELLING.contains(&name), "{name}: {record:#?}");
        }
    }
}
