// SPDX-License-Identifier: Apache-2.0
//
// A C++ library, no extension of Python, that loses objects of its classes:
// app::Session of 88 bytes, and of a template, app::Box<int, app::Session> of 152.

#include <cstdint>

namespace app
{
class Session
{
      public:
	virtual ~Session();
	virtual void run();

      private:
	double numbers[10] = {};
};

Session::~Session()
{
}

void Session::run()
{
	numbers[0] = 1;
}

template <class Key, class Value> class Box
{
      public:
	virtual ~Box();

      private:
	double numbers[18] = {};
};

template <class Key, class Value> Box<Key, Value>::~Box()
{
}

template class Box<int, Session>;
} // namespace app

static void *volatile last; // so that nothing is optimised away

#define SHOWN extern "C" __attribute__((visibility("default")))

SHOWN void lose_sessions(int count)
{
	for (int i = 0; i < count; i++)
		last = new app::Session;
	last = nullptr;
}

SHOWN void lose_boxes(int count)
{
	for (int i = 0; i < count; i++)
		last = new app::Box<int, app::Session>;
	last = nullptr;
}
