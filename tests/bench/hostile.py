#!/usr/bin/env python3
"""How long an honest peer's line takes while others misbehave: the slowest of its lines, and the 99th percentile.

    tests/bench/hostile.py build/release/logrelay [--seconds N]

The others, in turn: nobody; 2,000 connects a second, of which half are reset; 500 connections of a byte a second each; 200
that begin TLS and say nothing more (the honest peer speaks plain TCP to the same relay).
"""
import argparse, multiprocessing, os, socket, struct, subprocess, tempfile, time

from loopback import connected, free_port

LINES_A_SECOND = 100


def connects(ports, seconds):
    """2,000 a second; what they leave half done is reset."""
    begin, n = time.monotonic(), 0
    while time.monotonic() - begin < seconds:
        with socket.create_connection(('127.0.0.1', ports['tcp'])) as one:
            if n % 2:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            else:
                one.sendall(b'x')
        n += 1
        time.sleep(max(0, begin + n / 2000 - time.monotonic()))
    print('(%d a second)' % (n / seconds))


def trickle(ports, seconds):
    all = [connected(ports['tcp']) for _ in range(500)]
    for _ in range(int(seconds)):
        for each in all:
            each.sendall(b'x')
        time.sleep(1)


def half_open(ports, seconds):
    all = [connected(ports['tls']) for _ in range(200)]
    for each in all:
        each.sendall(b'\x16\x03\x01\x02\x00\x01')
    time.sleep(seconds)


def measure(program, others, seconds):
    with tempfile.TemporaryDirectory() as folder:
        ports = {'tcp': free_port(), 'tls': free_port()}
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', folder + '/key', '-out', folder + '/cert',
                        '-days', '2', '-subj', '/CN=localhost'], check=True, stderr=subprocess.DEVNULL)
        os.chmod(folder + '/key', 0o600)
        os.mkfifo(folder + '/out')
        relay = subprocess.Popen([program, '-q', '-i', 'tcp://127.0.0.1:%d,name=in' % ports['tcp'],
                                  '-i', 'tls://127.0.0.1:%d,cert=%s/cert,key=%s/key' % (ports['tls'], folder, folder), 'fifo:%s/out,match=^honest' % folder],
                                 stdin=subprocess.DEVNULL)
        honest = connected(ports['tcp'])
        honest.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        out = open(folder + '/out', 'rb', buffering=0)
        crowd = multiprocessing.Process(target=others, args=(ports, seconds)) if others else None
        if crowd:
            crowd.start()
            time.sleep(0.5)
        took = []
        for n in range(int((seconds - 1) * LINES_A_SECOND)):
            begin = time.monotonic()
            honest.sendall(b'honest %d\n' % n)
            got = b''
            while not got.endswith(b'\n'):
                got += out.read(4096)
            took.append(time.monotonic() - begin)
            assert got == b'honest %d\n' % n, got
            time.sleep(max(0, begin + 1 / LINES_A_SECOND - time.monotonic()))
        if crowd:
            crowd.join()
        relay.terminate()
        relay.wait(20)
    took.sort()
    return took


def main():
    options = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    options.add_argument('program')
    options.add_argument('--seconds', type=float, default=10)
    given = options.parse_args()
    for name, others in (('nobody else', None), ('2,000 connects a second', connects), ('500 connections, a byte a second', trickle),
                         ('200 half-open TLS', half_open)):
        took = measure(os.path.abspath(given.program), others, given.seconds)
        slowest = took[-1] * 1000
        print('%-34s median %7.3f ms   p99 %7.3f ms   slowest %7.3f ms of 50 ms: %s' %
              (name, took[len(took) // 2] * 1000, took[len(took) * 99 // 100] * 1000, slowest, 'reached' if slowest < 50 else 'MISSED'))


main()
