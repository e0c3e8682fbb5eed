/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes one JSON document (RFC 8259) into a text. Commas come by themselves;
 * the caller keeps begin and end in balance. Inside an object every value has
 * a key, inside an array none has (key NULL). What is no UTF-8 becomes U+FFFD,
 * so the document is valid whatever the target called its types.
 */
#ifndef PLUMB_REPORT_JSON_H
#define PLUMB_REPORT_JSON_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct json {
	struct text *text;
	bool needs_comma;
};

void json_init(struct json *json, struct text *text);
void json_begin_object(struct json *json, const char *key);
void json_end_object(struct json *json);
void json_begin_array(struct json *json, const char *key);
void json_end_array(struct json *json);
void json_string(struct json *json, const char *key, const char *value); /* NULL: null */
void json_unsigned(struct json *json, const char *key, uint64_t value);
void json_numbers(struct json *json, const char *key, const uint64_t *values, size_t count);
void json_signed(struct json *json, const char *key, int64_t value);
void json_double(struct json *json, const char *key, double value); /* three decimals */
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);
void json_address(struct json *json, const char *key, uint64_t value); /* "0x7f.." */

#endif
