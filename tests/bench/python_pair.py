#!/usr/bin/env python3
"""What CPython's QueueHandler and QueueListener do where logrelay's pair does otherwise: one line for each of the six
holes that tests/unit/embed/adopt_holes_test.cpp names."""
import logging
import logging.handlers
import os
import queue
import resource
import sys
import threading
import time


class Scripted(logging.Handler):
    def __init__(self, act=lambda record: None):
        super().__init__()
        self.act, self.lines, self.times = act, [], []

    def handle(self, record):  # as an override of it may: what it raises is not caught
        self.act(record)
        self.lines.append(record.getMessage())
        self.times.append(time.monotonic())


def pair(name, *handlers, size=-1, **options):
    records = queue.Queue(size)
    log = logging.getLogger(name)
    log.setLevel(logging.INFO)
    log.propagate = False
    log.addHandler(logging.handlers.QueueHandler(records))
    return log, records, logging.handlers.QueueListener(records, *handlers, **options)


def say(hole, text):
    print(f"{hole}: {text}")


def resident():
    with open("/proc/self/statm") as numbers:
        return int(numbers.read().split()[1]) * resource.getpagesize()


sys.stderr = open(os.devnull, "w")  # tracebacks that logging and threading print
stuck = threading.Event()
hung = Scripted(lambda record: stuck.wait())
log, records, listener = pair("unbounded", hung)
listener.start()
before = resident()
for i in range(100_000):
    log.info("record %060d", i)
say("1 bounded with counts", f"unbounded, 100,000 records of a hung handler take {(resident() - before) / 1e6:.0f} MB")
log, records, listener = pair("bounded", hung, size=1000)
listener.start()
failed = []
log.handlers[0].handleError = lambda record: failed.append(record)
for i in range(100_000):
    log.info("record %060d", i)
say("1 bounded with counts", f"with Queue(1000), {len(failed):,} of 100,000 are lost, and only stderr is told, once each")

slow, other = Scripted(lambda record: time.sleep(1)), Scripted()
log, records, listener = pair("isolation", slow, other)
listener.start()
began = time.monotonic()
log.info("x")
while not other.times:
    time.sleep(0.01)
say("2 isolation", f"a handler that takes 1 s delays the one behind it by {other.times[0] - began:.1f} s")


def fail(record):
    raise OSError("no space")


log, records, listener = pair("throwing", Scripted(fail))
listener.start()
for i in range(3):
    log.info("x")
time.sleep(0.3)
say("3 a throwing handler", f"its thread is alive: {listener._thread.is_alive()}, {records.qsize()} of 3 records stay in the queue")

log, records, listener = pair("stop", hung, size=3)
listener.start()
for i in range(10):
    log.info("x")
stopping = []


def stop(one):
    try:
        one.stop()
        stopping.append("returns")
    except Exception as e:
        stopping.append(repr(e))


stop(listener)
say("4 stop", f"on a full queue: {stopping[-1]}")
log, records, listener = pair("stop2", hung)
listener.start()
log.info("x")
waiting = threading.Thread(target=stop, args=(listener,), daemon=True)
waiting.start()
waiting.join(2)
say("4 stop", f"with a hung handler: {'still waits after 2 s' if waiting.is_alive() else 'returns'}")
log, records, listener = pair("stop3", Scripted())
listener.start()
listener.stop()
stop(listener)
say("4 stop", f"a second time: {stopping[-1]}")

strict = Scripted()
strict.setLevel(logging.ERROR)
log, records, listener = pair("levels", strict)
listener.start()
log.info("x")
listener.stop()
say("5 levels", f"a handler of level ERROR gets {len(strict.lines)} of 1 INFO records")

code = """
import logging, logging.handlers, queue, sys, time, os
q = queue.Queue(-1)
class Slow(logging.Handler):
    def emit(self, record): time.sleep(0.01); print(record.getMessage(), flush=True)
log = logging.getLogger('x'); log.setLevel(20); log.addHandler(logging.handlers.QueueHandler(q))
listener = logging.handlers.QueueListener(q, Slow()); listener.start()
for i in range(100): log.info(i)
if sys.argv[1] == 'fork':
    q2 = os.fork()
    if q2 == 0:
        log.info('child'); time.sleep(0.5); os._exit(0)
    os.wait(); listener.stop(); sys.exit(0)
if sys.argv[1] == 'exit': sys.exit(0)
if sys.argv[1] == 'quick': os._exit(0)
"""
import subprocess

for how, what in (("exit", "sys.exit"), ("quick", "os._exit"), ("fork", "fork, of the child")):
    lines = subprocess.run([sys.executable, "-c", code, how], capture_output=True, text=True).stdout.splitlines()
    if how == "fork":
        say("6 records at exit", f"{what}: {lines.count('child')} of 1 records come")
    else:
        say("6 records at exit", f"{what}: {len(lines)} of 100 records come")

log, records, listener = pair("restoring", Scripted())
listener.start()
listener.stop()
for i in range(3):
    log.info("x")
say("6 restoring", f"after stop(), {records.qsize()} of 3 records are in a queue that nobody reads")
sys.stdout.flush()
os._exit(0)
