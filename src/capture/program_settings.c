/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names are made to be compared: of two machines, two Pythons, two folders of
 * packages. So a library is called by its file, and by its place among the
 * packages where it is of one; a distribution as PEP 503 normalises it.
 *
 * What is not known is left out: an empty setting would look like a difference.
 */
#include "capture/program_settings.h"

#include "base/cleanup.h"
#include "capture/distributions.h"
#include "capture/known_variables.h"
#include "runtime/c_environment.h"
#include "runtime/c_malloc.h"
#include "runtime/py_imports.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
	struct python *python;
	struct py_types *types;
	struct snap_settings settings;
	struct mapped_image *images;
	size_t image_count;
	struct distribution_search search;
	bool is_broken; /* memory ran out */
};

static void add(struct reading *reading, enum snap_section section, const char *name,
                const char *value)
{
	if (!snap_settings_add(&reading->settings, section, name, value))
		reading->is_broken = true;
}

/* Python, and what it was started with. */

/* What sys.version says behind the version itself: "(main, Dec  8 2023, ...) [GCC 12.2.0]". */
static void read_python(struct reading *reading)
{
	_cleanup_free_ char *words =
		py_imports_sys_text(reading->python, reading->types, "version");
	const char *build = words ? strchr(words, ' ') : NULL;
	char version[32];

	python_version_text(reading->python, version, sizeof(version));
	add(reading, SECTION_PYTHON, "version", version);
	if (!build)
		return;
	for (char *c = words; *c; c++)
		if (*c == '\n')
			*c = ' ';
	add(reading, SECTION_PYTHON, "build", build + 1);
}

struct words {
	struct text text;
	size_t count;
};

static void join(void *context, const char *word)
{
	struct words *words = context;

	if (words->count++)
		text_append_char(&words->text, ' ');
	text_append(&words->text, word);
}

/* From 3.10 on sys has all arguments, before that those that the program was given. */
static void read_arguments(struct reading *reading)
{
	static const char *const lists[] = {"orig_argv", "argv"};
	struct words words = {0};

	text_init(&words.text);
	for (size_t i = 0; i < 2 && !words.count; i++)
		py_imports_strings(reading->python, reading->types,
		                   py_imports_sys(reading->python, reading->types, lists[i]), join,
		                   &words);
	if (words.text.is_broken)
		reading->is_broken = true;
	else if (words.count)
		add(reading, SECTION_PROGRAM, "arguments", text_string(&words.text));
	text_deinit(&words.text);
}

static void read_program(struct reading *reading)
{
	_cleanup_free_ char *executable =
		py_imports_sys_text(reading->python, reading->types, "executable");

	if (executable && *executable)
		add(reading, SECTION_PROGRAM, "executable", executable);
	read_arguments(reading);
}

static void add_variable(void *context, const char *name, const char *value)
{
	if (known_variable(name))
		add(context, SECTION_VARIABLE, name, value);
}

/* Allocators */

/* Of glibc, musl or another, and of whatever is in front of it. */
static void read_c_malloc(struct reading *reading)
{
	struct window_cache *memory = reading->python->memory;
	struct text text;

	text_init(&text);
	c_library_tell(memory, reading->images, reading->image_count, &text);
	if (text.length)
		add(reading, SECTION_MALLOC, "C library", text_string(&text));
	text_clear(&text);
	c_malloc_tell(memory, reading->images, reading->image_count, &text);
	add(reading, SECTION_MALLOC, "malloc", text_string(&text));
	reading->is_broken |= text.is_broken;
	text_deinit(&text);
}

static void read_python_malloc(struct reading *reading)
{
	static const char *const names[2][2] = {
		{"malloc", "malloc, with debug hooks"},
		{"pymalloc", "pymalloc, with debug hooks"},
	};
	const struct python *python = reading->python;

	add(reading, SECTION_MALLOC, "objects",
	    names[python->arena_table_count > 0][python->is_debug_allocator]);
}

/* Libraries */

/* "libc.so.6"; of a package, its place there: "numpy/core/_multiarray_umath.so". */
static const char *library_place(const struct mapped_image *image)
{
	static const char *const folders[] = {"/site-packages/", "/dist-packages/"};

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		const char *place = strstr(image->region->path, folders[i]);

		if (place)
			return place + strlen(folders[i]);
	}
	return mapped_image_name(image);
}

/*
 * An extension module is called by its name alone, whatever Python it was built
 * for: "_speedups.cpython-312-x86_64-linux-gnu.so" is "_speedups.so".
 */
static void library_name(const struct mapped_image *image, struct text *ret)
{
	const char *place = library_place(image);
	const char *tag = strstr(place, ".cpython-");

	text_clear(ret);
	if (tag && !strchr(tag, '/')) {
		text_append_bytes(ret, place, (size_t)(tag - place));
		place = ".so";
	}
	text_append(ret, place);
}

/* Python's own extension modules are not told: they are of its build, as all its modules. */
static bool is_of_python(const struct mapped_image *image)
{
	return strstr(image->region->path, "/lib-dynload/");
}

static void read_libraries(struct reading *reading)
{
	struct text name;

	text_init(&name);
	for (size_t i = 0; i < reading->image_count; i++) {
		const struct mapped_image *image = &reading->images[i];
		char build_id[2 * BUILD_ID_MAX + 1];

		if (is_of_python(image))
			continue;
		if (!mapped_image_build_id(reading->python->memory, image, build_id))
			snprintf(build_id, sizeof(build_id), "none, %" PRIu64 " bytes",
			         image->end - image->start);
		library_name(image, &name);
		add(reading, SECTION_LIBRARY, text_string(&name), build_id);
	}
	reading->is_broken |= name.is_broken;
	text_deinit(&name);
}

/* Distributions and modules */

/* Is it a file of the standard library: below ".../python3.12/", and not installed there? */
static bool is_standard(const char *file)
{
	static const char folder[] = "/python3.";
	const char *place = strstr(file, folder);

	if (!place || strstr(file, "/site-packages/") || strstr(file, "/dist-packages/"))
		return false;
	place += strlen(folder);
	return place[strspn(place, "0123456789")] == '/';
}

/* What has no file is built in, and of Python's own version; but for the program itself. */
static void read_module(struct reading *reading, const struct py_import *import, bool is_covered)
{
	_cleanup_free_ char *version =
		py_imports_text(reading->python, reading->types, import->module, "__version__");
	_cleanup_free_ char *file = NULL;

	if (!version)
		return;
	file = py_imports_text(reading->python, reading->types, import->module, "__file__");
	if ((!file && strcmp(import->name, "__main__") != 0) || (file && is_standard(file)))
		return;
	add(reading, is_covered ? SECTION_MODULE_OF : SECTION_MODULE, import->name, version);
}

static int compare_imports(const void *a, const void *b)
{
	return strcmp(((const struct py_import *)a)->name, ((const struct py_import *)b)->name);
}

/* Only modules in no package stay, sorted by name. */
static void keep_top_levels(struct py_import_list *imports)
{
	size_t kept = 0;

	for (size_t i = 0; i < imports->count; i++) {
		struct py_import import = imports->all[i];

		if (strchr(import.name, '.'))
			free(import.name);
		else
			imports->all[kept++] = import;
	}
	imports->count = kept;
	if (kept)
		qsort(imports->all, kept, sizeof(*imports->all), compare_imports);
}

static void search_folder(void *context, const char *path)
{
	distributions_search(context, path);
}

static void search_distributions(struct reading *reading, const struct target_root *root,
                                 const struct py_import_list *imports, struct top_level *modules)
{
	struct distribution_search *search = &reading->search;

	*search = (struct distribution_search){
		.root = root,
		.modules = modules,
		.module_count = imports->count,
		.settings = &reading->settings,
	};
	for (size_t i = 0; i < imports->count; i++)
		modules[i] = (struct top_level){.name = imports->all[i].name};
	if (root)
		py_imports_strings(reading->python, reading->types,
		                   py_imports_sys(reading->python, reading->types, "path"),
		                   search_folder, search);
	reading->is_broken |= search->is_broken;
	add(reading, SECTION_SOURCE, "distributions", search->can_read ? "metadata" : "modules");
}

static void read_modules(struct reading *reading, const struct target_root *root)
{
	_cleanup_(py_import_list_deinit) struct py_import_list imports = {0};
	_cleanup_free_ struct top_level *modules = NULL;

	if (!py_imports_read(reading->python, reading->types, &imports)) {
		reading->is_broken = true;
		return;
	}
	keep_top_levels(&imports);
	modules = calloc(imports.count + 1, sizeof(*modules));
	if (!modules) {
		reading->is_broken = true;
		return;
	}
	search_distributions(reading, root, &imports, modules);
	for (size_t i = 0; i < imports.count; i++)
		read_module(reading, &imports.all[i], modules[i].is_covered);
}

struct error *program_settings_read(struct python *python, struct py_types *types,
                                    const struct target_root *root, struct snap_settings *ret)
{
	_cleanup_free_ struct mapped_image *images = NULL;
	struct reading reading = {.python = python, .types = types};
	struct error *error = mapped_images_list(python->memory, &images, &reading.image_count);

	if (error)
		return error;
	reading.images = images;
	read_python(&reading);
	read_program(&reading);
	c_environment_visit(python->memory, images, reading.image_count, add_variable, &reading);
	read_c_malloc(&reading);
	read_python_malloc(&reading);
	read_libraries(&reading);
	read_modules(&reading, root);
	if (reading.is_broken || python->memory->memory_ran_out ||
	    !snap_settings_seal(&reading.settings)) {
		snap_settings_deinit(&reading.settings);
		return error_no_memory();
	}
	*ret = reading.settings;
	return NULL;
}
