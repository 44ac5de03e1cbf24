#!/usr/bin/python3
"""Gets a file from wsd-file-service with zeep.  Usage: get_zeep.py WSDL URL NAME

Writes it to standard output; ends with 1 and prints the fault's words when there is none.
"""
import sys

import zeep

wsdl, url, name = sys.argv[1:]
client = zeep.Client(wsdl)
binding = next(iter(client.wsdl.bindings))
service = client.create_service(binding, url)
try:
    sys.stdout.buffer.write(service.GetFile(filePath=name))
except zeep.exceptions.Fault as fault:
    sys.exit(fault.message)
