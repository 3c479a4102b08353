#!/usr/bin/env python3
"""Syslog, side by side: logrelay, rsyslog and syslog-ng take the same RFC 5424 messages in one run, and TLS beside openssl.

    tests/bench/syslog.py build/release/logrelay [--megabytes N] [--runs N] [CASE]...

Cases: file-1 and file-50 (TCP to a file as it came, 1 and 50 connections), out (lines to TCP as RFC 5424), json (TCP,
decoded, to a file of JSON), udp (the highest rate of datagrams of which none is lost for 5 s), udp-untuned (the same, with
the others as their packages configure them; ours has nothing to tune), tls (TLS taken in, and sent, beside what
`openssl s_server` takes from `openssl s_client`).

Prints lines a second of wall time and of processor time, the median of the runs, and ours over theirs. "bare calls" is a
loop that makes the system calls and nothing else: what the kernel asks of any program on this machine.
"""
import argparse, os, shutil, signal, socket, statistics, subprocess, sys, tempfile, time

from loopback import connected, free_port

HEADER = '<165>1 2026-11-22T14:05:01.123456Z web1.example.com nginx 4711 ID47 [exampleSDID@32473 iut="3" eventSource="app"] '
BODY = 'GET /index.html HTTP/1.1 200 5123 "https://www.example.com/start" "Mozilla/5.0 (X11; Linux x86_64)"'
MESSAGE = (HEADER + BODY).encode()
CHUNK_LINES = 500
# What clock_getcpuclockid(3) makes of a process.
CPUCLOCK_SCHED = 2


class Program:
    """A daemon, which ends with its block."""

    def __init__(self, command, environment=None, stdin=subprocess.DEVNULL):
        self.process = subprocess.Popen(command, env=environment, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def cpu(self):
        """Seconds of all its threads."""
        return time.clock_gettime(~self.process.pid << 3 | CPUCLOCK_SCHED)


class Logrelay:
    name = 'logrelay'

    def __init__(self, options):
        self.program = os.path.abspath(options.program)

    def to_file(self, port, path, work):
        return Program([self.program, '-i', 'tcp://127.0.0.1:%d' % port, path])

    def to_json(self, port, path, work):
        return Program([self.program, '-i', 'tcp://127.0.0.1:%d,decode=syslog' % port, path + ',format=json'])

    def to_tcp(self, port, to, work):
        return Program([self.program, '-i', 'tcp://127.0.0.1:%d' % port, 'syslog+tcp://127.0.0.1:%d,framing=newline,host=h,app=a' % to])

    def udp(self, port, path, work):
        return Program([self.program, '-i', 'udp://127.0.0.1:%d' % port, path])

    udp_untuned = udp


# read(2) and write(2) of 128 KiB, from as many connections as come.
BARE_STREAMS = """
import os, select, socket, sys
listener = socket.create_server(('127.0.0.1', int(sys.argv[1])), backlog=128)
out, ready = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT, 0o644), select.epoll()
ready.register(listener, select.EPOLLIN)
peers, space = {}, memoryview(bytearray(128 * 1024))
while True:
    for which, _ in ready.poll():
        if which == listener.fileno():
            peer, _ = listener.accept()
            peers[peer.fileno()] = peer
            ready.register(peer, select.EPOLLIN)
        else:
            got = os.readv(which, [space])
            if got:
                os.write(out, space[:got])
            else:
                peers.pop(which).close()
"""
# recvmmsg(2) of 64 datagrams into buffers that lie end to end, and write(2) of all of them. Their size is known, and their
# newlines are there.
BARE_DATAGRAMS = """
import ctypes, os, socket, sys
size, many = int(sys.argv[3]), 64
taker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
taker.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
taker.bind(('127.0.0.1', int(sys.argv[1])))
out, libc, pointer = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT, 0o644), ctypes.CDLL(None), ctypes.c_void_p
class iovec(ctypes.Structure):
    _fields_ = [('base', pointer), ('size', ctypes.c_size_t)]
class msghdr(ctypes.Structure):
    _fields_ = [('name', pointer), ('name_size', ctypes.c_uint), ('iov', pointer), ('iovs', ctypes.c_size_t), ('control', pointer),
                ('control_size', ctypes.c_size_t), ('flags', ctypes.c_int)]
class mmsghdr(ctypes.Structure):
    _fields_ = [('header', msghdr), ('got', ctypes.c_uint)]
text = bytearray((b' ' * size + b'\\n') * many)
at, view = ctypes.addressof(ctypes.c_char.from_buffer(text)), memoryview(text)
pieces, headers = (iovec * many)(), (mmsghdr * many)()
for i in range(many):
    pieces[i] = iovec(at + i * (size + 1), size)
    headers[i].header.iov, headers[i].header.iovs = ctypes.addressof(pieces[i]), 1
MSG_WAITFORONE = 0x10000
while True:
    got = libc.recvmmsg(taker.fileno(), headers, many, MSG_WAITFORONE, None)
    if got > 0:
        os.write(out, view[:got * (size + 1)])
"""


class Bare:
    name = 'bare calls'

    def to_file(self, port, path, work):
        return Program([sys.executable, '-c', BARE_STREAMS, str(port), path])

    def udp(self, port, path, work):
        return Program([sys.executable, '-c', BARE_DATAGRAMS, str(port), path, str(len(MESSAGE))])


class Rsyslog:
    name = 'rsyslog'

    def __init__(self, options):
        pass

    def run(self, work, text):
        conf = os.path.join(work, 'rsyslog.conf')
        with open(conf, 'w') as out:
            out.write('global(workDirectory="%s" maxMessageSize="64k")\n'
                      'main_queue(queue.type="FixedArray" queue.size="200000" queue.dequeueBatchSize="1024" queue.timeoutEnqueue="600000")\n'
                      'template(name="raw" type="string" string="%%rawmsg%%\\n")\n' % work + text)
        return Program(['rsyslogd', '-n', '-iNONE', '-f', conf])

    def tcp(self, port):
        return 'module(load="imptcp")\ninput(type="imptcp" address="127.0.0.1" port="%d" supportOctetCountedFraming="off")\n' % port

    def to_file(self, port, path, work):
        return self.run(work, self.tcp(port) + 'action(type="omfile" file="%s" template="raw" ioBufferSize="256k")\n' % path)

    def to_json(self, port, path, work):
        fields = ''.join('property(outname="%s" name="%s" format="jsonf"%s)' % (out, name, extra) for out, name, extra in (
            ('time', 'timereported', ' dateFormat="rfc3339"'), ('level', 'syslogseverity-text', ''), ('facility', 'syslogfacility-text', ''),
            ('host', 'hostname', ''), ('app', 'app-name', ''), ('pid', 'procid', ''), ('msgid', 'msgid', ''), ('sd', 'structured-data', ''),
            ('message', 'msg', '')))
        return self.run(work, self.tcp(port) + 'template(name="json" type="list" option.jsonf="on") {%s}\n' % fields +
                        'action(type="omfile" file="%s" template="json" ioBufferSize="256k")\n' % path)

    def to_tcp(self, port, to, work):
        return self.run(work, self.tcp(port) + 'action(type="omfwd" target="127.0.0.1" port="%d" protocol="tcp" template="RSYSLOG_SyslogProtocol23Format")\n' % to)

    def udp(self, port, path, work):
        return self.run(work, 'module(load="imudp" threads="1" timeRequery="8" batchSize="128")\n'
                        'input(type="imudp" address="127.0.0.1" port="%d" rcvbufSize="8m")\naction(type="omfile" file="%s" template="raw" '
                        'ioBufferSize="256k")\n' % (port, path))

    def udp_untuned(self, port, path, work):
        conf = os.path.join(work, 'rsyslog.conf')
        with open(conf, 'w') as out:
            out.write('global(workDirectory="%s")\nmodule(load="imudp")\ninput(type="imudp" address="127.0.0.1" port="%d")\n'
                      'template(name="raw" type="string" string="%%rawmsg%%\\n")\naction(type="omfile" file="%s" template="raw")\n' % (work, port, path))
        return Program(['rsyslogd', '-n', '-iNONE', '-f', conf])


class SyslogNg:
    name = 'syslog-ng'

    def __init__(self, options):
        self.root = options.syslog_ng

    TUNED = 'log-fifo-size(200000); flush-lines(1000);'

    def run(self, work, source, destination, flags='flags(flow-control);', options=TUNED):
        conf = os.path.join(work, 'syslog-ng.conf')
        with open(conf, 'w') as out:
            out.write('@version: 3.35\noptions { stats-freq(0); use-dns(no); keep-hostname(yes); time-reopen(1); %s };\n'
                      'source s { %s };\ndestination d { %s };\nlog { source(s); destination(d); %s };\n' % (options, source, destination, flags))
        libraries = [place for place, _, _ in os.walk(os.path.join(self.root, 'usr/lib'))]
        modules = next(place for place in libraries if os.path.exists(os.path.join(place, 'libaffile.so')))
        environment = dict(os.environ, LD_LIBRARY_PATH=':'.join(libraries), SYSLOGNG_PREFIX=os.path.join(self.root, 'usr'))
        return Program([os.path.join(self.root, 'usr/sbin/syslog-ng'), '-F', '--no-caps', '-f', conf, '-R', os.path.join(work, 'persist'), '-p',
                        os.path.join(work, 'pid'), '-c', os.path.join(work, 'control'), '--module-path=' + modules], environment)

    def tcp(self, port, flags):
        return 'network(ip(127.0.0.1) port(%d) transport(tcp) max-connections(100) log-fetch-limit(1000) log-iw-size(100000)%s);' % (port, flags)

    def to_file(self, port, path, work):
        return self.run(work, self.tcp(port, ' flags(no-parse)'), 'file("%s" template("$MSG\\n"));' % path)

    def to_json(self, port, path, work):
        return self.run(work, self.tcp(port, ' flags(syslog-protocol)'),
                        'file("%s" template("$(format-json --scope rfc5424)\\n"));' % path)

    def to_tcp(self, port, to, work):
        return self.run(work, self.tcp(port, ' flags(no-parse)'), 'network("127.0.0.1" port(%d) flags(syslog-protocol));' % to)

    def udp(self, port, path, work):
        return self.run(work, 'network(ip(127.0.0.1) port(%d) transport(udp) so-rcvbuf(8388608) log-fetch-limit(1000) log-iw-size(100000) flags(no-parse));' % port,
                        'file("%s" template("$MSG\\n"));' % path, '')

    def udp_untuned(self, port, path, work):
        return self.run(work, 'network(ip(127.0.0.1) port(%d) transport(udp) flags(no-parse));' % port, 'file("%s" template("$MSG\\n"));' % path, '', '')


def send(port, connections, lines):
    """From processes of their own, and from pages that the kernel has already, so that the sender is never what is measured."""
    senders = []
    for n in range(min(connections, 2)):
        mine = connections // min(connections, 2)
        if os.fork() == 0:
            chunk = (MESSAGE + b'\n') * CHUNK_LINES
            pages = os.memfd_create('messages')
            os.write(pages, chunk)
            sockets = [connected(port) for _ in range(mine)]
            for each in sockets:
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b'reno')  # does not pace, and is in every kernel
            for _ in range(lines // connections // CHUNK_LINES):
                for each in sockets:
                    sent = 0
                    while sent < len(chunk):
                        sent += os.sendfile(each.fileno(), pages, sent, len(chunk) - sent)
            for each in sockets:
                each.shutdown(socket.SHUT_WR)
            for each in sockets:
                try:
                    while each.recv(4096):
                        pass
                except OSError:
                    pass
            os._exit(0)
        senders.append(n)
    return senders


def lines_in(path):
    with open(path, 'rb') as text:
        return sum(part.count(b'\n') for part in iter(lambda: text.read(1 << 20), b''))


def taken_in(program, path, lines, began):
    """Until the file has not grown for half a second, and has as many lines, or has not grown for 10 s. It is counted only
    then: who reads along takes the processor from what is measured."""
    size, grown, counted, cpu = 0, began, 0, 0
    while counted < lines and time.time() - grown < 10:
        time.sleep(0.002)
        now = os.stat(path).st_size if os.path.exists(path) else 0
        if now != size:
            size, grown = now, time.time()
        elif size > 0 and time.time() - grown > 0.5:
            cpu, counted = program.cpu(), lines_in(path)
    if counted < lines:
        print('  (%d of %d lines came)' % (counted, lines))
    return counted / max(grown - began, 0.01), counted / max(cpu, 0.01)


def file_case(connections, how):
    def run(sut, work, lines):
        port, path = free_port(), os.path.join(work, 'out')
        with getattr(sut, how)(port, path, work) as program:
            connected(port).close()
            began = time.time()
            sent = send(port, connections, lines)
            rates = taken_in(program, path, lines // connections // CHUNK_LINES * CHUNK_LINES * connections, began)
            program.process.terminate()
            for _ in sent:
                os.wait()
            return rates
    return run


def out_case(sut, work, lines):
    port, to = free_port(), free_port()
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(('127.0.0.1', to))
    listener.listen()
    with sut.to_tcp(port, to, work) as program:
        connected(port).close()
        began = time.time()
        sent = send(port, 1, lines)
        counted, seen = 0, time.time()
        listener.settimeout(20)
        connection, _ = listener.accept()
        connection.settimeout(10)
        buffer = bytearray(1 << 20)
        try:
            while counted < lines:
                got = connection.recv_into(buffer)
                if not got:
                    break
                counted += buffer.count(b'\n', 0, got)
                seen = time.time()
        except socket.timeout:
            print('  (%d of %d lines came)' % (counted, lines))
        rates = counted / (seen - began), counted / max(program.cpu(), 0.01)
        program.process.terminate()
        for _ in sent:
            os.wait()
        return rates


# ---- datagrams, many a call: the kernel cuts them where they arrive, udp(7)
UDP_SEGMENT = 103


def send_datagrams(port, rate, seconds):
    """Says how many; never faster than `rate`, and slower where this machine is."""
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    out.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, len(MESSAGE))
    out.connect(('127.0.0.1', port))
    batch = 32
    many = MESSAGE * batch
    sent, began = 0, time.perf_counter()
    while (now := time.perf_counter() - began) < seconds:
        if sent > now * rate:
            time.sleep(min(0.001, (sent - now * rate) / rate))
            continue
        out.send(many)
        sent += batch
    return sent, sent / (time.perf_counter() - began)


def udp_case(start, work, seconds):
    """Doubles until something is lost, then looks between."""
    def lossless(rate):
        folder = tempfile.mkdtemp(dir=work)
        port, path = free_port(socket.SOCK_DGRAM), os.path.join(folder, 'out')
        with start(port, path, folder) as program:
            time.sleep(1)
            sent, real = send_datagrams(port, rate, seconds)
            time.sleep(1.5)
            cpu = program.cpu()
        came = lines_in(path) if os.path.exists(path) else 0
        return came >= sent, real, came / max(cpu, 0.01)
    best, cpu_rate, rate = 0, 0, 12_500
    worst = None
    while rate <= 1_600_000:
        ok, real, per_cpu = lossless(rate)
        if not ok:
            worst = rate
            break
        best, cpu_rate = max(best, real), per_cpu
        if real < rate * 0.9:  # no sender here is faster
            break
        rate *= 2
    low, high = best, worst
    for _ in range(3 if worst and best else 0):
        middle = (low + high) / 2
        ok, real, per_cpu = lossless(middle)
        if ok:
            low, cpu_rate, best = middle, per_cpu, max(best, real)
        else:
            high = middle
    return best, cpu_rate


# ---- TLS
def tls_case(options, work):
    key, cert = os.path.join(work, 'key.pem'), os.path.join(work, 'cert.pem')
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=localhost',
                    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'], check=True, stderr=subprocess.DEVNULL)
    os.chmod(key, 0o600)
    text = os.path.join(work, 'text')
    size = options.megabytes * 1_000_000
    with open(text, 'wb') as out:
        # s_client takes Q and R at a line's start for commands; none begins so.
        for _ in range(size // (1000 * (len(MESSAGE) + 1))):
            out.write((MESSAGE + b'\n') * 1000)
    size = os.path.getsize(text)
    program = os.path.abspath(options.program)

    def s_server(port):
        return Program(['openssl', 's_server', '-quiet', '-accept', '127.0.0.1:%d' % port, '-cert', cert, '-key', key],
                       stdin=subprocess.PIPE)

    def ours_in(port):
        return Program([program, '-i', 'tls://127.0.0.1:%d,cert=%s,key=%s' % (port, cert, key), 'null:'])

    def s_client(port):
        return ['openssl', 's_client', '-quiet', '-connect', '127.0.0.1:%d' % port]

    def ours_out(port):
        return [program, 'tls://127.0.0.1:%d,ca=%s' % (port, cert)]

    def measure(server, client):
        port = free_port()
        with server(port) as there:
            connected(port).close()
            time.sleep(0.3)
            before = there.cpu()
            began = time.time()
            with open(text, 'rb') as stdin:
                here = subprocess.Popen(client(port), stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                # The client is done when it has sent all; the server when it needs no more processor time.
                while here.poll() is None:
                    stat = there.cpu()
                    time.sleep(0.01)
                    if os.lseek(stdin.fileno(), 0, os.SEEK_CUR) >= size and there.cpu() == stat:
                        time.sleep(0.1)
                        if there.cpu() == stat:
                            break
                seconds = time.time() - began - 0.1
                here.terminate()
                here.wait()
            return size / seconds / 1e6, size / max(there.cpu() - before, 0.01) / 1e6

    rows = {'s_client > s_server': (s_server, s_client), 's_client > logrelay': (ours_in, s_client), 'logrelay > s_server': (s_server, ours_out),
            'logrelay > logrelay': (ours_in, ours_out)}
    results = {name: [] for name in rows}
    for _ in range(options.runs):
        for name, pair in rows.items():
            results[name].append(measure(*pair))
    print('tls')
    base = statistics.median(wall for wall, _ in results['s_client > s_server'])
    for name, all_of in results.items():
        wall, cpu = (statistics.median(each) for each in zip(*all_of))
        print('  %-22s %8.0f MB/s %8.0f MB per CPU second of the server   %5.2f x' % (name, wall, cpu, wall / base), flush=True)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument('program')
    words.add_argument('case', nargs='*')
    words.add_argument('--megabytes', type=int, default=400)
    words.add_argument('--runs', type=int, default=3)
    words.add_argument('--seconds', type=float, default=5, help='of datagrams at one rate')
    words.add_argument('--folder', default=os.path.abspath(os.path.join(here, '../../build')), help='where the files are written')
    words.add_argument('--memory-folder', default='/dev/shm', help='the same for datagrams, which do not wait for a disk')
    words.add_argument('--syslog-ng', default=os.path.join(here, '../../build/syslog-ng'), help='where its package is unpacked')
    options = words.parse_intermixed_args()
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    suts = [Logrelay(options), Bare()] + ([Rsyslog(options)] if shutil.which('rsyslogd') else []) + ([SyslogNg(options)] if os.path.isdir(options.syslog_ng) else [])
    lines = options.megabytes * 1_000_000 // (len(MESSAGE) + 1) // 25_000 * 25_000
    cases = {'file-1': file_case(1, 'to_file'), 'file-50': file_case(50, 'to_file'), 'json': file_case(1, 'to_json'), 'out': out_case,
             'udp': lambda sut, work, _: udp_case(sut.udp, work, options.seconds),
             'udp-untuned': lambda sut, work, _: udp_case(sut.udp_untuned, work, options.seconds)}
    takes = {'file-1': 'to_file', 'file-50': 'to_file', 'json': 'to_json', 'out': 'to_tcp', 'udp': 'udp', 'udp-untuned': 'udp_untuned'}
    for name in options.case or list(cases) + ['tls']:
        if name == 'tls':
            with tempfile.TemporaryDirectory(dir=options.memory_folder) as work:
                tls_case(options, work)
            continue
        datagrams = name.startswith('udp')
        able = [sut for sut in suts if hasattr(sut, takes[name])]
        results = {sut.name: [] for sut in able}
        for _ in range(1 if datagrams else options.runs):
            for sut in able:
                with tempfile.TemporaryDirectory(dir=options.memory_folder if datagrams else options.folder) as work:
                    results[sut.name].append(cases[name](sut, work, lines))
        print(name)
        ours = [statistics.median(each) for each in zip(*results['logrelay'])]
        for who, all_of in results.items():
            wall, cpu = (statistics.median(each) for each in zip(*all_of))
            print('  %-10s %10.0f lines/s %10.0f lines per CPU second   logrelay has %6.2f x, %6.2f x' % (
                who, wall, cpu, ours[0] / max(wall, 1), ours[1] / max(cpu, 1)), flush=True)


main()
