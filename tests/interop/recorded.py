#!/usr/bin/env python3
"""Takes HTTP's framing off a recorded message.  Usage: recorded.py FILE

Prints its header and its body: a MIME entity, for parsers that know no HTTP.
"""
import http.client
import io
import sys


class RecordedReply:
    """Stands for a connection.  http.client reads replies, so the request becomes one."""

    def __init__(self, header_and_body):
        self.octets = b"HTTP/1.1 200 OK\r\n" + header_and_body

    def makefile(self, _mode):
        return io.BytesIO(self.octets)


def read_entity(path):
    with open(path, "rb") as record:
        header_and_body = record.read().partition(b"\r\n")[2]
    http_message = http.client.HTTPResponse(RecordedReply(header_and_body))
    http_message.begin()
    header = header_and_body.partition(b"\r\n\r\n")[0]
    return header + b"\r\n\r\n" + http_message.read()


if __name__ == "__main__":
    sys.stdout.buffer.write(read_entity(sys.argv[1]))
