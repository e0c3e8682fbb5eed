/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Written from the layout tables alone, as the code under test is: what it
 * proves is how that code walks and judges, not that the tables are right.
 * That is for the tests on real interpreters.
 */
#include "fake_python.h"

#include "runtime/py_debug_fields.h"
#include "target/fake_target.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

enum {
	FIRST_WITH_OFFSETS = 0x030d,
	FIRST_WITH_STATES = 0x030c,
	FIRST_WITH_LARGE_POOLS = 0x030a,
	TYPE_SUBCLASS = 31, /* bits of tp_flags */
	DICT_SUBCLASS = 29,
	LONG_SUBCLASS = 24,
	GC_GENERATION = 24,
	ARENA_BYTES = 32 << 10,
	POOLS = 2,
	USED_POOLS = 64,
	OWN = 4096, /* from main's array of arenas to the sub-interpreter's */
};

struct fake_python {
	const struct py_layout *layout;
	uint8_t image[4096];
	uint8_t *data;
	uint8_t *arenas; /* memory of both arenas */
};

/* Copies what lies wholly in the size_of_memory bytes that memory has for start. */
static void put(uint8_t *memory, taddr start, size_t size_of_memory, taddr address,
                const void *bytes, size_t size)
{
	if (address >= start && address <= start + size_of_memory &&
	    size <= start + size_of_memory - address)
		memcpy(memory + (address - start), bytes, size);
}

void fake_python_bytes(struct fake_python *fake, taddr address, const void *bytes, size_t size)
{
	put(fake->data, FAKE_DATA, FAKE_DATA_SIZE, address, bytes, size);
	put(fake->arenas, FAKE_ARENA, (size_t)2 * ARENA_BYTES, address, bytes, size);
}

void fake_python_u64(struct fake_python *fake, taddr address, uint64_t value)
{
	fake_python_bytes(fake, address, &value, sizeof(value));
}

void fake_python_u32(struct fake_python *fake, taddr address, uint32_t value)
{
	fake_python_bytes(fake, address, &value, sizeof(value));
}

/* An executable at fixed addresses: its header page, and the data segment. */
static void fill_image(struct fake_python *fake)
{
	Elf64_Ehdr header = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_phoff = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 2,
	};
	Elf64_Phdr segments[2] = {
		{.p_type = PT_LOAD, .p_flags = PF_R, .p_vaddr = FAKE_IMAGE, .p_memsz = 4096},
		{.p_type = PT_LOAD,
	         .p_flags = PF_R | PF_W,
	         .p_offset = 4096,
	         .p_vaddr = FAKE_DATA,
	         .p_memsz = FAKE_SEGMENT_SIZE},
	};

	memcpy(fake->image, &header, sizeof(header));
	memcpy(fake->image + sizeof(header), segments, sizeof(segments));
}

static void fill_type(struct fake_python *fake, taddr type, taddr base, int flag, uint64_t size,
                      uint64_t number)
{
	const struct py_layout *layout = fake->layout;

	fake_python_u64(fake, type + 8, FAKE_TYPE_TYPE);
	fake_python_u64(fake, type + layout->type.tp_base, base);
	fake_python_u64(fake, type + layout->type.tp_basicsize, size);
	fake_python_u64(fake, type + layout->type.tp_flags, flag ? UINT64_C(1) << flag : 0);
	fake_python_u64(fake, type + layout->type.tp_subclasses, number);
}

/* One table of keys with one entry: "hexversion" and the int. */
static void fill_dicts(struct fake_python *fake, uint32_t hexversion)
{
	static const char name[] = "hexversion";
	const struct py_layout *layout = fake->layout;
	bool is_old = !py_has(layout->dict_keys.dk_log2_index_bytes);
	taddr entry = FAKE_KEYS + layout->dict_keys.dk_indices + 8;

	for (taddr dict = FAKE_DICTS; dict < FAKE_DICTS + 3 * 256; dict += 256) {
		fake_python_u64(fake, dict + 8, FAKE_DICT_TYPE);
		fake_python_u64(fake, dict + layout->dict.ma_keys, FAKE_KEYS);
	}
	if (is_old)
		fake_python_u64(fake, FAKE_KEYS + layout->dict_keys.dk_size, 8);
	else
		fake_python_bytes(fake, FAKE_KEYS + layout->dict_keys.dk_log2_index_bytes, "\3", 1);
	fake_python_u64(fake, FAKE_KEYS + layout->dict_keys.dk_nentries, 1);
	fake_python_u64(fake, entry + 8, FAKE_NAME);
	fake_python_u64(fake, entry + 16, FAKE_HEXVERSION);
	fake_python_u64(fake, FAKE_NAME + layout->ascii.length, sizeof(name) - 1);
	fake_python_u32(fake, FAKE_NAME + layout->ascii.state, 3 << 5);
	fake_python_bytes(fake, FAKE_NAME + layout->ascii.size, name, sizeof(name));
	fake_python_u64(fake, FAKE_HEXVERSION + 8, FAKE_INT_TYPE);
	fake_python_u64(fake, FAKE_HEXVERSION + 16, py_has(layout->integer.lv_tag) ? 1 << 3 : 1);
	fake_python_u32(fake, FAKE_HEXVERSION + layout->integer.ob_digit, hexversion);
}

/* Four empty lists, and where it has one the pointer at the first. */
static void fill_collector(struct fake_python *fake, taddr gc)
{
	const struct py_layout *layout = fake->layout;

	for (uint32_t i = 0; i < 4; i++) {
		taddr head = gc + layout->gc.generations + i * GC_GENERATION;

		if (i == 3)
			head = gc + layout->gc.permanent_generation;
		fake_python_u64(fake, head, head);
		fake_python_u64(fake, head + 8, head);
	}
	if (py_has(layout->gc.generation0))
		fake_python_u64(fake, gc + layout->gc.generation0, gc + layout->gc.generations);
}

/* usedpools with no pool in it: each pair points 16 bytes before itself. */
static void fill_allocator(struct fake_python *fake, taddr state, taddr arenas)
{
	for (taddr i = 0; i < USED_POOLS; i++)
		fake_python_u64(fake, state + i * 8, state + i / 2 * 16 - 16);
	fake_python_u64(fake, state + fake->layout->obmalloc_state.arenas, arenas);
	fake_python_u32(fake, state + fake->layout->obmalloc_state.maxarenas, FAKE_SLOTS);
}

/* Slot 1 is in use, the others are on the chain of unused ones. */
static void fill_arenas(struct fake_python *fake, taddr arenas, taddr memory)
{
	const struct py_layout *layout = fake->layout;
	uint32_t pool_size = layout->version >= FIRST_WITH_LARGE_POOLS ? 16 << 10 : 4 << 10;
	taddr slot = arenas + layout->arena.size;
	uint32_t one = 1;
	uint32_t last = pool_size - 16;

	for (taddr i = 0; i < FAKE_SLOTS - 1; i++)
		fake_python_u64(fake, arenas + i * 48 + 32,
		                i == 0 ? slot + 48 : arenas + i * 48 + 48);
	fake_python_u64(fake, slot + layout->arena.address, memory);
	fake_python_u64(fake, slot + layout->arena.pool_address, memory + POOLS * pool_size);
	fake_python_u32(fake, slot + layout->arena.nfreepools, 62);
	fake_python_u32(fake, slot + layout->arena.ntotalpools, 64);
	for (uint32_t i = 0; i < POOLS; i++) {
		uint8_t *pool = fake->arenas + (memory - FAKE_ARENA) + i * pool_size;

		memcpy(pool + layout->pool.arenaindex, &one, sizeof(one));
		memcpy(pool + layout->pool.maxnextoffset, &last, sizeof(last));
	}
}

static void fill_interpreter(struct fake_python *fake, taddr interpreter, taddr thread, taddr next,
                             uint64_t id)
{
	const struct py_layout *layout = fake->layout;

	fake_python_u64(fake, interpreter + layout->interpreter.next, next);
	fake_python_u64(fake, interpreter + layout->interpreter.id, id);
	fake_python_u64(fake, interpreter + layout->interpreter.threads_head, thread);
	fake_python_u64(fake, interpreter + layout->interpreter.sysdict, FAKE_DICTS);
	fake_python_u64(fake, interpreter + layout->interpreter.builtins, FAKE_DICTS + 256);
	fake_python_u64(fake, interpreter + layout->interpreter.modules, FAKE_DICTS + 512);
	fake_python_u64(fake, thread + layout->thread.interp, interpreter);
	if (py_has(layout->interpreter.gc))
		fill_collector(fake, interpreter + layout->interpreter.gc);
}

/* 3.12+: pymalloc's state, and the static types in their order. */
static void fill_states(struct fake_python *fake, taddr interpreter, taddr state, taddr arenas)
{
	const struct py_layout *layout = fake->layout;
	taddr types[] = {FAKE_OBJECT_TYPE, FAKE_TYPE_TYPE, FAKE_DICT_TYPE, FAKE_INT_TYPE};
	taddr member = interpreter + layout->interpreter.obmalloc;

	if (layout->version >= FIRST_WITH_OFFSETS)
		fake_python_u64(fake, member, state);
	fill_allocator(fake, layout->version >= FIRST_WITH_OFFSETS ? state : member, arenas);
	for (taddr i = 0; i < 4; i++)
		fake_python_u64(fake,
		                interpreter + layout->interpreter.types_builtins +
		                        i * layout->static_type_state.size +
		                        layout->static_type_state.type,
		                types[i]);
}

static void fill_debug_offsets(struct fake_python *fake, uint32_t hexversion)
{
	size_t minor = (hexversion >> 16 & 0xff) - PY_DEBUG_FIRST_MINOR;

	fake_python_bytes(fake, FAKE_RUNTIME, "xdebugpy", 8);
	fake_python_u64(fake, FAKE_RUNTIME + 8, hexversion);
	for (size_t i = 0; minor < PY_DEBUG_MINORS && i < py_debug_field_count; i++) {
		const struct py_debug_field *field = &py_debug_fields[i];
		uint32_t value;

		memcpy(&value, (const char *)fake->layout + field->member, sizeof(value));
		if (field->at[minor])
			fake_python_u64(fake, FAKE_RUNTIME + field->at[minor], value);
	}
}

static void fill_runtime(struct fake_python *fake, uint32_t hexversion)
{
	const struct py_layout *layout = fake->layout;

	fake_python_u64(fake, FAKE_RUNTIME + layout->runtime.interpreters_head, FAKE_SUB);
	fake_python_u64(fake, FAKE_RUNTIME + layout->runtime.interpreters_main, FAKE_MAIN);
	if (!py_has(layout->interpreter.gc))
		fill_collector(fake, FAKE_RUNTIME + layout->runtime.gc);
	if (layout->version >= FIRST_WITH_OFFSETS)
		fill_debug_offsets(fake, hexversion);
}

static void fill(struct fake_python *fake, uint32_t hexversion)
{
	fill_image(fake);
	fill_type(fake, FAKE_OBJECT_TYPE, 0, 0, 16, 1);
	fill_type(fake, FAKE_TYPE_TYPE, FAKE_OBJECT_TYPE, TYPE_SUBCLASS, 900, 2);
	fill_type(fake, FAKE_DICT_TYPE, FAKE_OBJECT_TYPE, DICT_SUBCLASS, 48, 3);
	fill_type(fake, FAKE_INT_TYPE, FAKE_OBJECT_TYPE, LONG_SUBCLASS, 24, 4);
	fill_dicts(fake, hexversion);
	fill_interpreter(fake, FAKE_MAIN, FAKE_MAIN_THREAD, 0, 0);
	fill_interpreter(fake, FAKE_SUB, FAKE_SUB_THREAD, FAKE_MAIN, 7);
	fill_runtime(fake, hexversion);
	fill_arenas(fake, FAKE_ARENAS, FAKE_ARENA);
	fill_arenas(fake, FAKE_ARENAS + OWN, FAKE_ARENA + ARENA_BYTES);
	if (fake->layout->version < FIRST_WITH_STATES) {
		fake_python_u64(fake, FAKE_ARENAS_VARIABLE, FAKE_ARENAS);
		return;
	}
	fill_states(fake, FAKE_MAIN, FAKE_ALLOCATOR, FAKE_ARENAS);
	fill_states(fake, FAKE_SUB, FAKE_SUB_ALLOCATOR, FAKE_ARENAS + OWN);
}

struct fake_python *fake_python_new(const struct py_layout *layout, uint32_t hexversion)
{
	struct fake_python *fake = calloc(1, sizeof(*fake));

	if (!fake)
		return NULL;
	fake->layout = layout;
	fake->data = calloc(1, FAKE_DATA_SIZE);
	fake->arenas = calloc(2, ARENA_BYTES);
	if (!fake->data || !fake->arenas) {
		fake_python_free(fake);
		return NULL;
	}
	fill(fake, hexversion);
	return fake;
}

void fake_python_free(struct fake_python *fake)
{
	if (!fake)
		return;
	free(fake->data);
	free(fake->arenas);
	free(fake);
}

struct error *fake_python_finish(struct fake_python *fake, struct target **ret)
{
	struct fake_target *target = fake_target_new();

	if (!target ||
	    !fake_target_add(target, FAKE_IMAGE, fake->image, sizeof(fake->image), false,
	                     "/nowhere/service") ||
	    !fake_target_add(target, FAKE_DATA, fake->data, FAKE_DATA_SIZE, true, "") ||
	    !fake_target_add(target, FAKE_ARENA, fake->arenas, (size_t)2 * ARENA_BYTES, true, "")) {
		fake_target_free(target);
		fake_python_free(fake);
		return error_no_memory();
	}
	fake_python_free(fake);
	return fake_target_finish(target, ret);
}
