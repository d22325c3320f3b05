"""The mapping language: a YAML tree whose strings hold expressions, made into one function.

Owns what an expression may say, what it means, its filters, and its bounds. May import
``engine.model``, jinja2 (its parser), phonenumbers (in ``filters/phone``) and orjson. Pure: no
clock, no network, no storage. Start reading at ``tree`` (what is written), ``expression`` (what a
string says), ``missing`` (what the operators do) and ``compile`` (the door for other rooms).
"""
