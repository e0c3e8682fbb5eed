/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding CPython, in three steps: where may _PyRuntime be (py_candidates.h),
 * what is there (py_version.h), and what hangs on it that comes and goes
 * (py_interpreters.h, py_arenas.h). The last step is all that looking again
 * needs.
 */
#include "runtime/python.h"

#include "base/cleanup.h"
#include "runtime/mapped_image.h"
#include "runtime/py_arenas.h"
#include "runtime/py_candidates.h"
#include "runtime/py_explain.h"
#include "runtime/py_interpreters.h"
#include "runtime/py_version.h"

enum { FIRST_WITHOUT_STATIC_ARENAS = 0x030c, CANDIDATES_MAX = 1024 };

struct finding {
	struct window_cache *memory;
	struct python python; /* sound once image is set */
	const struct mapped_image *image;
	size_t tried;
	struct error *unsupported; /* it is CPython, but none for us; owned */
	struct error *corrupt;     /* the first candidate that did not add up; owned */
};

static void finding_deinit(struct finding *finding)
{
	error_free(finding->unsupported);
	error_free(finding->corrupt);
}

/* Py_Version is a constant since 3.11; before, or without symbols, 0. */
static uint32_t symbol_version(struct window_cache *memory, const struct mapped_image *image)
{
	taddr address;
	uint32_t version;

	if (!mapped_image_symbol(memory, image, "Py_Version", &address) ||
	    !window_cache_u32(memory, address, &version))
		return 0;
	return version;
}

/*
 * py_candidate_visitor: stops at a Python that we can read, at one that we
 * know we cannot, and when a target makes up candidates without end.
 */
static bool try_candidate(void *context, const struct mapped_image *image, taddr runtime)
{
	struct finding *finding = context;
	struct python python = {.memory = finding->memory, .runtime = runtime};
	struct error *error = py_version_identify(&python, symbol_version(finding->memory, image));

	if (!error) {
		finding->python = python;
		finding->image = image;
		return true;
	}
	if (error_kind(error) == ERROR_UNSUPPORTED && !finding->unsupported) {
		finding->unsupported = error;
		return true;
	}
	if (finding->corrupt)
		error_free(error);
	else
		finding->corrupt = error;
	return ++finding->tried >= CANDIDATES_MAX;
}

static bool find_runtime(struct finding *finding, const struct mapped_image *images, size_t count)
{
	struct window_cache *memory = finding->memory;
	bool is_done = py_candidates_by_symbol(memory, images, count, try_candidate, finding) ||
	               py_candidates_by_file(memory, images, count, try_candidate, finding) ||
	               py_candidates_by_cookie(memory, images, count, try_candidate, finding) ||
	               py_candidates_by_scan(memory, images, count, try_candidate, finding);

	return is_done && finding->image;
}

/*
 * pymalloc's variables of 3.8 to 3.11 are local symbols, which only the file
 * has. A file that does not agree with memory about _PyRuntime is another one.
 */
static void find_static_arenas(struct python *python, const struct mapped_image *image)
{
	_cleanup_(cleanup_elf_image) struct elf_image *file = NULL;
	struct elf_symbol runtime;
	struct elf_symbol arenas;
	struct elf_symbol count;
	struct error *error;

	if (python->layout.version >= FIRST_WITHOUT_STATIC_ARENAS)
		return;
	error = mapped_image_open_file(python->memory, image, &file);
	if (error) {
		if (error_kind(error) == ERROR_MEMORY)
			window_cache_no_memory(python->memory);
		error_free(error);
		return;
	}
	if (!elf_image_symbol(file, "_PyRuntime", &runtime) ||
	    image->bias + runtime.address != python->runtime ||
	    !elf_image_symbol(file, "arenas", &arenas) ||
	    !elf_image_symbol(file, "maxarenas", &count))
		return;
	python->arenas_variable = image->bias + arenas.address;
	python->maxarenas_variable = image->bias + count.address;
}

struct error *python_refresh(struct python *python, struct window_cache *memory)
{
	struct error *error;

	python->memory = memory;
	error = py_interpreters_read(python);
	return error ? error : py_arenas_read(python);
}

/* Fills what is left once the runtime is known. */
static struct error *complete(struct python *python, const struct mapped_image *image)
{
	python->module_start = image->start;
	python->module_end = image->end;
	python->module_name = strdup(mapped_image_name(image));
	if (!python->module_name)
		return error_no_memory();
	find_static_arenas(python, image);
	return python_refresh(python, python->memory);
}

struct error *python_find(struct window_cache *memory, struct python *ret)
{
	_cleanup_(finding_deinit) struct finding finding = {.memory = memory};
	_cleanup_free_ struct mapped_image *images = NULL;
	struct error *error;
	size_t count;

	error = mapped_images_list(memory, &images, &count);
	if (error)
		return error;
	if (!find_runtime(&finding, images, count)) {
		if (memory->memory_ran_out)
			return error_no_memory();
		if (finding.unsupported)
			return take_ptr(finding.unsupported);
		return py_explain(memory, images, count, take_ptr(finding.corrupt));
	}
	error = complete(&finding.python, finding.image);
	if (!error && memory->memory_ran_out)
		error = error_no_memory();
	if (error)
		python_deinit(&finding.python);
	else
		*ret = finding.python;
	return error;
}

void python_deinit(struct python *python)
{
	free(python->interpreters);
	free(python->arena_tables);
	free(python->module_name);
	*python = (struct python){0};
}

void python_version_text(const struct python *python, char *buffer, size_t size)
{
	py_version_format(python->hexversion, buffer, size);
}
