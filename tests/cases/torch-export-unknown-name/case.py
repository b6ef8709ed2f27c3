"""A graph that calls what can be reached from torch by a name: `torch.os.system`.

The near miss calls an operator of torch.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import export_zip

NAME = "model.pt2"
MEMBER = "e/models/model.json"
# A program is never inert by itself.
NEAR_MISS_IS_INERT = False


def graph(text: str) -> bytes:
    return export_zip({"models/model.json": text.encode("latin-1")})


OFFSET = len('{"nodes": [{"target": ')


def fires() -> bytes:
    return graph('{"nodes": [{"target": "torch.os.system"}]}')


def near_miss() -> bytes:
    return graph('{"nodes": [{"target": "torch.ops.aten.relu.default"}]}')


def variants() -> Mapping[str, tuple[str, bytes]]:
    texts = {
        "an operator of another library": '{"target": "torch.ops.evil.run.default"}',
        "with an escape": '{"t\\u0061rget": "torch.ops.evil.run"}',
        "as an argument": '{"as_operator": "_operator.methodcaller"}',
        "a guard": '{"guards_code": ["L[0].size()[0] == exit()"]}',
        "a module that a tree names": r'{"in_spec": "{\"default_factory_module\": 1}"}',
        "an enum that a tree names": r'{"in_spec": "[{\"context\": \"{\\\"__enum__\\\": true}\"}]"}',
        "a class of native code": '{"class_fqn": "__torch__.torch.classes.evil.Run"}',
        "an extension": '{"target": "#evil:run"}',
    }
    return {claim: (NAME, graph(text)) for claim, text in texts.items()}
