# SPDX-License-Identifier: Apache-2.0
"""Follow plumb's names with Python itself: a name is right when it leads to the same object."""
import ast
import gc
import json
import sys

import oracle_truth

mro_of = type.__dict__["__mro__"].__get__
dict_of = type.__dict__["__dict__"].__get__


def namespace():
    """Top-level modules by name, as a path text begins; dotted ones are attributes of these."""
    names = {name: module for name, module in sys.modules.items() if "." not in name}
    names["sys"] = sys
    names["__at__"] = object_at
    names["__frame__"] = frame_of
    return names


def object_at(address):
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
    oracle_truth.add_permanent(objects)
    reachable = by_address(objects)
    asked_last = Entries()
    count = 0
    with open(source) as lines, open(output, "w") as answers:
        for line in lines:
            start, kind, label, to = json.loads(line)
            count += 1
            if start not in reachable or kind not in RESOLVERS:
                answers.write(json.dumps(["unknown", start, kind, label, to]) + "\n")
                continue
            verdict = resolve_one(reachable[start], kind, label, to, asked_last)
            if verdict != "yes":
                answers.write(json.dumps([verdict, start, kind, label, to]) + "\n")
    return count


def by_address(objects):
    """Everything reachable, by address; the list keeps what was reached alive."""
    found = {id(item): item for item in objects}
    index = 0
    while index < len(objects):
        for item in gc.get_referents(objects[index]):
            if id(item) not in found:
                found[id(item)] = item
                objects.append(item)
        index += 1
    return found


def resolve_one(item, kind, label, to, asked_last):
    try:
        if type(item).__name__ == "_lru_cache_wrapper" and kind in ("key", "value"):
            return "yes" if is_referent(item, to) else "no"  # no name in Python leads there
        return "yes" if RESOLVERS[kind](item, label, to, asked_last) else "no"
    except Exception as error:
        return "error %s" % type(error).__name__


def is_referent(item, to):
    return any(id(found) == to for found in gc.get_referents(item))


def is_attribute(item, label, to, asked_last):
    if any(id(found) == to for found in attributes(item, label)):
        return True
    # A type that has a dict, but no __dict__ to show it, as _asyncio.Future.
    return label == "__dict__" and own_dict(item) is None and is_referent(item, to)


def attributes(item, label):
    """As object.__getattribute__ would, and without: a slot shows itself through its descriptor."""
    if issubclass(type(item), type):
        mapping = dict_of(item)
        if label in mapping:
            yield mapping[label]
        if label == "__dict__":
            yield from gc.get_referents(mapping)
    for cls in mro_of(type(item)) or ():
        descriptor = dict_of(cls).get(mangled(label, cls), dict_of(cls).get(label))
        if type(descriptor).__name__ in ("member_descriptor", "getset_descriptor"):
            try:
                yield descriptor.__get__(item)
            except Exception:
                continue
    mapping = own_dict(item)
    if mapping is not None and label in mapping:
        yield dict.__getitem__(mapping, label)
    if label != "__dict__" or mapping is not None:
        yield object.__getattribute__(item, label)


def mangled(label, cls):
    return "_%s%s" % (cls.__name__.lstrip("_"), label) if label.startswith("__") else label


def own_dict(item):
    try:
        found = object.__getattribute__(item, "__dict__")
    except Exception:
        return None
    return found if isinstance(found, dict) else None


class Entries:
    """The mapping or set that was asked about last: values by the text of their key, and so on."""

    def __init__(self):
        self.item = None

    def of(self, item):
        if self.item is not item:
            self.item = item
            self.values, self.others, self.keys = {}, {}, set()
            for key, value in entries(item):
                self.keys.add(id(key))
                for text in texts_of_key(key):
                    self.values.setdefault(text, set()).add(id(value))
                others = self.others.setdefault(id(value), [])
                if len(others) < 50:
                    others.append(key)
        return self


def entries(item):
    if isinstance(item, dict):
        return dict.items(item)
    if isinstance(item, (set, frozenset)):
        return [(key, None) for key in (set if isinstance(item, set) else frozenset).__iter__(item)]
    if hasattr(type(item), "items"):
        return type(item).items(item)
    raise TypeError("no mapping")


def texts_of_key(key):
    if isinstance(key, str):
        yield str.__str__(key)
    for base in (int, str, bytes, tuple):
        if isinstance(key, base) and type(key) is not base:
            yield base.__repr__(key)  # an instance of a subclass is named by its value
    try:
        yield repr(key)
    except Exception:
        return


def is_value(item, label, to, asked_last):
    found = asked_last.of(item)
    if to in found.values.get(label, ()):
        return True
    try:  # other quotes, other escapes: what counts is what the literal means
        key = ast.literal_eval(label)
    except (SyntaxError, ValueError):
        key = None
    if isinstance(key, str) and to in found.values.get(key, ()):
        return True
    return any(is_shortened(key, label) for key in found.others.get(to, ()))


def is_key(item, label, to, asked_last):
    return to in asked_last.of(item).keys


def is_shortened(key, label):
    """A label that is cut with "...", or that says of some object only what kind it is."""
    start, mark, _ = label.partition("...")
    if mark and any(text.startswith(start) for text in texts_of_key(key)):
        return True
    return "<" in label and not isinstance(key, str)


def is_index(item, label, to, asked_last):
    if isinstance(item, (list, tuple)):
        return id((list if isinstance(item, list) else tuple).__getitem__(item, int(label))) == to
    return id(list(item)[int(label)]) == to


def is_local(item, label, to, asked_last):
    frame = item
    for name in ("gi_frame", "cr_frame", "ag_frame"):
        if hasattr(type(item), name):
            frame = getattr(item, name)
    values = frame.f_locals
    if label in values and id(values[label]) == to:
        return True
    # A captured variable: the frame refers to its cell, f_locals shows what is in it.
    cells = [found for found in gc.get_referents(item, frame) if type(found).__name__ == "cell"]
    for found in gc.get_referents(item, frame):  # before the first step they are the function's
        if type(found).__name__ == "function":
            cells.extend(found.__closure__ or ())
    captured = label in frame.f_code.co_cellvars + frame.f_code.co_freevars
    return captured and any(id(found) == to for found in cells)


def is_type(item, label, to, asked_last):
    return id(type(item)) == to


RESOLVERS = {"attribute": is_attribute, "value": is_value, "key": is_key, "index": is_index, "local": is_local,
             "type": is_type}
