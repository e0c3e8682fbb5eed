/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes an ordinary test of a fuzzer: feeds it every file of its corpus folder,
 * and of each file a number of truncations, since a cut is what a parser of
 * foreign bytes meets most. Needs no libFuzzer, so it runs with gcc too.
 *
 * A corpus folder that is missing or empty is a failure: it would be a test
 * that tests nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_target.h"

enum { CUTS = 32 };
static const size_t LARGEST_FILE = (size_t)16 << 20;

/* A copy of exactly `size` bytes, so that a sanitizer sees one byte too far. */
static void feed(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);

	if (!exact)
		abort();
	if (size)
		memcpy(exact, data, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
}

static void feed_with_cuts(const uint8_t *data, size_t size)
{
	feed(data, size);
	for (size_t i = 0; i < CUTS; i++) {
		size_t cut = size * i / CUTS;

		if (i == 0 || cut != size * (i - 1) / CUTS)
			feed(data, cut);
	}
}

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(LARGEST_FILE);
	int failed = 1;

	if (file && data) {
		size_t size = fread(data, 1, LARGEST_FILE, file);

		feed_with_cuts(data, size);
		failed = ferror(file);
	}
	if (failed)
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	if (file)
		fclose(file);
	free(data);
	return failed;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int replay_folder(const char *folder)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, is_visible, alphasort);
	int failed = 0;

	if (count <= 0) {
		fprintf(stderr, "%s: no corpus\n", folder);
		free(entries);
		return 1;
	}
	for (int i = 0; i < count; i++) {
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		printf("%s\n", path);
		fflush(stdout);
		failed |= replay_file(path);
		free(entries[i]);
	}
	free(entries);
	return failed;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]);
		return 2;
	}
	return replay_folder(argv[1]);
}
