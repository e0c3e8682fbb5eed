/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the debug information of a build says of its structs: of each struct,
 * by its tag and by the names that typedefs give it, the size, and the offset
 * of every member, also of those inside of members (ceval.gil). This is where
 * the tables of src/runtime/layouts come from; tools/layout-tables runs it.
 *
 * The file is an executable or library with debug information (-g), or the
 * separate file that has it. What a distribution compresses away by sharing
 * (dwz, DW_FORM_GNU_ref_alt) is left out.
 *
 *	{"PyListObject": {"size": 40, "fields": [["ob_base", 0], ...]}, ...}
 *
 * Members of a union all count; arrays have one entry. Bit fields share the
 * offset of the bytes that they are in.
 */
#include <dwarf.h>
#include <elfutils/libdw.h>

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEPTH_MAX = 8, PATH_SIZE = 1024, NAMES_MAX = 1 << 16 };

struct dump {
	char *names[NAMES_MAX]; /* of structs that were told; a build has some hundred */
	size_t count;
	bool has_told_field;
};

/* The type behind typedefs and qualifiers, when it is a struct or union. */
static bool aggregate_of(Dwarf_Die *die, Dwarf_Die *ret)
{
	Dwarf_Attribute attribute;
	Dwarf_Die type;
	int tag;

	if (!dwarf_attr_integrate(die, DW_AT_type, &attribute) ||
	    !dwarf_formref_die(&attribute, &type) || dwarf_peel_type(&type, ret) != 0)
		return false;
	tag = dwarf_tag(ret);
	return tag == DW_TAG_structure_type || tag == DW_TAG_union_type;
}

static uint64_t offset_of(Dwarf_Die *member)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value = 0;

	if (dwarf_attr(member, DW_AT_data_member_location, &attribute))
		(void)dwarf_formudata(&attribute, &value);
	else if (dwarf_attr(member, DW_AT_data_bit_offset, &attribute) &&
	         dwarf_formudata(&attribute, &value) == 0)
		value /= 8;
	return value;
}

/* A level of members being told: recursion over a tree of types, written down. */
struct level {
	Dwarf_Die member;
	uint64_t base;
	size_t path_length; /* of what stands before the names of this level */
};

static void tell_field(struct dump *dump, const char *path, uint64_t offset)
{
	printf("%s[\"%s\", %" PRIu64 "]", dump->has_told_field ? ", " : "", path, offset);
	dump->has_told_field = true;
}

static void tell_fields(struct dump *dump, Dwarf_Die *structure)
{
	struct level levels[DEPTH_MAX] = {0};
	char path[PATH_SIZE] = "";
	int depth = 0;
	bool is_member = dwarf_child(structure, &levels[0].member) == 0;

	while (depth >= 0) {
		struct level *level = &levels[depth];
		const char *name = is_member ? dwarf_diename(&level->member) : NULL;
		uint64_t offset;
		size_t length = level->path_length;
		Dwarf_Die inner;

		if (!is_member) {
			if (--depth >= 0)
				is_member = dwarf_siblingof(&levels[depth].member,
				                            &levels[depth].member) == 0;
			continue;
		}
		if (dwarf_tag(&level->member) == DW_TAG_member) {
			offset = level->base + offset_of(&level->member);
			/* The members of one without a name are named as its owner's. */
			if (name) {
				length += (size_t)snprintf(path + length, sizeof(path) - length,
				                           "%s", name);
				assert(length + 2 < sizeof(path));
				tell_field(dump, path, offset);
				memcpy(path + length++, ".", 2);
			}
			if (depth + 1 < DEPTH_MAX && aggregate_of(&level->member, &inner) &&
			    dwarf_child(&inner, &levels[depth + 1].member) == 0) {
				depth++;
				levels[depth].base = offset;
				levels[depth].path_length = length;
				continue;
			}
		}
		is_member = dwarf_siblingof(&level->member, &level->member) == 0;
	}
}

/* The first definition of a name counts. */
static bool is_new(struct dump *dump, const char *name)
{
	for (size_t i = 0; i < dump->count; i++)
		if (strcmp(dump->names[i], name) == 0)
			return false;
	assert(dump->count < NAMES_MAX);
	dump->names[dump->count] = strdup(name);
	assert(dump->names[dump->count]);
	dump->count++;
	return true;
}

static void tell_struct(struct dump *dump, const char *name, Dwarf_Die *structure)
{
	int size = dwarf_bytesize(structure);

	if (!name || size < 0 || dwarf_hasattr(structure, DW_AT_declaration) || !is_new(dump, name))
		return;
	printf("%s\"%s\": {\"size\": %d, \"fields\": [", dump->count > 1 ? ",\n" : "", name, size);
	dump->has_told_field = false;
	tell_fields(dump, structure);
	printf("]}");
}

static void tell_unit(struct dump *dump, Dwarf_Die *unit)
{
	Dwarf_Die die;
	Dwarf_Die structure;

	if (dwarf_child(unit, &die) != 0)
		return;
	do {
		int tag = dwarf_tag(&die);

		if (tag == DW_TAG_structure_type)
			tell_struct(dump, dwarf_diename(&die), &die);
		else if (tag == DW_TAG_typedef && aggregate_of(&die, &structure))
			tell_struct(dump, dwarf_diename(&die), &structure);
	} while (dwarf_siblingof(&die, &die) == 0);
}

int main(int argc, char **argv)
{
	static struct dump dump;
	Dwarf_Off offset = 0;
	Dwarf_Off next;
	Dwarf *dwarf;
	size_t header;
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;

	dwarf = fd >= 0 ? dwarf_begin(fd, DWARF_C_READ) : NULL;
	if (!dwarf) {
		fprintf(stderr, "usage: layout_dump FILE, which has debug information\n");
		return 2;
	}
	printf("{");
	for (; dwarf_nextcu(dwarf, offset, &next, &header, NULL, NULL, NULL) == 0; offset = next) {
		Dwarf_Die unit;

		if (dwarf_offdie(dwarf, offset + header, &unit))
			tell_unit(&dump, &unit);
	}
	printf("}\n");
	for (size_t i = 0; i < dump.count; i++)
		free(dump.names[i]);
	dwarf_end(dwarf);
	close(fd);
	return dump.count ? 0 : 1;
}
