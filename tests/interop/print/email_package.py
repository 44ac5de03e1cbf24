#!/usr/bin/python3
"""Posts an envelope and a document, as Python's email package packs them: in base64.

Usage: email_package.py URL ENVELOPE DOCUMENT
"""
import email.policy
import sys
import urllib.request
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart

url, envelope, document = sys.argv[1:]
message = MIMEMultipart("related", policy=email.policy.HTTP)
message.set_param("type", "application/xop+xml")
message.set_param("start", "<root@it>")
message.set_param("start-info", "application/soap+xml")
for path, name, subtype in ((envelope, "root", "xop+xml"), (document, "document", "octet-stream")):
    with open(path, "rb") as content:
        part = MIMEApplication(content.read(), subtype, policy=email.policy.HTTP)
    part["Content-ID"] = f"<{name}@it>"
    message.attach(part)
header, _, body = message.as_bytes().partition(b"\r\n\r\n")
request = urllib.request.Request(url, data=body, headers={"Content-Type": message["Content-Type"]})
urllib.request.urlopen(request, timeout=60).close()
