/* SPDX-License-Identifier: Apache-2.0 */
/* A C extension that takes a reference to its argument and never gives it back. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *look_at(PyObject *self, PyObject *object)
{
	(void)self;
	Py_INCREF(object);
	return PyLong_FromLong((long)Py_TYPE(object)->tp_basicsize);
}

static PyMethodDef methods[] = {
	{"look_at", look_at, METH_O, "the size of an object, which stays"},
	{NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
	PyModuleDef_HEAD_INIT, "forgetful", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_forgetful(void)
{
	return PyModule_Create(&module);
}
