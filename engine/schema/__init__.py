"""JSON Schema 2020-12: what a schema may be, whether a value meets it, and why it does not.

May import model, jsonschema, referencing and jsonschema-rs; pure. Start reading at ``validator``,
then ``dialect``; ``check`` finds what is wrong with a schema itself.
"""
