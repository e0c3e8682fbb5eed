/* SPDX-License-Identifier: Apache-2.0 */
/* Three digits: 9.87, 98.7, 987; below a KiB, plain bytes. */
#include "report/units.h"

#include <stdio.h>

void units_bytes(struct text *text, uint64_t bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1000) {
		text_printf(text, "%u B", (unsigned int)bytes);
		return;
	}
	/* 999.5 would be written with four digits. */
	while (value >= 999.5 && unit + 1 < sizeof(units) / sizeof(*units)) {
		value /= 1024;
		unit++;
	}
	if (value < 9.995)
		text_printf(text, "%.2f %s", value, units[unit]);
	else if (value < 99.95)
		text_printf(text, "%.1f %s", value, units[unit]);
	else
		text_printf(text, "%.0f %s", value, units[unit]);
}

void units_count(struct text *text, uint64_t count)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)count);

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			text_append_char(text, ',');
		text_append_char(text, digits[i]);
	}
}

static uint64_t magnitude(int64_t number)
{
	return number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
}

static void append_sign(struct text *text, int64_t number)
{
	if (number)
		text_append_char(text, number < 0 ? '-' : '+');
}

void units_signed_bytes(struct text *text, int64_t bytes)
{
	append_sign(text, bytes);
	units_bytes(text, magnitude(bytes));
}

void units_signed_count(struct text *text, int64_t count)
{
	append_sign(text, count);
	units_count(text, magnitude(count));
}

void units_share(struct text *text, uint64_t part, uint64_t whole)
{
	text_printf(text, "%.1f %%", whole ? 100.0 * (double)part / (double)whole : 0.0);
}

void units_plural(struct text *text, uint64_t count, const char *noun)
{
	units_count(text, count);
	text_printf(text, " %s%s", noun, count == 1 ? "" : "s");
}

void units_milliseconds(struct text *text, double milliseconds)
{
	if (milliseconds < 9.95)
		text_printf(text, "%.1f ms", milliseconds);
	else if (milliseconds < 999.5)
		text_printf(text, "%.0f ms", milliseconds);
	else
		text_printf(text, "%.1f s", milliseconds / 1000);
}

void units_rate(struct text *text, double per_minute)
{
	if (per_minute < 9.95 && per_minute > -9.95)
		text_printf(text, "%+.1f", per_minute);
	else
		units_signed_count(text, (int64_t)(per_minute + (per_minute < 0 ? -0.5 : 0.5)));
}
