/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linkat does not replace, rename does: where the name is free, the nameless
 * file is linked to it at once; where it is taken, it is linked to a temporary
 * name first and renamed, so that only a SIGKILL between these two calls leaves
 * the (complete) file under the temporary name.
 *
 * All happens in one open folder, so that it does not matter when somebody
 * renames a folder above it meanwhile.
 */
#include "base/new_file.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

static const mode_t owner_only = 0600;

static struct error *fail(const struct new_file *file, int number)
{
	if (number == ENOMEM)
		return error_no_memory();
	return error_errno(number == ENOENT || number == ENOTDIR ? ERROR_NOT_FOUND : ERROR_IO,
	                   number, "cannot write %s", file->path);
}

static int open_folder(const struct new_file *file)
{
	size_t length = (size_t)(file->name - file->path);
	_cleanup_free_ char *folder = length ? strndup(file->path, length) : strdup(".");

	if (!folder) {
		errno = ENOMEM;
		return -1;
	}
	return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* A file without a name, or, where there is no such thing, with a temporary one. */
static struct error *create(struct new_file *file)
{
	file->fd = openat(file->folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, owner_only);
	if (file->fd < 0 && errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
		return fail(file, errno);
	if (file->fd < 0) {
		file->fd = openat(file->folder, file->temporary,
		                  O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR | O_CLOEXEC, owner_only);
		file->has_name = file->fd >= 0;
	}
	/* A umask may have taken from the mode, never added. */
	if (file->fd < 0 || fchmod(file->fd, owner_only) < 0)
		return fail(file, errno);
	return NULL;
}

/* A name to write to: something that can be replaced by a file. */
static struct error *check_place(const struct new_file *file)
{
	struct stat status;

	if (!*file->name)
		return fail(file, EISDIR);
	if (fstatat(file->folder, file->name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? NULL : fail(file, errno);
	if (S_ISREG(status.st_mode) || S_ISLNK(status.st_mode))
		return NULL;
	return error_new(ERROR_IO, "cannot write %s: it exists, and is no regular file",
	                 file->path);
}

/* Two of plumb that write one file must not meet under it, even in two containers. */
static char *temporary_name(const char *name)
{
	uint64_t number = 0;
	char *temporary;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		number = (uint64_t)getpid();
	if (asprintf(&temporary, ".%.200s.plumb-%016llx", name, (unsigned long long)number) < 0)
		return NULL;
	return temporary;
}

/* A folder's entries are written to the disk too; where that cannot be asked for, it is not. */
static struct error *sync_folder(const struct new_file *file)
{
	if (fsync(file->folder) < 0 && errno != EINVAL)
		return fail(file, errno);
	return NULL;
}

struct error *new_file_open(const char *path, struct new_file *ret)
{
	struct new_file file = {.fd = -1, .folder = -1, .path = strdup(path)};
	const char *slash = file.path ? strrchr(file.path, '/') : NULL;
	struct error *error = NULL;

	if (!file.path)
		return error_no_memory();
	file.name = slash ? slash + 1 : file.path;
	file.temporary = temporary_name(file.name);
	if (!file.temporary)
		error = error_no_memory();
	if (!error) {
		file.folder = open_folder(&file);
		if (file.folder < 0)
			error = fail(&file, errno);
	}
	if (!error)
		error = check_place(&file);
	if (!error)
		error = create(&file);
	if (error) {
		new_file_deinit(&file);
		return error;
	}
	*ret = file;
	return NULL;
}

struct error *new_file_write_at(const struct new_file *file, const void *bytes, size_t size,
                                uint64_t offset)
{
	const char *next = bytes;

	while (size > 0) {
		ssize_t written = pwrite(file->fd, next, size, (off_t)offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return fail(file, written < 0 ? errno : EIO);
		next += written;
		size -= (size_t)written;
		offset += (uint64_t)written;
	}
	return NULL;
}

struct error *new_file_write(struct new_file *file, const void *bytes, size_t size)
{
	struct error *error = new_file_write_at(file, bytes, size, file->size);

	if (!error)
		file->size += size;
	return error;
}

struct error *new_file_set_size(struct new_file *file, uint64_t size)
{
	if (size > INT64_MAX)
		return fail(file, EFBIG);
	if (ftruncate(file->fd, (off_t)size) < 0)
		return fail(file, errno);
	file->size = size;
	return NULL;
}

uint64_t new_file_room(const struct new_file *file)
{
	struct stat status;

	return fstat(file->fd, &status) == 0 ? (uint64_t)status.st_blocks * 512 : 0;
}

/* Gives the nameless file a name that is free. */
static int link_to(const struct new_file *file, const char *name)
{
	char self[64];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", file->fd);
	return linkat(AT_FDCWD, self, file->folder, name, AT_SYMLINK_FOLLOW);
}

struct error *new_file_finish(struct new_file *file)
{
	if (fsync(file->fd) < 0)
		return fail(file, errno);
	if (!file->has_name && link_to(file, file->name) == 0)
		return sync_folder(file);
	if (!file->has_name) {
		if (errno != EEXIST || link_to(file, file->temporary) < 0)
			return fail(file, errno);
		file->has_name = true;
	}
	if (renameat(file->folder, file->temporary, file->folder, file->name) < 0)
		return fail(file, errno);
	file->has_name = false;
	return sync_folder(file);
}

void new_file_deinit(struct new_file *file)
{
	if (file->has_name)
		(void)unlinkat(file->folder, file->temporary, 0);
	if (file->path && file->fd >= 0)
		close(file->fd);
	if (file->path && file->folder >= 0)
		close(file->folder);
	free(file->path);
	free(file->temporary);
	*file = (struct new_file){.fd = -1, .folder = -1};
}
