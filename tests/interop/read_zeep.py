#!/usr/bin/python3
"""Reads a recorded message as zeep reads a reply.  Usage: read_zeep.py FILE

Prints for each xop:Include, in the order of the document: Content-ID, media type, number
of octets, SHA-256.  zeep takes CR and LF off both ends of an attachment.
"""
import base64
import hashlib
import sys

from lxml import etree
from requests_toolbelt.multipart.decoder import MultipartDecoder
from zeep.wsdl.attachments import MessagePack
from zeep.wsdl.messages.xop import process_xop

from recorded import read_entity

INCLUDE = "{http://www.w3.org/2004/08/xop/include}Include"

header, _, body = read_entity(sys.argv[1]).partition(b"\r\n\r\n")
content_type = dict(
    line.split(": ", 1) for line in header.decode().split("\r\n")
)["Content-Type"]

parts = MultipartDecoder(body, content_type, "utf-8").parts
document = etree.fromstring(parts[0].content)
pack = MessagePack(parts[1:])
includes = [
    (include.getparent(), include.attrib["href"].removeprefix("cid:"))
    for include in document.iter(INCLUDE)
]
process_xop(document, pack)
for element, content_id in includes:
    octets = base64.b64decode(element.text or "")
    media_type = pack.get_by_content_id(f"<{content_id}>").content_type
    print(f"<{content_id}>", media_type, len(octets), hashlib.sha256(octets).hexdigest())
