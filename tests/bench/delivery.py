#!/usr/bin/env python3
"""Counts what is lost and doubled between a sender and a peer that misbehaves, for logrelay (over TCP and TLS, each without
and with resend, and over RELP), rsyslog and syslog-ng on the same lines.

    tests/bench/delivery.py build/release/logrelay [--lines N] [--senders NAME,...] [SCENARIO]...

Senders: logrelay, resend, tls, tls-resend, relp, rsyslog, syslog-ng. Those that have to lose nothing at all are resend,
tls-resend and relp: its status is 1 where one does.

A peer of its own process takes each connection's bytes and writes them down when it has read them, so that a kill takes
what its kernel held and nothing else. A line counts as arrived when all of it was read on one connection; the rest of one
that a connection ended in is "torn", and no line.  Needs root for the black hole and for the name that moves.
"""
import argparse, collections, os, re, shutil, signal, socket, ssl, struct, subprocess, sys, tempfile, threading, time

from loopback import free_port

LINE = re.compile(rb'(\d{9}) x{50}\Z')
RESEND = '8M'  # more than a peer's receive buffer
OURS = {'logrelay': 'tcp', 'resend': 'tcp', 'tls': 'tls', 'tls-resend': 'tls', 'relp': 'relp'}
LOSSLESS = ('resend', 'tls-resend', 'relp')
SLOW_LINES, SLOW_RATE = 4000, 250


def line(n):
    return b'%09d ' % n + b'x' * 50 + b'\n'


class RelpServer:
    """Takes frames apart, and answers each: librelp's protocol, as its relp.html tells it."""

    def __init__(self):
        self.rest = b''

    def take(self, got):
        """The messages as lines, and what is to be answered."""
        text, at, lines, answers = self.rest + got, 0, [], []
        while True:
            head = re.compile(rb'(\d+) (\w+) (\d+)').match(text, at)
            if not head or len(text) <= head.end():
                break
            number, command, size = head[1], head[2], int(head[3])
            end = head.end() + (1 + size if size else 0)
            if len(text) <= end:  # with its newline
                break
            if command == b'syslog':
                lines.append(text[end - size:end])
            reply = b'200 OK\n' + text[end - size:end] if command == b'open' else b'200 OK'
            answers.append(b'%s rsp %d %s\n' % (number, len(reply), reply))
            at = end + 1
        self.rest = text[at:]
        return b''.join(each + b'\n' for each in lines), b''.join(answers)


# ---- the peer, in a process of its own: argv is "peer" HOST PORT FOLDER MODE SPEAKS
def peer(host, port, folder, mode, speaks):
    if speaks == 'tls':
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(folder, '../cert.pem'), os.path.join(folder, '../key.pem'))
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(64)
    print('listening', flush=True)
    # Misbehaves with its first 20 connections, then takes what comes.
    def serve(count, connection):
        if speaks == 'tls':
            try:
                connection = context.wrap_socket(connection, server_side=True)
            except OSError:
                return
        relp = RelpServer() if speaks == 'relp' else None
        out = open(os.path.join(folder, '%d-%d' % (os.getpid(), count)), 'ab', 0)
        taken = 0
        limit = 5000 * len(line(0)) + (7 if mode in ('mid-line', 'reset') else 0)
        misbehaves = mode in ('close', 'mid-line', 'reset') and count < 20
        while True:
            want = min(262144, limit - taken) if misbehaves else 65536 if mode == 'slow' else 262144
            try:
                got = connection.recv(want)
            except OSError:
                break
            if not got:
                break
            taken += len(got)
            got, answers = relp.take(got) if relp else (got, b'')
            out.write(got)
            try:
                connection.sendall(answers)
            except OSError:
                break
            if mode == 'slow':  # so that it has something unread when it ends
                time.sleep(0.003)
            if misbehaves and taken >= limit:
                if mode == 'reset':
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
                break
        connection.close()
        out.close()

    for count in range(10 ** 9):
        threading.Thread(target=serve, args=(count, listener.accept()[0]), daemon=True).start()


class Peer:
    def __init__(self, folder, port, mode='good', host='127.0.0.1', inside=(), speaks='tcp'):
        self.arguments = [*inside, sys.executable, os.path.abspath(__file__), 'peer', host, str(port), folder, mode, speaks]
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.arguments, stdout=subprocess.PIPE)
        self.process.stdout.readline()  # it listens

    def end(self, how=signal.SIGKILL):
        self.process.send_signal(how)
        self.process.wait()
        self.process.stdout.close()


def make_certificate(folder):
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'key.pem', '-out', 'cert.pem', '-days', '2', '-subj',
                    '/CN=peer.example', '-addext', 'subjectAltName=DNS:peer.example,IP:127.0.0.1,IP:' + Elsewhere.HOST],
                   cwd=folder, check=True, stderr=subprocess.DEVNULL)
    os.chmod(os.path.join(folder, 'key.pem'), 0o600)


# ---- the senders: each is fed the same text
def at_pace(path, rate, write):
    with open(path, 'rb') as text:
        for each in text:
            write(each)
            time.sleep(1 / rate)


def feed(port, path, rate):
    for _ in range(200):
        try:
            out = socket.create_connection(('127.0.0.1', port))
            break
        except OSError:
            time.sleep(0.05)
    if rate:
        at_pace(path, rate, out.sendall)
    else:
        with open(path, 'rb') as text:
            out.sendfile(text)
    out.shutdown(socket.SHUT_WR)
    while out.recv(4096):
        pass


class Sender:
    def __init__(self, name, options, folder, host, port, text, rate):
        self.name, self.ends_by_itself = name, name in OURS
        entry = free_port()
        if self.ends_by_itself:
            more = {'tcp': '', 'tls': ',ca=' + os.path.join(folder, 'cert.pem'), 'relp': ',format=raw'}[OURS[name]]
            if name.endswith('resend'):
                more += ',resend=' + RESEND
            command = [options.program, '--drain-timeout=120s', '%s://%s:%d,overflow=block,write-timeout=3s%s' % (OURS[name], host, port, more)]
            stdin = open(text, 'rb')
            if rate:
                stdin = subprocess.Popen([sys.executable, os.path.abspath(__file__), 'pace', text, str(rate)], stdout=subprocess.PIPE).stdout
            self.process = subprocess.Popen(command, stdin=stdin, stderr=open(os.environ.get('DELIVERY_LOG', os.devnull), 'a'))
            return
        if name == 'rsyslog':
            conf = os.path.join(folder, 'rsyslog.conf')
            with open(conf, 'w') as out:
                out.write('global(workDirectory="%s")\nmodule(load="imtcp")\n'
                          'input(type="imtcp" address="127.0.0.1" port="%d" supportOctetCountedFraming="off")\n'
                          'template(name="bare" type="string" string="%%rawmsg%%\\n")\n'
                          'main_queue(queue.type="LinkedList" queue.size="2000000" queue.timeoutEnqueue="600000")\n'
                          'action(type="omfwd" target="%s" port="%d" protocol="tcp" template="bare" action.resumeRetryCount="-1" '
                          'action.resumeInterval="1")\n' % (folder, entry, host, port))
            command, environment = ['rsyslogd', '-n', '-iNONE', '-f', conf], None
        else:
            root = options.syslog_ng
            conf = os.path.join(folder, 'syslog-ng.conf')
            with open(conf, 'w') as out:
                out.write('@version: 3.35\noptions { stats-freq(0); time-reopen(1); use-dns(yes); dns-cache(no); };\n'
                          'source s { network(ip(127.0.0.1) port(%d) transport(tcp) flags(no-parse) log-iw-size(10000)); };\n'
                          'destination d { network("%s" port(%d) template("$MSG\\n") log-fifo-size(2000000)); };\n'
                          'log { source(s); destination(d); flags(flow-control); };\n' % (entry, host, port))
            libraries = [place for place, _, _ in os.walk(os.path.join(root, 'usr/lib'))]
            modules = next(place for place in libraries if os.path.exists(os.path.join(place, 'libaffile.so')))
            environment = dict(os.environ, LD_LIBRARY_PATH=':'.join(libraries), SYSLOGNG_PREFIX=os.path.join(root, 'usr'))
            command = [os.path.join(root, 'usr/sbin/syslog-ng'), '-F', '--no-caps', '-f', conf, '-R', os.path.join(folder, 'persist'), '-p',
                       os.path.join(folder, 'pid'), '-c', os.path.join(folder, 'control'), '--module-path=' + modules]
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.feeder = subprocess.Popen([sys.executable, os.path.abspath(__file__), 'feed', str(entry), text, str(rate)])

    def over(self):
        return self.process.poll() is not None if self.ends_by_itself else self.feeder.poll() is not None

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()
        if not self.ends_by_itself:
            self.feeder.wait()


def size_of(folder):
    return sum(entry.stat().st_size for entry in os.scandir(folder))


def wait_for_end(sender, folder, limit=180):
    """Until a sender that ends has ended, or one that does not has brought nothing for ten seconds."""
    end, seen, since = time.time() + limit, -1, time.time()
    while time.time() < end:
        if sender.ends_by_itself and sender.over():
            return
        now = size_of(folder)
        if now != seen:
            seen, since = now, time.time()
        elif sender.over() and time.time() - since > 10:
            return
        time.sleep(0.05)


def until_quiet(folder):
    """A peer may have to read yet what its kernel has taken."""
    seen = -1
    while (now := size_of(folder)) != seen:
        seen = now
        time.sleep(0.5)


def until_bytes(folder, count, limit=60):
    end = time.time() + limit
    while size_of(folder) < count and time.time() < end:
        time.sleep(0.002)


class Elsewhere:
    """Another host: a namespace of the network at the other end of a wire, and the wire cut so that nobody is told: what
    is sent goes to an address of Ethernet that nobody has."""
    HOST = '10.9.0.2'

    def __init__(self):
        self.holder = subprocess.Popen(['unshare', '-n', 'sleep', '3600'])
        time.sleep(0.5)
        self.inside = ['nsenter', '-t', str(self.holder.pid), '-n']
        for command in ('ip link add name near type veth peer name far', 'ip link set far netns %d' % self.holder.pid,
                        'ip address add 10.9.0.1/24 dev near', 'ip link set near up'):
            subprocess.run(command.split(), check=True)
        for command in ('ip address add 10.9.0.2/24 dev far', 'ip link set far up', 'ip link set lo up'):
            subprocess.run(self.inside + command.split(), check=True)
        shown = subprocess.run(self.inside + ['ip', '-o', 'link', 'show', 'far'], stdout=subprocess.PIPE, text=True).stdout
        self.address = re.search(r'link/ether (\S+)', shown)[1]

    def reach(self, well):
        address = self.address if well else '02:00:00:00:00:99'
        subprocess.run(['ip', 'neigh', 'replace', self.HOST, 'lladdr', address, 'dev', 'near', 'nud', 'permanent'], check=True)


def run_in_namespace(options, scenario, name):
    """The same program again, where the network is its own and /etc/hosts may be changed."""
    command = ['unshare', '-n', '-m', sys.executable, os.path.abspath(__file__), options.program, '--lines', str(options.lines), '--syslog-ng',
               options.syslog_ng, '--senders', name, '--inside', scenario]
    return subprocess.run(command).returncode == 0


def run(options, scenario, name):
    """False: it lost what it has to keep."""
    count = min(options.lines, SLOW_LINES) if scenario == 'slow-hole' else options.lines
    work = tempfile.mkdtemp(prefix='delivery.')
    text, taken = os.path.join(work, 'text'), os.path.join(work, 'taken')
    os.mkdir(taken)
    with open(text, 'wb') as out:
        for n in range(count):
            out.write(line(n))
    make_certificate(work)
    whole = count * len(line(0))
    port, host = free_port(), '127.0.0.1'
    if options.inside:
        subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
    if scenario == 'moves':
        hosts = os.path.join(work, 'hosts')

        def name_is(address):
            with open(hosts, 'w') as out:
                out.write('127.0.0.1 localhost\n%s peer.example\n' % address)
        name_is('127.0.0.1')
        subprocess.run(['mount', '--bind', hosts, '/etc/hosts'], check=True)
        host = 'peer.example'
    elsewhere = Elsewhere() if scenario.endswith('-hole') else None
    if elsewhere:
        elsewhere.reach(True)
        host = elsewhere.HOST
    there = Peer(taken, port, {'between': 'close', 'mid-line': 'mid-line', 'reset': 'reset', 'good': 'good'}.get(scenario, 'slow'),
                 host if elsewhere else '127.0.0.1', elsewhere.inside if elsewhere else (), OURS.get(name, 'tcp'))
    began = time.time()
    sender = Sender(name, options, work, host, port, text, SLOW_RATE if scenario == 'slow-hole' else 0)
    if scenario == 'restarts':
        for _ in range(8):
            time.sleep(0.5)
            there.end(signal.SIGTERM)
            there.start()
    elif scenario in ('down', 'killed', 'moves'):
        until_bytes(taken, whole // 4)
        there.end()
        if scenario == 'down':
            time.sleep(10)
        if scenario == 'moves':
            name_is('127.0.0.2')
            there = Peer(taken, port, 'slow', '127.0.0.2', speaks=OURS.get(name, 'tcp'))
        else:
            there.start()
    elif elsewhere:
        until_bytes(taken, whole // 4)
        elsewhere.reach(False)
        time.sleep(8)
        elsewhere.reach(True)
    wait_for_end(sender, taken)
    sender.end()
    until_quiet(taken)
    there.end()
    if elsewhere:
        elsewhere.holder.kill()
    seconds = time.time() - began
    arrived, torn = collections.Counter(), 0
    for entry in os.scandir(taken):
        with open(entry.path, 'rb') as part:
            lines = part.read().split(b'\n')
        torn += lines[-1] != b''
        for each in lines[:-1]:
            whole_line = LINE.match(each)
            if whole_line:
                arrived[int(whole_line[1])] += 1
            else:
                torn += 1
    lost = count - len(arrived)
    doubled = sum(times - 1 for times in arrived.values())
    print('%-12s %-10s %9d lost %9d doubled %6d torn %8.1f s' % (scenario, name, lost, doubled, torn, seconds), flush=True)
    shutil.rmtree(work)
    return lost == 0 or name not in LOSSLESS


def main():
    if sys.argv[1:2] == ['peer']:
        return peer(sys.argv[2], int(sys.argv[3]), *sys.argv[4:7])
    if sys.argv[1:2] == ['feed']:
        return feed(int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
    if sys.argv[1:2] == ['pace']:
        return at_pace(sys.argv[2], int(sys.argv[3]), lambda each: os.write(1, each))
    scenarios = ['good', 'between', 'mid-line', 'reset', 'restarts', 'down', 'killed', 'black-hole', 'slow-hole', 'moves']
    here = os.path.dirname(os.path.abspath(__file__))
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument('program')
    words.add_argument('scenario', nargs='*')
    words.add_argument('--lines', type=int, default=1_000_000)
    words.add_argument('--senders', default='logrelay,resend,tls,tls-resend,relp,rsyslog,syslog-ng')
    words.add_argument('--syslog-ng', default=os.path.join(here, '../../build/syslog-ng'), help='where its package is unpacked')
    words.add_argument('--inside', action='store_true', help=argparse.SUPPRESS)
    options = words.parse_intermixed_args()
    options.program = os.path.abspath(options.program)
    kept = True
    for scenario in options.scenario or scenarios:
        for name in options.senders.split(','):
            own = scenario in ('black-hole', 'slow-hole', 'moves') and not options.inside
            kept = (run_in_namespace if own else run)(options, scenario, name) and kept
    return 0 if kept else 1


sys.exit(main())
