# SPDX-License-Identifier: Apache-2.0
"""Objects of the C modules of the standard library, and its Python modules by the dozen."""
import sys

from zoo import feature, fresh, text

IMPORTED = """
argparse ast asyncio base64 bdb binascii bisect bz2 calendar cgi cmath cmd code codecs codeop collections
colorsys compileall concurrent.futures configparser contextlib contextvars copy cProfile csv ctypes ctypes.util
curses datetime dbm decimal difflib dis distutils.core doctest email email.mime.text email.parser encodings.idna
ensurepip enum errno faulthandler fcntl filecmp fileinput fnmatch fractions ftplib functools getopt getpass
gettext glob graphlib grp gzip hashlib heapq hmac html html.parser html.entities http http.client http.cookiejar
http.cookies http.server imaplib imghdr importlib importlib.metadata importlib.resources importlib.util inspect io
ipaddress itertools json json.tool keyword linecache locale logging logging.config logging.handlers lzma mailbox
marshal math mimetypes mmap modulefinder multiprocessing multiprocessing.pool multiprocessing.managers
multiprocessing.shared_memory netrc nntplib numbers opcode operator optparse os parser pathlib pdb pickle
pickletools pkgutil platform plistlib poplib posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc queue
quopri random re readline reprlib resource rlcompleter runpy sched secrets select selectors shelve shlex shutil
signal site smtplib sndhdr socket socketserver sqlite3 ssl stat statistics string stringprep struct subprocess
sunau symtable sysconfig syslog tabnanny tarfile telnetlib tempfile termios textwrap threading timeit token
tokenize tomllib trace traceback tracemalloc tty types typing unicodedata unittest unittest.mock urllib.error
urllib.parse urllib.request urllib.robotparser uu uuid venv warnings wave weakref webbrowser wsgiref.simple_server
wsgiref.validate xdrlib xml.dom.minidom xml.etree.ElementTree xml.sax xml.sax.expatreader xmlrpc.client
xmlrpc.server zipapp zipfile zipimport zlib zoneinfo annotationlib string.templatelib compression.zstd
concurrent.interpreters _testcapi lib2to3.pygram nturl2path audioop crypt nis ossaudiodev spwd pyexpat
xxlimited _datetime _pydecimal _pyio _strptime _lsprof _queue _opcode
""".split()


@feature
def imports(keep):
    import importlib
    import warnings
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in IMPORTED:
            try:
                importlib.import_module(name)
            except Exception:
                continue


@feature
def regular_expressions(keep):
    import re
    pattern = re.compile("%s|(c)" % "(?P<name>a+)|(b)")
    match = pattern.search(text("xaaa"))
    keep["re"] = [pattern, match, re.compile(b"bytes"), match.groupdict(), match.re, match.regs]
    keep["re.scanner"] = [pattern.scanner(text("aab")), re.compile("a").finditer(text("aa"))]
    re.sub(pattern, r"\g<name>x", text("aaa"))


@feature
def dates(keep):
    import datetime
    zone = datetime.timezone(datetime.timedelta(hours=2), text("zone"))
    keep["datetime"] = [datetime.datetime(2024, 1, 2, 3, 4, tzinfo=zone), datetime.date(2024, 1, 2),
                        datetime.time(1, 2, 3, tzinfo=zone), datetime.timedelta(days=3), zone, datetime.timezone.utc,
                        datetime.datetime(2024, 1, 2), datetime.time(1)]

    class Zone(datetime.tzinfo):
        def utcoffset(self, when):
            return None

    own = Zone()
    own.attribute = fresh("attribute")
    keep["datetime.tzinfo"] = [own, datetime.datetime(2024, 1, 2, tzinfo=own)]
    sub = type("SubDate", (datetime.datetime,), {})(2024, 1, 2, tzinfo=own)
    sub.attribute = fresh("attribute")
    keep["datetime.subclass"] = sub


@feature
def zones(keep):
    import zoneinfo
    keep["zoneinfo"] = [zoneinfo.ZoneInfo("UTC"), zoneinfo.ZoneInfo("Europe/Berlin")]


@feature
def randoms(keep):
    import random
    generator = random.Random(5)
    generator.random()
    keep["random"] = [generator, random.SystemRandom()]


@feature
def streams(keep):
    import io
    import os
    import tempfile
    keep["io.bytes"] = [io.BytesIO(), io.BytesIO(b"content" * 100), io.BytesIO()]
    keep["io.bytes"][2].write(b"written")
    keep["io.bytes.exported"] = keep["io.bytes"][1].getbuffer()
    keep["io.string"] = [io.StringIO(), io.StringIO(text("content")), io.StringIO(newline=None)]
    keep["io.string"][0].write("written \u0394")
    keep["io.string"][2].write("a\r\nb")
    path = __file__
    opened = open(path, encoding="utf-8")
    opened.readline()
    binary = open(path, "rb")
    binary.read(10)
    raw = open(path, "rb", buffering=0)
    closed = open(path)
    closed.close()
    scratch = tempfile.mkstemp()[1]
    writer = open(scratch, "w")
    writer.write(text("pending"))
    keep["io.files"] = [opened, binary, raw, closed, writer, open(scratch, "r+b")]
    os.unlink(scratch)
    keep["io.attributed"] = attributed = io.BytesIO(b"x")
    attributed.attribute = fresh("attribute")
    keep["io.pair"] = io.BufferedRWPair(io.BytesIO(b"a"), io.BytesIO())
    keep["io.wrapper"] = io.TextIOWrapper(io.BytesIO(b"some\nlines\n"), encoding="latin-1", newline="")
    keep["io.wrapper"].readline()
    keep["io.decoder"] = io.IncrementalNewlineDecoder(None, True)

    class Raw(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            return 0

    keep["io.python_raw"] = io.BufferedReader(Raw())
    keep["os.scandir"] = scanned = os.scandir("/")
    keep["os.direntry"] = entry = next(scanned)
    entry.stat(follow_symlinks=False)


@feature
def sockets(keep):
    import socket
    left, right = socket.socketpair()
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(1)
    closed = socket.socket()
    closed.close()
    keep["socket"] = [left, right, listening, closed, left.makefile("rb"), left.makefile("w")]


@feature
def tls(keep):
    import os
    import ssl
    import tempfile
    context = ssl.create_default_context()
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.sni_callback = lambda *arguments: None
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    incoming.write(b"data")
    wrapped = context.wrap_bio(incoming, outgoing, server_hostname="example.org")
    try:
        wrapped.do_handshake()
    except ssl.SSLWantReadError as error:
        keep["ssl.error"] = error
    keep["ssl"] = [context, wrapped, incoming, outgoing, serving]
    calling = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    calling._msg_callback = lambda *arguments: None
    keep["ssl.calling"] = calling
    if hasattr(calling, "keylog_filename"):
        calling.keylog_filename = tempfile.mkstemp()[1]
        os.unlink(calling.keylog_filename)
    if hasattr(calling, "set_psk_client_callback"):
        calling.set_psk_client_callback(lambda hint: (None, b"key"))
        serving.set_psk_server_callback(lambda identity: b"key", "hint")


@feature
def databases(keep):
    import sqlite3
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.create_function("double", 1, lambda value: value * 2)
    connection.create_collation("own", lambda left, right: 0)
    connection.create_aggregate("sum_up", 1, type("Aggregate", (), {"step": print, "finalize": print}))
    connection.execute("create table t (a, b)")
    connection.executemany("insert into t values (?, ?)", [(index, text(str(index))) for index in range(50)])
    cursor = connection.execute("select *, double(a) from t")
    row = cursor.fetchone()
    closed = sqlite3.connect(":memory:")
    closed.close()
    keep["sqlite3"] = [connection, cursor, row, closed, connection.cursor()]
    watched = sqlite3.connect(":memory:", isolation_level=None)
    watched.set_trace_callback(lambda statement: None)
    watched.set_progress_handler(lambda: 0, 1000)
    watched.set_authorizer(lambda *arguments: sqlite3.SQLITE_OK)
    keep["sqlite3.watched"] = watched


@feature
def databases_blob(keep):
    connection = keep["sqlite3"][0]
    connection.execute("create table blobs (data)")
    connection.execute("insert into blobs values (zeroblob(100))")
    keep["sqlite3.blob"] = connection.blobopen("blobs", "data", 1)


@feature
def hashes(keep):
    import hashlib
    import hmac
    keep["hash"] = [hashlib.new(name) for name in ("md5", "sha1", "sha256", "sha512", "sha3_256", "shake_128", "blake2b")]
    keep["hash"].extend([hashlib.blake2s(b"data", key=b"key"), hmac.new(b"key", b"data", "sha256")])
    for name in ("_md5", "_sha1", "_sha256", "_sha2", "_sha512", "_sha3", "_blake2"):
        try:
            module = __import__(name)
        except ImportError:
            continue
        keep["hash." + name] = [getattr(module, attribute)() for attribute in dir(module)
                                if attribute.startswith(("md5", "sha", "blake")) and attribute not in ("blake2",)]


@feature
def compressors(keep):
    import bz2
    import lzma
    import zlib
    kept = [zlib.compressobj(), zlib.decompressobj(), bz2.BZ2Compressor(), bz2.BZ2Decompressor(),
            lzma.LZMACompressor(), lzma.LZMADecompressor(), zlib.compressobj(zdict=b"dictionary")]
    for compressor in kept[::2]:
        compressor.compress(b"data" * 1000)
    partial = zlib.decompressobj()
    partial.decompress(zlib.compress(b"data" * 100) + b"unused tail")
    limited = bz2.BZ2Decompressor()
    limited.decompress(bz2.compress(bytes(5000)), max_length=10)
    keep["compressors"] = kept + [partial, limited]


@feature
def compressors_zstd(keep):
    from compression import zstd
    compressor = zstd.ZstdCompressor()
    compressor.compress(b"data" * 100)
    keep["zstd"] = [compressor, zstd.ZstdDecompressor(), zstd.ZstdDict(b"d" * 100, is_raw=True)]


@feature
def encoders(keep):
    import csv
    import io
    import json
    import pickle
    keep["json"] = [json.JSONEncoder(indent=2), json.JSONDecoder(object_hook=dict), json.decoder.scanner.c_make_scanner(json.JSONDecoder())]
    keep["json.encoder"] = json.encoder.c_make_encoder({}, fresh, json.encoder.encode_basestring_ascii, None, ": ", ", ", True, True, True)
    iterator = json.JSONEncoder().iterencode([1, {"a": 2}])
    keep["json.iterencode"] = iterator
    stream = io.StringIO()
    keep["csv"] = [csv.reader(io.StringIO("a,b\nc,d\n")), csv.writer(stream), csv.DictReader(io.StringIO("a,b\n1,2\n")),
                   csv.get_dialect("excel")]
    next(keep["csv"][0])
    next(keep["csv"][2])
    csv.register_dialect(text("own"), delimiter=";")
    pickler = pickle.Pickler(io.BytesIO())
    shared = [fresh("pickled")]
    pickler.dump({"a": [1, 2, shared], "b": shared})
    pickler.dispatch_table = {int: fresh}
    unpickler = pickle.Unpickler(io.BytesIO(pickle.dumps([["a", "b"], ("c",), {"d": 1.5}])))
    unpickler.load()
    keep["pickle"] = [pickler, unpickler, pickler.memo, unpickler.memo, pickle.Pickler(io.BytesIO(), 2)]
    keep["pickle.subclass"] = type("SubPickler", (pickle.Pickler,), {"persistent_id": lambda self, item: None})(io.BytesIO())
    torn = pickle.Unpickler(io.BytesIO(pickle.dumps([fresh("pickled"), [1, 2], {"a": 3}])[:-4]))
    try:
        torn.load()
    except (EOFError, pickle.UnpicklingError):
        keep["pickle.torn"] = torn
    keep["pickle.buffer"] = pickle.PickleBuffer(bytearray(b"buffer"))


@feature
def trees(keep):
    import xml.etree.ElementTree as tree
    root = tree.Element("root", {"key": text("value")})
    for index in range(10):
        child = tree.SubElement(root, "child", index=str(index))
        child.text, child.tail = text("text"), text("tail")
        tree.SubElement(child, "leaf")
    keep["element"] = [root, tree.ElementTree(root), tree.Element("empty")]
    iterator = root.iter("child")
    next(iterator)
    keep["element.iterators"] = [iterator, root.itertext()]
    parser = tree.XMLParser()
    parser.feed("<a><b>text")
    pull = tree.XMLPullParser(["start", "end"])
    pull.feed("<a><b>text</b>")
    builder = tree.TreeBuilder()
    builder.start("a", {"b": text("c")})
    builder.data(text("data"))
    keep["element.parsers"] = [parser, pull, builder]
    import pyexpat
    expat = pyexpat.ParserCreate()
    expat.StartElementHandler = lambda name, attributes: None
    expat.Parse("<a><b>")
    keep["expat"] = expat
    import xml.dom.minidom
    keep["minidom"] = xml.dom.minidom.parseString("<a><b c='d'/>text</a>")


@feature
def foreign_functions(keep):
    import ctypes

    class Point(ctypes.Structure):
        _fields_ = [("x", ctypes.c_int), ("y", ctypes.c_double), ("name", ctypes.c_char_p), ("any", ctypes.py_object)]

    class Choice(ctypes.Union):
        _fields_ = [("number", ctypes.c_int), ("letters", ctypes.c_char * 4)]

    class Outer(ctypes.Structure):
        _fields_ = [("inner", Point), ("next", ctypes.POINTER(Point)), ("bits", ctypes.c_uint, 3)]

    point = Point(1, 2.5, b"name", fresh("py_object"))
    outer = Outer(point, ctypes.pointer(point), 5)
    callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda value: value)
    array = (ctypes.c_int * 100)(*range(100))
    strings = (ctypes.c_char_p * 3)(b"one", b"two", b"three")
    pointers = (ctypes.POINTER(Point) * 2)(ctypes.pointer(point))
    library = ctypes.CDLL(None)
    function = library.strlen
    function.argtypes, function.restype = [ctypes.c_char_p], ctypes.c_size_t
    function.errcheck = lambda result, used, arguments: result
    function(b"called")
    keep["ctypes"] = [point, outer, callback, array, strings, pointers, library, function, Choice(1), outer.inner,
                      ctypes.c_int(3), ctypes.py_object(fresh("held")), ctypes.byref(point), ctypes.create_string_buffer(100),
                      ctypes.cast(point.name, ctypes.c_void_p) if False else ctypes.c_void_p(5), Point.x, Outer.bits]
    point.attribute = fresh("attribute")
    keep["ctypes.from_buffer"] = ctypes.c_int.from_buffer(bytearray(16))
    keep["ctypes.cast"] = ctypes.cast(ctypes.pointer(point), ctypes.POINTER(ctypes.c_char))
    keep["ctypes.long"] = (ctypes.c_longdouble(1.5), ctypes.c_wchar_p("wide"))


@feature
def capsules(keep):
    import ctypes
    import datetime
    import socket
    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    name = ctypes.create_string_buffer(b"made.capsule")
    keep["capsule"] = [new(ctypes.addressof(name), ctypes.addressof(name), None), name,
                       getattr(datetime, "datetime_CAPI", None), getattr(socket, "CAPI", None)]


@feature
def mappings(keep):
    import mmap
    anonymous = mmap.mmap(-1, 8192)
    anonymous.write(b"content")
    closed = mmap.mmap(-1, 4096)
    closed.close()
    with open(__file__, "rb") as source:
        mapped = mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ)
    keep["mmap"] = [anonymous, closed, mapped, memoryview(anonymous)]


@feature
def selectors_of_all_kinds(keep):
    import select
    import selectors
    import socket
    left, right = socket.socketpair()
    poll = select.poll()
    poll.register(left)
    epoll = select.epoll()
    epoll.register(left)
    chosen = selectors.DefaultSelector()
    chosen.register(right, selectors.EVENT_READ, data=fresh("data"))
    keep["select"] = [poll, epoll, chosen, left, right]


@feature
def structures(keep):
    import struct
    keep["struct"] = [struct.Struct("iq10s"), struct.Struct("<5h")]
    struct.pack("iqd", 1, 2, 3.0)


@feature
def aliases(keep):
    import typing
    variable = typing.TypeVar("variable", bound=int)
    keep["typing"] = [typing.List[int], typing.Dict[str, typing.List[variable]], typing.Optional[int], variable,
                      typing.Callable[[int], str], typing.Any, typing.Generic, typing.Tuple[int, ...]]

    class Box(typing.Generic[variable]):
        def __init__(self):
            self.value = fresh("value")

    class Shape(typing.Protocol):
        def area(self) -> float:
            ...

    keep["typing.generic"] = [Box[int], Box[int](), Box(), Shape, isinstance(3, typing.Hashable)]
    keep["typing.typeddict"] = typing.TypedDict("Movie", {"name": str})
    keep["typing.forward"] = typing.ForwardRef("Box[int]")
    keep["typing.newtype"] = typing.NewType("NewType", int)


@feature
def generic_aliases(keep):
    import typing
    variable = typing.TypeVar("variable")
    alias = dict[str, list[variable]]
    alias.__parameters__
    keep["generic_alias"] = [list[int], alias, alias[int], tuple[()]]
    sub = type("SubList", (list,), {})[int]
    keep["generic_alias.subclass"] = [sub, sub()]


@feature
def unions(keep):
    import typing
    variable = typing.TypeVar("variable")
    keep["union"] = [int | str, list[int] | None, list[variable] | int]
    keep["union"][2].__parameters__
    hash(keep["union"][0])


@feature
def parameter_specifications(keep):
    import typing
    specification = typing.ParamSpec("specification")
    keep["paramspec"] = [specification, specification.args, specification.kwargs]
    keep["typevartuple"] = many = typing.TypeVarTuple("many")
    keep["typevartuple.unpacked"] = [tuple[typing.Unpack[many]], next(iter(many))]


@feature
def type_parameters(keep):
    namespace = {}
    exec("class Box[T: int, *Ts, **P]:\n def get[S: (int, str)](self) -> S: ...\ntype Alias[T] = list[T] | None\n"
         "def first[T](items: list[T]) -> T: return items[0]\n", namespace)
    box, alias = namespace["Box"], namespace["Alias"]
    keep["type_parameters"] = [box, box[int, str, [int]], box.__type_params__, namespace["first"], box.get.__type_params__]
    keep["type_alias"] = [alias, alias[int], alias.__value__, alias.__type_params__]
    for parameter in box.__type_params__ + box.get.__type_params__:
        keep["type_parameters"].append(getattr(parameter, "__bound__", None))
        keep["type_parameters"].append(getattr(parameter, "__constraints__", None))


@feature
def type_parameter_defaults(keep):
    namespace = {}
    exec("class Box[T = int]:\n pass\n", namespace)
    keep["type_parameters.default"] = [namespace["Box"], namespace["Box"].__type_params__[0].__default__]


@feature
def lazy_annotations(keep):
    namespace = {}
    exec("class Typed:\n    field: int = 3\n    other: 'str'\ndef function(argument: list[int]) -> int: ...\nvalue: int = 3\n", namespace)
    keep["annotations"] = [namespace["Typed"], namespace["function"]]
    second = {}
    exec("class Typed:\n    field: int\ndef function(argument: int): ...\n", second)
    second["Typed"].__annotations__, second["function"].__annotations__
    keep["annotations.read"] = second


@feature
def templates(keep):
    namespace = {"value": fresh("interpolated")}
    exec("template = t'start {value!r:>10} end {value}'\nempty = t''\n", namespace)
    iterator = iter(namespace["template"])
    next(iterator)
    keep["template"] = [namespace["template"], namespace["empty"], iterator, namespace["template"].interpolations]


@feature
def logging_tree(keep):
    import io
    import logging
    logger = logging.getLogger(text("logger"))
    logger.addHandler(logging.StreamHandler(io.StringIO()))
    logger.warning("message %s", fresh("argument"))
    keep["logging"] = [logger, logging.LogRecord("n", 10, "p", 1, "m", (fresh("argument"),), None)]


@feature
def syntax_trees(keep):
    import ast
    tree = ast.parse("def function(a, *b):\n    return [c for c in b if c > 1] + f'{a}'\n".replace("+ f", "or f"))
    keep["ast"] = tree
    import symtable
    keep["symtable"] = symtable.symtable("def f(a): return a\n", "file", "exec")
    import tokenize
    import io
    tokens = tokenize.tokenize(io.BytesIO(b"a = 1\n").readline)
    next(tokens)
    next(tokens)
    keep["tokenize"] = tokens


@feature
def profilers(keep):
    import cProfile
    profiler = cProfile.Profile()
    profiler.runcall(sorted, [3, 1, 2], key=lambda value: -value)
    keep["profile"] = [profiler, profiler.getstats()]


@feature
def processes(keep):
    import email.message
    import multiprocessing
    import subprocess
    keep["process.classes"] = [multiprocessing.Process(target=print)]
    finished = subprocess.Popen([sys.executable, "-c", "pass"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    finished.communicate()
    keep["process"] = finished
    keep["email"] = email.message.EmailMessage()
    keep["email"]["Subject"] = text("subject")


@feature
def process_locks(keep):
    """They need /dev/shm, which a private root has not."""
    import multiprocessing
    keep["process.locks"] = [multiprocessing.Lock(), multiprocessing.RLock(), multiprocessing.Value("i", 3)]


@feature
def miscellany(keep):
    import bisect
    import copy
    import heapq
    import ipaddress
    import pathlib
    import shelve
    import statistics
    import string
    import tempfile
    import unittest.mock
    import uuid
    import warnings
    keep["miscellany"] = [pathlib.Path("/tmp/x"), pathlib.PurePath("a") / "b", uuid.uuid4(), ipaddress.ip_network("10.0.0.0/8"),
                          string.Template("$a"), unittest.mock.MagicMock(), statistics.NormalDist(), copy.copy, bisect.bisect,
                          heapq.merge([1], [2]), warnings.catch_warnings(record=True), tempfile.SpooledTemporaryFile(), shelve.Shelf({})]
    keep["unicodedata"] = __import__("unicodedata").ucd_3_2_0
    import codecs
    keep["codecs"] = [codecs.lookup("utf-8"), codecs.getincrementaldecoder("shift_jis")(), codecs.getincrementalencoder("gb18030")(),
                      codecs.getincrementaldecoder("utf-8")(), codecs.getreader("euc_jp")(__import__("io").BytesIO(b"a"))]
    "x".encode("cp1252"), "\u0394".encode("iso8859_7"), "a".encode("idna")
    import types
    keep["dynamic_class_attribute"] = types.DynamicClassAttribute(fresh)
    keep["getattr_static"] = object()
    keep["static_methods_of_c"] = [str.maketrans, bytes.maketrans, bytearray.maketrans]


@feature
def system_state(keep):
    """What hangs on interpreter and thread state rather than on a module."""
    import atexit
    import gc
    import os
    import signal
    import threading
    atexit.register(print, fresh("argument"), end=fresh("keyword"))
    signal.signal(signal.SIGUSR2, lambda number, frame: None)
    gc.callbacks.append(lambda phase, details: None)
    sys.addaudithook(AuditHook())
    os.register_at_fork(before=lambda: None, after_in_child=lambda: None)
    threading.settrace(None)
    cycle = Garbage()
    cycle.itself = cycle
    gc.garbage.append(fresh("garbage"))
    keep["system.hooks"] = [sys.excepthook, sys.displayhook, sys.meta_path, sys.path_hooks, sys.path_importer_cache]


class Garbage:
    """An unreachable cycle: tracked by the collector, held by nothing."""


class AuditHook:
    def __call__(self, event, arguments):
        return None


@feature
def monitoring(keep):
    sys.monitoring.use_tool_id(3, text("tool"))
    sys.monitoring.register_callback(3, sys.monitoring.events.PY_RETURN, AuditHook())
    import zoo.callables
    sys.monitoring.set_local_events(3, zoo.callables.closing.__code__, sys.monitoring.events.PY_RETURN)


@feature
def terminal(keep):
    import curses
    keep["curses"] = curses.ascii.isalpha if hasattr(curses, "ascii") else curses.error
    import readline
    readline.set_completer(lambda typed, state: None)


@feature
def c_test_types(keep):
    """Heap types made in C. (3.8's HeapGcCType has no tp_traverse: the collector crashes on it.)"""
    import _testcapi
    kept = []
    for name in dir(_testcapi):
        thing = getattr(_testcapi, name)
        if name.startswith(("HeapC", "HeapD", "HeapW", "My", "Method")) and isinstance(thing, type):
            try:
                kept.append(thing())
            except Exception:
                continue
    keep["c.testcapi"] = kept
