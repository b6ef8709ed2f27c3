"""The outputs by name: the module and the class of each. A new output is a new module and one line here."""

from __future__ import annotations

OUTPUTS = {
    "text": "dryload.outputs.text:TextOutput",
    "full": "dryload.outputs.text:FullOutput",
    "concise": "dryload.outputs.text:ConciseOutput",
    "json": "dryload.outputs.json_v1:JsonOutput",
    "jsonl": "dryload.outputs.json_v1:JsonLinesOutput",
    "sarif": "dryload.outputs.sarif:SarifOutput",
    "github": "dryload.outputs.github:GithubOutput",
    "gitlab": "dryload.outputs.gitlab:GitlabOutput",
    "junit": "dryload.outputs.junit:JunitOutput",
    "markdown": "dryload.outputs.markdown:MarkdownOutput",
    "html": "dryload.outputs.html:HtmlOutput",
}
