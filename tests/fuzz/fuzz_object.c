/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property: whatever an object's bytes say, decoding it (references, size,
 * count, text) ends in bounded time, reads nothing of ours out of bounds, and
 * tells no null reference and no empty block.
 *
 * An input is a recipe. Byte 0 chooses a layout, byte 1 a type's name, byte 2
 * the type's flags and size; each further 8 bytes change one word near the
 * object, in blocks it may point at, or in its type:
 *
 *	0  place   object, block 0 ... 2, type, str type
 *	1  offset  of the word in it, in words
 *	2  kind    value as it is, shifted far up, all ones, or an address in one of the places
 *	3  which   place, for addresses
 *	4  value   4 bytes
 */
#include "fuzz_target.h"

#include "../unit/runtime/object_heap.h"
#include "base/cleanup.h"
#include "runtime/py_refs.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES = 6, BLOCK = 4096, CHANGE = 8, CHANGES_MAX = 128, TELLS_MAX = 1 << 22 };

static const char *const names[] = {
	"int",
	"float",
	"str",
	"bytes",
	"bytearray",
	"tuple",
	"list",
	"dict",
	"collections.OrderedDict",
	"collections.defaultdict",
	"frozendict",
	"set",
	"type",
	"module",
	"function",
	"code",
	"frame",
	"generator",
	"coroutine",
	"async_generator",
	"BaseException",
	"weakref.ReferenceType",
	"collections.deque",
	"functools._lru_cache_wrapper",
	"array.array",
	"memoryview",
	"managedbuffer",
	"_asyncio.Future",
	"_asyncio.Task",
	"hamt_bitmap_node",
	"hamt_collision_node",
	"xml.etree.ElementTree.Element",
	"_queue.SimpleQueue",
	"itertools._tee_dataobject",
	"datetime.datetime",
	"decimal.Decimal",
	"_io.BufferedReader",
	"_io.BytesIO",
	"_io.StringIO",
	"itertools.combinations",
	"itertools.permutations",
	"itertools.product",
	"_struct.Struct",
	"app.Order",
	"traceback",
	"range",
	"functools.partial",
	"NoneType",
};

/* Sizes that types of py_shapes.c insist on. */
static const uint16_t sizes[] = {16,  24,  32,  33,  40,  48,  56,  64,  72,  80,  88,
                                 104, 112, 120, 128, 144, 152, 168, 176, 184, 200, 216,
                                 496, 880, 888, 904, 920, 928, 936, 944, 4096};

struct told {
	uint64_t count;
};

static void count_reference(void *context, const struct py_ref *reference)
{
	struct told *told = context;

	if (!reference->to || ++told->count > TELLS_MAX)
		abort();
}

static void count_storage(void *context, taddr address, uint64_t size)
{
	struct told *told = context;

	if (!address || !size || ++told->count > TELLS_MAX)
		abort();
}

static void ignore_length(void *context, uint64_t length)
{
	(void)context;
	(void)length;
}

static void change(struct object_heap *heap, const taddr places[PLACES], const uint8_t *recipe)
{
	taddr address = places[recipe[0] % PLACES] + (taddr)recipe[1] * 8 - 32;
	uint32_t value;
	uint64_t word;

	memcpy(&value, recipe + 4, sizeof(value));
	word = value;
	if (recipe[2] % 4 == 1)
		word <<= 32;
	else if (recipe[2] % 4 == 2)
		word = UINT64_MAX;
	else if (recipe[2] % 4 == 3)
		word = places[recipe[3] % PLACES] + value % BLOCK;
	object_heap_u64(heap, address, word);
}

static void decode(struct object_heap *heap, taddr address)
{
	struct told told = {0};
	const struct py_visitor visitor = {.context = &told,
	                                   .reference = count_reference,
	                                   .storage = count_storage,
	                                   .length = ignore_length};
	struct py_object object;
	_cleanup_free_ char *text = NULL;
	_cleanup_free_ char *characters = NULL;
	uint64_t number;
	bool is_immortal;

	characters = py_string_utf8(&heap->python, address, 100);
	text = py_object_text(&heap->python, heap->types, address, 100);
	if (text && strlen(text) > 100)
		abort();
	if (py_object_at(&heap->python, heap->types, address, &object) != DECODE_OK)
		return;
	(void)py_refs_visit(&heap->python, heap->types, &object, &visitor);
	(void)py_object_size(&heap->python, heap->types, &object, &number);
	(void)py_object_refcount(&heap->python, &object, &number, &is_immortal);
}

static struct object_heap *make_heap(const uint8_t *data, taddr places[PLACES])
{
	size_t layouts = 0;
	struct object_heap *heap;
	const struct py_layout *layout;
	uint32_t flags = data[2] & 0x80 ? 0 : PY_TYPE_HAS_GC;

	while (py_layouts[layouts])
		layouts++;
	layout = py_layouts[data[0] % layouts];
	heap = object_heap_new(layout, layout->version & 0xff);
	assert(heap);
	places[4] = object_heap_type(heap, names[data[1] % (sizeof(names) / sizeof(*names))], flags,
	                             sizes[data[2] % (sizeof(sizes) / sizeof(*sizes))],
	                             data[2] & 0x40 ? 8 : 0);
	places[5] =
		object_heap_type(heap, "str", PY_TYPE_UNICODE_SUBCLASS, layout->unicode.size, 0);
	for (int i = 1; i < 4; i++)
		places[i] = object_heap_object(heap, places[5], BLOCK);
	places[0] = object_heap_object(heap, places[4], BLOCK);
	return heap;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	taddr places[PLACES];
	struct object_heap *heap;

	if (size < 3)
		return 0;
	heap = make_heap(data, places);
	for (size_t i = 0; i < CHANGES_MAX && 3 + (i + 1) * CHANGE <= size; i++)
		change(heap, places, data + 3 + i * CHANGE);
	if (object_heap_finish(heap)) {
		decode(heap, places[0]);
		decode(heap, places[1]);
	}
	object_heap_free(heap);
	return 0;
}
