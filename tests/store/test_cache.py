from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from filelock import Timeout

from mer.cli import main
from mer.errors import CacheError
from mer.store.cache import Cache, Entry
from mer.store.upkeep import items, trim


@pytest.fixture
def store(tmp_path: Path) -> Cache:
    return Cache(root=tmp_path / "cache")


def _entry() -> Entry:
    return Entry(array=np.arange(6, dtype=np.float32).reshape(2, 3), facts={"score": 0.1, "matrix": [[1.0, 2.5]]})


def test_an_entry_comes_back_to_the_last_bit(store: Cache) -> None:
    store.put("flow", "abc", _entry())
    found = store.get("flow", "abc")
    assert found is not None
    assert found.array.dtype == np.float32
    np.testing.assert_array_equal(found.array, _entry().array)
    assert found.facts == _entry().facts


def test_what_is_not_there_is_none(store: Cache) -> None:
    assert store.get("flow", "abc") is None


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "no sidecar", "foreign sidecar", "sidecar of no dict"])
def test_a_damaged_entry_is_recomputed_never_trusted(store: Cache, damage: str) -> None:
    store.put("flow", "abc", _entry())
    array, side = next(store.root.rglob("*.npy")), next(store.root.rglob("*.json"))
    data = bytearray(array.read_bytes())
    if damage == "flip":
        data[-1] ^= 1
        array.write_bytes(data)
    elif damage == "cut":
        array.write_bytes(data[:-3])
    elif damage == "empty":
        array.write_bytes(b"")
    elif damage == "no sidecar":
        side.unlink()
    elif damage == "foreign sidecar":
        side.write_text("not json")
    else:
        side.write_text("[]")
    assert store.get("flow", "abc") is None
    again = store.compute("flow", "abc", _entry)
    np.testing.assert_array_equal(again.array, _entry().array)
    assert store.get("flow", "abc") is not None


def test_threads_that_want_one_key_compute_it_once(store: Cache) -> None:
    made = []
    together = threading.Barrier(4)

    def make() -> Entry:
        made.append(1)
        return _entry()

    def want() -> None:
        together.wait()
        store.compute("flow", "abc", make)

    threads = [threading.Thread(target=want) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_who_does_not_wait_is_told_that_another_works_on_the_key(store: Cache) -> None:
    with store.locked("flow", "abc"), pytest.raises(Timeout):
        store.compute("flow", "abc", _entry, wait=False)
    store.compute("flow", "abc", _entry, wait=False)


def test_lock_files_do_not_pile_up(store: Cache) -> None:
    for number in range(50):
        store.compute("flow", f"abc{number}", _entry)
    assert len(list(store.root.rglob("*.lock"))) == 1


def test_a_flipped_byte_in_the_facts_is_found(store: Cache) -> None:
    store.put("flow", "abc", _entry())
    side = next(store.root.rglob("*.json"))
    side.write_text(side.read_text().replace("2.5", "2.4"))
    assert store.get("flow", "abc") is None


def test_the_least_recently_used_goes_first_and_never_a_locked_key(store: Cache) -> None:
    for number in range(4):
        store.put("flow", f"{number}00", _entry())
        os.utime(store.path("flow", f"{number}00"), (number, number))
    store.get("flow", "000")  # now the last that was used
    size = sum(item.size for item in items(store))
    with store.locked("flow", "100"):
        done = trim(store, size // 2)
    assert (done.removed, done.in_use) == (2, 1)
    assert [store.holds("flow", f"{number}00") for number in range(4)] == [True, True, False, False]
    assert done.left == sum(item.size for item in items(store))


def test_mer_cache_lists_verifies_and_trims(store: Cache, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(3):
        store.put("flow", f"{number}00", _entry())
    home = f"home={store.root.parent}"
    assert main(["cache", "ls", home]) == 0
    assert "flow                3" in capsys.readouterr().out
    store.path("flow", "100").write_bytes(b"torn")
    assert main(["cache", "verify", home]) == 0
    said = capsys.readouterr().out
    assert "flow 100: damaged, removed" in said
    assert "3 entries checked, 1 damaged" in said
    assert main(["cache", "gc", home, "gb=0"]) == 0
    assert "2 entries removed" in capsys.readouterr().out
    assert list(items(store)) == []
    assert main(["cache", "gc", home]) == 2
    assert "such as gb=20" in capsys.readouterr().err
    assert main(["cache", "tidy"]) == 2


def test_a_failed_computation_leaves_nothing_and_frees_the_key(store: Cache) -> None:
    def fail() -> Entry:
        raise ValueError("no face")

    with pytest.raises(ValueError, match="no face"):
        store.compute("flow", "abc", fail)
    assert store.get("flow", "abc") is None
    store.compute("flow", "abc", _entry)


def test_a_full_disk_is_said_in_one_sentence_and_nothing_half_written_stays(
    store: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(CacheError, match=r"the disk is full; free some space, or set MER_HOME"):
        store.put("flow", "abc", _entry())
    assert [path for path in store.root.rglob("*") if path.is_file()] == []


def test_a_cache_in_place_of_a_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("I am a file")
    with pytest.raises(CacheError, match="cannot write the cache"):
        Cache(root=tmp_path / "cache").compute("flow", "abc", _entry)
