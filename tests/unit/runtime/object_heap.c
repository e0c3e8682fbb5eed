/* SPDX-License-Identifier: Apache-2.0 */
/* See object_heap.h. All types lie in what struct python calls its module. */
#include "object_heap.h"

#include "target/fake_target.h"

#include <stdlib.h>
#include <string.h>

enum { TYPE_ROOM = 1024, CACHE_BYTES = 1 << 20, READY = 1 << 12 };

void object_heap_bytes(struct object_heap *heap, taddr address, const void *bytes, size_t size)
{
	if (!size || address < OBJECT_HEAP_START || size > OBJECT_HEAP_SIZE ||
	    address - OBJECT_HEAP_START > OBJECT_HEAP_SIZE - size)
		return;
	memcpy(heap->bytes + (address - OBJECT_HEAP_START), bytes, size);
}

void object_heap_u64(struct object_heap *heap, taddr address, uint64_t value)
{
	object_heap_bytes(heap, address, &value, sizeof(value));
}

taddr object_heap_take(struct object_heap *heap, size_t size)
{
	taddr address = heap->next;

	size = (size + 15) & ~(size_t)15;
	if (address + size <= OBJECT_HEAP_START + OBJECT_HEAP_SIZE)
		heap->next += size;
	return address;
}

static void write_type(struct object_heap *heap, taddr type, const char *name, uint32_t flags,
                       uint64_t basicsize, uint64_t itemsize)
{
	const struct py_layout *layout = &heap->python.layout;
	taddr text = object_heap_take(heap, strlen(name) + 1);

	object_heap_bytes(heap, text, name, strlen(name) + 1);
	object_heap_u64(heap, type, 1000);
	object_heap_u64(heap, type + 8, heap->type_type);
	object_heap_u64(heap, type + layout->type.tp_name, text);
	object_heap_u64(heap, type + layout->type.tp_flags, flags | READY);
	object_heap_u64(heap, type + layout->type.tp_basicsize, basicsize);
	object_heap_u64(heap, type + layout->type.tp_itemsize, itemsize);
	if (type != heap->object_type)
		object_heap_u64(heap, type + layout->type.tp_base, heap->object_type);
}

taddr object_heap_type(struct object_heap *heap, const char *name, uint32_t flags,
                       uint64_t basicsize, uint64_t itemsize)
{
	taddr type = object_heap_take(heap, TYPE_ROOM);

	write_type(heap, type, name, flags, basicsize, itemsize);
	return type;
}

taddr object_heap_object(struct object_heap *heap, taddr type, size_t size)
{
	taddr object = object_heap_take(heap, size + 64) + 48;

	object_heap_u64(heap, object, 1);
	object_heap_u64(heap, object + 8, type);
	return object;
}

taddr object_heap_string(struct object_heap *heap, taddr type, const char *text)
{
	const struct py_layout *layout = &heap->python.layout;
	size_t length = strlen(text);
	taddr string = object_heap_object(heap, type, layout->ascii.size + length + 1);
	uint32_t state = 1 << 2 | 1 << 5 | 1 << 6 | 1 << 7; /* kind 1, compact, ascii, ready */

	object_heap_u64(heap, string + layout->ascii.length, length);
	object_heap_bytes(heap, string + layout->ascii.state, &state, sizeof(state));
	object_heap_bytes(heap, string + layout->ascii.size, text, length + 1);
	return string;
}

struct object_heap *object_heap_new(const struct py_layout *layout, unsigned int minor)
{
	struct object_heap *heap = calloc(1, sizeof(*heap));

	if (!heap)
		return NULL;
	heap->next = OBJECT_HEAP_START + 64;
	heap->python.layout = *layout;
	heap->python.minor = minor;
	heap->python.hexversion = 3 << 24 | minor << 16;
	heap->python.memory = &heap->cache;
	heap->python.module_start = OBJECT_HEAP_START;
	heap->python.module_end = OBJECT_HEAP_START + OBJECT_HEAP_SIZE;
	heap->type_type = object_heap_take(heap, TYPE_ROOM);
	heap->object_type = object_heap_take(heap, TYPE_ROOM);
	heap->python.type_type = heap->type_type;
	heap->python.base_object_type = heap->object_type;
	write_type(heap, heap->type_type, "type", PY_TYPE_TYPE_SUBCLASS | PY_TYPE_HAS_GC,
	           layout->heap_type.size, 40);
	write_type(heap, heap->object_type, "object", 0, 16, 0);
	return heap;
}

bool object_heap_finish(struct object_heap *heap)
{
	struct fake_target *fake = fake_target_new();
	struct error *error = NULL;

	if (!fake)
		return false;
	fake_target_add(fake, OBJECT_HEAP_START, heap->bytes, OBJECT_HEAP_SIZE, true, "");
	error = fake_target_finish(fake, &heap->target);
	if (!error)
		error = window_cache_init(&heap->cache, heap->target, CACHE_BYTES);
	if (!error)
		error = py_types_new(&heap->python, &heap->types);
	error_free(error);
	return heap->types != NULL;
}

void object_heap_free(struct object_heap *heap)
{
	if (!heap)
		return;
	py_types_free(heap->types);
	window_cache_deinit(&heap->cache);
	target_free(heap->target);
	free(heap);
}
