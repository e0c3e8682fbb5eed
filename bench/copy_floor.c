/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How fast could it be? Copies what is resident of another process's private
 * writable memory, once, and prints how long that took.
 *
 * Whoever wants to know what is in a heap has to read it; this program reads
 * it and does nothing else, so its time is the floor that plumb's is compared
 * with. It is measured in two ways: `passed` reads everything through one
 * small buffer, as an analysis would that looks at each byte and forgets it,
 * and is the faster one, for the buffer stays in the processor's cache;
 * `kept` reads into memory of the same size, as a picture that is kept. The
 * buffers have been written to before the clock starts: page faults of the
 * reader are not counted.
 *
 *	copy_floor PID [ROUNDS]
 *
 * prints one line of JSON:
 * {"bytes": 1, "ranges": 1, "passed": [0.1, ...], "kept": [0.2, ...]}.
 * The process is not stopped. Pages that are gone by the time they are read
 * are an error, so it should be at rest. This program stands alone on purpose:
 * it shares no code with what it is the measure of.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
	BATCH = 1024,        /* IOV_MAX of Linux: ranges in one system call */
	MAX_RANGE = 1 << 20, /* so that one call stays below 2 GiB, which is all it moves */
	PAGES_AT_ONCE = 4096,
	MAX_ROUNDS = 100,
};

/* A page is in memory: bit 63 of its word in /proc/PID/pagemap, proc(5). */
static const uint64_t PAGE_PRESENT = UINT64_C(1) << 63;

struct ranges {
	struct iovec *items;
	size_t count;
	size_t room;
	size_t bytes;
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "copy_floor: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Appends a page, joined to the last range if it continues it. */
static void ranges_add(struct ranges *ranges, uintptr_t start, size_t length)
{
	ranges->bytes += length;
	if (ranges->count > 0) {
		struct iovec *last = &ranges->items[ranges->count - 1];

		if ((uintptr_t)last->iov_base + last->iov_len == start &&
		    last->iov_len + length <= MAX_RANGE) {
			last->iov_len += length;
			return;
		}
	}
	if (ranges->count == ranges->room) {
		ranges->room = ranges->room ? 2 * ranges->room : 1024;
		ranges->items = reallocarray(ranges->items, ranges->room, sizeof(struct iovec));
		if (!ranges->items)
			die("no memory for the ranges");
	}
	ranges->items[ranges->count++] = (struct iovec){(void *)start, length};
}

/* Adds the resident pages of one mapping. */
static void add_resident(struct ranges *ranges, int pagemap, uintptr_t start, uintptr_t end)
{
	static uint64_t words[PAGES_AT_ONCE];
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	while (start < end) {
		size_t pages = (end - start) / page;
		ssize_t got;

		if (pages > PAGES_AT_ONCE)
			pages = PAGES_AT_ONCE;
		got = pread(pagemap, words, pages * sizeof(words[0]),
		            (off_t)(start / page * sizeof(words[0])));
		if (got < (ssize_t)sizeof(words[0]))
			die("cannot read pagemap");
		pages = (size_t)got / sizeof(words[0]);
		for (size_t i = 0; i < pages; i++, start += page) {
			if (words[i] & PAGE_PRESENT)
				ranges_add(ranges, start, page);
		}
	}
}

static struct ranges resident_ranges(const char *pid)
{
	struct ranges ranges = {0};
	char path[64];
	char line[4352]; /* a path of PATH_MAX and what stands before it */
	FILE *maps;
	int pagemap;

	snprintf(path, sizeof(path), "/proc/%s/maps", pid);
	maps = fopen(path, "re");
	if (!maps)
		die(path);
	snprintf(path, sizeof(path), "/proc/%s/pagemap", pid);
	pagemap = open(path, O_RDONLY | O_CLOEXEC);
	if (pagemap < 0)
		die(path);
	while (fgets(line, sizeof(line), maps)) {
		uintptr_t start, end;
		char rights[5];

		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s", &start, &end, rights) != 3)
			continue;
		if (strncmp(rights, "rw", 2) == 0 && rights[3] == 'p')
			add_resident(&ranges, pagemap, start, end);
	}
	fclose(maps);
	close(pagemap);
	return ranges;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Reads `count` ranges to `to` in one call and returns how many bytes that were. */
static size_t copy_batch(pid_t pid, const struct iovec *items, size_t count, char *to)
{
	struct iovec local = {to, 0};

	for (size_t i = 0; i < count; i++)
		local.iov_len += items[i].iov_len;
	if (process_vm_readv(pid, &local, 1, items, count, 0) != (ssize_t)local.iov_len)
		die("cannot read all of the process");
	return local.iov_len;
}

/* Copies all of it, into one buffer after the other, or always into the first. */
static double copy_once(pid_t pid, const struct ranges *ranges, char *to, bool keep)
{
	size_t step = keep ? BATCH : 1;
	double started = now();

	for (size_t first = 0; first < ranges->count; first += step) {
		size_t left = ranges->count - first;
		size_t got = copy_batch(pid, ranges->items + first, left < step ? left : step, to);

		if (keep)
			to += got;
	}
	return now() - started;
}

static void print_rounds(const char *name, const double *seconds, long rounds)
{
	printf(", \"%s\": [", name);
	for (long i = 0; i < rounds; i++)
		printf("%s%.6f", i ? ", " : "", seconds[i]);
	printf("]");
}

int main(int argc, char **argv)
{
	long rounds = argc > 2 ? strtol(argv[2], NULL, 10) : 1;
	double passed[MAX_ROUNDS], kept[MAX_ROUNDS];
	struct ranges ranges;
	pid_t pid;
	char *copy;

	if (argc < 2 || rounds < 1 || rounds > MAX_ROUNDS) {
		fprintf(stderr, "usage: copy_floor PID [ROUNDS]\n");
		return 2;
	}
	pid = (pid_t)strtol(argv[1], NULL, 10);
	ranges = resident_ranges(argv[1]);
	if (ranges.count == 0) {
		fprintf(stderr, "copy_floor: nothing is resident in %s\n", argv[1]);
		return 1;
	}
	copy = mmap(NULL, ranges.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (copy == MAP_FAILED)
		die("no memory for the copy");
	memset(copy, 1, ranges.bytes);
	for (long i = 0; i < rounds; i++) {
		passed[i] = copy_once(pid, &ranges, copy, false);
		kept[i] = copy_once(pid, &ranges, copy, true);
	}
	printf("{\"bytes\": %zu, \"ranges\": %zu", ranges.bytes, ranges.count);
	print_rounds("passed", passed, rounds);
	print_rounds("kept", kept, rounds);
	printf("}\n");
	munmap(copy, ranges.bytes);
	free(ranges.items);
	return 0;
}
