# SPDX-License-Identifier: Apache-2.0
"""What the process itself says about its objects, written by a forked copy of the process.

Asking a process about its heap changes the heap: lists of results, boxed addresses, frames. So
the process is copied first, by the bare fork() of libc: no hook of Python runs, the thread states
and frames of the other threads stay as they were, every address is the same. Only the copy looks,
and its first act is gc.get_objects(), so all that comes later is known not to belong. The process
itself goes straight back to its blocking read.

What is written, one JSON document per line:
    {"header": ...}                    version, features, the objects that the looking itself uses
    {"type": id, ...}                  one line per type, before the objects
    [id, type, tracked, size, count, [referents ...]]
                                       tracked is 1 in gc.get_objects(), 2 in the permanent
                                       generation, which gc.get_objects() leaves out, else 0;
                                       size is null when __sizeof__ is Python code; count is null
                                       for immortal objects, and excludes what the looking holds
    {"thread": ident, "frames": ...}   locals by name, innermost frame first
    {"end": number of objects}
"""
import gc
import json
import sys

get_objects = gc.get_objects
get_referents = gc.get_referents
get_freeze_count = gc.get_freeze_count
unfreeze = gc.unfreeze
get_frame = sys._getframe
frames_may_be_tracked = sys.version_info < (3, 11)
is_tracked = gc.is_tracked
getrefcount = sys.getrefcount
getsizeof = sys.getsizeof
mro_of = type.__dict__["__mro__"].__get__
dict_of = type.__dict__["__dict__"].__get__
name_of = type.__dict__["__qualname__"].__get__
module_of = type.__dict__["__module__"].__get__
flags_of = type.__dict__["__flags__"].__get__
function_type = type(lambda: None)
method_in_c = type(object.__sizeof__), type(list.append)  # what a __sizeof__ must be, to be called
is_immortal = getattr(sys, "_is_immortal", None)
PROBES = 8
HEAP_TYPE = 1 << 9


def take(objects, path, features):
    """Write the truth about `objects`, which the caller got from gc.get_objects()."""
    tracked_count = len(objects)
    add_permanent(objects)
    frozen_count = len(objects) - tracked_count
    referents, counts = look(objects)
    count = len(objects)
    kinds = [1] * tracked_count + [2] * frozen_count + [0] * (count - tracked_count - frozen_count)
    sizes = all_sizes(objects)
    with open(path, "w") as output:
        write(output, {"header": header(tracked_count, frozen_count, features)})
        write_types(output, objects)
        for index in range(count):
            output.write("[%d,%d,%d,%s,%s,%s]\n" % (
                id(objects[index]), id(type(objects[index])), kinds[index], as_json(sizes[index]),
                as_json(as_count(objects, index, counts[index])), referents[index]))
        for line in threads():
            write(output, line)
        write(output, {"end": count})


def as_json(number):
    return "null" if number is None else "%d" % number


def write(output, document):
    output.write(json.dumps(document, separators=(",", ":")))
    output.write("\n")


def add_permanent(objects):
    """Append the objects of the permanent generation, which gc.get_objects() leaves out.

    Since 3.12 immortal containers are in there without any gc.freeze(). This copy of the process
    may thaw them.
    """
    expected = get_freeze_count()
    unfreeze()
    known = {id(item) for item in objects}
    thawed = get_objects()
    own = {id(objects), id(known)}
    frame = get_frame() if frames_may_be_tracked else None  # asking would make one
    while frame is not None:  # up to 3.10 the collector may know the frames of the looking
        own.add(id(frame))
        frame = frame.f_back
    for item in thawed:  # no comprehension: its closure would be two more tracked cells
        if id(item) not in known and id(item) not in own:
            objects.append(item)
    if len(objects) != len(known) + expected:
        raise AssertionError("%d objects were thawed, not %d" % (len(objects) - len(known), expected))


def close_over(objects):
    """Append all that the objects reach; return the referents (addresses) of every one."""
    known = {id(item) for item in objects}
    referents = []
    index = 0
    while index < len(objects):
        found = get_referents(objects[index])
        referents.append([id(item) for item in found])
        for item in found:
            if id(item) not in known:
                known.add(id(item))
                objects.append(item)
        index += 1
    item = found = None
    if id(objects) in known or id(known) in known:
        raise AssertionError("the looking is visible to itself")
    return referents


def look(objects):
    """Append all that the objects reach; return, in order, their referents and reference counts."""
    referents = close_over(objects)
    count = len(objects)
    objects.extend([object() for _ in range(PROBES)])
    counts = reference_counts(objects)
    del objects[count:]
    own = counts[count]
    if counts[count:] != [own] * PROBES:
        raise AssertionError("reference counts of the probes differ: %r" % (counts[count:],))
    return referents, [found - own for found in counts[:count]]


def reference_counts(objects):
    total = len(objects)
    counts = [0] * total
    index = 0
    while index < total:  # no method is called here: one on the stack would be held
        counts[index] = getrefcount(objects[index])
        index += 1
    return counts


def rehearse(objects):
    """Do what comes before the counting once in the process itself.

    A lookup of an attribute puts its name into the cache of methods, in place of another one, and
    the cache holds a reference. What was looked up before the copying is looked up no more.
    """
    own = [[], (1, 2), {"a": objects}]
    look(own)


def as_count(objects, index, count):
    if is_immortal is not None:
        return None if is_immortal(objects[index]) else count
    if sys.version_info >= (3, 12) and count >= 1 << 30:
        return None
    return count


def all_sizes(objects):
    """sys.getsizeof of each; None where the answer would come from Python code."""
    overridden = {}
    sizes = []
    for item in objects:
        cls = type(item)
        if id(cls) not in overridden:
            overridden[id(cls)] = has_python_sizeof(cls)
        sizes.append(None if overridden[id(cls)] or is_held(cls, item) else size_of(item))
    return sizes


def is_held(cls, item):
    """A BytesIO counts its bytes while nobody else has them: now `objects` may have them, too."""
    return cls.__name__ == "BytesIO" and any(type(found) is bytes for found in get_referents(item))


def size_of(item):
    try:
        return getsizeof(item)
    except Exception:
        return None


def has_python_sizeof(cls):
    for base in mro_of(cls) or ():
        found = dict_of(base).get("__sizeof__")
        if found is not None:
            return type(found) not in method_in_c
    return False


def type_name(cls):
    """As plumb names types: module.qualname, or the bare qualname where the module is no string."""
    try:
        module = module_of(cls)
    except Exception:
        module = None
    return "%s.%s" % (module, name_of(cls)) if isinstance(module, str) else name_of(cls)


def write_types(output, objects):
    """Types first, by what uses them: a type is in `objects` only if something tracked refers to it."""
    seen = set()
    for item in objects:
        cls = type(item)
        while id(cls) not in seen:
            seen.add(id(cls))
            write(output, {"type": id(cls), "name": type_name(cls), "heap": bool(flags_of(cls) & HEAP_TYPE),
                           "python_sizeof": has_python_sizeof(cls)})
            cls = type(cls)


def header(tracked_count, permanent_count, features):
    return {"version": sys.version, "hexversion": sys.hexversion, "tracked": tracked_count,
            "permanent": permanent_count, "features": features,
            "busy": sorted(busy()), "shared": sorted(shared()), "allocators": allocator()}


def allocator():
    import os
    return os.environ.get("PYTHONMALLOC", "")


def busy():
    """Addresses whose reference counts the looking changes: frames, code and all they touch."""
    found = set()
    frame = sys._getframe()
    while frame is not None:
        found.update(id(item) for item in (frame, frame.f_code, frame.f_globals, frame.f_builtins, frame.f_locals))
        found.update(id(item) for item in frame.f_locals.values())
        found.update(id(item) for item in frame.f_code.co_consts)
        frame = frame.f_back
    for cls in (type(sys.stdout), type(sys.stdout.buffer), type(json.JSONEncoder()), type(json.encoder.c_make_encoder)):
        found.update(id(item) for item in cls.__mro__)
    for name, value in globals().items():
        found.update((id(name), id(value)))
        if isinstance(value, function_type):
            found.update((id(value.__code__), id(value)))
            found.update(id(item) for item in value.__code__.co_consts)
    return found


def shared():
    """Addresses of small immortals of the versions before there were immortals."""
    found = {id(item) for item in (None, True, False, Ellipsis, NotImplemented, (), "", b"", frozenset())}
    found.update(id(number) for number in range(-5, 257))
    found.update(id(chr(code)) for code in range(256))
    found.update(id(bytes([code])) for code in range(256))
    return found


def threads():
    """Python's own view of the other threads, taken last: it makes frame objects."""
    for ident, frame in sorted(sys._current_frames().items()):
        frames = []
        while frame is not None:
            code = frame.f_code
            values = dict(frame.f_locals)
            frames.append({"code": id(code), "file": code.co_filename, "name": code.co_name, "line": frame.f_lineno,
                           "locals": {str(name): id(value) for name, value in values.items()},
                           "names": list(code.co_varnames + code.co_cellvars + code.co_freevars),
                           "globals": id(frame.f_globals)})
            frame = frame.f_back
        yield {"thread": ident, "frames": frames}
