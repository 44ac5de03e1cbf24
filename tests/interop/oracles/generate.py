#!/usr/bin/env python3
"""Writes messages for several parsers to read: multipart bodies, sound and damaged.

Usage: generate.py SEED DIRECTORY

Each file NUMBER-KIND has a Content-Type field, an empty line and a body.  TRUTH says, in
the form that compare.py reads, which parts a sound one has and what is wrong with a
damaged one.  The same seed makes the same files.
"""
import base64
import pathlib
import random
import re
import string
import sys

BCHARS = string.ascii_letters + string.digits + "'()+_,-./:=?"
DELIMITER_LIKE = (b"--", b"\r\n--", b"\r\n----", b"\r\r\n--", b"\r\n-\r\n--")


def fnv(octets):
    value = 0xCBF29CE484222325
    for octet in octets:
        value = (value ^ octet) * 0x100000001B3 & (1 << 64) - 1
    return f"{value:016x}"


class Part:
    def __init__(self, random_, index):
        self.type = random_.choice(("image/jpeg", "application/octet-stream", "text/xml"))
        self.id = f"{index}@body"
        self.content = content_of(random_)
        self.fields = [
            ("Content-Type", f"{self.type}; charset=UTF-8"),
            ("Content-Transfer-Encoding", "binary"),
            ("Content-ID", f"<{self.id}>"),
        ]
        self.header = None  # instead of the fields
        self.text = None  # the content as it travels

    def set(self, name, value):
        self.fields = [(n, value if n == name else v) for n, v in self.fields]

    def drop(self, name):
        self.fields = [(n, v) for n, v in self.fields if n != name]


def content_of(random_):
    size = random_.choice((0, 1, 2, 3, 60, 700, random_.randrange(3000)))
    alphabet = random_.choice((bytes(range(256)), b"\r\n-", b"abc \r\n", b"\r\n"))
    return bytes(random_.choice(alphabet) for _ in range(size))


class Message:
    def __init__(self, random_):
        self.boundary = "%08x-%04x" % (random_.getrandbits(32), random_.getrandbits(16))
        self.type = 'multipart/related; type="application/xop+xml"; boundary="%s"'
        self.value = None  # of the Content-Type field, instead
        self.parts = [Part(random_, index) for index in range(random_.randint(1, 4))]
        self.preamble = b""  # up to the first delimiter's "--"
        self.end = b"\r\n"  # behind the closing delimiter
        self.padding = b""  # behind every delimiter
        self.line_end = b"\r\n"
        self.body = None

    def delimiter(self):
        return b"--" + self.boundary.encode()

    def render_body(self):
        eol = self.line_end
        body = self.preamble
        for part in self.parts:
            header = part.header
            if header is None:
                header = b"".join(
                    f"{name}: {value}".encode("latin-1") + eol
                    for name, value in part.fields
                )
            text = part.content if part.text is None else part.text
            body += self.delimiter() + self.padding + eol + header + eol + text + eol
        return body + self.delimiter() + b"--" + self.end

    def render(self):
        value = self.value
        if value is None:
            value = self.type % self.boundary
        body = self.render_body() if self.body is None else self.body
        return b"Content-Type: " + value.encode("latin-1") + b"\r\n\r\n" + body

    def truth(self):
        lines = []
        for part in self.parts:
            fields = {name.lower() for name, _ in part.fields}
            lines.append(
                "part\t%s\t%s\t%d\t%s"
                % (
                    part.type if "content-type" in fields else "-",
                    part.id if "content-id" in fields else "-",
                    len(part.content),
                    fnv(part.content),
                )
            )
        return lines + ["end\tNONE"]


# ---- sound messages: every reader should find the parts ------------------------------


def plain(_random, _message):
    pass


def one_line_end(random_, message):
    message.end = random_.choice((b"", b" \t\r\n", b"\t"))


def boundary(random_, message):
    length = random_.choice((1, 2, 69, 70, random_.randint(3, 68)))
    message.boundary = "".join(random_.choice(BCHARS) for _ in range(length))


def boundary_spaces(random_, message):
    message.boundary = random_.choice(("a b", "a  b c", " a", "=_ x"))


def boundary_token(random_, message):
    message.type = message.type.replace('"%s"', "%s")


def boundary_escaped(random_, message):
    text = "".join("\\" + c if random_.random() < 0.4 else c for c in message.boundary)
    message.value = f'multipart/related; boundary="{text}"; type="a/b"'


def parameters(random_, message):
    options = ['TYPE="a/b"', f'Boundary="{message.boundary}"', "start-info=x", 'q="a;b=c"']
    random_.shuffle(options)
    semicolon = random_.choice((";", "; ", " ;\t"))
    message.value = semicolon.join(["Multipart/RELATED"] + options)


def comments(random_, message):
    message.value = f'multipart/related (a (b) \\)); boundary="{message.boundary}" (x)'


def padding(random_, message):
    message.padding = random_.choice((b" ", b"\t", b" \t  "))


def preamble(random_, message):
    message.preamble = random_.choice(
        (b"\r\n", b"\r\n\r\n", b"text\r\n", b"A: b\r\n\r\n", b"--\r\n", b"-- x\r\n")
    )


def epilogue(random_, message):
    text = random_.choice((b"text", b"\r\n\r\n", b"--x\r\n\r\ny", message.delimiter()))
    message.end = b"\r\n" + text


def look_alikes(random_, message):
    names = (message.boundary[:-1], message.boundary + "x", message.boundary + "-", "")
    for part in message.parts:
        part.content = part.content.rstrip(b"\r\n")
        for _ in range(random_.randint(1, 6)):
            part.content += random_.choice(DELIMITER_LIKE)
            part.content += random_.choice(names).encode()
            part.content += random_.choice((b"", b"\r\n", b"-", b"--x"))
        # Pieces may meet in a delimiter.  (RFC 2046 section 5.1.1)
        part.content = re.sub(
            rb"(^|\r\n)" + message.delimiter() + rb"(--)?(?=[ \t\r\n]|$)",
            rb"\1--",
            part.content,
        )


def in_mid_line(random_, message):
    for part in message.parts:
        part.content += b"x" + message.delimiter() + random_.choice((b"", b"--"))
        part.content += random_.choice((b"\r\ny", b" y", b""))


def behind_line_feed(random_, message):
    for part in message.parts:
        part.content += b"x\n" + message.delimiter() + random_.choice((b"", b"--"))
        part.content += random_.choice((b"\r\n\r\ny", b"\n\ny"))


def behind_carriage_return(random_, message):
    for part in message.parts:
        part.content += b"x\r" + message.delimiter() + b"\r\n\r\ny"


def nested(random_, message):
    inner = Message(random_)
    inner.boundary = random_.choice(("inner", message.boundary + "x"))
    part = random_.choice(message.parts)
    part.type = "multipart/mixed"
    part.set("Content-Type", f'multipart/mixed; boundary="{inner.boundary}"')
    part.content = inner.render_body()


def message_part(random_, message):
    part = random_.choice(message.parts)
    part.type = "message/rfc822"
    part.set("Content-Type", "message/rfc822")
    part.content = b"Subject: x\r\n\r\n" + part.content


def many(random_, message):
    message.parts = [Part(random_, index) for index in range(50)]
    for part in message.parts:
        part.content = part.content[:20]


def empty_parts(random_, message):
    for part in message.parts:
        part.content = b""


def field_order(random_, message):
    for part in message.parts:
        random_.shuffle(part.fields)


def field_spelling(random_, message):
    change = random_.choice((str.lower, str.upper, str.title))
    for part in message.parts:
        part.fields = [(change(name), value) for name, value in part.fields]


def field_spacing(random_, message):
    space = random_.choice((b":", b":\t", b":   "))
    for part in message.parts:
        part.header = b"".join(
            name.encode() + space + value.encode() + random_.choice((b"", b" ")) + b"\r\n"
            for name, value in part.fields
        )


def field_folded(random_, message):
    fold = random_.choice(("\r\n ", "\r\n\t", "\r\n   "))
    for part in message.parts:
        part.set("Content-Type", f"{part.type};{fold}charset=UTF-8")


def field_others(random_, message):
    others = [
        ("X-Other", "a: b"),
        ("Content-Length", "5"),
        ("Content-Disposition", 'attachment; filename="../../x"'),
        ("Content-Description", "a" * 900),
    ]
    for part in message.parts:
        part.fields += random_.sample(others, 2)
        random_.shuffle(part.fields)


def field_missing(random_, message):
    for part in message.parts:
        part.drop(random_.choice([name for name, _ in part.fields]))


def no_header(random_, message):
    for part in message.parts:
        part.fields = []
        part.content = b"x" + part.content  # or the blank line might not be the header


def encodings(random_, message):
    for part in message.parts:
        part.set("Content-Transfer-Encoding", random_.choice(("8bit", "7bit", "BINARY")))


def encoding_base64(random_, message):
    for part in message.parts:
        part.set("Content-Transfer-Encoding", random_.choice(("base64", "Base64")))
        part.text = base64.encodebytes(part.content).replace(b"\n", b"\r\n")


def odd_ids(random_, message):
    for part in message.parts:
        part.id = random_.choice(
            ("a%40b", "http://tempuri.org/1/4", "id26", "SOAP-ENV:Envelope", "a+b@c.d")
        )
        part.set("Content-ID", f"<{part.id}>")


def ids_with_blanks(random_, message):
    for part in message.parts:
        part.set("Content-ID", random_.choice((f"< {part.id}>", f"<{part.id} >")))


def ids_without_brackets(random_, message):
    for part in message.parts:
        part.set("Content-ID", part.id)


def same_ids(random_, message):
    for part in message.parts:
        part.id = "same@body"
        part.set("Content-ID", "<same@body>")


SOUND = [
    plain, one_line_end, boundary, boundary_spaces, boundary_token, boundary_escaped,
    parameters, comments, padding, preamble, epilogue, look_alikes, in_mid_line,
    behind_line_feed, behind_carriage_return, nested, message_part, many, empty_parts,
    field_order, field_spelling, field_spacing, field_folded, field_others, field_missing,
    no_header, encodings, encoding_base64, odd_ids, ids_with_blanks,
    ids_without_brackets, same_ids,
]  # fmt: skip


# ---- damaged messages ----------------------------------------------------------------


def truncated(random_, message):
    body = message.render_body()
    message.body = body[: random_.randrange(len(body) - len(message.end))]


def no_close(random_, message):
    message.body = message.render_body().removesuffix(message.end)[:-2]
    message.body += random_.choice((b"", b"-", b"\r\n", b"\r\n--"))


def cut_behind_a_part(random_, message):
    body = message.render_body()
    message.body = body[: body.rindex(b"\r\n" + message.delimiter())]


def no_parts(random_, message):
    message.body = random_.choice(
        (b"", b"\r\n", b"text\r\n", message.delimiter() + b"--\r\n")
    )


def too_many(random_, message):
    many(random_, message)
    message.parts.append(Part(random_, 50))


def no_boundary(random_, message):
    message.value = random_.choice(("multipart/related", 'multipart/related; type="a/b"'))


def empty_boundary(random_, message):
    message.boundary = ""


def long_boundary(random_, message):
    message.boundary = "".join(random_.choice(BCHARS) for _ in range(71))


def bad_boundary(random_, message):
    message.boundary = random_.choice(("a*b", "a;b", "a%b", "{a}", "a@b", "a "))


def two_boundaries(random_, message):
    other = random_.choice((message.boundary, "other"))
    message.type += f'; boundary="{other}"'


def unclosed_quote(random_, message):
    message.value = f'multipart/related; boundary="{message.boundary}'


def not_multipart(random_, message):
    message.value = f'application/xop+xml; boundary="{message.boundary}"'


def line_feeds(random_, message):
    message.line_end = message.end = b"\n"


def carriage_returns(random_, message):
    message.line_end = message.end = b"\r"


def delimiter_in_line(random_, message):
    """As the Xerox WorkCentre 3025: no line break before a delimiter."""
    body = message.render_body()
    message.body = body.replace(b"\r\n" + message.delimiter(), message.delimiter())


def junk_behind_delimiter(random_, message):
    message.padding = random_.choice((b" x", b"\tx", b" \x00", b"\r", b" --"))


def field_twice(random_, message):
    part = random_.choice(message.parts)
    name, value = random_.choice(part.fields)
    part.fields.append((name, random_.choice((value, "text/plain", "7bit", "<x@y>"))))


def field_without_colon(random_, message):
    random_.choice(message.parts).fields[0] = ("Content-Type image/jpeg", "")
    for part in message.parts:
        part.header = b"".join(
            (f"{name}: {value}" if value else name).encode() + b"\r\n"
            for name, value in part.fields
        )


def blank_before_colon(random_, message):
    part = random_.choice(message.parts)
    index = random_.randrange(3)
    name, value = part.fields[index]
    part.fields[index] = (name + random_.choice((" ", "\t")), value)


def field_with_control(random_, message):
    part = random_.choice(message.parts)
    bad = random_.choice(("\x00", "\x07", "\r", "\xe4", "\x7f"))
    part.fields.insert(random_.randrange(4), ("X-Other", f"a{bad}b"))


def line_of_blanks(random_, message):
    random_.choice(message.parts).fields[1] = ("X-Other", "a\r\n ")


def fold_first(random_, message):
    part = random_.choice(message.parts)
    part.fields.insert(0, (" folded", "x"))


def large_header(random_, message):
    part = random_.choice(message.parts)
    part.fields += random_.choice(
        ([("X", "a" * 9000)], [("X", "a")] * 80, [("X", "a" + "\r\n b" * 80)])
    )


def header_is_all(random_, message):
    """The empty line behind the first header is missing."""
    message.parts[0].content = b"x" + message.parts[0].content
    message.body = message.render_body().replace(b"\r\n\r\n", b"\r\n", 1)


def other_encoding(random_, message):
    random_.choice(message.parts).set(
        "Content-Transfer-Encoding",
        random_.choice(("quoted-printable", "x-uuencode", "gzip", '"binary"')),
    )


def bad_base64(random_, message):
    part = random_.choice(message.parts)
    part.set("Content-Transfer-Encoding", "base64")
    part.text = random_.choice(
        (b"QUJD*", b"QUI", b"QUJDR", b"QR==", b"QQ==QQ==", b"QQ=", b"=", b"QUJD\xe4")
    )


def bad_id(random_, message):
    random_.choice(message.parts).set(
        "Content-ID", random_.choice(("", "<>", "<a@b", "a@b>", "<a@b> x", "<<a@b>>"))
    )


def damaged_at_random(random_, message):
    body = bytearray(message.render_body())
    at = random_.randrange(len(body))
    added = random_.choice((b"\r\n", b"\n", b"\r", b"-", b" ", b"\x00", b"x"))
    lost = random_.randint(1, 3)
    body[at : at + random_.choice((0, 1, lost))] = random_.choice(
        (added, b"", random_.randbytes(1))
    )
    message.body = bytes(body)


# What the decoder may call it; none: anything.
DAMAGED = [
    (truncated, "TRUNCATED"),
    (truncated, "TRUNCATED"),
    (truncated, "TRUNCATED"),
    (no_close, "TRUNCATED"),
    (cut_behind_a_part, "TRUNCATED"),
    (no_parts, "NO_PARTS TRUNCATED"),
    (too_many, "PART_COUNT"),
    (no_boundary, "BOUNDARY_MISSING"),
    (empty_boundary, "BOUNDARY_EMPTY"),
    (long_boundary, "BOUNDARY_LENGTH"),
    (bad_boundary, "BOUNDARY_CHARACTER"),
    (two_boundaries, "TYPE_DUPLICATE"),
    (unclosed_quote, "TYPE_SYNTAX"),
    (not_multipart, "NOT_MULTIPART"),
    (line_feeds, "LINE_FEED"),
    (carriage_returns, "DELIMITER_SYNTAX"),
    (delimiter_in_line, "TRUNCATED NONE"),
    (junk_behind_delimiter, "DELIMITER_SYNTAX"),
    (field_twice, "HEADER_DUPLICATE"),
    (field_without_colon, "HEADER_SYNTAX"),
    (blank_before_colon, "HEADER_SYNTAX"),
    (field_with_control, "HEADER_CHARACTER"),
    (line_of_blanks, "HEADER_SYNTAX"),
    (fold_first, "HEADER_SYNTAX"),
    (large_header, "HEADER_SIZE HEADER_LINES"),
    (header_is_all, "HEADER_SYNTAX HEADER_CHARACTER LINE_FEED"),
    (other_encoding, "ENCODING_UNKNOWN"),
    (bad_base64, "BASE64_CHARACTER BASE64_END"),
    (bad_id, "CONTENT_ID_SYNTAX"),
    (damaged_at_random, ""),
    (damaged_at_random, ""),
    (damaged_at_random, ""),
    (damaged_at_random, ""),
    (damaged_at_random, ""),
    (damaged_at_random, ""),
]


def main():
    seed, directory = int(sys.argv[1]), pathlib.Path(sys.argv[2])
    makers = [(maker, None) for maker in SOUND] + DAMAGED
    makers = [maker for maker in makers for _ in range(8)]
    truth = []
    for number, (maker, faults) in enumerate(makers):
        random_ = random.Random(seed * 1_000_003 + number)
        message = Message(random_)
        maker(random_, message)
        name = f"{number:04d}-{maker.__name__}"
        (directory / name).write_bytes(message.render())
        truth.append(f"message\t{name}")
        truth += message.truth() if faults is None else [f"end\t{faults}"]
    (directory / "TRUTH").write_text("\n".join(truth) + "\n")


main()
