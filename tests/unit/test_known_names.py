"""The deny side: published gadgets are malicious by name, with their reference, and data near to them is not.

Safety does not rest on this list: a name that it lacks is unknown. The table is a transcription of what was
published, by mechanism; nothing in it is ever imported.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from dryload import Verdict, scan
from dryload.policy_table import KNOWN_NAMES, built_in
from dryload.report import Report

ENTRIES = tomllib.loads(Path(KNOWN_NAMES).read_text(encoding="utf-8"))
CLASSES = {
    "canary", "code", "deserialise", "file", "import", "nested-load", "network", "process", "state",
    "trampoline",
}  # fmt: skip

# Mechanism, then rows of a name and the identifiers under which it was published, if any.
PUBLISHED = """
# starts a process, or loads native code
os:system; posix:system; nt:system; subprocess:Popen
pip:main CVE-2025-1716; pip._internal:main CVE-2025-1716
ensurepip:_run_pip GHSA-xp4f-hrf8-rxw7
pty:spawn GHSA-vqmv-47xg-9wpr; pty:spawn GHSA-r7v6-mfhq-g3m2
asyncio.unix_events:_UnixSubprocessTransport._start CVE-2025-10157
asyncio.unix_events:_UnixSubprocessTransport._start GHSA-f7qq-56ww-84cr
asyncio.unix_events:_UnixSubprocessTransport._start GHSA-q77w-mwjj-7mqx
multiprocessing.util:spawnv_passfds GHSA-q5qq-mvfm-j35x
_posixsubprocess:fork_exec GHSA-m6fh-58r7-x697
platform:popen GHSA-5cxw-w2xg-2m8h; platform:processor GHSA-5cxw-w2xg-2m8h
uuid:_get_command_stdout GHSA-g38g-8gr9-h9xp; uuid:_get_command_stdout GHSA-5hwf-rc88-82xm
uuid:_ip_getnode CVE-2026-56315
imaplib:IMAP4_stream GHSA-g38g-8gr9-h9xp
_osx_support:_read_output GHSA-5hwf-rc88-82xm; _osx_support:_find_build_tool CVE-2026-56315
_aix_support:_read_cmd_output GHSA-5hwf-rc88-82xm
_pyrepl.pager:pipe_pager GHSA-g38g-8gr9-h9xp
test.support.script_helper:assert_python_ok GHSA-g38g-8gr9-h9xp
ctypes:CDLL GHSA-4675-36f9-wf6r; ctypes:CDLL GHSA-5hvc-6wx8-mvv4; _ctypes:dlopen CVE-2026-22608
torch.utils.collect_env:run GHSA-f745-w6jp-hpxx; torch.utils.collect_env:run_and_read_all GHSA-jhph-76pp-mggw
torch:ops.load_library; torch:classes.load_library
# runs or compiles text
builtins:eval GHSA-h4rm-mm56-xf63; builtins:exec GHSA-h4rm-mm56-xf63; builtins:compile GHSA-h4rm-mm56-xf63
code:InteractiveInterpreter GHSA-cj3c-v495-4xqh; runpy:run_path GHSA-wfq2-52f7-7qvj
trace:Trace.run GHSA-5qwp-399c-mjwf; trace:Trace.runctx GHSA-g344-hcph-8vgg
profile:run GHSA-7wx9-6375-f5wh; profile:Profile.run GHSA-x696-vm39-cp64
profile:Profile.runctx GHSA-6vqj-c2q5-j97w
cProfile:run GHSA-49gj-c84q-6qm9; cProfile:runctx GHSA-9w88-8rmg-7g2p; cProfile:run GHSA-p523-jq9w-64x9
doctest:debug_script GHSA-fqq6-7vqf-w3fg; doctest:run_docstring_examples GHSA-pc6j-px3p-rrj4
unittest:main GHSA-pc6j-px3p-rrj4; timeit:timeit; pdb:run; bdb:Bdb.run
lib2to3.pgen2.pgen:ParserGenerator.make_label GHSA-p9w7-82w4-7q8m
idlelib.run:Executive.runcode GHSA-m869-42cg-3xwr
idlelib.pyshell:ModifiedInterpreter.runcommand GHSA-j343-8v2j-ff7w
idlelib.pyshell:ModifiedInterpreter.runcode GHSA-3gf5-cxq9-w223
idlelib.debugobj:ObjectTreeItem.SetText GHSA-3vg9-h568-4w9m
idlelib.autocomplete:AutoComplete.get_entity GHSA-6w4w-5w54-rjvr
idlelib.autocomplete:AutoComplete.fetch_completions GHSA-7cq8-mj8x-j263
idlelib.calltip:get_entity GHSA-9xph-j2h6-g47v; idlelib.calltip:get_entity GHSA-8r4j-24qv-fmq9
numpy.f2py.crackfortran:getlincoef GHSA-r8g5-cgf2-4m4m
torch.utils.bottleneck.__main__:run_cprofile GHSA-4r9r-ch6f-vxmx
torch.utils.bottleneck.__main__:run_autograd_prof GHSA-4whj-rm5r-c2v8
torch._dynamo.guards:GuardBuilder.get GHSA-86cj-95qr-2p4f
torch.fx.experimental.symbolic_shapes:ShapeEnv.evaluate_guards_expression GHSA-f4x7-rfwp-v3xw
torch.jit.unsupported_tensor_ops:execWrapper GHSA-vr7h-p6mm-wpmh
torch:jit.script; torch.jit._script:script; pandas:eval; pandas:DataFrame.eval
pandas.core.frame:DataFrame.query
typing:get_type_hints; dataclasses:_create_fn; inspect:get_annotations
_interpreters:run_string GHSA-6ggj-6f2q-f7mx
# makes code
types:CodeType GHSA-9m3x-qqw2-h32h; types:FunctionType GHSA-565g-hwwr-4pp3
cloudpickle.cloudpickle:_make_function GHSA-9m3x-qqw2-h32h; dill._dill:_create_function
# imports by name, or acts when it is imported
importlib:import_module GHSA-q5qq-mvfm-j35x; pkgutil:resolve_name GHSA-vvpj-8cmc-gx39
pydoc:locate GHSA-84r2-jw7c-4r5q; site:execsitecustomize GHSA-m6fh-58r7-x697
builtins:__import__ GHSA-h4rm-mm56-xf63; antigravity:fly; this:s
# reaches attributes, or calls its arguments
operator:methodcaller GHSA-955r-x9j8-7rhh; _operator:attrgetter GHSA-46h3-79wf-xr6c
builtins:getattr GHSA-h4rm-mm56-xf63; builtins:map; functools:reduce; weakref:finalize
codecs:StreamReaderWriter; codecs:decode; atexit:register GHSA-m6fh-58r7-x697
gc:get_objects GHSA-r48f-3986-4f9c
random:_os.system; statistics:random._os.system; shlex:os.system GHSA-5j3x-jp52-966f; collections:_sys.modules
copyreg:add_extension; copyreg:_extension_registry
# loads another file, or another pickle
pickle:loads; _pickle:loads; marshal:loads GHSA-565g-hwwr-4pp3; dill:loads; cloudpickle:loads; shelve:open
multiprocessing.reduction:ForkingPickler.loads; tracemalloc:pickle.loads; joblib:load; numpy:load
pandas:read_pickle; torch:load; torch.serialization:load; torch.storage:_load_from_bytes; torch:jit.load
torch.jit:load; torch.package:PackageImporter; torch.hub:load; torch:hub.load
transformers:pipeline; transformers.pipelines:pipeline; transformers:AutoModel.from_pretrained
lib2to3.pgen2.grammar:Grammar.loads GHSA-f54q-57x4-jg88
torch.utils.data.datapipes.utils.decoder:basichandlers GHSA-h3qp-7fh3-f8h4
torch.utils._config_module:ConfigModule.load_config GHSA-vv6j-3g6g-2pvj
keras.src.utils.python_utils:func_load; keras.src.layers.core.lambda_layer:Lambda.from_config
keras.src.saving.serialization_lib:deserialize_keras_object
logging.config:dictConfig; logging.config:fileConfig; yaml:unsafe_load
# opens, reads or writes files
builtins:open; io:open; io:FileIO GHSA-9726-w42j-3qjr; _io:FileIO GHSA-9726-w42j-3qjr; codecs:open
logging:FileHandler GHSA-m7j5-r2p5-c39r; logging:FileHandler CVE-2026-56304
distutils.file_util:write_file GHSA-m273-6v24-x4m4; linecache:getlines GHSA-r48f-3986-4f9c
difflib:main GHSA-r48f-3986-4f9c
bz2:BZ2File; bz2:open; gzip:open; gzip:GzipFile; lzma:open; lzma:LZMAFile; compression.zstd:open
pathlib:Path.write_text; pathlib:PosixPath.write_bytes; pathlib:Path.touch; pathlib:Path.mkdir
pathlib._local:Path.write_text; zipapp:create_archive; sqlite3:connect; dbm:open; shutil:rmtree
tempfile:mktemp
# opens connections
ssl:get_server_certificate CVE-2025-46417; urllib.request:urlopen GHSA-9726-w42j-3qjr
socket:socket GHSA-mhc9-48gj-9gp3; smtplib:SMTP GHSA-mhc9-48gj-9gp3; logging.config:listen
torch.distributed:init_process_group
"""

# What stands in the same modules and is data, or is in no reader's way: estimators, enums, configurations,
# values. Some are inert, the others unknown; none is malicious.
NEAR_MISSES = """
collections:OrderedDict; collections:Counter; random:Random; statistics:NormalDist; pathlib:Path
pathlib:PurePath
pathlib:Path.exists; dataclasses:Field; typing:Any; typing:ForwardRef; functools:lru_cache; uuid:UUID
uuid:SafeUUID
platform:uname_result; logging:Logger; logging:StreamHandler; logging.config:valid_ident; difflib:Differ
trace:CoverageResults; code:Scaler; profile:Customer; inspect:Parameter; inspect:Signature
types:SimpleNamespace
types:MappingProxyType; weakref:WeakValueDictionary; codecs:CodecInfo; io:BytesIO; io:StringIO
copyreg:_reconstructor
builtins:type; builtins:bytearray; signal:Signals; urllib.parse:ParseResult; http:HTTPStatus; decimal:Decimal
numpy:ndarray; numpy:memmap; numpy:ufunc; numpy.ma.core:MaskedArray; numpy.random._pickle:__generator_ctor
torch:Tensor; torch:Size; torch.nn.modules.linear:Linear; torch.nn.modules.rnn:LSTM; torch.optim.adamw:AdamW
torch.optim.lr_scheduler:StepLR; torch.fx.graph_module:GraphModule; torch.jit._script:RecursiveScriptModule
torch.fx.experimental.symbolic_shapes:ShapeEnv; torch.utils.data.dataset:TensorDataset
torch.utils.data.datapipes.utils.decoder:Decoder; torch.distributed._tensor.api:DTensor
transformers.training_args:TrainingArguments; transformers.training_args:OptimizerNames
transformers.trainer_utils:IntervalStrategy; transformers.models.bert.configuration_bert:BertConfig
transformers.models.auto.modeling_auto:AutoModel; accelerate.utils.dataclasses:DistributedType
accelerate.state:PartialState
sklearn.ensemble._forest:RandomForestClassifier; sklearn.pipeline:Pipeline; sklearn.svm._classes:SVC
sklearn.preprocessing._function_transformer:FunctionTransformer; xgboost.sklearn:XGBClassifier
lightgbm.basic:Booster; pandas:DataFrame; pandas.core.frame:DataFrame; pandas.core.series:Series
keras.layers:Lambda; keras.layers:Dense; keras.src.models.sequential:Sequential
joblib.numpy_pickle:NumpyArrayWrapper; compression:Codec; mycorp.subprocess:Runner; mycorp.os:system
"""


def rows(text: str) -> list[tuple[str, str, str]]:
    """Gives module, qualified name and reference of each row."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    words = [row.split() for line in lines for row in line.split(";") if row.strip()]
    names = [(*name.split(":"), *reference[:1], "") for name, *reference in words]
    return [(module, qualname, reference) for module, qualname, reference, *_ in names]


def pickled(module: str, qualname: str, *, called: bool) -> bytes:
    """Imports the name at protocol 4, where dots reach in, and calls it with one text."""
    data = b"\x80\x04" + b"".join(b"\x8c" + bytes([len(text)]) + text.encode() for text in (module, qualname))
    return data + b"\x93" + (b"\x8c\x01x\x85R" if called else b"") + b"."


def scanned(module: str, qualname: str, *, called: bool) -> Report:
    return scan(pickled(module, qualname, called=called), name="model.pkl")


@pytest.mark.parametrize("name", ENTRIES)
def test_each_entry_says_what_it_is_why_and_where_that_was_published(name: str) -> None:
    entry = ENTRIES[name]
    assert entry["class"] in CLASSES
    assert entry["reason"]
    assert ("module" if ":" not in name else "name") == entry["kind"]
    for identifier in entry.get("reference", "CVE-0000-0000").split(", "):
        assert identifier.startswith(("CVE-", "GHSA-")), identifier


@pytest.mark.parametrize(("module", "qualname", "reference"), rows(PUBLISHED))
def test_a_published_gadget_is_malicious_when_imported_and_when_called(
    module: str, qualname: str, reference: str
) -> None:
    for called, rule in ((False, "pickle-dangerous-import"), (True, "pickle-dangerous-call")):
        report = scanned(module, qualname, called=called)
        assert report.verdict is Verdict.MALICIOUS
        (finding,) = [finding for finding in report.findings if finding.rule == rule]
        assert reference in finding.note


@pytest.mark.parametrize(("module", "qualname", "_"), rows(NEAR_MISSES))
def test_data_near_to_a_gadget_is_not_denied(module: str, qualname: str, _: str) -> None:
    for called in (False, True):
        report = scanned(module, qualname, called=called)
        assert report.verdict is not Verdict.MALICIOUS, [finding.message for finding in report.findings]


def test_no_built_in_policy_allows_what_lies_in_a_denied_module() -> None:
    denied = {module for module, qualname in built_in().known if qualname == "*"}
    allowed = {pair for layer in built_in().layers.values() for pair in layer.allow}
    for module, qualname in allowed:
        above = module.split(".")
        inside = {".".join(above[: depth + 1]) for depth in range(len(above))} & denied
        assert not inside, f"{module}:{qualname} lies in {inside}"
