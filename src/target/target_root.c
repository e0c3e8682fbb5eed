/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc/PID/root leads into the mount namespace and root of the process, but the
 * kernel resolves an absolute link found below it from the root of who asks.
 * openat2(2) with RESOLVE_IN_ROOT (Linux 5.6) resolves it as the process would.
 * Where that call is missing or forbidden, paths with links are passed over.
 */
#include "target/target_root.h"

#include "base/cleanup.h"
#include "target/process_access.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct error *target_root_open(pid_t pid, struct target_root *ret)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/root", process_access_living_thread(pid));
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && (errno == EACCES || errno == EPERM))
		return process_access_error(pid);
	if (fd < 0)
		return error_errno(ERROR_GONE, errno, "cannot open the root of process %d", pid);
	ret->fd = fd;
	return NULL;
}

void target_root_deinit(struct target_root *root)
{
	cleanup_close(&root->fd);
	root->fd = -1;
}

/* Each part of the path by itself, none of them a link or "..". */
static int open_without_links(int root, const char *path, int flags)
{
	_cleanup_close_ int at = fcntl(root, F_DUPFD_CLOEXEC, 3);

	while (at >= 0 && *path) {
		size_t length = strcspn(path, "/");
		_cleanup_free_ char *part = strndup(path, length);
		bool is_last;
		int next;

		path += length + strspn(path + length, "/");
		is_last = !*path;
		if (!part || !strcmp(part, ".."))
			return -1;
		if (!length)
			continue;
		next = openat(at, part,
		              (is_last ? flags : O_PATH | O_DIRECTORY | O_CLOEXEC) | O_NOFOLLOW);
		close(at);
		at = next;
	}
	return take_fd(&at);
}

static int open_path(const struct target_root *root, const char *path, int flags)
{
	struct open_how how = {.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	long fd;

	if (root->fd < 0 || path[0] != '/')
		return -1;
	/* A device or pipe of that name must not block us or act on opening. */
	flags |= O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	how.flags = (unsigned int)flags;
	fd = syscall(SYS_openat2, root->fd, path, &how, sizeof(how));
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return open_without_links(root->fd, path + 1, flags);
	return (int)fd;
}

char *target_root_read(const struct target_root *root, const char *path, size_t limit,
                       size_t *ret_size)
{
	_cleanup_close_ int fd = open_path(root, path, 0);
	_cleanup_free_ char *bytes = NULL;
	struct stat facts;
	size_t size = 0;

	if (fd < 0 || fstat(fd, &facts) < 0 || !S_ISREG(facts.st_mode))
		return NULL;
	if (facts.st_size >= 0 && (uint64_t)facts.st_size < limit)
		limit = (size_t)facts.st_size;
	bytes = malloc(limit + 1);
	while (bytes && size < limit) {
		ssize_t got = read(fd, bytes + size, limit - size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return NULL;
		if (!got)
			break;
		size += (size_t)got;
	}
	if (!bytes)
		return NULL;
	bytes[size] = '\0';
	*ret_size = size;
	return take_ptr(bytes);
}

bool target_root_list(const struct target_root *root, const char *path, size_t limit,
                      void (*tell)(void *context, const char *name), void *context)
{
	int fd = open_path(root, path, O_DIRECTORY);
	const struct dirent *entry;
	DIR *folder;

	if (fd < 0)
		return false;
	folder = fdopendir(fd);
	if (!folder) {
		close(fd);
		return false;
	}
	while (limit-- && (entry = readdir(folder)))
		tell(context, entry->d_name);
	closedir(folder);
	return true;
}
