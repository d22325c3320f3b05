"""Stand-ins of the vendors' APIs on one port: independent judges of what we send.

Written from the vendors' documented contracts alone. May import the standard library, trio,
Starlette and orjson, and nothing of the rest of ``engine``: a stand-in that shared our payload
contracts or our rules would share their mistakes. Start reading at ``app``, then at one vendor's
file (``meta``, ``ga4``, ``gtm``, ``posthog``), whose checks and tables lie beside it.
"""
