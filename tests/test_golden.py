# SPDX-License-Identifier: Apache-2.0
"""Snapshots of every released version of the format are read for ever, and broken ones refused."""

import runpy
from pathlib import Path

import pytest

import plumb_reader

FOLDER = Path(__file__).parent / "golden"
MADE = runpy.run_path(str(FOLDER / "make.py"))
GOOD, BAD = sorted(MADE["GOOD"]), sorted(MADE["BAD"])


def golden(name):
    return FOLDER / f"{name}.plumb"


def test_every_file_here_is_tested():
    names = {path.stem for path in FOLDER.glob("*.plumb")}
    assert names == {*GOOD, "real", *(f"bad-{name}" for name in BAD)}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_one_is_read(plumb, name):
    path = golden(name)
    checked = plumb("check", path, "--json", code=0).json
    assert checked["sound"] and checked["format"]["major"] == 1
    assert (checked["nodes"], checked["references"], checked["types"]) == (4, 3, 4)
    assert checked["target"]["pid"] == 4242 and checked["target"]["python"] == "3.12.1"
    heap = plumb("heap", path, "--json", code=0).json
    assert [(row["type"], row["bytes"], row["memory"]) for row in heap["rows"]] == [
        ("dict", 70000, 70000), ("str", 264, 352), ("int", 36, 48)
    ]  # fmt: skip
    why = plumb("why", path, "int", "--json", code=0).json["paths"]
    assert [one["text"] for one in why] == ["thread 7 (MainThread): app['key']"]
    assert why[0]["steps"][-1]["address"] == "0xff0"
    shown = plumb("show", path, "0xff8", "--json", code=0).json
    assert shown["object"]["refcount"] == 1000


@pytest.mark.parametrize("name", GOOD)
def test_a_good_one_is_read_by_the_other_reader(name):
    snapshot = plumb_reader.read(golden(name).read_bytes())
    assert list(snapshot.nodes["NADR"]) == [0, 0x1000, 0xFF0, 0xFF8]
    assert list(snapshot.edges(0)) == [(1, "local", b"app")]
    assert list(snapshot.edges(1)) == [(2, "value", 3), (3, "key", 0)]
    assert snapshot.sizes(1) == (70000, 70000) and snapshot.refcount(3) == 1000
    assert snapshot.values == {
        2: (b"1267650600228229401496703205376", None, None),
        3: (b"'key'", 215, 0x1234),
    }


def test_a_real_one_is_read(plumb):
    """Of a CPython 3.11.2 that did nothing."""
    path = golden("real")
    assert plumb("check", path, "--json", code=0).json["format"] == {"major": 1, "minor": 0}
    why = plumb("why", path, "float", "--json", code=0).json
    assert "__main__.kept['key'][1]" in [one["text"] for one in why["paths"]]
    snapshot = plumb_reader.read(path.read_bytes())
    heap = plumb("heap", path, "--json", code=0).json
    assert heap["objects"] == snapshot.tables["TOTL"][0][0] > 10000


@pytest.mark.parametrize("name", BAD)
def test_a_bad_one_is_refused_in_words(plumb, name):
    path, (words, _) = golden(f"bad-{name}"), MADE["BAD"][name]
    result = plumb("check", path, code=3)
    assert result.stdout == "" and len(result.stderr.splitlines()) == 1
    assert words in result.stderr and str(path) in result.stderr
    # Whoever reads it refuses it; but what `heap` does not read it need not know.
    plumb("why", path, "int", code=0 if name in NOT_READ else 3)


# What only `plumb check` looks at.
NOT_READ = {"chunk-head", "value-beyond-its-range"}
# Facts mean nothing to it.
NOT_CHECKED = {"fact-that-lies"}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_one_is_refused_by_the_other_reader(name):
    data = golden(f"bad-{name}").read_bytes()
    if name in NOT_CHECKED:
        plumb_reader.read(data)
        return
    with pytest.raises(Exception) as refused:
        list(map(list, map(plumb_reader.read(data).edges, range(4))))
    assert isinstance(refused.value, plumb_reader.Broken) or "Zstd" in type(refused.value).__name__


def test_the_script_still_makes_what_is_read(plumb, tmp_path):
    """Its zstd may differ, its files must mean the same."""
    pytest.importorskip("zstandard")
    for name, change in MADE["GOOD"].items():
        file = MADE["File"]()
        change(file)
        path = tmp_path / f"{name}.plumb"
        path.write_bytes(file.bytes())
        made, kept = (
            plumb("heap", one, "--json", code=0).json["rows"] for one in (path, golden(name))
        )
        assert made == kept
