/* SPDX-License-Identifier: Apache-2.0 */
/* The help texts. They list what exists, not plans. */
#include "cli/usage.h"

/* clang-format off */
#define COMMON_OPTIONS                                                                             \
	"  --pause MODE    how to look: fork (a copy-on-write picture; falls back to\n"            \
	"                  copy where that is not safe), copy (the process stands still\n"         \
	"                  while its memory is copied), none (it is never stopped)\n"              \
	"  --json          one JSON document, see doc/json.md\n"                                   \
	"  --help          this text\n"

#define NATIVE_OPTION                                                                              \
	"  --native        memory of C too: blocks of glibc's malloc, and what leads to\n"          \
	"                  them: stacks, data of modules\n"

#define CORE_OPTIONS                                                                               \
	"  --sysroot DIR   the root of the machine or container that a core comes from\n"          \
	"  --search DIR    where copies of a core's binaries are; may be repeated\n"          

const char *usage_program(void)
{
	return "plumb tells why a Python process uses its memory, from outside.\n"
	       "\n"
	       "  plumb PID             is it leaking, what, and what holds it?\n"
	       "  plumb heap PID        what is the heap made of?\n"
	       "  plumb why PID WHAT    what keeps the objects of a type, or one, alive?\n"
	       "  plumb show PID ADDR   one object: value, references, what holds it\n"
	       "  plumb leaks PID       what is alive that nothing reaches?\n"
	       "  plumb rss PID         whose is the resident memory, to the last byte?\n"
	       "  plumb diff A B        what changed from one to the other?\n"
	       "  plumb sql PID QUERY   ask it in SQL\n"
	       "  plumb snap PID -o F   keep it in a file; PID above may be such a file\n"
	       "  plumb core PID -o F   write an ELF core, for plumb and for gdb\n"
	       "  plumb check FILE      is this snapshot sound?\n"
	       "\n"
	       "heap, why, leaks, rss, show, diff, snap and sql take a core file too, packed or\n"
	       "not.\n"
	       "\n"
	       "  plumb COMMAND --help, plumb PID --help, plumb --version\n"
	       "\n"
	       "The process is stopped for milliseconds; nothing is run in it. Exit codes:\n"
	       "0 done, 1 found (leaks --fail), 2 wrong usage, 3 the process cannot be read.\n"
	       "\n"
	       "examples:\n"
	       "  plumb 4242\n"
	       "  plumb heap 4242 --by module\n"
	       "  plumb why 4242 app.Session\n";
}

const char *usage_diff(void)
{
	return "plumb diff A B [C ...]: what changed?\n"
	       "\n"
	       "Compares two targets, oldest first: what became more and less by type, which\n"
	       "paths hold the objects that are new, and which containers grew. Of three and\n"
	       "more, what grew at every step.\n"
	       "\n"
	       "New is an object at an address that held no object of its type before. Two\n"
	       "processes share no addresses: then only types are compared, by their names.\n"
	       "\n"
	       "With --env it says instead what two programs run: Python and its build, the\n"
	       "imported distributions, shared libraries by build-id, malloc, the arguments, and\n"
	       "those variables of the environment that matter to memory.\n"
	       "\n"
	       "options:\n"
	       "  --env           what they run: what was upgraded since it was fine?\n"
	       "  --by TABLE      type, path or container (default: the beginning of each), or\n"
	       "                  line: where it was allocated, of processes with tracemalloc\n"
	       "  --top N         rows of each table (with --json all; 0: all)\n"
	       CORE_OPTIONS COMMON_OPTIONS
	       "\n"
	       "examples:\n"
	       "  plumb diff morning.plumb 4242\n"
	       "  plumb diff 1.plumb 2.plumb 3.plumb --by path\n"
	       "  plumb diff --env monday.plumb 4242\n";
}

const char *usage_snap(void)
{
	return "plumb snap TARGET -o FILE: keep it for later, or for another machine.\n"
	       "\n"
	       "Writes the whole graph of the heap to one compressed file: every object, what\n"
	       "refers to what and by which name, and the values of numbers and strings (the\n"
	       "beginning of long ones). heap, why, show, diff and leaks take the file where\n"
	       "they take a process id, and answer the same. It is there whole or not at all,\n"
	       "and only its owner may read it. TARGET may be a snapshot itself, to leave values\n"
	       "out.\n"
	       "\n"
	       "options:\n"
	       "  -o, --output FILE   the file; one of that name is replaced\n"
	       "  --no-values         keep names of attributes alone: keys are then [*]\n"
	       "  --every TIME, --count N\n"
	       "                      N of them, one each TIME: app.1.plumb, app.2.plumb ...\n"
	       "  --native            memory of C too: blocks of malloc, and what leads to them;\n"
	       "                      for leaks, and for --native of heap, why and show\n"
	       CORE_OPTIONS COMMON_OPTIONS
	       "\n"
	       "examples:\n"
	       "  plumb snap 4242 -o app.plumb && plumb heap app.plumb\n"
	       "  plumb snap 4242 -o app.plumb --no-values\n"
	       "  plumb snap 4242 -o app.plumb --every 60s --count 5 && plumb diff app.?.plumb\n";
}

const char *usage_core(void)
{
	return "plumb core PID -o FILE: an ELF core, and the process goes on.\n"
	       "\n"
	       "Writes what the kernel would at a crash: all threads with their registers, and\n"
	       "all memory, that of mapped files too, so that it can be read on another machine.\n"
	       "The process stands still for milliseconds; then a copy-on-write picture of it is\n"
	       "written. Memory that was never touched takes no room. gdb, eu-stack and heap,\n"
	       "why, show, diff and snap of plumb read the file. It is there whole or not at all,\n"
	       "and only its owner may read it: it holds all that the process knows.\n"
	       "\n"
	       "Not in it: memory of devices, and what the program excludes from forks or cores\n"
	       "(MADV_DONTFORK, MADV_DONTDUMP).\n"
	       "\n"
	       "options:\n"
	       "  -o, --output FILE   the file; one of that name is replaced\n"
	       "  --compress zstd     smaller; plumb reads it as it is, for gdb unpack it: unzstd\n"
	       COMMON_OPTIONS
	       "\n"
	       "examples:\n"
	       "  plumb core 4242 -o app.core && plumb heap app.core\n"
	       "  plumb core 4242 -o app.core.zst --compress zstd\n"
	       "  plumb core 4242 -o app.core && gdb python3 app.core\n";
}

const char *usage_check(void)
{
	return "plumb check FILE: is this snapshot sound?\n"
	       "\n"
	       "Reads every byte of the file and holds it against the format (see\n"
	       "doc/snapshot-format.md) and the graph against its rules. Says what the file is,\n"
	       "or names the first thing that is broken, with exit code 3.\n"
	       "\n"
	       "options:\n"
	       "  --json          one JSON document, see doc/json.md\n"
	       "  --help          this text\n"
	       "\n"
	       "examples:\n"
	       "  plumb check app.plumb\n";
}

const char *usage_heap(void)
{
	return "plumb heap TARGET: what is the heap made of?\n"
	       "\n"
	       "A table of all Python objects: how many, their size (as sys.getsizeof says), and\n"
	       "the memory that they really occupy. What a C extension allocates on its own (the\n"
	       "data of a numpy array) is in neither; with --native it counts with the object\n"
	       "that holds it.\n"
	       "\n"
	       "options:\n"
	       "  --by GROUP      type (default), module (of the type), size, or line: where it\n"
	       "                  was allocated, of a process that runs with tracemalloc\n"
	       "                  (PYTHONTRACEMALLOC=10, python3 -X tracemalloc=10)\n"
	       "  --sort COLUMN   memory (default), bytes, objects or name\n"
	       "  --top N         rows to show (default 20; with --json all; 0: all)\n"
	       NATIVE_OPTION CORE_OPTIONS COMMON_OPTIONS
	       "\n"
	       "examples:\n"
	       "  plumb heap 4242\n"
	       "  plumb heap 4242 --native\n"
	       "  plumb heap 4242 --sort objects --top 50\n"
	       "  plumb heap 4242 --json | jq '.rows[0]'\n"
	       "  plumb heap core.zst --sysroot /srv/containers/app\n";
}

const char *usage_why(void)
{
	return "plumb why TARGET WHAT: what keeps it alive?\n"
	       "\n"
	       "WHAT is a type (app.Session, or just Session) or an address (0x7f31c0a81f40).\n"
	       "Shows the shortest path from a module, a thread or another root to each object,\n"
	       "merged: app.cache._sessions[*].user stands for all users of all sessions.\n"
	       "Weak references hold nothing.\n"
	       "\n"
	       "options:\n"
	       "  --top N         paths to show (default 5; with --json all; 0: all)\n"
	       "  --dot FILE      write the paths as a Graphviz picture too (- for stdout,\n"
	       "                  instead of the text)\n"
	       NATIVE_OPTION CORE_OPTIONS COMMON_OPTIONS "\n"
	       "examples:\n"
	       "  plumb why 4242 app.Session\n"
	       "  plumb why 4242 0x7f31c0a81f40\n"
	       "  plumb why 4242 dict --dot why.dot && dot -Tsvg why.dot -o why.svg\n";
}

const char *usage_leaks(void)
{
	return "plumb leaks TARGET: what is alive that nothing reaches?\n"
	       "\n"
	       "Python objects that no module, thread or other root leads to, with the reason\n"
	       "why each is still there:\n"
	       "  refcount             C code took a reference and never gave it back\n"
	       "  cycle-without-gc     a cycle through an object that the collector cannot see\n"
	       "  awaiting-collection  a cycle that the next full collection frees\n"
	       "  gc.garbage           items of the list gc.garbage\n"
	       "An island is the object to blame and all that only it keeps. And blocks of\n"
	       "malloc, as valgrind tells them apart: definitely lost (nothing points at one),\n"
	       "indirectly (lost blocks do); of a process, a core, or a snapshot that was\n"
	       "written with --native. What each looks like is\n"
	       "judged by its bytes: text, numbers, a C++ object of a class ...; in brackets\n"
	       "stands the file that its pointers lead into.\n"
	       "\n"
	       "options:\n"
	       "  --top N         rows of each table (default 10; with --json all; 0: all)\n"
	       "  --fail          exit code 1 when something is lost for good, which no\n"
	       "                  collection brings back\n"
	       CORE_OPTIONS COMMON_OPTIONS "\n"
	       "examples:\n"
	       "  plumb leaks 4242\n"
	       "  plumb leaks 4242 --fail >leaks.txt || mail -s lost dev@example.org <leaks.txt\n"
	       "  plumb leaks core.4242 --json | jq '.islands[] | {type, cause, objects}'\n";
}

const char *usage_rss(void)
{
	return "plumb rss TARGET: whose is the resident memory?\n"
	       "\n"
	       "A table whose rows add up to the RSS that the kernel tells of the process: live\n"
	       "Python objects and their buffers, what is free but kept in pymalloc and in\n"
	       "glibc's malloc, blocks of C by who holds them (objects, C alone, or nothing at\n"
	       "all), mapped files, stacks, shared memory, graphics devices, and what nobody\n"
	       "could be found for. Memory that is reserved but not resident is in no row.\n"
	       "\n"
	       "Where much is free but kept: which objects pin the arenas of pymalloc, what each\n"
	       "arena of glibc holds, and what may give it back, with how much at most.\n"
	       "A core does not tell what was resident: the rows are then what it holds.\n"
	       "\n"
	       "options:\n"
	       "  --top N         the N largest owners of each row: types, files, threads, arenas\n"
	       "                  (default none; 0: all)\n"
	       CORE_OPTIONS COMMON_OPTIONS
	       "\n"
	       "examples:\n"
	       "  plumb rss 4242\n"
	       "  plumb rss 4242 --top 5\n"
	       "  plumb rss 4242 --json | jq '.rows[] | select(.kind == \"native-lost\")'\n";
}

const char *usage_show(void)
{
	return "plumb show PID ADDRESS: one object in full\n"
	       "\n"
	       "Its type, size, references that are counted, value (put together from memory, no\n"
	       "repr is run), what it refers to and what refers to it by name, and what holds\n"
	       "it. A type that has one object only may stand for its address.\n"
	       "\n"
	       "options:\n"
	       "  --top N         references to show in each direction (default 20; with --json\n"
	       "                  all; 0: all)\n"
	       NATIVE_OPTION CORE_OPTIONS COMMON_OPTIONS
	       "\n"
	       "examples:\n"
	       "  plumb show 4242 0x7f31c0a81f40\n"
	       "  plumb show 4242 app.Settings\n";
}

const char *usage_sql(void)
{
	return "plumb sql TARGET [QUERY]: questions of your own\n"
	       "\n"
	       "The heap as tables of SQLite: objects, refs, types, strings, roots, modules,\n"
	       "threads, frames. Without a query it reads queries from its input; at a terminal\n"
	       ".schema shows the tables, .quit ends. See doc/sql.md for ten useful ones.\n"
	       "\n"
	       "options:\n"
	       CORE_OPTIONS COMMON_OPTIONS
	       "\n"
	       "examples:\n"
	       "  plumb sql 4242 'SELECT type, count(*), sum(size) FROM objects\n"
	       "                  GROUP BY type ORDER BY 3 DESC LIMIT 10'\n"
	       "  plumb sql app.plumb 'SELECT path(address), length FROM objects\n"
	       "                       ORDER BY length DESC LIMIT 5'\n"
	       "  plumb sql app.plumb < questions.sql\n";
}

const char *usage_verdict(void)
{
	return "plumb PID: is it leaking, what, and what holds it?\n"
	       "\n"
	       "Looks at the process several times, and says which objects became more at every\n"
	       "look and stayed, the path that holds the new ones, and the container that grew;\n"
	       "or which single object gets larger (a text, a list of the same few things).\n"
	       "Or what else grows: objects that nothing reaches and nobody frees, and why;\n"
	       "blocks of C, and who holds them; memory that was freed but is kept; files,\n"
	       "stacks or shared memory. The first line is the largest of these.\n"
	       "Let it work as usual meanwhile: what is not exercised does not grow.\n"
	       "\n"
	       "options:\n"
	       "  --for TIME      how long to watch (default 30s; 2m, 500ms)\n"
	       "  --looks N       how often to look in that time, 3 to 15 (default 6)\n"
	       COMMON_OPTIONS
	       "\n"
	       "Interrupted (^C) after three looks or more, it answers with what it has seen.\n"
	       "\n"
	       "examples:\n"
	       "  plumb 4242\n"
	       "  plumb 4242 --for 5m --looks 10\n"
	       "  plumb 4242 --json | jq '.suspects[].path'\n";
}
/* clang-format on */
