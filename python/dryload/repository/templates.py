"""Chat templates: programs in Jinja's language that a tokenizer renders for every prompt.

They are parsed with Jinja's own parser and never rendered. A sandbox stands between a template and Python in
the common loaders, and templates have left it: what reaches for names with underscores, for `|attr` or for
other files is told.
"""

from __future__ import annotations

from typing import Any

from dryload.repository.files import Folder, Unread, fact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dryload._core import Observation

MAX_TEMPLATE = 64 * 1024
# Numbers of turns that no prompt has.
MAX_RANGE = 100_000


def facts(folder: Folder) -> Iterator[Observation]:
    """Gives what the chat templates of a folder reach for."""
    for name in folder.names:
        lower = name.lower()
        try:
            if lower.endswith(".jinja"):
                yield from _template(name, "", folder.text(name))
            elif lower in ("tokenizer_config.json", "processor_config.json", "chat_template.json"):
                value, _ = folder.json(name)
                for pointer, text in _texts(value):
                    yield from _template(name, pointer, text)
        except Unread as error:
            yield fact("repository-unread", name, "", str(error))


def _texts(value: Any) -> Iterator[tuple[str, str]]:
    found = value.get("chat_template") if isinstance(value, dict) else None
    if isinstance(found, str):
        yield "/chat_template", found
    elif isinstance(found, dict):
        yield from ((f"/chat_template/{key}", text) for key, text in found.items() if isinstance(text, str))
    elif isinstance(found, list):
        for i, each in enumerate(found):
            text = each.get("template") if isinstance(each, dict) else None
            if isinstance(text, str):
                yield f"/chat_template/{i}/template", text


def _template(name: str, pointer: str, text: str) -> Iterator[Observation]:
    if len(text) > MAX_TEMPLATE:
        yield fact("repository-unread", name, pointer, f"a template of more than {MAX_TEMPLATE} characters")
        return
    try:
        import jinja2
        from jinja2 import nodes
    except ImportError:
        if not may_reach(text):
            return
        found = "a template, and Jinja is not installed: `pip install dryload[templates]`"
        yield fact("repository-unread", name, pointer, found)
        return
    try:
        tree = jinja2.Environment(extensions=["jinja2.ext.loopcontrols"]).parse(text)
    except (jinja2.TemplateError, RecursionError) as error:
        # A tag of a loader's own, such as `generation`, is no tag of Jinja.
        bare = _without_own_tags(text)
        try:
            tree = jinja2.Environment(extensions=["jinja2.ext.loopcontrols"]).parse(bare)
        except (jinja2.TemplateError, RecursionError):
            yield fact("repository-unread", name, pointer, f"no template of Jinja: {str(error)[:80]}")
            return
    for found in _reaches(tree, nodes):
        yield fact("repository-template", name, pointer, found)


def may_reach(text: str) -> bool:
    """Whether the parser could find something: without any of these words and signs it does not, so that an
    ordinary template needs no Jinja."""
    import re

    # A name or key with an underscore in front, a text that spells one, the filter, a tag of another file.
    tag = r"\{%[-+]?\s*(?:include|import|from|extends)\b"
    if re.search(rf"\.\s*_|['\"]_|\\[xuUN0-7]|\battr\b|{tag}", text):
        return True
    return "range" in text and re.search(r"\d[\d_]{5}|0[xXoObB]", text) is not None


def _without_own_tags(text: str) -> str:
    import re

    return re.sub(r"\{%-?\s*(end)?generation\s*-?%\}", "", text)


def _reaches(tree: Any, nodes: Any) -> Iterator[str]:
    for node in tree.find_all(nodes.Getattr):
        if node.attr.startswith("_"):
            yield f"the attribute {node.attr!r}"
    for node in tree.find_all(nodes.Getitem):
        key = node.arg.value if isinstance(node.arg, nodes.Const) else None
        if isinstance(key, str) and key.startswith("_"):
            yield f"the item {key!r}"
    for node in tree.find_all(nodes.Filter):
        if node.name == "attr":
            yield "the filter `attr`"
    for kind in (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends):
        for _ in tree.find_all(kind):
            yield f"another file, by {kind.__name__.lower()}"
    for node in tree.find_all(nodes.Call):
        if isinstance(node.node, nodes.Name) and node.node.name == "range":
            for arg in node.args:
                if isinstance(arg, nodes.Const) and isinstance(arg.value, int) and arg.value > MAX_RANGE:
                    yield f"a range of {arg.value}"
