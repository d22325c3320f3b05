"""A web server for one ASGI app: HTTP/1.0 and 1.1 on trio, every wait and every size bounded.

Stands apart: may import trio and h11, and nothing of the rest. Start reading at ``serve``.
"""
