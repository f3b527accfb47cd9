"""Requests of tests over plain HTTP, each by a connection of its own.

What `httpx2.get` and the like do. But those read the certificates of all the world's authorities
for every request: 23 ms of computing, twenty times a second where a test asks until it is so.
"""

from __future__ import annotations

import ssl
from functools import partial

import httpx2

_TRUSTS_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

get = partial(httpx2.get, verify=_TRUSTS_NOBODY)
post = partial(httpx2.post, verify=_TRUSTS_NOBODY)
patch = partial(httpx2.patch, verify=_TRUSTS_NOBODY)
put = partial(httpx2.put, verify=_TRUSTS_NOBODY)
delete = partial(httpx2.delete, verify=_TRUSTS_NOBODY)
request = partial(httpx2.request, verify=_TRUSTS_NOBODY)
