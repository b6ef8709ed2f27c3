"""The outputs by name: the module and the class of each. A new output is a new module and one line here."""

from __future__ import annotations

OUTPUTS = {
    "text": "dryload.outputs.text:TextOutput",
    "concise": "dryload.outputs.text:ConciseOutput",
    "json": "dryload.outputs.json_v1:JsonOutput",
    "jsonl": "dryload.outputs.json_v1:JsonLinesOutput",
    "html": "dryload.outputs.html:HtmlOutput",
}
