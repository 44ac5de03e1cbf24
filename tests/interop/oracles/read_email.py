#!/usr/bin/env python3
"""Reads messages with Python's email parser, for compare.py; prints what read_ours does.

Usage: read_email.py FILE...

"end" has the parser's defects, or NONE.  A part that the parser has taken apart itself, a
multipart or a message, has the hash "opened".
"""
import email
import email.policy
import pathlib
import sys


def fnv(octets):
    value = 0xCBF29CE484222325
    for octet in octets:
        value = (value ^ octet) * 0x100000001B3 & (1 << 64) - 1
    return f"{value:016x}"


def print_part(part):
    media_type = part.get_content_type() if "Content-Type" in part else "-"
    content_id = "-"
    if "Content-ID" in part:
        content_id = str(part["Content-ID"]).strip(" \t").removeprefix("<")
        content_id = content_id.removesuffix(">").strip(" \t")
        content_id = "".join(c if " " <= c <= "~" else "?" for c in content_id)
    if part.is_multipart():
        size, digest = 0, "opened"
    else:
        octets = part.get_payload(decode=True)
        size, digest = len(octets), fnv(octets)
    print("part", media_type, content_id, size, digest, sep="\t")


def read_message(path):
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.compat32)
    print("message", path.name, sep="\t")
    if not message.is_multipart():
        names = {type(defect).__name__ for defect in message.defects}
        print("end", "not-multipart", sep="\t")
        return
    defects = set()
    for part in message.walk():
        defects |= {type(defect).__name__ for defect in part.defects}
    for part in message.get_payload():
        print_part(part)
        defects |= {type(defect).__name__ for defect in part.defects}
    print("end", ",".join(sorted(defects)) or "NONE", sep="\t")


for argument in sys.argv[1:]:
    read_message(pathlib.Path(argument))
