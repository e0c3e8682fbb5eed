# SPDX-License-Identifier: Apache-2.0
"""Follow plumb's names with Python itself: a name is right when it leads to the same object."""
import builtins
import json
import sys


def namespace():
    """Top-level modules by name, as a path text begins; dotted ones are attributes of these."""
    names = {name: module for name, module in sys.modules.items() if "." not in name}
    names["sys"] = sys
    names["__at__"] = object_at
    names["__frame__"] = frame_of
    return names


def object_at(address):
    import gc
    for item in gc.get_objects():
        if id(item) == address:
            return item
    raise LookupError("no tracked object at %#x" % address)


def frame_of(ident, depth):
    frame = sys._current_frames()[ident]
    for _ in range(depth):
        frame = frame.f_back
    return frame


def evaluate(expression, address):
    found = eval(expression, namespace())
    return "yes" if id(found) == address else "no %#x" % id(found)


def resolve_labels(objects, source, output):
    """Each line [from, kind, label, to] that Python resolves to another object, or not at all."""
    reachable = by_address(objects)
    count = 0
    with open(source) as lines, open(output, "w") as answers:
        for line in lines:
            start, kind, label, to = json.loads(line)
            count += 1
            if start not in reachable or kind not in RESOLVERS:
                answers.write(json.dumps(["unknown", start, kind, label, to]) + "\n")
                continue
            verdict = resolve_one(reachable[start], kind, label, to)
            if verdict != "yes":
                answers.write(json.dumps([verdict, start, kind, label, to]) + "\n")
    return count


def by_address(objects):
    """Everything reachable, by address; the list keeps what was reached alive."""
    import gc
    found = {id(item): item for item in objects}
    index = 0
    while index < len(objects):
        for item in gc.get_referents(objects[index]):
            if id(item) not in found:
                found[id(item)] = item
                objects.append(item)
        index += 1
    return found


def resolve_one(item, kind, label, to):
    try:
        candidates = RESOLVERS[kind](item, label)
    except Exception as error:
        return "error %s" % type(error).__name__
    if any(id(candidate) == to for candidate in candidates):
        return "yes"
    return "no"


def attribute(item, label):
    """As object.__getattribute__ would, and without: a slot shows itself through its descriptor."""
    found = []
    if isinstance(item, type):
        mapping = type.__dict__["__dict__"].__get__(item)
        if label in mapping:
            found.append(mapping[label])
    for cls in type.__dict__["__mro__"].__get__(type(item)):
        descriptor = type.__dict__["__dict__"].__get__(cls).get(label)
        if descriptor is None:
            mangled = label if not label.startswith("__") else "_%s%s" % (cls.__name__.lstrip("_"), label)
            descriptor = type.__dict__["__dict__"].__get__(cls).get(mangled)
        if type(descriptor).__name__ in ("member_descriptor", "getset_descriptor"):
            try:
                found.append(descriptor.__get__(item))
            except Exception:
                pass
    try:
        mapping = object.__getattribute__(item, "__dict__")
        if label in mapping:
            found.append(mapping[label])
    except Exception:
        pass
    if not found:
        found.append(object.__getattribute__(item, label))
    return found


def value_of_key(item, label):
    return [value for key, value in mapping_items(item) if key_matches(key, label)]


def key_itself(item, label):
    keys = [key for key, _ in mapping_items(item)] if hasattr(type(item), "items") else list(item)
    return [key for key in keys if key_matches(key, label)]


def mapping_items(item):
    if isinstance(item, dict):
        return list(dict.items(item))
    return list(item.items())


def key_matches(key, label):
    """The label is the key as Python would write it, perhaps shortened with an ellipsis."""
    if isinstance(key, str) and str.__str__(key) == label:
        return True
    try:
        written = repr(key)
    except Exception:
        return True
    if written == label:
        return True
    for mark in ("...", "\u2026"):
        if mark in label:
            start, _, end = label.partition(mark)
            return written.startswith(start) or str(key).startswith(start.lstrip("'\""))
    return label.startswith("<") or ("0x" in label and type(key).__name__ in label)


def index(item, label):
    if isinstance(item, (list, tuple)):
        return [(list if isinstance(item, list) else tuple).__getitem__(item, int(label))]
    return [list(item)[int(label)]]


def local(item, label):
    return [item.f_locals[label]]


def cell(item, label):
    if hasattr(item, "cell_contents"):
        return [item.cell_contents]
    names = item.__code__.co_freevars
    return [item.__closure__[names.index(label)]]


RESOLVERS = {"attribute": attribute, "key": value_of_key, "dict-key": key_itself, "index": index,
             "local": local, "cell": cell}
assert builtins
