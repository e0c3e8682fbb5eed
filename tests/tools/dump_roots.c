/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints what py_roots_visit tells of a process, one JSON document a line,
 * for tests/test_roots.py:
 *
 *	dump_roots [--memory] PID [ADDRESS ...]
 *
 *	{"event": "root", "kind": "module", "name": "sys", "to": 140...}
 *	{"event": "thread", "name": "thread 4242 (MainThread)", "address": ...}
 *	{"event": "frame", "name": "work (app.py:3)", "address": ..., "object": ...}
 *	{"event": "reference", "of": "frame", "kind": "local", "name": "x", ...}
 *
 * Words of memory are many: without --memory they are only counted. For each
 * ADDRESS the references of the object there follow, with its size. The
 * process is not stopped: tests look at one that waits.
 */
#include "base/cleanup.h"
#include "print_string.h"
#include "runtime/py_roots.h"
#include "runtime/python.h"
#include "target/live_target.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { CACHE_BYTES = 16 << 20, TEXT_MAX = 400 };

struct dump {
	struct python *python;
	struct py_types *types;
	const char *of; /* whose references follow: "thread", "frame", "object" */
	bool with_memory;
	uint64_t words;
};

static void print_root(void *context, enum py_root_kind kind, const char *name, taddr to)
{
	static const char *const kinds[] = {
		[PY_ROOT_MODULE] = "module",
		[PY_ROOT_INTERPRETER] = "interpreter",
		[PY_ROOT_STATIC_TYPE] = "static-type",
		[PY_ROOT_MEMORY] = "memory",
	};
	struct dump *dump = context;

	if (kind == PY_ROOT_MEMORY) {
		dump->words++;
		if (!dump->with_memory)
			return;
	}
	printf("{\"event\": \"root\", \"kind\": \"%s\", \"name\": ", kinds[kind]);
	print_string(name);
	printf(", \"to\": %" PRIu64 "}\n", to);
}

static void print_thread(void *context, taddr address, const char *name)
{
	struct dump *dump = context;

	dump->of = "thread";
	printf("{\"event\": \"thread\", \"name\": ");
	print_string(name);
	printf(", \"address\": %" PRIu64 "}\n", address);
}

static void print_frame(void *context, const struct py_root_frame *frame)
{
	struct dump *dump = context;

	dump->of = "frame";
	printf("{\"event\": \"frame\", \"name\": ");
	print_string(frame->name);
	printf(", \"address\": %" PRIu64 ", \"object\": %" PRIu64 "}\n", frame->address,
	       frame->object);
}

static void print_reference(void *context, const struct py_ref *reference)
{
	static const char *const kinds[] = {
		[PY_REF_ATTRIBUTE] = "attribute", [PY_REF_INDEX] = "index",
		[PY_REF_VALUE] = "value",         [PY_REF_KEY] = "key",
		[PY_REF_LOCAL] = "local",         [PY_REF_STACK] = "stack",
		[PY_REF_FIELD] = "field",         [PY_REF_TYPE] = "type",
		[PY_REF_WEAK] = "weak",           [PY_REF_CONSERVATIVE] = "conservative",
	};
	struct dump *dump = context;
	_cleanup_free_ char *text = NULL;

	printf("{\"event\": \"reference\", \"of\": \"%s\", \"kind\": \"%s\", \"name\": ", dump->of,
	       kinds[reference->kind]);
	if (!reference->name && reference->name_object) {
		text = py_string_utf8(dump->python, reference->name_object, TEXT_MAX);
		if (!text)
			text = py_object_text(dump->python, dump->types, reference->name_object,
			                      TEXT_MAX);
	}
	print_string(reference->name ? reference->name : text ? text : "");
	printf(", \"number\": %" PRIu64 ", \"hidden\": %s, \"to\": %" PRIu64 "}\n",
	       reference->number, reference->flags & PY_REF_HIDDEN ? "true" : "false",
	       reference->to);
}

static void print_storage(void *context, taddr address, uint64_t size)
{
	(void)context;
	printf("{\"event\": \"storage\", \"address\": %" PRIu64 ", \"size\": %" PRIu64 "}\n",
	       address, size);
}

static void print_object(struct dump *dump, taddr address)
{
	const struct py_visitor visitor = {
		.context = dump, .reference = print_reference, .storage = print_storage};
	struct py_object object;
	uint64_t size = 0;

	dump->of = "object";
	if (py_object_at(dump->python, dump->types, address, &object) != DECODE_OK) {
		printf("{\"event\": \"object\", \"address\": %" PRIu64 ", \"type\": null}\n",
		       address);
		return;
	}
	(void)py_object_size(dump->python, dump->types, &object, &size);
	printf("{\"event\": \"object\", \"address\": %" PRIu64 ", \"size\": %" PRIu64
	       ", \"type\": ",
	       address, size);
	print_string(object.type->name);
	puts("}");
	(void)py_refs_visit(dump->python, dump->types, &object, &visitor);
}

static struct error *dump_process(struct window_cache *cache, struct dump *dump, char **addresses)
{
	const struct py_root_visitor visitor = {
		dump, print_root, print_thread, print_reference, print_frame, print_reference};
	struct error *error = python_find(cache, dump->python);

	if (error)
		return error;
	error = py_types_new(dump->python, &dump->types);
	if (!error) {
		if (py_roots_visit(dump->python, dump->types, &visitor) != DECODE_OK)
			puts("{\"event\": \"torn\"}");
		for (; *addresses; addresses++)
			print_object(dump, strtoull(*addresses, NULL, 0));
		printf("{\"event\": \"end\", \"words\": %" PRIu64 ", \"threads\": %zu}\n",
		       dump->words, py_threads_count(dump->python));
		py_types_free(dump->types);
	}
	python_deinit(dump->python);
	return error;
}

int main(int argc, char **argv)
{
	_cleanup_(cleanup_target) struct target *target = NULL;
	struct window_cache cache;
	struct python python;
	struct dump dump = {.python = &python};
	struct error *error;
	pid_t pid;

	if (argc > 1 && strcmp(argv[1], "--memory") == 0) {
		dump.with_memory = true;
		argv++;
		argc--;
	}
	if (argc < 2)
		return 2;
	pid = (pid_t)strtol(argv[1], NULL, 10);
	error = live_target_open(pid, pid, &target);
	if (!error)
		error = window_cache_init(&cache, target, CACHE_BYTES);
	if (!error) {
		error = dump_process(&cache, &dump, argv + 2);
		window_cache_deinit(&cache);
	}
	if (!error)
		return 0;
	fprintf(stderr, "%s\n", error_message(error));
	error_free(error);
	return 3;
}
