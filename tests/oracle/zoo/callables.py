# SPDX-License-Identifier: Apache-2.0
"""Functions, methods, descriptors, code, frames, tracebacks, exceptions and modules."""
import builtins
import math
import sys
import types
import weakref

from zoo import feature, fresh, text


def with_everything(first, second=fresh("default"), *rest, option=fresh("keyword"), **others) -> "result":
    """Documented."""
    local = [first, second]
    return local


with_everything.attribute = fresh("function attribute")


def closing(value, unset=False):
    captured, other = fresh("captured"), value

    def inner():
        return captured, other, later, inner

    if not unset:
        later = fresh("later")
    return inner


@feature
def functions(keep):
    keep["function"] = with_everything
    keep["function.closure"] = [closing(fresh("value")), closing(1, unset=True)]
    keep["lambda"] = [lambda: None, lambda value=fresh("default"): value]
    own = types.FunctionType(with_everything.__code__, {"name": fresh("global")}, text("renamed"))
    keep["function.own_globals"] = own
    keep["function.own_builtins"] = types.FunctionType(with_everything.__code__, {"__builtins__": {"len": len}})
    annotated = closing(2)
    annotated.__annotations__ = {"return": fresh("annotation")}
    annotated.__kwdefaults__ = {"option": fresh("keyword default")}
    annotated.__defaults__ = (fresh("default"),)
    annotated.__doc__ = text("documentation")
    keep["function.changed"] = annotated
    lazily = eval("lambda: 1")
    lazily.__dict__
    keep["function.dict_seen"] = lazily
    with_everything.__annotations__


@feature
def methods(keep):
    class Owner:
        def method(self):
            return self

        @classmethod
        def made(cls):
            return cls

        @staticmethod
        def helper():
            return None

    owner = Owner()
    keep["method.bound"] = [owner.method, Owner.made, owner.method]
    keep["method.of_builtin"] = types.MethodType(len, fresh("self"))
    keep["method.weak"] = [weakref.WeakMethod(owner.method), owner]
    keep["builtin"] = [len, math.sin, [].append, fresh("x").__reduce__, {}.get, "a".join, b"".join, dict.fromkeys,
                       type.__call__, object.__new__]
    keep["builtin.bound"] = [[fresh("element")].append, {text("key"): 1}.get]
    keep["method_descriptor"] = [list.append, dict.get, str.join]
    keep["classmethod_descriptor"] = [dict.__dict__["fromkeys"], int.__dict__["from_bytes"]]
    keep["wrapper_descriptor"] = [int.__add__, object.__init__, Owner.__init__, type.__call__]
    keep["method_wrapper"] = [(1).__add__, owner.__init__, [fresh("element")].__len__]
    keep["getset_descriptor"] = [type.__dict__["__dict__"], types.FunctionType.__code__, Owner.__dict__["__dict__"]]
    keep["member_descriptor"] = [types.FunctionType.__closure__, type(fresh("x")).label, type.__dict__["__base__"]]
    keep["property"] = [property(), property(len, doc=text("documented")), property(fresh, fresh, fresh)]
    keep["staticmethod"] = [staticmethod(fresh), Owner.__dict__["helper"]]
    keep["classmethod"] = [classmethod(fresh), Owner.__dict__["made"]]
    attributed = staticmethod(fresh)
    try:
        attributed.attribute = fresh("attribute")
    except AttributeError:
        pass
    keep["staticmethod.attributed"] = attributed
    keep["super"] = [super(Owner, owner), super(Owner), super(Owner, Owner)]
    keep["method.of_defining_class"] = defining_class_method(keep)


def defining_class_method(keep):
    """A PyCMethodObject: a bound method of a heap type that knows its defining class."""
    import array
    import re
    found = [array.array("i").__class_getitem__] if hasattr(array.array, "__class_getitem__") else []
    found.append(re.compile("a").match)
    found.append(array.array("i", [1]).__reduce_ex__)
    return found


@feature
def instance_methods(keep):
    import ctypes
    new = ctypes.pythonapi.PyInstanceMethod_New
    new.argtypes, new.restype = [ctypes.py_object], ctypes.py_object
    keep["instancemethod"] = new(closing(3))


@feature
def codes(keep):
    source = "def outer(a, *b, c=1, **d):\n x = 1\n def inner(): return a, x\n return [y for y in b], inner\nz = (1, 'a', frozenset({1, 2}), 2.5, None)\n"
    module = compile(source, text("file"), "exec")
    keep["code"] = [module, compile("1 + 2", "<eval>", "eval"), with_everything.__code__]
    namespace = {}
    exec(module, namespace)
    for index in range(500):
        namespace["outer"](index)
    keep["code.executed"] = namespace
    keep["code.replaced"] = with_everything.__code__.replace(co_name=text("replaced"))
    touched = namespace["outer"].__code__
    keep["code.cached"] = [touched.co_varnames, touched.co_cellvars, touched.co_freevars, touched.co_code]
    keep["code.weak"] = weakref.ref(module)
    keep["code.iterators"] = []
    for name in ("co_lines", "co_positions"):
        if hasattr(module, name):
            iterator = getattr(touched, name)()
            next(iterator)
            keep["code.iterators"].append(iterator)


@feature
def frames(keep):
    def held(argument):
        local = fresh("local")
        captured = fresh("captured")

        def inner():
            return captured

        return [sys._getframe(), local, inner, argument]

    keep["frame"] = held(fresh("argument"))
    looked = held(fresh("argument"))
    keep["frame.locals_seen"] = [looked[0], looked[0].f_locals]
    traced = held(1)[0]
    traced.f_trace = fresh("trace function")
    keep["frame.traced"] = traced

    def deep(count):
        local = fresh("level")
        return deep(count - 1) if count else sys._getframe()

    keep["frame.deep"] = deep(20)
    cleared = held(fresh("cleared"))[0]
    cleared.clear()
    keep["frame.cleared"] = cleared

    class Body:
        inside = sys._getframe()
        other = 1

    keep["frame.class_body"] = Body


@feature
def frame_locals_proxies(keep):
    def held():
        local = fresh("local")
        frame = sys._getframe()
        view = frame.f_locals
        view["added"] = fresh("extra local")
        view["local"] = fresh("overwritten")
        return frame, view

    keep["frame.proxy"] = held()


def raising(depth, error):
    local = fresh("local of a raising frame")
    if depth:
        raising(depth - 1, error)
    raise error


def caught(error, depth=2):
    """The exception after it went through some frames; it keeps its traceback."""
    try:
        raising(depth, error)
    except BaseException as seen:  # noqa: B902 - any of them
        return seen


def every_exception():
    for name in sorted(dir(builtins)):
        cls = getattr(builtins, name)
        if not isinstance(cls, type) or not issubclass(cls, BaseException):
            continue
        for arguments in ((text(name),), (), ("utf-8", b"x", 0, 1, "r"), ("utf-8", "x", 0, 1, "r"),
                          ("x", 0, 1, "r"), (text("group"), [ValueError(fresh("member"))])):
            try:
                yield name, cls(*arguments)
                break
            except TypeError:
                continue


@feature
def exceptions(keep):
    for name, error in every_exception():
        keep["exception." + name] = caught(error)
    keep["exception.fresh"] = ValueError(fresh("argument"), 2)
    keep["exception.no_args"] = KeyError()
    keep["exception.os"] = [OSError(2, text("strerror"), text("file"), None, text("second")),
                            FileNotFoundError(2, "no"), BlockingIOError(11, "would", 5)]
    keep["exception.syntax"] = [SyntaxError(text("message"), (text("file"), 3, 4, text("line")))]
    keep["exception.import"] = ImportError(text("message"), name=text("name"), path=text("path"))
    keep["exception.stop"] = [StopIteration(fresh("value")), StopAsyncIteration(fresh("v")), SystemExit(fresh("c"))]
    keep["exception.attribute"] = caught_call(lambda: fresh("owner").missing)
    keep["exception.name"] = caught_call(lambda: undefined_name)  # noqa: F821
    keep["exception.attributed"] = attributed = RuntimeError(text("m"))
    attributed.attribute = fresh("attribute")
    keep["exception.unicode"] = caught_call(lambda: b"\xff".decode("utf-8")), caught_call(lambda: "\xff".encode("ascii"))
    keep["exception.memory"] = [MemoryError(), RecursionError(text("r"))]


def caught_call(function):
    try:
        function()
    except Exception as error:
        return error


@feature
def chained_exceptions(keep):
    try:
        try:
            raising(1, ValueError(fresh("inner")))
        except ValueError:
            raising(1, KeyError(fresh("outer")))
    except KeyError as error:
        keep["exception.context"] = error
    try:
        try:
            raising(1, ValueError(fresh("inner")))
        except ValueError as inner:
            raise KeyError(fresh("outer")) from inner
    except KeyError as error:
        keep["exception.cause"] = error
    try:
        raise KeyError(1) from None
    except KeyError as error:
        keep["exception.suppressed"] = error
    keep["traceback"] = keep["exception.context"].__traceback__
    keep["traceback.made"] = types.TracebackType(None, sys._getframe(), 0, 1)
    keep["exc_info"] = kept_exc_info()
    again = ValueError(text("raised again and again"))
    for _ in range(50):
        caught(again, 1)
    keep["exception.raised_often"] = again


def kept_exc_info():
    handle = fresh("database handle")
    try:
        raise OSError(5, text("io"))
    except OSError:
        return sys.exc_info()


@feature
def exception_notes(keep):
    error = ValueError(text("noted"))
    error.add_note(text("note"))
    keep["exception.notes"] = caught(error)


@feature
def exception_groups(keep):
    group = ExceptionGroup(text("group"), [ValueError(fresh("a")), caught(TypeError(fresh("b")))])  # noqa: F821
    keep["exception.group"] = caught(group)
    keep["exception.group_split"] = group.split(ValueError)
    namespace = {"group": group, "kept": []}
    exec("try:\n raise group\nexcept* ValueError as part:\n kept.append(part)\nexcept* TypeError as part:\n kept.append(part)\n",
         namespace)
    keep["exception.group_caught"] = namespace["kept"]


@feature
def modules(keep):
    made = types.ModuleType(text("made"), text("documentation"))
    made.attribute = fresh("attribute")
    keep["module"] = [made, sys, math, types.ModuleType("empty")]

    class Module(types.ModuleType):
        def __getattr__(self, name):
            return name

    keep["module.subclass"] = module = Module("sub")
    module.attribute = fresh("attribute")
    module.attribute_by_getattr
    cleared = types.ModuleType("cleared")
    cleared.__dict__.clear()
    keep["module.cleared"] = cleared


@feature
def weak_references(keep):
    target = fresh("target")
    dead = fresh("dead")
    keep["weakref"] = [weakref.ref(target), weakref.ref(target, print), weakref.proxy(target),
                       weakref.proxy(target, print), weakref.ref(dead), weakref.proxy(closing(1))]
    keep["weakref.target"] = target
    keep["weakref.proxies"] = [weakref.proxy(keep["function"]), weakref.proxy(dead)]
    keep["weakref.hashed"] = reference = weakref.ref(target, len)
    hash(reference)
    keep["weakref.value_dict"] = values = weakref.WeakValueDictionary()
    keep["weakref.key_dict"] = keys = weakref.WeakKeyDictionary()
    keep["weakref.set"] = weak_set = weakref.WeakSet()
    for index in range(20):
        item = fresh(str(index))
        keep["weakref.item_%d" % index] = item
        values[index] = item
        keys[item] = fresh("value")
        weak_set.add(item)
    del keep["weakref.item_3"]
    keep["weakref.iterating"] = iterator = values.items()
    next(iter(iterator))
    keep["weakref.finalize"] = weakref.finalize(target, print, fresh("argument"), sep=fresh("keyword"))
    del dead


@feature
def lazy_imports(keep):
    namespace = {}
    exec("lazy import plistlib\nlazy from tabnanny import check\n", namespace)
    keep["lazy_import"] = namespace
    keep["lazy_import.object"] = [value for value in namespace.values() if "azy" in type(value).__name__]
