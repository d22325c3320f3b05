"""The embedded log, in one SQLite file that it may share with the state.

Start reading at ``tables`` (the layout), then ``log``.
"""
