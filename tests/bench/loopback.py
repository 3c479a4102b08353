"""Ports of this machine, for the benchmarks beside this file."""
import socket, time


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def connected(port):
    for _ in range(400):
        try:
            return socket.create_connection(('127.0.0.1', port))
        except OSError:
            time.sleep(0.02)
    raise SystemExit('nobody listens')
