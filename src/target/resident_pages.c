/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two ways to ask the kernel (Documentation/admin-guide/mm/pagemap.rst):
 *
 *   PAGEMAP_SCAN, an ioctl of Linux 6.7, answers with stretches of pages that
 *   are alike, and steps over what has no page tables at all. So terabytes
 *   that are only reserved (the shadow of AddressSanitizer) cost nothing.
 *
 *   Reading pagemap gives 8 bytes a page, of which bit 63 says present and
 *   bit 62 swapped, also for pages that were never touched. That takes about
 *   10 ms a GiB of addresses, in which the process stands still; so there is a
 *   limit to it.
 */
#include "target/resident_pages.h"

#include "base/cleanup.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
	PAGE = 4096,
	PAGES_AT_ONCE = 8192, /* of pagemap: 64 KiB */
	STRETCHES_AT_ONCE = 1024,
};

static const uint64_t LOOKABLE = (UINT64_C(128) << 30) / PAGE;
static const uint64_t SWAPPED = (uint64_t)1 << 62;
static const uint64_t PRESENT = (uint64_t)1 << 63;

/* struct page_region, include/uapi/linux/fs.h since 6.7 */
struct stretch {
	uint64_t start;
	uint64_t end;
	uint64_t categories;
};

/* struct pm_scan_arg, there */
struct scan {
	uint64_t size;
	uint64_t flags;
	uint64_t start;
	uint64_t end;
	uint64_t walk_end; /* how far it came */
	uint64_t stretches;
	uint64_t stretch_count;
	uint64_t max_pages;
	uint64_t inverted;
	uint64_t all_of;
	uint64_t any_of;
	uint64_t wanted; /* in categories */
};

_Static_assert(sizeof(struct scan) == 96, "as the kernel has it");

#define SCAN_PAGEMAP _IOWR('f', 16, struct scan)
enum { IS_PRESENT = 1 << 3, IS_SWAPPED = 1 << 4, IS_ZEROS = 1 << 5 };

void resident_pages_init(struct resident_pages *pages, pid_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	*pages = (struct resident_pages){
		.pid = pid,
		.fd = open(path, O_RDONLY | O_CLOEXEC),
		.can_scan = true,
		.lookable = LOOKABLE,
	};
}

void resident_pages_deinit(struct resident_pages *pages)
{
	cleanup_close(&pages->fd);
}

static struct error *visit_stretches(const struct stretch *stretches, int count,
                                     resident_pages_visitor *visit, void *context)
{
	struct error *error = NULL;

	for (int i = 0; !error && i < count; i++)
		error = visit(context, stretches[i].start, stretches[i].end - stretches[i].start);
	return error;
}

/* One ioctl; *start moves on. False: this kernel does not know it. */
static bool scan_once(struct resident_pages *pages, taddr *start, taddr end,
                      resident_pages_visitor *visit, void *context, struct error **ret_error)
{
	struct stretch stretches[STRETCHES_AT_ONCE];
	struct scan scan = {
		.size = sizeof(scan),
		.start = *start,
		.end = end,
		.stretches = (uintptr_t)stretches,
		.stretch_count = STRETCHES_AT_ONCE,
		.any_of = IS_PRESENT | IS_SWAPPED,
		.wanted = IS_PRESENT | IS_SWAPPED,
	};
	int count;

	if (pages->counts_only_resident) {
		scan.inverted = IS_ZEROS;
		scan.all_of = IS_PRESENT | IS_ZEROS;
		scan.any_of = 0;
		scan.wanted = IS_PRESENT;
	}
	count = ioctl(pages->fd, SCAN_PAGEMAP, &scan);
	if (count < 0 || scan.walk_end <= *start)
		return false;
	*start = scan.walk_end;
	*ret_error = visit_stretches(stretches, count, visit, context);
	return true;
}

/* The pages of [start, start + count pages) that exist. */
static struct error *visit_words(const uint64_t *words, uint64_t wanted, taddr start, size_t count,
                                 resident_pages_visitor *visit, void *context)
{
	size_t i = 0;

	while (i < count) {
		size_t first = i;
		struct error *error;

		while (i < count && words[i] & wanted)
			i++;
		/* Also when there is none: that is the sign of life. */
		error = visit(context, start + first * PAGE, (uint64_t)(i - first) * PAGE);
		if (error)
			return error;
		while (i < count && !(words[i] & wanted))
			i++;
	}
	return NULL;
}

static struct error *too_much(const struct resident_pages *pages)
{
	return error_new(ERROR_UNSUPPORTED,
	                 "process %d has reserved more than %llu GiB, too much to look through "
	                 "while it is stopped before Linux 6.7; try --pause=fork or --pause=none",
	                 pages->pid, (unsigned long long)LOOKABLE * PAGE >> 30);
}

/* One reading; *start moves on. */
static struct error *read_once(struct resident_pages *pages, taddr *start, taddr end,
                               resident_pages_visitor *visit, void *context)
{
	uint64_t words[PAGES_AT_ONCE];
	uint64_t left = (end - *start) / PAGE;
	size_t count = left < PAGES_AT_ONCE ? (size_t)left : PAGES_AT_ONCE;
	ssize_t got = pread(pages->fd, words, count * sizeof(words[0]),
	                    (off_t)(*start / PAGE * sizeof(words[0])));
	struct error *error;

	if (got == 0)
		return error_new(ERROR_GONE, "process %d has ended", pages->pid);
	if (got < 0) {
		error = visit(context, *start, end - *start);
		*start = end;
		return error;
	}
	count = (size_t)got / sizeof(words[0]);
	if (count > pages->lookable)
		return too_much(pages);
	pages->lookable -= count;
	error = visit_words(words, pages->counts_only_resident ? PRESENT : PRESENT | SWAPPED,
	                    *start, count, visit, context);
	*start += (uint64_t)count * PAGE;
	return error;
}

struct error *resident_pages_visit(struct resident_pages *pages, taddr start, taddr end,
                                   resident_pages_visitor *visit, void *context)
{
	struct error *error = NULL;

	while (!error && start < end) {
		if (pages->can_scan)
			pages->can_scan = scan_once(pages, &start, end, visit, context, &error);
		else
			error = read_once(pages, &start, end, visit, context);
	}
	return error;
}
