#!/usr/bin/env python3
"""Compares what several parsers read in the same messages.

Usage: compare.py DIFFERENCES.md TRUTH OURS PEER=FILE...

Our answers have to be the truth, where that is known.  Where a peer's differ from ours,
a row of DIFFERENCES.md has to say why, and each row has to say something that still is so:
otherwise ends with 1.
"""
import collections
import pathlib
import sys


def read_answers(path):
    answers = {}
    for line in pathlib.Path(path).read_bytes().decode("latin-1").split("\n"):
        fields = tuple(line.split("\t"))
        if fields[0] == "message":
            answers[fields[1]] = answer = []
        elif line:
            answer.append(fields)
    return answers


def read_explanations(path):
    """(peer, ours, theirs) -> the kinds of messages, of each row of the table."""
    rows = collections.defaultdict(list)
    for line in pathlib.Path(path).read_text().splitlines():
        cells = [cell.strip().replace("`", "") for cell in line.strip("| ").split("|")]
        if line.startswith("|") and len(cells) == 5 and cells[0] not in ("Peer", "---"):
            for peer in cells[0].split(", "):
                for ours in cells[1].split():
                    key = peer, ours, cells[2]
                    if not cells[4] or set(cells[3].split()) & set(rows[key]):
                        sys.exit(f"{path}: twice, or without a reason: {key}")
                    rows[key] += cells[3].split()
    return rows


def kind_of(name):
    return name.partition("-")[2]


def check_truth(truth, ours):
    for name, expected in truth.items():
        if name not in ours:
            yield f"{name}: not read"
        elif len(expected) == 1:
            allowed = expected[-1][1].split()
            if allowed and ours[name][-1][1] not in allowed:
                yield f"{name}: {ours[name][-1][1]} instead of {' or '.join(allowed)}"
        elif ours[name] != expected:
            yield f"{name}: {ours[name]} instead of {expected}"


def differing_part(ours, theirs):
    """What differs in the first part that does, or None."""
    names = ("word", "type", "id", "content", "content")
    for our_part, their_part in zip(ours, theirs):
        for name, our_field, their_field in zip(names, our_part, their_part):
            if our_field != their_field:
                return "opens a part" if their_part[4] == "opened" else f"other {name}"
    return None


def difference(ours, theirs):
    """How a peer's answer differs, in the words of DIFFERENCES.md, or None."""
    fault, objection = ours[-1][1], theirs[-1][1]
    our_parts = [part for part in ours if part[0] == "part"]
    their_parts = theirs[:-1]
    found = differing_part(our_parts, their_parts)
    if fault != "NONE":
        if found is None and len(their_parts) < len(our_parts):
            found = "fewer parts" if their_parts else None
        if found is None and their_parts and objection == "NONE":
            found = "takes it"
    elif not their_parts:
        found = "finds no parts"
    elif found is None and len(our_parts) != len(their_parts):
        found = "fewer parts" if len(their_parts) < len(our_parts) else "more parts"
    elif found is None and objection != "NONE":
        found = "objects"
    return found


def main():
    explanations = read_explanations(sys.argv[1])
    truth, ours = read_answers(sys.argv[2]), read_answers(sys.argv[3])
    failures = list(check_truth(truth, ours))
    unused = {(row, kind) for row, kinds in explanations.items() for kind in kinds}
    counts = collections.Counter()
    for argument in sys.argv[4:]:
        peer, _, path = argument.partition("=")
        theirs = read_answers(path)
        for name, answer in ours.items():
            if name not in theirs:
                failures.append(f"{name}: not read by {peer}")
                continue
            found = difference(answer, theirs[name])
            counts[peer, found is None] += 1
            if found is None:
                continue
            row = peer, answer[-1][1], found
            kinds = explanations.get(row, [])
            matching = [kind for kind in kinds if kind in (kind_of(name), "any")]
            if not matching:
                failures.append(f"{name}: not explained: {' | '.join(row)}")
            unused -= {(row, kind) for kind in matching}
    for failure in failures:
        print(failure)
    for row, kind in sorted(unused):
        print(f"note: not seen now: {' | '.join(row)} | {kind}")
    for argument in sys.argv[4:]:
        peer = argument.partition("=")[0]
        print(f"{peer}: {counts[peer, True]} alike, {counts[peer, False]} different")
    sys.exit(1 if failures else 0)


main()
