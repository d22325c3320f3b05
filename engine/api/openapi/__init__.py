"""``/openapi.json``: what this server answers, made from the lists and schemas that it runs by.

May import what ``engine.api`` may. Start reading at ``document``.
"""
