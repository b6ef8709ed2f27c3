"""The pages of the rules: the text of `docs/rules.md`, which the package ships, by slug.

It is the one source of what `dryload rule` prints, of the help in a frame and of the documentation. It only
splits text; what stands in it is held against the catalogue by the tests.
"""

from __future__ import annotations

import os
from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def page(slug: str) -> str:
    """Gives the text under the heading of a slug; empty when there is no such heading."""
    return pages().get(slug, "")


def point(slug: str, name: str) -> str:
    """Gives the text of one point of a page, such as `What to do`; empty when the page lacks it."""
    _, _, rest = f"\n{page(slug)}".partition(f"\n- {name}: ")
    return rest.partition("\n")[0]


@cache
def pages() -> Mapping[str, str]:
    """Gives all pages by slug."""
    with open(_PAGES, encoding="utf-8") as file:
        _, *sections = f"\n{file.read()}".split("\n## ")
    return {
        slug: text.partition("\n# ")[0].strip()
        for slug, _, text in (section.partition("\n") for section in sections)
    }


_PAGES = os.path.join(os.path.dirname(os.path.dirname(__file__)), "data", "rules.md")
