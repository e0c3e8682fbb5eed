/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words in the metadata of a distribution: fields of METADATA, names of
 * modules in top_level.txt and RECORD. Text in, words out; no file here.
 */
#ifndef PLUMB_CAPTURE_DISTRIBUTION_WORDS_H
#define PLUMB_CAPTURE_DISTRIBUTION_WORDS_H

#include <stdbool.h>
#include <stddef.h>

enum { DISTRIBUTION_FIELD_MAX = 256 };

/*
 * A field ("Name:") of a head like that of a mail, up to the empty line that ends
 * it. Cut to fit. False: it is not there, or empty.
 */
bool distribution_field(const char *head, const char *field, char ret[DISTRIBUTION_FIELD_MAX]);

/* As names are compared: lower case, runs of - _ . are one - (PEP 503). */
void distribution_normalise(char *name);

/*
 * The module that the next line is about, and where the line after it begins
 * (*line). are_paths: lines of RECORD, of which the first part may be a package or
 * a file; else of top_level.txt. *ret_length is 0 where it is about none.
 */
const char *distribution_next_module(const char **line, bool are_paths, size_t *ret_length);

#endif
