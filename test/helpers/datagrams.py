# Stands in for systemd: a datagram socket at the path given; every message comes out as a line of JSON.
import json
import socket
import sys

listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(sys.argv[1])
print(json.dumps("bound"), flush=True)
while True:
    # Without room for descriptors the one of a barrier is closed, which is the answer that its sender waits for.
    print(json.dumps(listener.recv(4096).decode()), flush=True)
