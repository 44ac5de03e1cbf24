#!/usr/bin/env python3
"""Keeps the octets of one POST as they come off the wire.  Usage: record.py FILE

Prints "READY URL", takes one request and answers it with 202, whatever is in it.
"""
import socket
import sys

PATIENCE_SECONDS = 60
ANSWER = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def copy_request(wire, record):
    def copy_line():
        line = wire.readline()
        record.write(line)
        return line

    def copy_octets(size):
        record.write(wire.read(size))

    length = None
    while line := copy_line().strip():  # the request line and the header
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    if length is not None:
        copy_octets(length)
        return
    while size := int(copy_line(), 16):
        copy_octets(size)
        copy_line()
    while copy_line().strip():  # the trailer
        pass


with socket.create_server(("127.0.0.1", 0)) as server:
    print("READY http://127.0.0.1:%d/" % server.getsockname()[1], flush=True)
    server.settimeout(PATIENCE_SECONDS)
    connection = server.accept()[0]
    connection.settimeout(PATIENCE_SECONDS)
with connection, connection.makefile("rb") as wire, open(sys.argv[1], "wb") as record:
    copy_request(wire, record)
    connection.sendall(ANSWER)
