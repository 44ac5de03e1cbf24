#!/usr/bin/env python3
"""Reads a recorded message with Python's own parsers of HTTP, MIME and XML.

Usage: read_email.py FILE

Prints for each xop:Include, in the order of the document: Content-ID, media type, number
of octets, SHA-256.  Ends with 1 and says why when a parser, or one of the rules that
multipart/related (RFC 2387) and XOP add, has something to object to.
"""
import email
import email.policy
import hashlib
import sys
import xml.etree.ElementTree

from recorded import read_entity

INCLUDE = "{http://www.w3.org/2004/08/xop/include}Include"


def check(holds, what):
    if not holds:
        sys.exit(f"read_email.py: {what}")


def check_defects(message):
    check(not message.defects, message.defects)
    for name, value in message.items():
        check(not value.defects, f"{name}: {value}: {value.defects}")


message = email.message_from_bytes(
    read_entity(sys.argv[1]), policy=email.policy.HTTP
)
check_defects(message)
check(message.get_content_type() == "multipart/related", message.get_content_type())
check(not message.preamble and not message.epilogue, "text around the parts")

root, *attachments = message.iter_parts()
for part in (root, *attachments):
    check_defects(part)
    check(part["Content-Transfer-Encoding"] == "binary", "a part that is not binary")
related = message["Content-Type"].params
root_type = root["Content-Type"]
check(related.get("start") == root["Content-ID"], "start is not the first part")
check(related.get("type") == root_type.content_type == "application/xop+xml", "type")
check(
    related.get("start-info") == root_type.params.get("type") == "application/soap+xml",
    "start-info is not the type of the envelope",
)

parts = {part["Content-ID"]: part for part in attachments}
envelope = xml.etree.ElementTree.fromstring(root.get_payload(decode=True))
for include in envelope.iter(INCLUDE):
    name = f"<{include.attrib['href'].removeprefix('cid:')}>"
    check(name in parts, f"there is no part {name}")
    octets = parts[name].get_payload(decode=True)
    media_type = parts.pop(name)["Content-Type"].content_type
    print(name, media_type, len(octets), hashlib.sha256(octets).hexdigest())
check(not parts, f"no Include refers to {', '.join(parts)}")
