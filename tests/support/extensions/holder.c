/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A C extension whose class holds an object and has no tp_traverse, so a cycle
 * through an instance is never freed. The object is in a member that the type
 * tells nobody of.
 *
 *	h = holder.Holder(); h.hold(x)
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

typedef struct {
	PyObject_HEAD PyObject *held;
} Holder;

static PyObject *hold(PyObject *self, PyObject *object)
{
	Holder *holder = (Holder *)self;
	PyObject *before = holder->held;

	Py_INCREF(object);
	holder->held = object;
	Py_XDECREF(before);
	Py_RETURN_NONE;
}

static void holder_dealloc(PyObject *self)
{
	PyTypeObject *type = Py_TYPE(self);

	Py_XDECREF(((Holder *)self)->held);
	type->tp_free(self);
	Py_DECREF(type);
}

static PyMethodDef methods[] = {
	{"hold", hold, METH_O, "keeps a reference to an object"},
	{NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
	{Py_tp_dealloc, holder_dealloc},
	{Py_tp_methods, methods},
	{0, NULL},
};

static PyType_Spec spec = {"holder.Holder", sizeof(Holder), 0, Py_TPFLAGS_DEFAULT, slots};

static struct PyModuleDef module = {
	PyModuleDef_HEAD_INIT, "holder", NULL, -1, NULL, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_holder(void)
{
	PyObject *self = PyModule_Create(&module);

	if (self && PyModule_AddObject(self, "Holder", PyType_FromSpec(&spec)) < 0)
		Py_CLEAR(self);
	return self;
}
