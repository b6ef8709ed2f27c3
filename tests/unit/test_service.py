"""Scans from an event loop: in threads, as many as there is room for, and ended when nobody waits."""

from __future__ import annotations

import asyncio
import gzip
import sys
import threading
import time
from pathlib import Path

import pytest

from dryload import Policy, Scanner, SourceError, Verdict, ascan, scan_many

PATIENT = {"max_inflate_ratio": 1_000_000}


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file whose scan takes some ten seconds."""
    path = tmp_path_factory.mktemp("slow") / "slow.pkl.gz"
    many = gzip.compress(b"N0" * (8 << 20))
    path.write_bytes(gzip.compress(b"\x80\x02") + many * 200 + gzip.compress(b"N."))
    return path


def test_it_gives_the_reports_of_scan(plain: bytes, evil: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(plain)
    (tmp_path / "b.pkl").write_bytes(evil)

    async def all_of_them() -> list[Verdict]:
        with Scanner(jobs=2) as scanner:
            some = await asyncio.gather(*(scanner.ascan(data) for data in [plain, evil] * 50))
            many = [report async for report in scanner.ascan_many(tmp_path)]
            assert [report.path for report in many] == [report.path for report in scan_many(tmp_path)]
            return [report.verdict for report in [*some, *many, await ascan(evil)]]

    inert, malicious = Verdict.INERT, Verdict.MALICIOUS
    assert asyncio.run(all_of_them()) == [inert, malicious] * 51 + [malicious]


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        asyncio.run(ascan(tmp_path / "nothing"))
    with pytest.raises(TypeError), Scanner() as scanner:
        asyncio.run(scanner.ascan(bytearray(b"N.")))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="jobs"):
        Scanner(jobs=0)


def test_a_task_that_is_cancelled_ends_its_scan(slow: Path) -> None:
    async def cancelled() -> float:
        with Scanner(limits=PATIENT, jobs=1) as scanner:
            task = asyncio.create_task(scanner.ascan(slow))
            await asyncio.sleep(0.1)
            began = time.monotonic()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            # The one thread there is goes on with the next.
            assert (await scanner.ascan(b"\x80\x02N.")).ok
            return time.monotonic() - began

    assert asyncio.run(cancelled()) < 5


def test_no_more_than_there_is_room_for_is_begun(slow: Path) -> None:
    async def begun() -> list[int]:
        with Scanner(limits=PATIENT, jobs=1) as scanner:
            for _ in range(3):
                tasks = [asyncio.create_task(scanner.ascan(slow)) for _ in range(6)]
                await asyncio.sleep(0.05)
                waiting = scanner._pool._work_queue.qsize()
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            return [waiting, scanner._pool._work_queue.qsize()]

    assert asyncio.run(begun()) == [0, 0]


def test_an_iteration_that_is_given_up_ends_its_threads(slow: Path, tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"{number:02}.pkl").write_bytes(b"\x80\x02N.")

    async def first() -> str:
        with Scanner(limits=PATIENT, jobs=2) as scanner:
            reports = scanner.ascan_many([tmp_path, slow])
            async for report in reports:
                await reports.aclose()  # type: ignore[attr-defined]
                return report.path
        return ""

    before = set(threading.enumerate())
    assert asyncio.run(first()) == str(tmp_path / "00.pkl")
    assert {thread for thread in threading.enumerate() if thread not in before} == set()


def test_one_scanner_serves_many_threads(plain: bytes, evil: bytes) -> None:
    wrong = []
    with Scanner(Policy.strict()) as scanner:

        def work() -> None:
            for data, verdict in [(plain, Verdict.INERT), (evil, Verdict.MALICIOUS)] * 200:
                if scanner.scan(data).verdict is not verdict:
                    wrong.append(data)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_a_subinterpreter_scans_or_says_that_it_cannot() -> None:
    """PyO3 lets no second isolated interpreter have the module; those of 3.11 share a lock, and it works."""
    name = "_xxsubinterpreters" if sys.version_info < (3, 13) else "_interpreters"
    interpreters = pytest.importorskip(name)
    code = "import dryload; assert dryload.scan(b'\\x80\\x02N.').ok"
    other = interpreters.create()
    told = ""
    try:
        told = str(getattr(interpreters, "exec", interpreters.run_string)(other, code) or "")
    except Exception as error:
        told = str(error)
    finally:
        interpreters.destroy(other)
    assert told == "" or "does not support loading in subinterpreters" in told
