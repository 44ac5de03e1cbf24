"""Runs the cases of this folder, each beside its references in the same rounds, and prints
a table.  Use run.sh, which builds what this runs."""
import argparse
import dataclasses
import datetime
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile

MIB = 1 << 20
OURS = "wsdattach"
FRAMING = 8192  # more than a message adds to its document
PATIENCE = 300  # seconds for one run


# Whoever shares a core with the other end of the loopback hands it the bytes in the core's
# cache, at up to three times the rate, which no network has; and the system puts them there
# or not as it likes.  So the other end has a core of its own, and a program of one thread
# keeps to the rest.  One that has a thread for the network, as ours has, may use all.
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
OTHER_END = CORES[-1:]
REST = CORES[:-1]


def on(cores):
    return (lambda: os.sched_setaffinity(0, cores)) if cores else None


@dataclasses.dataclass
class Way:
    """One way to do a case's work.  The targets are for our rate divided by this one's."""
    name: str
    command: str
    must: float = 0
    aim: float = 0
    must_cpu: float = 0  # the same for processor time: at most
    must_kib: float = 0  # resident for each stream, with its ring: at most; of ours
    device: str = ""  # the server that `command` talks to, when that is not the sink


@dataclasses.dataclass
class Case:
    name: str
    ways: list  # ours first
    words: str = ""
    size: int = 1024 * MIB
    quick_size: int = 8 * MIB
    messages: int = 1
    quick_messages: int = 1
    streams: int = 1
    tls: bool = False
    kind: str = "put"  # "get", "reply", "request": see expect()


def uploads(must, bare=0.0, fast=0.0, gsoap=0.0, cpu=0.0):
    return [
        Way(OURS, "client put"),
        Way("wsdattach, one core", "client put"),
        Way("bare socket", "bare put", aim=bare),
        Way("libcurl", "ref_curl put", must=must, must_cpu=cpu),
        Way("libcurl 256K", "ref_curl put buffer=262144", aim=fast),
        Way("libcurl MIME", "ref_curl mime"),
        Way("gSOAP", "ref_gsoap put", must=gsoap),
    ]


def crowd(streams, size):
    return Case(f"{streams} streams", [
        Way(OURS, "client streams", must_kib=64 + 40 if streams >= 1000 else 0),
        Way("libcurl", "ref_curl streams", must=0.95),
    ], f"write=16384 streams={streams}", size=size, quick_size=32768, streams=streams)


CASES = [
    Case("64K writes", uploads(1.05, bare=0.97, fast=1.0, gsoap=1.3, cpu=1.3), "write=65536"),
    Case("8K writes", uploads(1.0, fast=0.95), "write=8192"),
    Case("512 writes", uploads(1.0, fast=0.95), "write=512"),
    Case("1M writes", uploads(1.0, fast=1.0), "write=1048576"),
    Case("64K writes, length", uploads(1.0), "write=65536 length"),
    Case("8K writes, length", uploads(1.0), "write=8192 length"),
    Case("slow producer", [
        Way(OURS, "client put pause_us=5"),
        Way("wsdattach, no pause", "client put"),
    ], "write=4096", size=256 * MIB),
    Case("1K messages", [
        Way(OURS, "client put"),
        Way("bare socket", "bare put"),
        Way("libcurl", "ref_curl put"),
        Way("libcurl MIME", "ref_curl mime"),
        Way("gSOAP", "ref_gsoap put", must=1.0, aim=1.5),
    ], "write=1024", size=1024, quick_size=1024, messages=20000, quick_messages=200),
    crowd(100, 8 * MIB),
    crowd(1000, MIB),
    crowd(4000, MIB // 4),
    Case("TLS", [
        Way(OURS, "client put"),
        Way("libcurl", "ref_curl put", must=0.95, aim=1.0),
        Way("libcurl 256K", "ref_curl put buffer=262144"),
    ], "write=65536", tls=True),
    Case("inbound", [
        Way(OURS, "client get"),
        Way("libcurl", "ref_curl get", must=0.9, aim=1.0),
        Way("bare socket", "bare get"),
    ], "write=65536", kind="get"),
    Case("device reply", [
        Way(OURS, "bare get path=/reply", device="device serve write=8192"),
        Way("libmicrohttpd", "bare get", must=1.0, device="ref_mhd serve"),
        Way("bare socket", "bare get path=/reply/{size}", aim=0.95),
    ], kind="reply"),
    Case("device request", [
        Way(OURS, "bare put path=/upload", device="device serve"),
        Way("libmicrohttpd", "bare put path=/upload", device="ref_mhd serve"),
        Way("bare socket", "bare put"),
    ], "write=65536", kind="request"),
    Case("WinINet upload", [
        Way(OURS, "client wininet"),
        Way("libcurl", "ref_curl put", must=1.0),
    ], "write=65536 length"),
]


class Peer:
    """A program that says READY PORT..., and ends with its standard input."""

    def __init__(self, command, cores):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True,
                                        preexec_fn=on(cores))
        ready, *self.ports = self.process.stdout.readline().split()
        assert ready == "READY"

    def end(self):
        said, _ = self.process.communicate(timeout=PATIENCE)
        return json.loads(said) if said else {}


class Bench:
    def __init__(self, folder, quick, scratch):
        self.folder, self.quick = folder, quick
        self.certificate = os.path.join(scratch, "certificate.pem")
        key = os.path.join(scratch, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
                        "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                        key, "-out", self.certificate], check=True, capture_output=True)
        self.sink = Peer([self.path("sink"), self.certificate, key], OTHER_END)
        self.hashes = {}

    def path(self, program):
        return os.path.join(self.folder, "bench_" + program)

    def run_program(self, command, words, cores=None):
        program, *arguments = command.split()
        line = [self.path(program), *arguments, *words]
        done = subprocess.run(line, check=False, stdout=subprocess.PIPE, timeout=PATIENCE,
                              preexec_fn=on(cores))
        if done.returncode != 0:
            sys.exit("This has failed: " + " ".join(line))
        return json.loads(done.stdout)

    def totals(self):
        connection = http.client.HTTPConnection("127.0.0.1", int(self.sink.ports[0]))
        connection.request("GET", "/totals")
        totals = json.load(connection.getresponse())
        connection.close()
        return totals

    def expect(self, case, what, found, hashed, size, count):
        """All of the documents must have arrived, and not much else."""
        octets = size * count
        if hashed:
            if size not in self.hashes:
                self.hashes[size] = int(self.run_program(
                    "bare hash", [f"size={size}"])["hash"], 16)
            good = found["octets"] == octets and \
                int(found["hash"], 16) == self.hashes[size] * count % 2**64
        else:
            good = octets <= found["body"] <= octets + FRAMING * count
        if not good:
            sys.exit(f"{case.name}, {what}: {octets} octets were sent, these came: {found}")

    def run(self, case, way, small, hashed):
        size = case.quick_size if small else case.size
        messages = case.quick_messages if small else case.messages
        words = [f"size={size}", f"messages={messages}", *case.words.split()]
        device = None
        port = self.sink.ports[0]
        cores = CORES if way.name == OURS else REST
        if way.device:
            program, *arguments = way.device.split()
            device = Peer([self.path(program), *arguments, f"size={size}",
                           *["hash"] * hashed], cores)
            port = device.ports[0]
        elif case.tls:
            port = self.sink.ports[1]
            words.append(f"ca={self.certificate}")
        words.append(f"port={port}")
        if case.kind in ("get", "reply"):
            words += ["hash"] * hashed
        if case.kind == "get":
            words.append(f"path=/reply/{size}")
        elif hashed and not way.device and "path=" not in way.command:
            words.append("path=/hash")
        result = self.run_program(way.command.format(size=size), words,
                                  OTHER_END if device else cores)
        totals = self.totals()
        ended = device.end() if device else {}
        self.check(case, way, result, totals, ended, hashed, size, messages)
        if device:  # it is what is measured
            result.update({name: ended[name] for name in ("cpu", "peak_kib", "switches")})
        octets = size * messages * case.streams
        result["gap_ms"] = totals["gap_ms"]
        result["switches_per_mib"] = result["switches"] / (octets / MIB)
        result["rate"] = (messages if messages > 1 else octets / MIB) / result["seconds"]
        return result

    def check(self, case, way, result, totals, ended, hashed, size, messages):
        if case.kind in ("get", "reply"):
            if "hash" in result or not hashed:
                self.expect(case, way.name, result, hashed, size, 1)
        elif not way.device:
            self.expect(case, way.name, totals, hashed, size, messages * case.streams)
        elif hashed and "hash" in ended:
            self.expect(case, way.name, ended, hashed, size, 1)

    def run_case(self, case, pairs):
        ways = [way for way in case.ways if os.path.exists(self.path(way.command.split()[0]))]
        for way in ways:  # warms up, too
            first = self.run(case, way, small=True, hashed=True)
            if self.quick:
                yield way, [first]
        if self.quick:
            return
        runs = {way.name: [] for way in ways}
        for pair in range(pairs):
            turn = pair % len(ways)
            for way in ways[turn:] + ways[:turn]:
                runs[way.name].append(self.run(case, way, small=False, hashed=False))
        for way in ways:
            yield way, runs[way.name]


def summary(case, way, runs, ours):
    rates = [run["rate"] for run in runs]
    row = {"case": case.name, "way": way.name, "pairs": len(runs),
           "unit": "messages/s" if case.messages > 1 else "MiB/s",
           "median": statistics.median(rates), "min": min(rates), "max": max(rates)}
    for name in ("cpu", "peak_kib", "switches_per_mib", "p50_us", "p99_us", "stream_kib",
                 "gap_ms"):
        if name in runs[0]:
            row[name] = statistics.median(run[name] for run in runs)
    if runs is not ours:
        row["ratio"] = statistics.median(a["rate"] / b["rate"] for a, b in zip(ours, runs))
        row["cpu_ratio"] = statistics.median(
            a["cpu"] / max(b["cpu"], 1e-3) for a, b in zip(ours, runs))
    row["targets"] = [
        [kind, bound, "met" if good else "missed"]
        for kind, bound, good in (
            (f"must {way.must}", way.must, row.get("ratio", 0) >= way.must),
            (f"aim {way.aim}", way.aim, row.get("ratio", 0) >= way.aim),
            (f"must CPU {way.must_cpu}", way.must_cpu,
             row.get("cpu_ratio", 0) <= way.must_cpu),
            (f"must {way.must_kib} KiB/stream", way.must_kib,
             row.get("stream_kib", 0) <= way.must_kib)) if bound > 0]
    return row


COLUMNS = [("case", "<20"), ("way", "<19"), ("median", ">8"), ("min", ">8"), ("max", ">8"),
           ("ours/it", ">8"), ("CPU s", ">6"), ("CPU", ">5"), ("MiB", ">6"), ("cs/MiB", ">7"),
           ("targets, and more", "")]


def print_row(cells):
    print("| " + " | ".join(format(cell, style) for cell, (_, style) in
                            zip(cells, COLUMNS)) + " |", flush=True)


def print_summary(row):
    more = [f"{kind} {verdict}" for kind, _, verdict in row["targets"]]
    if row["unit"] == "messages/s":
        more.append(f"messages/s, p99 {row['p99_us']:.0f} µs")
    if "stream_kib" in row:
        more.append(f"{row['stream_kib']:.0f} KiB/stream, longest gap {row['gap_ms']:.0f} ms")
    print_row([row["case"], row["way"], f"{row['median']:.0f}", f"{row['min']:.0f}",
               f"{row['max']:.0f}", f"{row['ratio']:.2f}" if "ratio" in row else "",
               f"{row['cpu']:.2f}", f"{row['cpu_ratio']:.2f}" if "ratio" in row else "",
               f"{row['peak_kib'] / 1024:.1f}", f"{row['switches_per_mib']:.2f}",
               "; ".join(more)])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--json", default="bench.json")
    parser.add_argument("case", nargs="*")
    options = parser.parse_args()
    unknown = set(options.case) - {case.name for case in CASES} - {"latency"}
    if unknown:
        sys.exit(f"no such case: {', '.join(unknown)}; there are: latency, " +
                 ", ".join(case.name for case in CASES))
    rows = []
    latency = None
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(options.programs, options.quick, scratch)
        if not options.quick:
            print_row([name for name, _ in COLUMNS])
            print_row(["---"] * len(COLUMNS))
        for case in CASES:
            if options.case and case.name not in options.case:
                continue
            ours = None
            for way, runs in bench.run_case(case, options.pairs):
                ours = ours or runs
                rows.append(summary(case, way, runs, ours))
                if options.quick:
                    print(f"{case.name}, {way.name}: all octets arrived", flush=True)
                else:
                    print_summary(rows[-1])
        if not options.case or "latency" in options.case:
            latency = bench.run_program("latency all", [f"messages={20 if options.quick else 1000}"])
            print("\nLatency, µs: " + json.dumps(latency))
        bench.sink.end()
    with open(options.json, "w", encoding="utf-8") as file:
        json.dump({"when": datetime.datetime.now().isoformat(timespec="seconds"),
                   "quick": options.quick, "rows": rows, "latency": latency}, file, indent=1)
    print(f"\nAll octets arrived.  The same as JSON: {options.json}")


main()
