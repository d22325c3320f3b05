"""The command line: one file per command; parses options, calls ``engine``, prints, exits.

May import all of ``engine``, typer and rich. Start reading at ``cli/main.py``.
"""
