#!/usr/bin/env python3
"""Stands in front of a server, and keeps what each connection sends to it.

Usage: tap.py FOLDER URL

Prints "READY URL", and writes FOLDER/1, FOLDER/2 and so on, until it is killed.
"""
import socket
import sys
import threading
import urllib.parse

target = urllib.parse.urlsplit(sys.argv[2])


def forward(source, sink, record=None):
    while octets := source.recv(65536):
        if record:
            record.write(octets)
        sink.sendall(octets)
    sink.shutdown(socket.SHUT_WR)


def serve(client, number):
    server = socket.create_connection((target.hostname, target.port))
    threading.Thread(target=forward, args=(server, client), daemon=True).start()
    with open(f"{sys.argv[1]}/{number}", "wb", buffering=0) as record:
        forward(client, server, record)


with socket.create_server(("127.0.0.1", 0)) as listener:
    port = listener.getsockname()[1]
    print("READY", target._replace(netloc=f"127.0.0.1:{port}").geturl(), flush=True)
    number = 0
    while True:
        number += 1
        threading.Thread(target=serve, args=(listener.accept()[0], number), daemon=True).start()
