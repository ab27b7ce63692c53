"""Other evaluation suites on the same checkpoint and rows: what each needs before it runs at all.

Each file runs under the interpreter in which its suite is installed, ``PYTHON FILE WORK MODEL BATCH RESULT``, and
does what that suite's own documents ask of its users: a task for the rows and, where the suite has no class that can
run the checkpoint as it is, a model. Every suite keeps its defaults but for the device, the length of a reply and the
pictures' sizes, which are set alike.
"""
