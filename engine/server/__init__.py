"""The server: opens log and state, starts every long-lived task, and shuts down in order.

May import all of ``engine`` but what stands apart. Start reading at ``run``.
"""
