"""The compiled project: everything that can be decided about files is decided here, once.

May import project, mapping, schema and model. Pure: no clock, no network, no storage. Start
reading at ``build``, which turns a ``Project`` into a ``Release`` or findings.
"""
