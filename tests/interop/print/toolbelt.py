#!/usr/bin/python3
"""Posts an envelope and a document, as requests_toolbelt packs them, in chunks.

Usage: toolbelt.py URL ENVELOPE DOCUMENT
"""
import sys

import requests
from requests_toolbelt import MultipartEncoder

url, envelope, document = sys.argv[1:]
with open(envelope, "rb") as root, open(document, "rb") as content:
    body = MultipartEncoder({
        "root": (None, root, 'application/xop+xml; charset=UTF-8; type="application/soap+xml"',
                 {"Content-ID": "<root@it>"}),
        "document": (None, content, "application/octet-stream", {"Content-ID": "<document@it>"}),
    })
    answer = requests.post(
        url,
        data=iter(lambda: body.read(8192), b""),
        headers={"Content-Type": 'multipart/related; type="application/xop+xml"; '
                 f'start="<root@it>"; start-info="application/soap+xml"; boundary={body.boundary_value}'},
        timeout=60,
    )
answer.raise_for_status()
