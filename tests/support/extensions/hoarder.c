/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A C extension whose class has an array of malloc and forgets it when it dies.
 *
 *	b = hoarder.Buffer(1000)    a thousand doubles
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdlib.h>

typedef struct {
	PyObject_HEAD double *numbers;
} Buffer;

static PyObject *buffer_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
	Py_ssize_t count;
	PyObject *self;

	(void)kwargs;
	if (!PyArg_ParseTuple(args, "n", &count))
		return NULL;
	self = type->tp_alloc(type, 0);
	if (!self)
		return NULL;
	((Buffer *)self)->numbers = malloc((size_t)count * sizeof(double));
	for (Py_ssize_t i = 0; i < count; i++)
		((Buffer *)self)->numbers[i] = (double)i / 3;
	return self;
}

static void buffer_dealloc(PyObject *self)
{
	PyTypeObject *type = Py_TYPE(self);

	((Buffer *)self)->numbers = NULL; /* free() is what it forgets */
	type->tp_free(self);
	Py_DECREF(type);
}

static PyType_Slot slots[] = {
	{Py_tp_new, buffer_new},
	{Py_tp_dealloc, buffer_dealloc},
	{0, NULL},
};

static PyType_Spec spec = {"hoarder.Buffer", sizeof(Buffer), 0, Py_TPFLAGS_DEFAULT, slots};

static struct PyModuleDef module = {
	PyModuleDef_HEAD_INIT, "hoarder", NULL, -1, NULL, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_hoarder(void)
{
	PyObject *self = PyModule_Create(&module);

	if (self && PyModule_AddObject(self, "Buffer", PyType_FromSpec(&spec)) < 0)
		Py_CLEAR(self);
	return self;
}
