# SPDX-License-Identifier: Apache-2.0
"""The comparison of the oracle tests finds every fault, each in its own column."""

import copy
import json

import pytest

from oracle import comparison

pytestmark = pytest.mark.without_plumb

TYPE, LIST, TUPLE, ITEM, OTHER = 0x10, 0x20, 0x30, 0x1000, 0x2000


def small_truth():
    truth = comparison.Truth(header={"tracked": 1})
    truth.types = {TYPE: {"name": "builtins.type"}, LIST: {"name": "builtins.list"}}
    truth.objects = {ITEM: [LIST, 1, 72, 3, [OTHER, OTHER]], OTHER: [LIST, 0, 56, None, []]}
    return truth


def small_graph():
    common = {"type": "builtins.list", "type_address": LIST, "memory": 0}
    return [
        {"address": ITEM, **common, "size": 72, "refcount": 3, "immortal": False, "tracked": True,
         "edges": [["index", 0, OTHER, ""], ["index", 1, OTHER, ""], ["type", "", LIST, "i"], ["weak", "w", ITEM, "w"]]},
        {"address": OTHER, **common, "size": 56, "refcount": 0, "immortal": True, "tracked": False, "edges": []},
    ]


def compared(truth, lines):
    return comparison.Comparison(truth, comparison.load_graph(json.dumps(line) for line in lines))


def test_a_perfect_reader_has_no_failures():
    result = compared(small_truth(), small_graph())
    assert result.failures() == []
    assert "recall 100 %, precision 100 %" in result.summary()


def drop_object(truth, lines):
    del lines[1]


def untrack(truth, lines):
    lines[0]["tracked"] = False


def overtrack(truth, lines):
    lines[1]["tracked"] = True


def invent_tracked(truth, lines):
    lines.append({**copy.deepcopy(lines[0]), "address": 0x9000})


def misname(truth, lines):
    lines[0]["type"] = "builtins.tuple"


def other_type_of_same_name(truth, lines):
    lines[0]["type_address"] = TUPLE


def other_size(truth, lines):
    lines[1]["size"] += 16


def other_count(truth, lines):
    lines[0]["refcount"] += 1


def not_immortal(truth, lines):
    lines[1]["immortal"] = False


def lose_one_of_two(truth, lines):
    del lines[0]["edges"][0]


def hide_one(truth, lines):
    lines[0]["edges"][0][3] = "i"


def add_one(truth, lines):
    lines[1]["edges"].append(["index", 0, ITEM, ""])


def show_type(truth, lines):
    lines[0]["edges"][2][3] = ""


def hide_type(truth, lines):
    truth.objects[ITEM][4].append(LIST)


def guess(truth, lines):
    lines[0]["edges"].append(["conservative", 3, OTHER, "c"])


FAULTS = [(drop_object, "absent"), (untrack, "untracked"), (overtrack, "overtracked"), (invent_tracked, "overtracked"),
          (misname, "misnamed"), (other_type_of_same_name, "misnamed"), (other_size, "size"), (other_count, "count"),
          (not_immortal, "count"), (lose_one_of_two, "missing"), (hide_one, "missing"), (add_one, "extra"),
          (show_type, "type_edge"), (hide_type, "type_edge"), (guess, "guessed")]


@pytest.mark.parametrize("fault, column", FAULTS, ids=[fault.__name__ for fault, _ in FAULTS])
def test_each_fault_is_found_in_its_column(fault, column):
    truth, lines = small_truth(), small_graph()
    fault(truth, lines)
    result = compared(truth, lines)
    found = {name for name, _ in comparison.COLUMNS if result.total(name)} - {"objects", "expected"}
    assert found == {column}
    assert bool(result.failures()) == (column != "guessed")


def test_an_edge_that_builds_differ_in_may_be_shown_or_not_and_is_demanded_when_shown():
    truth, lines = small_truth(), small_graph()
    lines[0]["edges"][1][3] = "u"
    assert compared(truth, lines).failures() == []
    truth.objects[ITEM][4].remove(OTHER)
    lines[0]["edges"][0][3] = "i"
    truth.objects[ITEM][4].remove(OTHER)
    assert compared(truth, lines).failures() == []
    truth.objects[ITEM][4].append(TUPLE)
    assert compared(truth, lines).total("missing") == 1


def test_of_a_guessed_object_the_exact_edges_and_the_recall_are_held():
    truth, lines = small_truth(), small_graph()
    guess(truth, lines)
    assert compared(truth, lines).unfound == set()
    truth.objects[ITEM][4].append(TUPLE)
    result = compared(truth, lines)
    assert (result.unfound, result.total("unfound"), result.total("extra")) == ({ITEM}, 1, 0)
    lines[0]["edges"].append(["conservative", 4, TUPLE, "c"])
    assert compared(truth, lines).unfound == set()
    lines[0]["edges"].append(["field", "wrong", LIST, ""])
    assert compared(truth, lines).total("extra") == 1


def test_only_a_few_strings_may_be_one_off():
    """The cache of methods holds names; the looking of the process itself changes which."""
    truth, lines = small_truth(), small_graph()[1:]
    truth.types[TYPE]["name"], truth.objects = "builtins.str", {OTHER: truth.objects[OTHER]}
    for number in range(comparison.CACHED_MAX + 1):
        address = 0x8000 + 16 * number
        truth.objects[address] = [TYPE, 0, 50, 3, []]
        lines.append({**lines[0], "address": address, "type": "builtins.str", "type_address": TYPE, "size": 50,
                      "refcount": 4, "immortal": False})
    result = compared(truth, lines)
    assert (result.total("cached"), result.total("count")) == (comparison.CACHED_MAX, 1)
    lines[-1]["refcount"] = 5
    assert compared(truth, lines).total("count") == 1
    lines.pop()
    truth.objects.pop(address)
    assert compared(truth, lines).failures() == []


def test_an_object_that_came_twice_is_a_failure():
    lines = small_graph()
    assert compared(small_truth(), lines + lines[1:]).failures() == [f"address {OTHER:#x} came twice"]


def test_an_unfinished_truth_is_refused(tmp_path):
    path = tmp_path / "truth"
    path.write_text('{"header":{}}\n[1,2,0,3,4,[]]\n{"end":2}\n')
    with pytest.raises(ValueError, match="not complete"):
        comparison.load_truth(path)


FRAME = {"code": 1, "name": "work", "line": 7, "locals": {"item": ITEM}, "names": ["item", "unset"], "globals": 2}


@pytest.mark.parametrize("change, said", [
    ({}, ""), ({"line": 8}, "line 8, should be 7"), ({"code": 5}, "code 5"), ({"name": "other"}, "frames"),
    ({"locals": {}}, "local item is None"), ({"locals": {"item": ITEM, "unset": 3}}, "local unset is 3")])
def test_frames_are_compared_by_name_line_and_locals(change, said):
    truth, graph = small_truth(), comparison.load_graph(json.dumps(line) for line in small_graph())
    truth.threads = {77: [FRAME]}
    graph.threads = {77: [{**FRAME, **change}]}
    problems = comparison.Comparison(truth, graph).thread_problems
    assert len(problems) == bool(said)
    assert all(said in problem for problem in problems)
