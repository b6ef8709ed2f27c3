"""The index of a sharded model against the folder and the headers of its shards.

Loaders join the names of an index to the folder without a check, take what is not `.safetensors` to
`torch.load`, and where two shards hold a name, the order of loading decides (research of transformers 5.23).
"""

from __future__ import annotations

import os
import re
from typing import Any

from dryload.errors import FormatError, PathError, SourceError
from dryload.paths import check_member_name
from dryload.repository.files import Folder, Unread, fact
from dryload.safetensors import Header, validate_safetensors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dryload._core import Observation

SUFFIX = ".index.json"
# As the Hub's own reader: @huggingface/hub.
MAX_SHARDS = 10_000
_NUMBERED = re.compile(r"(.+)-(\d+)-of-(\d+)(\.\w+)")


def facts(folder: Folder) -> Iterator[Observation]:
    """Gives what is wrong with the indexes of a folder, and with weights that stand there twice."""
    indexes = folder.ending(SUFFIX)
    safe = [name for name in indexes if name.lower().endswith(".safetensors" + SUFFIX)]
    for extra in safe[1:]:
        yield fact("repository-index", extra, "", f"another index beside {safe[0]}: loaders take one of them")
    for name in indexes:
        yield from _index(folder, name)
    tensors, pickles = folder.ending(".safetensors"), folder.ending(".bin", ".pt", ".pth", ".ckpt", ".pkl")
    if tensors and pickles:
        found = f"{pickles[0]} beside {tensors[0]}: a loader that lacks one of them takes the other"
        yield fact("repository-pickled-weights", pickles[0], "", found)


def _index(folder: Folder, name: str) -> Iterator[Observation]:
    def fault(pointer: str, found: str) -> Observation:
        return fact("repository-index", name, pointer, found)

    try:
        value, twice = folder.json(name)
    except Unread as error:
        yield fact("repository-unread", name, "", str(error))
        return
    for key in twice:
        yield fault("", f"the key {key!r} twice")
    weights = value.get("weight_map") if isinstance(value, dict) else None
    if not isinstance(weights, dict) or not all(isinstance(shard, str) for shard in weights.values()):
        yield fault("/weight_map", "no object of file names")
        return
    stem = name[: -len(SUFFIX)].lower()
    ending = stem[stem.rindex(".") :] if "." in stem else ""
    shards = list(dict.fromkeys(weights.values()))
    if len(shards) > MAX_SHARDS:
        yield fault("/weight_map", f"{len(shards)} files, more than {MAX_SHARDS}")
        shards = shards[:MAX_SHARDS]
    sound = []
    for shard in shards:
        found = _of_name(folder, shard, ending)
        if found is None:
            sound.append(shard)
        else:
            yield fact(
                "repository-outside-path" if found[0] else "repository-index", name, "/weight_map", found[1]
            )
    yield from _numbering(folder, name, shards, ending)
    if ending == ".safetensors":
        yield from _against_headers(folder, name, weights, sound, value.get("metadata"))


def _of_name(folder: Folder, shard: str, ending: str) -> tuple[bool, str] | None:
    """What is wrong with the name of a shard: whether it leads out, and the words."""
    try:
        check_member_name(shard)
    except PathError as error:
        return True, f"{shard!r}: {error.rule}"
    if "/" in shard:
        return True, f"{shard!r} is no plain file name"
    if not shard.lower().endswith(ending):
        return False, f"{shard!r} does not end with {ending}: it goes to another loader"
    path = folder.at(shard)
    if not os.path.exists(path):
        return False, f"{shard!r} is not there"
    if not os.path.isfile(path):
        return False, f"{shard!r} is no regular file"
    if not _is_inside(folder.path, path):
        return True, f"{shard!r} is a link out of the folder"
    return None


def _is_inside(folder: str, path: str) -> bool:
    """Whether a link stays in the folder, or in the repository of the Hub's cache that the folder is in."""
    real, target = os.path.realpath(folder), os.path.realpath(path)
    cache = os.path.dirname(os.path.dirname(real))
    roots = [real]
    if os.path.basename(os.path.dirname(real)) == "snapshots":
        roots.append(os.path.join(cache, "blobs"))
    return any(os.path.commonpath([root, target]) == root for root in roots)


def _numbering(folder: Folder, name: str, shards: list[str], ending: str) -> Iterator[Observation]:
    found = [match for match in map(_NUMBERED.fullmatch, shards) if match]
    if not found:
        return
    stem, total = found[0][1], found[0][3]
    if any((match[1], match[3]) != (stem, total) for match in found) or len(found) < len(shards):
        yield fact("repository-index", name, "/weight_map", "names of shards of more than one numbering")
        return
    numbers = {int(match[2]) for match in found}
    # A number of a million digits is no count of files.
    count = int(total) if len(total) <= 6 else 0
    if numbers != set(range(1, count + 1)):
        missing = next((n for n in range(1, count + 1) if n not in numbers), count)
        yield fact("repository-index", name, "/weight_map", f"no shard {missing} of {total}")
    named = set(shards)
    others = [each for each in folder.ending(ending) if _NUMBERED.fullmatch(each) and each not in named]
    for other in others[:16]:
        yield fact(
            "repository-index", name, "/weight_map", f"{other!r} is in the folder and not in the index"
        )


def _against_headers(
    folder: Folder, name: str, weights: dict[str, str], shards: list[str], metadata: Any
) -> Iterator[Observation]:
    holder: dict[str, str] = {}
    looked_at = set(shards)
    size, whole = 0, True
    for shard in shards:
        try:
            header = validate_safetensors(folder.at(shard))
        except (FormatError, SourceError) as error:
            # Its own report says what is wrong with it.
            yield fact("repository-unread", shard, "", f"the index was not held against it: {error}")
            whole = False
            continue
        folder.read += header.header_bytes + 8
        size += sum(info.data_offsets[1] - info.data_offsets[0] for info in header.values())
        yield from _of_shard(name, shard, header, weights, holder)
    for tensor, shard in weights.items():
        if whole and shard in looked_at and tensor not in holder:
            pointer = f"/weight_map/{tensor.replace('~', '~0').replace('/', '~1')}"
            yield fact("repository-index", name, pointer, f"{tensor!r} is not in {shard!r}")
    total = metadata.get("total_size") if isinstance(metadata, dict) else None
    if (
        whole
        and len(shards) == len(set(weights.values()))
        and isinstance(total, int | float)
        and total != size
    ):
        yield fact(
            "repository-index", name, "/metadata/total_size", f"{total} bytes, and the shards hold {size}"
        )


def _of_shard(
    name: str, shard: str, header: Header, weights: dict[str, str], holder: dict[str, str]
) -> Iterator[Observation]:
    for tensor in header:
        if tensor in holder:
            found = f"{tensor!r} is in {holder[tensor]!r} and in {shard!r}: the order of loading decides"
            yield fact("repository-index", name, "/weight_map", found)
        elif tensor not in weights:
            yield fact(
                "repository-index", name, "/weight_map", f"{tensor!r} of {shard!r} is not in the index"
            )
        elif weights[tensor] != shard:
            found = f"{tensor!r} is in {shard!r}, and the index says {weights[tensor]!r}"
            yield fact("repository-index", name, "/weight_map", found)
        holder.setdefault(tensor, shard)
