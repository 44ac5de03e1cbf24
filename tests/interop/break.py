#!/usr/bin/env python3
"""Breaks a recorded message that has a Content-Length, as a bad encoder would.

Usage: break.py quoting|last-delimiter|end FILE
"""
import re
import sys

WAYS = {
    # Apostrophes quote nothing (RFC 2045 section 5.1): they are part of the boundary.
    "quoting": lambda message: re.sub(rb'boundary="([^"]*)"', rb"boundary='\1'", message),
    # The CRLF before a delimiter belongs to it (RFC 2046 section 5.1.1).
    "last-delimiter": lambda message: re.sub(rb"\r\n(--[^\r\n]*--\r\n)\Z", rb"\1", message),
    "end": lambda message: re.sub(rb"\r\n--[^\r\n]*--\r\n\Z", b"", message),
}

with open(sys.argv[2], "rb") as record:
    whole = record.read()
broken = WAYS[sys.argv[1]](whole)
if broken == whole:
    sys.exit("break.py: there is nothing to break")
length = len(broken.partition(b"\r\n\r\n")[2])
broken = re.sub(rb"(?i)\r\nContent-Length: \d+", b"\r\nContent-Length: %d" % length, broken, count=1)
sys.stdout.buffer.write(broken)
