/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory is read with process_vm_readv, one system call for any size. A
 * kernel built without it (ENOSYS), or a filter that forbids it, leaves
 * /proc/PID/mem, which asks for the same right; which of them it is, is found
 * out by the first byte, and stays. Both stop early at the first
 * page they cannot read; going on from there until nothing more comes gives
 * the exact prefix that is there.
 *
 * The fork picture of a process is read by /proc/PID/mem from the start.
 * process_vm_readv pins the pages that it reads, and since Linux 5.19 pinning
 * a page that is shared copy-on-write first makes a copy of it (mm/gup.c,
 * gup_must_unshare): each page read would cost a page of memory, and the first
 * reading of a picture took 0.57 s a GiB instead of 0.27.
 *
 * A mapped file is opened by its name below the target's own root
 * (/proc/PID/root), so another mount namespace or a chroot makes no
 * difference; device and inode must be those of the mapping, so a file that
 * was replaced is not taken for the one that is mapped. What fails that way
 * (deleted, replaced, out of reach) is opened through
 * /proc/PID/map_files, which is the mapping itself, whatever its name.
 */
#include "target/live_target.h"

#include "base/cleanup.h"
#include "image/elf_image.h"
#include "target/proc_file.h"
#include "target/process_access.h"
#include "target/process_files.h"
#include "target/process_maps.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct live_target {
	pid_t pid; /* or another thread of it, when that one has ended */
	pid_t memory_pid;
	int memory_fd; /* /proc/PID/mem; -1: process_vm_readv serves. Threads share it: it stays */
};

static int open_memory(pid_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* One read by whichever way works; as read(2), and -1 for what faults. */
static ssize_t read_once(const struct live_target *live, taddr address, void *buffer, size_t size)
{
	struct iovec local = {.iov_base = buffer, .iov_len = size};
	struct iovec remote = {.iov_len = size};
	uintptr_t start = address;

	if (live->memory_fd >= 0) {
		if (address > INT64_MAX)
			return -1;
		return pread(live->memory_fd, buffer, size, (off_t)address);
	}
	/* An address of the target is only ever a number, also here. */
	memcpy(&remote.iov_base, &start, sizeof(start));
	return process_vm_readv(live->memory_pid, &local, 1, &remote, 1, 0);
}

/* Whether a byte can be read; tries the other way when the first is closed. */
static bool can_read(struct live_target *live, taddr address)
{
	char byte;

	if (read_once(live, address, &byte, 1) == 1)
		return true;
	if (live->memory_fd >= 0 || (errno != ENOSYS && errno != EPERM))
		return false;
	live->memory_fd = open_memory(live->memory_pid);
	return live->memory_fd >= 0 && read_once(live, address, &byte, 1) == 1;
}

static size_t live_read(void *self, taddr address, void *buffer, size_t size)
{
	const struct live_target *live = self;
	size_t done = 0;

	while (done < size) {
		ssize_t got = read_once(live, address + done, (char *)buffer + done, size - done);

		if (got <= 0)
			break;
		done += (size_t)got;
	}
	return done;
}

static bool is_mapped_file(int fd, const struct target_region *region)
{
	struct stat facts;
	uint64_t device;

	if (fstat(fd, &facts) < 0)
		return false;
	device = (uint64_t)major(facts.st_dev) << 32 | minor(facts.st_dev);
	return facts.st_ino == region->inode && device == region->device;
}

static int open_by_name(const struct live_target *live, const struct target_region *region)
{
	_cleanup_close_ int fd = -1;
	char path[PATH_MAX + 32];
	int length;

	if (region->path[0] != '/')
		return -1;
	length = snprintf(path, sizeof(path), "/proc/%d/root%s", live->pid, region->path);
	if (length < 0 || (size_t)length >= sizeof(path))
		return -1;
	/* A device or pipe of that name must not block us or act on opening. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || !is_mapped_file(fd, region))
		return -1;
	return take_fd(&fd);
}

static int open_by_mapping(const struct live_target *live, const struct target_region *region)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/%d/map_files/%llx-%llx", live->memory_pid,
	         (unsigned long long)region->start, (unsigned long long)region->end);
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

/*
 * The last way: on filesystems such as overlayfs or btrfs the device in the
 * list of mappings is not the one stat tells, and map_files may be closed to
 * us. The same inode number under the same name is then good enough, unless
 * the kernel said that the file is gone.
 */
static int open_by_inode(const struct live_target *live, const struct target_region *region)
{
	struct target_region same = *region;
	struct stat facts;
	char path[PATH_MAX + 32];
	int length;

	if (region->is_deleted)
		return -1;
	length = snprintf(path, sizeof(path), "/proc/%d/root%s", live->pid, region->path);
	if (length < 0 || (size_t)length >= sizeof(path) || stat(path, &facts) < 0)
		return -1;
	same.device = (uint64_t)major(facts.st_dev) << 32 | minor(facts.st_dev);
	return open_by_name(live, &same);
}

static struct error *live_open_file(void *self, const struct target_region *region, int *ret_fd)
{
	const struct live_target *live = self;
	int fd;

	if (!region->inode)
		return error_new(ERROR_NOT_FOUND, "no file is mapped at %#llx",
		                 (unsigned long long)region->start);
	fd = open_by_name(live, region);
	if (fd < 0)
		fd = open_by_mapping(live, region);
	if (fd < 0)
		fd = open_by_inode(live, region);
	if (fd < 0)
		return error_new(ERROR_NOT_FOUND,
		                 "cannot open %s, which process %d has mapped: "
		                 "it was removed or replaced, and opening the "
		                 "mapping needs CAP_CHECKPOINT_RESTORE",
		                 region->path, live->pid);
	*ret_fd = fd;
	return NULL;
}

static void live_free(void *self)
{
	struct live_target *live = self;

	cleanup_close(&live->memory_fd);
	free(live);
}

static const struct target_operations live_operations = {
	.read = live_read,
	.open_file = live_open_file,
	.free = live_free,
};

/* Only x86-64 is known; the executable tells before any byte is misread. */
static struct error *check_machine(pid_t pid, pid_t thread)
{
	_cleanup_(cleanup_elf_image) struct elf_image *image = NULL;
	_cleanup_close_ int fd = -1;
	struct error *error;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/exe", thread);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && (errno == EACCES || errno == EPERM))
		return process_access_error(pid);
	if (fd < 0)
		return NULL; /* unreachable, not foreign: reading will tell */
	error = elf_image_open(fd, path, &image);
	if (error)
		return error;
	if (!elf_image_is_supported_machine(image))
		return error_new(ERROR_UNSUPPORTED,
		                 "process %d is a %s program; plumb reads "
		                 "64-bit x86-64 processes only",
		                 pid, elf_image_machine_name(image));
	return NULL;
}

static struct error *parse_maps(const char *text, size_t length, void *ret)
{
	return process_maps_parse(text, length, ret);
}

/* The list of mappings needs less right than the memory: so try one byte. */
static struct error *probe_memory(struct live_target *live, pid_t pid,
                                  const struct process_maps *maps)
{
	struct error *error;

	for (size_t i = 0; i < maps->count; i++) {
		if (!maps->regions[i].is_readable)
			continue;
		if (can_read(live, maps->regions[i].start))
			return NULL;
		if (errno == EPERM || errno == EACCES)
			return process_access_error(pid);
		if (errno == ESRCH)
			break;
	}
	/* A program that calls exec() has another memory from then on. */
	error = process_access_check_alive(pid);
	if (error)
		return error;
	return error_new(ERROR_UNREADY, "process %d started another program just now; try again",
	                 pid);
}

/* thread: by whose number the process's own files and memory are reached. */
static struct error *open_through(pid_t pid, pid_t memory_pid, pid_t thread, struct target **ret)
{
	_cleanup_(cleanup_process_maps) struct process_maps maps = {0};
	struct target_region *regions;
	struct live_target *live;
	struct error *error;
	bool is_picture = memory_pid != thread;
	char *paths;

	error = check_machine(pid, thread);
	if (!error)
		error = process_file_parse(pid, memory_pid, "maps", parse_maps, &maps);
	if (error)
		return error;
	live = malloc(sizeof(*live));
	if (!live)
		return error_no_memory();
	*live = (struct live_target){thread, memory_pid, is_picture ? open_memory(memory_pid) : -1};
	error = probe_memory(live, pid, &maps);
	if (error) {
		live_free(live);
		return error;
	}
	regions = take_ptr(maps.regions);
	paths = take_ptr(maps.paths);
	return target_new(&live_operations, live, regions, maps.count, paths, ret);
}

struct error *live_target_open(pid_t pid, pid_t memory_pid, struct target **ret)
{
	bool is_picture = memory_pid != pid;
	struct error *error = process_access_check_alive(pid);
	pid_t thread = process_access_living_thread(pid);

	/* A first thread that ends just now is replaced by another, once. */
	for (int attempt = 0; !error; attempt++) {
		pid_t before = thread;

		error = open_through(pid, is_picture ? memory_pid : thread, thread, ret);
		if (!error)
			return NULL;
		thread = process_access_living_thread(pid);
		if (thread == before || attempt)
			break;
		error_free(error);
		error = NULL;
	}
	return error;
}

/* Arguments are separated by NUL; what a terminal could act on becomes '?'. */
static char *read_command_line(pid_t pid)
{
	char *text;
	size_t length;

	if (proc_file_read(pid, "cmdline", &text, &length) != 0)
		return strdup("");
	while (length && !text[length - 1])
		length--;
	text[length] = '\0';
	for (size_t i = 0; i < length; i++) {
		if (!text[i])
			text[i] = ' ';
		else if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			text[i] = '?';
	}
	return text;
}

static char *read_executable(pid_t pid)
{
	char path[32];
	char name[PATH_MAX];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	length = readlink(path, name, sizeof(name));
	return strndup(name, length > 0 ? (size_t)length : 0);
}

/* Without knowing it is old. The clock is the one that starttime counts by, fs/proc/array.c. */
static double read_age(pid_t pid)
{
	static const double unknown = 1e9;
	_cleanup_free_ char *stat = NULL;
	struct timespec now;
	uint64_t ticks;
	size_t length;

	if (proc_file_read(pid, "stat", &stat, &length) != 0 ||
	    !proc_stat_number(stat, 22, &ticks) || clock_gettime(CLOCK_BOOTTIME, &now) < 0)
		return unknown;
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9 -
	       (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

struct error *process_facts_read(pid_t pid, struct process_facts *ret)
{
	_cleanup_free_ char *status = NULL;
	struct process_facts facts = {.pid = pid};
	uint64_t kibibytes;
	size_t length;
	struct error *error = process_access_check_alive(pid);

	if (error)
		return error;
	if (proc_file_read(pid, "status", &status, &length) != 0)
		return error_new(ERROR_GONE, "process %d has ended", pid);
	if (proc_status_number(status, "VmRSS", 10, &kibibytes))
		facts.resident_bytes = kibibytes * 1024;
	facts.age = read_age(pid);
	facts.command_line = read_command_line(pid);
	facts.executable = read_executable(pid);
	if (!facts.command_line || !facts.executable) {
		process_facts_deinit(&facts);
		return error_no_memory();
	}
	*ret = facts;
	return NULL;
}

void process_facts_deinit(struct process_facts *facts)
{
	free(facts->command_line);
	free(facts->executable);
	*facts = (struct process_facts){0};
}
