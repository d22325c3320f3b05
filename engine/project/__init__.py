"""A project's files as they are written: YAML with places, typed specs, findings.

Owns the forms of ``encamina.yaml``, ``destinations/`` and ``rules/``, and the environment. May
import model and schema; reads files, and nothing else. Start reading at ``read``, then ``spec``.
"""
