/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A core is hostile: the names in it may be those of devices or pipes. Only a
 * regular file is opened, and only one that is ELF and has the right build-id is
 * ever read from.
 *
 * The same build-id is not enough. A file with the debug information of another
 * has its id and program headers, and none of its bytes; and tools that patch a
 * library for a wheel leave the id alone. So the program headers have to be
 * those in memory, and the sections have to have bytes.
 */
#include "image/binary_finder.h"

#include "base/cleanup.h"
#include "image/debuginfod.h"
#include "image/elf_bounds.h"
#include "image/elf_image.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { BUILD_ID_MIN = 4, HEAD_MAX = 1 << 16 };

struct binary_finder {
	struct binary_search search;
	char *core_folder;
	struct debuginfod *servers; /* NULL: none */
};

/* One file that is looked for. */
struct hunt {
	struct binary_finder *finder;
	const struct binary_wanted *wanted;
	struct binary_found found;
	struct error *error; /* the first that is ours: no memory, too many open files */
};

struct error *binary_finder_new(const struct binary_search *search, struct binary_finder **ret)
{
	_cleanup_(cleanup_binary_finder) struct binary_finder *finder = NULL;
	const char *slash = search->beside ? strrchr(search->beside, '/') : NULL;

	finder = calloc(1, sizeof(*finder));
	if (!finder)
		return error_no_memory();
	finder->search = *search;
	finder->core_folder = slash ? strndup(search->beside, (size_t)(slash - search->beside))
	                            : strdup(".");
	if (!finder->core_folder)
		return error_no_memory();
	finder->servers = debuginfod_new();
	*ret = take_ptr(finder);
	return NULL;
}

void binary_finder_free(struct binary_finder *finder)
{
	if (!finder)
		return;
	debuginfod_free(finder->servers);
	free(finder->core_folder);
	free(finder);
}

void binary_found_deinit(struct binary_found *found)
{
	cleanup_close(&found->fd);
	free(found->path);
	free(found->refused);
	*found = (struct binary_found){.fd = -1};
}

/* -------------------------------------------------- is it the right one? */

/* Keeps the first error. Takes error. */
static void give_up(struct hunt *hunt, struct error *error)
{
	if (hunt->error)
		error_free(error);
	else
		hunt->error = error;
}

/* Remembers why a file is no help, but for those that come after the first. */
static void refuse(struct hunt *hunt, const char *path, const char *why, const char *build_id)
{
	if (hunt->found.refused)
		return;
	if (asprintf(&hunt->found.refused, "%s %s%s", path, why, build_id) < 0) {
		hunt->found.refused = NULL;
		give_up(hunt, error_no_memory());
	}
}

/* The program headers of the file are those that were in memory. */
static bool has_same_segments(const struct binary_wanted *wanted, int fd)
{
	uint8_t bytes[HEAD_MAX];
	Elf64_Ehdr header;
	uint64_t size;
	uint64_t end;

	if (wanted->head_size < sizeof(header))
		return false;
	memcpy(&header, wanted->head, sizeof(header));
	size = (uint64_t)header.e_phnum * sizeof(Elf64_Phdr);
	if (__builtin_add_overflow(header.e_phoff, size, &end))
		return false;
	if (end > wanted->head_size)
		return true; /* not in memory to compare with; the build-id has to do */
	return size <= sizeof(bytes) && elf_bounds_read(fd, header.e_phoff, bytes, (size_t)size) &&
	       memcmp(bytes, wanted->head + header.e_phoff, (size_t)size) == 0;
}

static bool has_same_head(const struct binary_wanted *wanted, int fd)
{
	uint8_t bytes[4096];

	return wanted->head_size >= sizeof(bytes) && elf_bounds_read(fd, 0, bytes, sizeof(bytes)) &&
	       memcmp(bytes, wanted->head, sizeof(bytes)) == 0;
}

/* Only what is loaded can be missing: the bytes of .text and its kin. */
static bool is_debug_information(const struct elf_image *image)
{
	static const char *const names[] = {".text", ".dynstr", ".rodata"};
	struct elf_section section;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (elf_image_section(image, names[i], &section))
			return !section.has_bytes;
	return false;
}

static bool is_the_one(struct hunt *hunt, const char *path, int fd, const struct elf_image *image)
{
	const struct binary_wanted *wanted = hunt->wanted;
	const char *build_id = elf_image_build_id(image);

	if (strcmp(build_id, wanted->build_id) != 0)
		refuse(hunt, path, *build_id ? "has build-id " : "has no build-id", build_id);
	else if (!*build_id && !has_same_head(wanted, fd))
		refuse(hunt, path, "begins with other bytes", "");
	else if (is_debug_information(image))
		refuse(hunt, path, "holds debug information only", "");
	else if (!has_same_segments(wanted, fd))
		refuse(hunt, path, "has the build-id, but was changed since it was built", "");
	else
		return true;
	return false;
}

/* Takes the file if it is the right one. */
static bool try_file(struct hunt *hunt, const char *path, int fd)
{
	_cleanup_(cleanup_elf_image) struct elf_image *image = NULL;
	struct error *error = elf_image_open(fd, path, &image);

	if (error && error_kind(error) != ERROR_CORRUPT) {
		give_up(hunt, error);
		return false;
	}
	if (error) {
		refuse(hunt, path, "is not ELF", "");
		error_free(error);
		return false;
	}
	if (!is_the_one(hunt, path, fd, image))
		return false;
	hunt->found.path = strdup(path);
	hunt->found.fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (!hunt->found.path)
		give_up(hunt, error_no_memory());
	if (hunt->found.fd < 0)
		give_up(hunt, error_errno(ERROR_IO, errno, "cannot open %s", path));
	return hunt->found.fd >= 0;
}

/* ------------------------------------------------------------ the places */

/* Looks at root + path (the one or the other may be ""). */
static bool try_path(struct hunt *hunt, const char *root, const char *path)
{
	_cleanup_free_ char *joined = NULL;
	_cleanup_close_ int fd = -1;
	size_t length = strlen(root);
	struct stat facts;

	while (length && root[length - 1] == '/' && *path == '/')
		length--;
	if (asprintf(&joined, "%.*s%s", (int)length, root, path) < 0) {
		joined = NULL;
		give_up(hunt, error_no_memory());
		return false;
	}
	if (stat(joined, &facts) < 0 || !S_ISREG(facts.st_mode))
		return false;
	fd = open(joined, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && (errno == EMFILE || errno == ENFILE))
		give_up(hunt, error_errno(ERROR_IO, errno, "cannot open %s", joined));
	else if (fd < 0)
		refuse(hunt, joined, "cannot be opened", "");
	return fd >= 0 && try_file(hunt, joined, fd);
}

/* prefix/.build-id/ab/cdef..., and with .debug after it. */
static bool try_build_id(struct hunt *hunt, const char *folder, const char *prefix)
{
	const char *id = hunt->wanted->build_id;
	char path[256];
	int length;

	if (strlen(id) < BUILD_ID_MIN)
		return false;
	length = snprintf(path, sizeof(path), "%s/.build-id/%.2s/%s.debug", prefix, id, id + 2);
	if (length < 0 || (size_t)length >= sizeof(path))
		return false;
	path[(size_t)length - strlen(".debug")] = '\0';
	if (try_path(hunt, folder, path))
		return true;
	path[(size_t)length - strlen(".debug")] = '.';
	return try_path(hunt, folder, path);
}

static bool try_folder(struct hunt *hunt, const char *folder)
{
	const char *path = hunt->wanted->path;
	const char *name = strrchr(path, '/');

	return try_path(hunt, folder, path) || (name != path && try_path(hunt, folder, name)) ||
	       try_build_id(hunt, folder, "");
}

static bool try_servers(struct hunt *hunt)
{
	_cleanup_close_ int fd = -1;

	if (!hunt->finder->servers || hunt->wanted->without_servers)
		return false;
	fd = debuginfod_fetch(hunt->finder->servers, hunt->wanted->build_id);
	return fd >= 0 && try_file(hunt, "", fd);
}

static bool try_everything(struct hunt *hunt)
{
	const struct binary_search *search = &hunt->finder->search;
	const char *path = hunt->wanted->path;

	if (search->sysroot && try_path(hunt, search->sysroot, path))
		return true;
	if (try_path(hunt, "", path))
		return true;
	for (size_t i = 0; i < search->folder_count; i++)
		if (try_folder(hunt, search->folders[i]))
			return true;
	if (try_path(hunt, hunt->finder->core_folder, strrchr(path, '/')))
		return true;
	if (search->sysroot && try_build_id(hunt, search->sysroot, "/usr/lib"))
		return true;
	return try_build_id(hunt, "", "/usr/lib") || try_servers(hunt);
}

struct error *binary_finder_find(struct binary_finder *finder, const struct binary_wanted *wanted,
                                 struct binary_found *ret)
{
	struct hunt hunt = {.finder = finder, .wanted = wanted, .found = {.fd = -1}};

	if (wanted->path[0] == '/')
		try_everything(&hunt);
	if (hunt.error) {
		binary_found_deinit(&hunt.found);
		return hunt.error;
	}
	*ret = hunt.found;
	return NULL;
}
