/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C++: objects that hold themselves by their counts, and blocks that are known
 * by a pointer into their middle, as a rule or by chance.
 */
#define _GLIBCXX_USE_CXX11_ABI 0 /* std::string points behind its length, capacity and count */

#include "leak_cases.h"

#include <memory>
#include <string>

namespace {

template <size_t WORDS> struct Node {
	std::shared_ptr<Node> other;
	long words[WORDS] = {};
};

struct Element { /* has a destructor, so the length of an array of them comes first */
	long number = 0;
	~Element()
	{
		number = 0;
	}
};

struct First {
	virtual ~First() = default;
	long number = 1;
};

struct Second {
	virtual ~Second() = default;
	long number = 2;
};

struct Both : First, Second {
	long words[7] = {};
};

std::shared_ptr<Node<3>> shared[COPIES];
Node<5> *raw[COPIES];
std::string texts[COPIES];
Element *elements[COPIES];
Second *seconds[COPIES];
uint64_t *measured[COPIES];
uint64_t *middles[COPIES];

/* Two that keep each other. */
template <size_t WORDS> std::shared_ptr<Node<WORDS>> pair_new()
{
	auto one = std::make_shared<Node<WORDS>>();

	one->other = std::make_shared<Node<WORDS>>();
	one->other->other = one;
	return one;
}

uint64_t *measured_new(size_t size, uint64_t first)
{
	auto *block = static_cast<uint64_t *>(block_new(size));

	block[0] = first;
	return block + 1;
}

void make_objects()
{
	for (int i = 0; i < COPIES; i++) {
		std::shared_ptr<Node<1>> one(new Node<1>()); /* 24, as its counts are */

		one->other.reset(new Node<1>());
		one->other->other = one;
		(void)pair_new<1>();          /* counts and object in one block: 40 */
		shared[i] = pair_new<3>();    /* 56 */
		raw[i] = pair_new<5>().get(); /* 72, behind the counts */

		elements[i] = new Element[12];                     /* 104 */
		seconds[i] = new Both();                           /* 88 */
		texts[i] = std::string(95, 'x');                   /* 120 */
		measured[i] = measured_new(136, 136 - 8);          /* the length of the rest */
		middles[i] = measured_new(152, uint64_t(1) << 40); /* something else */
	}
}

} // namespace

extern "C" void leak_case_middles(void (*look)(void))
{
	in_new_thread(make_objects);
	look();
}
