#!/usr/bin/env python3
"""Ten thousand hostile requests: vmmsd goes on, answers others rightly, and keeps no memory of them."""

import collections
import concurrent.futures
import random
import re
import xml.etree.ElementTree as ElementTree

import vmms
from attack import (Attacked, enumerate_all, envelope, exchange, get, IDENTIFY, LARGEST_ENVELOPE, MOST_GROWTH,
                    OTHER_SCHEMES, post, query, RIGHT, selectors)

SEED = 20240229
REQUESTS = 10_000
WARM_UP = 5_000  # until malloc keeps as much as it will: tens of MiB, see keep_memory() in the daemon
THREADS = 16
CAPTURES = sorted(path for folder in ("openwsman", "pypsrp")
                  for path in (vmms.SOURCE / "tests" / "captures" / folder).glob("*.http"))

# Each kind of hostile request: bytes from a random source, and the statuses that are right. Kinds of BODY are the body
# of a proper POST and get 401 without credentials; kinds of HTTP are everything that goes over the connection.
BODY, HTTP = [], []


def kind(where, weight, *statuses):
    def note(function):
        where.append((weight, function, frozenset(statuses)))
        return function
    return note


@kind(HTTP, 6, None, 400, 431)
def random_bytes(rng):
    return rng.randbytes(rng.choice((1, 10, 100, 1000, 20_000)))


@kind(HTTP, 6, None)
def truncated_http(rng):
    data = post(captured(rng))
    return data[: rng.randrange(len(data))]


@kind(HTTP, 3, 400, 401)
def length_too_short(rng):
    body = captured(rng)
    return post(body, length=rng.randrange(1, len(body) - 20))


@kind(HTTP, 2, None)
def length_too_long(rng):
    body = captured(rng)
    return post(body, length=len(body) + rng.choice((1, 100, 1_000_000)))


@kind(HTTP, 3, 400, 413)
def length_that_is_none(rng):
    none = ("-1", "-0", "abc", "1e3", "0x10", "+5", "1 2", "", "9" * 30, str(2**64))
    return post(captured(rng), length=rng.choice(none))


@kind(HTTP, 2, 400)
def two_lengths(rng):
    body = captured(rng)
    other = rng.choice((f"Content-Length: {len(body) + 1}", "Content-Length: 0", "Transfer-Encoding: chunked"))
    return post(body, fields=(other,))


@kind(HTTP, 3, None, 400, 413)
def broken_chunks(rng):
    head = post(b"", length=0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    body = captured(rng)
    size = rng.choice((b"%x" % (len(body) + 7), b"%x" % (len(body) - 7), b"-5", b"zz", b"f" * 20, b"",
                       b"5;" + b"x" * 2000))
    return head + size + b"\r\n" + body + rng.choice((b"\r\n0\r\n\r\n", b"", b"0"))


@kind(HTTP, 2, 431)
def huge_head(rng):
    fields = rng.choice(([f"X-{i}: y" for i in range(500)], ["X-Long: " + "y" * 20_000], ["X" * 20_000 + ": y"]))
    return post(captured(rng), fields=fields)


@kind(HTTP, 4, None, 200, 400, 401, 404, 405, 413, 415, 417, 431, 500)
def mutated_head(rng):
    # Without credentials: a damaged password would only make the server hold its answers back.
    head, _, body = post(captured(rng), None).partition(b"\r\n\r\n")
    return mutate(rng, head) + b"\r\n\r\n" + body


@kind(HTTP, 2, 200, 400, 401, 500)
def pipelined(rng):
    return b"".join(post(captured(rng), rng.choice((RIGHT, None))) for _ in range(5)) + rng.randbytes(50)


@kind(HTTP, 1, 404, 405, 415, 400)
def elsewhere(rng):
    body = captured(rng)
    return rng.choice((post(body, path="/" + "a" * rng.randrange(1, 8000)), post(body, path="/wsman/../etc/passwd"),
                       post(body).replace(b"POST", b"DELETE", 1), post(body).replace(b"POST", b"\x80\x81", 1),
                       post(body, kind="text/plain")))


@kind(BODY, 8, 400)
def random_body(rng):
    return rng.randbytes(rng.choice((1, 50, 500, 50_000)))


@kind(BODY, 8, 400)
def truncated_xml(rng):
    body = captured(rng).strip()
    return body[: rng.randrange(len(body))]


@kind(BODY, 1, 400)
def nested_deeply(rng):
    inside = b"<a>" * 100_000 + b"</a>" * 100_000
    around = rng.choice((b"@", envelope("x", body="@"), envelope("x", header="@")))
    return around.replace(b"@", inside)


@kind(BODY, 4, 400)
def document_types(rng):
    laughs = '<!DOCTYPE l [<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9)) + "]><l>&j;</l>"
    files = '<!DOCTYPE l [<!ENTITY f SYSTEM "file:///etc/passwd">]><l>&f;</l>'
    outside = '<!DOCTYPE l SYSTEM "http://127.0.0.1:1/l.dtd">' + IDENTIFY.decode()
    return rng.choice((laughs, files, outside, "<!DOCTYPE", "<l>&nothing;</l>", "<l>&#0;</l>",
                       "<l>&#x110000;</l>")).encode()


@kind(BODY, 1, 400)
def too_many_attributes(rng):
    pattern = rng.choice(('a%d="x"', 'xmlns:n%d="urn:%d"', 'a:a%d="x"'))
    if pattern.count("%") == 2:
        text = " ".join(pattern % (i, i) for i in range(50_000))
    else:
        text = " ".join(pattern % i for i in range(50_000))
    return IDENTIFY.replace(b"<s:Body>", b"<s:Body " + text.encode() + b">")


@kind(BODY, 4, 400)
def attributes_given_twice(rng):
    twice = rng.choice(('a="1" a="2"', 'xmlns:p="urn:1" xmlns:q="urn:1" p:a="1" q:a="2"',
                        'xmlns:p="urn:1" xmlns:p="urn:2"', 'xmlns:xml="urn:1"', 'undeclared:a="1"', "a=1", 'a="<"',
                        "a"))
    return IDENTIFY.replace(b"<s:Body>", f"<s:Body {twice}>".encode())


@kind(BODY, 1, 400)
def too_many_elements(rng):
    return envelope("x", body=rng.choice(("<a/>", "<a>x</a>", "<s:Body/>")) * 100_000)


@kind(BODY, 6, 400)
def wrong_characters(rng):
    wrong = rng.choice((b"\xff", b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\x80", b"\xed\xa0\x80",
                        b"\xf4\x90\x80\x80", b"\xc3", b"\x00", b"\x08", b"\xef\xbf\xbe", b"\xf8\x88\x80\x80\x80"))
    body = captured(rng)
    at = rng.randrange(1, len(body.strip()))
    return body[:at] + wrong + body[at:]


@kind(BODY, 3, 200, 400, 500)
def other_encodings(rng):
    text = captured(rng).decode()
    return text.encode(rng.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7" if "+" in text else "utf-16")))


@kind(BODY, 20, 200, 400, 500)
def mutated_capture(rng):
    return mutate(rng, captured(rng))


@kind(BODY, 12, 200, 400, 500)
def mutated_values(rng):
    # Leaves the markup alone, so that the code after the XML reader is reached, too.
    parts = re.split(rb"(>[^<]+<|=\"[^\"]*\")", captured(rng).strip())
    at = rng.randrange(1, len(parts), 2)
    wrong = rng.choice((b"", b" ", b"x" * 2000, b"%s%n", b"&amp;#0;", b"-1", b"9" * 40, b"../..", b"*", b"'\\",
                        "\U0001f600".encode(), mutate(rng, parts[at][1:-1])))
    parts[at] = parts[at][:2 if parts[at][:1] == b"=" else 1] + wrong + parts[at][-1:]
    return b"".join(parts)


@kind(BODY, 4, 200, 500)
def queries(rng):
    many = rng.choice((10, 1000, 6000))
    return query(rng.choice((
        "SELECT * FROM Msvm_ComputerSystem WHERE " + " OR ".join(["Name = 'x'"] * (many // 2)),
        "SELECT * FROM Msvm_ComputerSystem WHERE " + " AND ".join(["NOT Name = 'x'"] * (many // 2)),
        "SELECT * FROM Msvm_ComputerSystem WHERE " + "NOT " * many + "Name = 'x'",
        "SELECT * FROM Msvm_ComputerSystem WHERE " + "(" * many + "Name = 'x'" + ")" * many,
        "SELECT * FROM Msvm_ComputerSystem WHERE " + "(" * many,
        "SELECT " + ",".join(["Name"] * many) + " FROM Msvm_ComputerSystem",
        "SELECT * FROM Msvm_ComputerSystem WHERE Description LIKE '" + "%i" * (many // 10) + "z'",
        "SELECT * FROM Msvm_ComputerSystem WHERE Description LIKE '" + "%_" * (many // 10) + "z'",
        "SELECT * FROM Msvm_ComputerSystem WHERE Name LIKE '" + "[" * many + "'",
        "SELECT * FROM Msvm_ComputerSystem WHERE EnabledState = " + "9" * many,
        "SELECT * FROM Msvm_ComputerSystem WHERE Name = '" + "\\" * (many // 2 * 2 + 1) + "'",
        "SELECT * FROM " + "x" * many,
        "ASSOCIATORS OF {Msvm_ComputerSystem." + ",".join(["Name='x'"] * many) + "}",
        "ASSOCIATORS OF {" + "Msvm_ComputerSystem.Name='{" * many + "}",
        "REFERENCES OF {Msvm_ComputerSystem.Name='x'} WHERE " + "ResultClass=x " * many,
        "SELECT * FROM Msvm_ComputerSystem WHERE " + "Name = 'x' OR " * 100_000,
    )))


@kind(BODY, 2, 500)
def selectors_too_large(rng):
    return get(rng.choice((
        selectors('<w:Selector Name="Name">' + "x" * 200_000 + "</w:Selector>"),
        selectors("".join(f'<w:Selector Name="N{i}">x</w:Selector>' for i in range(10_000))),
        selectors('<w:Selector Name="' + "N" * 100_000 + '">x</w:Selector>'),
        selectors('<w:Selector Name="Name">HOST1</w:Selector>' * 2),
        selectors('<w:Selector Name="Name"><a:EndpointReference/></w:Selector>'),
        selectors('<w:Selector Name="Name"><a:EndpointReference><a:ReferenceParameters>' * 10 +
                  "</a:ReferenceParameters></a:EndpointReference></w:Selector>" * 10),
        selectors('<w:Selector>HOST1</w:Selector><w:Selector Name=""/>'),
        "",
    )))


@kind(BODY, 4, 200, 500)
def values_beyond_reason(rng):
    number = rng.choice(("0", "-1", "9" * 30, "1e9", "0x7f", " 1 ", "4294967296", "18446744073709551616", ""))
    duration = rng.choice(("PT0S", "P" + "9" * 30 + "Y", "PT" + "9" * 15 + "S", "-PT1S", "PT1E5S", "P", "PT0.0000001S",
                           "x"))
    header, inside = "", ""
    name = rng.choice(("OperationTimeout", "MaxEnvelopeSize", "MaxElements", "Expires", "MaxTime", "Filter", "Mode",
                       "OptionSet"))
    if name in ("OperationTimeout", "MaxEnvelopeSize"):
        header = f"<w:{name}>{duration if name == 'OperationTimeout' else number}</w:{name}>"
    elif name == "MaxElements":
        inside = f"<w:MaxElements>{number}</w:MaxElements>"
    elif name == "Filter":
        inside = f'<w:Filter Dialect="{"x" * rng.choice((1, 100_000))}">{number}</w:Filter>'
    elif name == "Mode":
        inside = f"<w:EnumerationMode>{number}</w:EnumerationMode>"
    elif name == "OptionSet":
        header = "<w:OptionSet>" + '<w:Option Name="x" MustComply="true"/>' * 5000 + "</w:OptionSet>"
    else:
        inside = f"<n:{name}>{duration}</n:{name}>"
    return enumerate_all(inside, header=header)


@kind(BODY, 3, 200, 500)
def embedded_instances(rng):
    guid = "%08x-0000-4000-8000-000000000000" % rng.randrange(2**32)
    text = rng.choice((
        "<INSTANCE>" * 50_000,
        '<INSTANCE CLASSNAME="Msvm_GuestServiceInterfaceComponentSettingData">' +
        '<PROPERTY NAME="InstanceID" TYPE="string"><VALUE>x</VALUE></PROPERTY>' * 5000 + "</INSTANCE>",
        '<INSTANCE CLASSNAME="' + "x" * 50_000 + '"/>',
        '<!DOCTYPE l [<!ENTITY a "ha">]><INSTANCE CLASSNAME="&a;"/>',
        "instance of Msvm_GuestServiceInterfaceComponentSettingData {" * 1000,
        "\u20ac" * 20_000,
        "",
    ))
    if rng.random() < 0.3:
        inputs = vmms.interface_setting(guid, True)
    else:
        inputs = f"<p:GuestServiceSettings>{vmms.escape(text)}</p:GuestServiceSettings>" * rng.choice((1, 3))
    service, method = "Msvm_VirtualSystemManagementService", "ModifyGuestServiceSettings"
    body = f'<p:{method}_INPUT xmlns:p="{vmms.RESOURCE}{service}">{inputs}</p:{method}_INPUT>'
    return envelope(f"{vmms.RESOURCE}{service}/{method}", service, body=body)


recorded = [path.read_bytes().partition(b"\r\n\r\n")[2] for path in CAPTURES]


def captured(rng):
    return rng.choice(recorded)


def mutate(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        at = rng.randrange(len(data) or 1)
        piece = slice(at, at + rng.choice((1, 2, 10, 100)))
        match rng.randrange(4):
            case 0:
                data[at:at + 1] = bytes([rng.randrange(256)])
            case 1:
                del data[piece]
            case 2:
                data[at:at] = data[piece]
            case 3:
                data[at:at + 1] = rng.choice((b"<", b">", b"&", b'"', b":", b"/", b"\x00", b"\n", b"=", b"]]>"))
    return bytes(data)


ALL = [(weight, function, statuses, where is BODY) for where in (BODY, HTTP) for weight, function, statuses in where]


def hostile(number):
    """The request with this number, always the same: its kind, bytes and the right statuses."""
    rng = random.Random(f"{SEED} {number}")
    _, function, statuses, is_body = rng.choices(ALL, [each[0] for each in ALL])[0]
    data = function(rng)
    if is_body:
        authorization = RIGHT if rng.random() < 0.8 else rng.choice(OTHER_SCHEMES)
        statuses = statuses if authorization == RIGHT else {401}
        data = post(data, authorization)
    return function.__name__, data, statuses


class TenThousandRequests(Attacked):
    def attack(self, number):
        """Why the answer is wrong, or None; counts it."""
        name, data, right = hostile(number)
        try:
            answer = exchange(self.port, data)
            if answer.status not in right:
                return f"request {number} ({name}): {answer.status} instead of {set(right)}: {answer.reason()}"
            if len(answer.first_body()) > LARGEST_ENVELOPE:
                return f"request {number} ({name}): an answer of {len(answer.first_body())} octets"
            if (answer.header("Content-Type") or "").startswith("application/soap+xml"):
                root = ElementTree.fromstring(answer.first_body())
                if answer.status == 500 and root.find(".//s:Fault", vmms.NAMES) is None:
                    return f"request {number} ({name}): 500 and no fault"
                # The code of Condition::internal: an unforeseen failure.
                if b"2147749892" in answer.body:
                    return f"request {number} ({name}): an internal error: {answer.body[-600:]!r}"
            elif answer.status == 500:
                return f"request {number} ({name}): 500 without SOAP: {answer.body!r}"
            # A stranger may have few enumerations open; with all of them open, nothing more would get deep.
            for context in answer.contexts:
                release = f"<n:Release><n:EnumerationContext>{context.decode()}</n:EnumerationContext></n:Release>"
                exchange(self.port, post(envelope(vmms.NAMES["n"] + "/Release", body=release)))
        except Exception as e:
            return f"request {number} ({name}): {type(e).__name__}: {e}"
        self.seen[answer.status] += 1
        return None

    def attack_all(self, numbers):
        self.seen = collections.Counter()
        with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
            wrong = [problem for problem in pool.map(self.attack, numbers) if problem]
        self.assertIsNone(self.daemon.process.poll(), "vmmsd ended")
        self.assertEqual(wrong[:20], [], f"{len(wrong)} wrong answers")

    def test_change_nothing(self):
        before = self.right_answers()
        self.attack_all(range(REQUESTS, REQUESTS + WARM_UP))
        memory = self.memory()
        self.attack_all(range(REQUESTS))
        for status in (200, 400, 401, 500):
            self.assertGreater(self.seen[status], 100, f"too few got that far: {self.seen}")
        if not self.is_sanitized():
            self.assertLess(self.memory() - memory, MOST_GROWTH)
        self.assertEqual(self.right_answers(), before)
        self.client.close()
        self.returns(self.files, self.idle_files, "open files")
        # The pool's clock stays once a call had to wait; it is one thread, and nothing else.
        clocks = [name for name in self.thread_names() if name == "worker-clock"]
        self.assertLessEqual(len(clocks), 1)
        self.returns(lambda: self.threads() - len(clocks), self.idle_threads, "threads")
        self.assert_log_has_no_errors()


if __name__ == "__main__":
    vmms.main()
