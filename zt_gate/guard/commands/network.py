"""Judges where a command sends to, and what it sends there."""

from __future__ import annotations

from zt_gate.guard.commands import files
from zt_gate.guard.shell.invocation import Input
from zt_gate.guard.shell.words import UNKNOWN, CommandWord
from zt_gate.record import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zt_gate.guard.commands.case import CommandCase
    from zt_gate.guard.commands.reading import Reading
    from zt_gate.guard.shell.invocation import Invocation

#: Addresses from which a cloud hands a machine its credentials.
_METADATA = frozenset(
    (
        "169.254.169.254",
        "169.254.170.2",
        "169.254.170.23",
        "100.100.100.200",
        "metadata.google.internal",
        "metadata",
        "metadata.azure.com",
        "fd00:ec2::254",
        "metadata.goog",
        "instance-data",
    )
)
#: All addresses of this machine.
_ANY = "0.0.0.0"  # noqa: S104
_LOOPBACK_NAMES = frozenset(("localhost", "::1", _ANY, "::", "ip6-localhost", "0"))


def host_of(address: str) -> str:
    """Return the host of an address or URL, in lower case; UNKNOWN if undecided."""
    text = address.strip()
    scheme, colons, rest = text.partition("://")
    if colons:
        text = rest
        if scheme.lower() == "file":
            return ""
    for end in ("/", "?", "#", "\\"):
        text = text.partition(end)[0]
    text = text.rpartition("@")[2]
    if text.startswith("["):
        return text[1:].partition("]")[0].lower()
    if text.count(":") > 1:
        return text.lower()
    return text.partition(":")[0].lower().rstrip(".")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    if host in _LOOPBACK_NAMES or host.endswith(".localhost"):
        return True
    number = ip_number(host)
    return number is not None and (number >> 24 == 127 or number == 0)


def ip_number(host: str) -> int | None:
    """Return the number of an IPv4 address in any form that programs read."""
    parts = host.split(".")
    if not 1 <= len(parts) <= 4:
        return None
    numbers = []
    for part in parts:
        try:
            base = 16 if part[:2].lower() == "0x" else 8 if part[:1] == "0" else 10
            numbers.append(int(part, base))
        except ValueError:
            return None
    if not all(0 <= number < 256 for number in numbers[:-1]):
        return None
    total = 0
    for number in numbers[:-1]:
        total = total << 8 | number
    room = 8 * (5 - len(numbers))
    return (total << room | numbers[-1]) if 0 <= numbers[-1] < 1 << room else None


def is_metadata(host: str) -> bool:
    """Whether a host gives out the credentials of the machine that it runs on."""
    if host in _METADATA or host.startswith("::ffff:169.254."):
        return True
    number = ip_number(host)
    return number is not None and number >> 16 == 0xA9FE


def judge_host(
    case: CommandCase, host: str, shown: str, control: str = "network/other"
) -> bool:
    """Judge one host; returns whether it is outside this machine."""
    if is_metadata(host):
        case.add("credentials/metadata", shown)
        return True
    if UNKNOWN in host or not host:
        case.sends_outside = True
        case.add("network/undecided", shown)
        return True
    task = case.context.task
    if is_loopback(host):
        if task.is_narrow and not _is_allowed(host, task.network):
            case.add("network/loopback", shown)
        return False
    case.sends_outside = True
    if not _is_allowed(host, case.context.task.network):
        case.add(control, shown)
    return True


def _is_allowed(host: str, allowed: tuple[str, ...]) -> bool:
    for pattern in allowed:
        name = pattern.lower()
        if name in {"*", host}:
            return True
        if name == "@loopback" and is_loopback(host):
            return True
        if name.startswith("*.") and host.endswith(name[1:]):
            return True
    return False


def url(case: CommandCase, invocation: Invocation, word: CommandWord) -> bool:
    """Judge a URL that is fetched; returns whether it is outside."""
    text = word.text
    if text.lower().startswith(("file:", "local_file:")):
        path = text.partition(":")[2]
        files.judge(case, invocation, "read", CommandWord("/" + path.lstrip("/")))
        return False
    host = host_of(text)
    outside = judge_host(case, host, text)
    behind = text.partition("://")[2] or text
    sent = behind.partition("/")[2] + behind.partition("?")[2]
    if outside and UNKNOWN in sent and text.count(UNKNOWN) > len(word.names):
        case.add("exfiltration/computed", host)
    return outside


def _outside_urls(reading: Reading) -> list[str]:
    hosts = [host_of(word.text) for word in reading.words("url")]
    return [host for host in hosts if not is_loopback(host)]


def sent(case: CommandCase, invocation: Invocation, reading: Reading) -> None:
    """Judge what ``curl`` and its like send to a host that is not this machine."""
    outside = _outside_urls(reading)
    shown = outside[0] if outside else ""
    for role, option, word in reading.values:
        text = word.text
        path = _sent_file(role, text)
        if path is not None:
            files.judge(
                case,
                invocation,
                "upload" if outside else "read",
                replace(word, text=path),
            )
            if outside and path != "-":
                case.add("exfiltration/upload", f"{path} to {shown}")
            elif outside and invocation.input.kind in {"commands", "file"}:
                case.add("exfiltration/upload", f"{option} - to {shown}")
        elif role in {"data", "data-named", "form", "text", "header"} and outside:
            is_content = option in _CONTENT or role in {
                "data",
                "data-named",
                "form",
                "header",
            }
            if is_content and text.count(UNKNOWN) > len(word.names):
                case.add("exfiltration/computed", f"{option} to {shown}")
    method = (
        reading.option("-X", "--request", "--method") or CommandWord("")
    ).text.upper()
    if outside and method in {"PUT", "DELETE", "PATCH"}:
        case.add("network/changes", f"{method} {shown}")


_CONTENT = frozenset(
    ("--data-raw", "--form-string", "--post-data", "--body-data", "-u", "--user")
)


def _sent_file(role: str, text: str) -> str | None:
    """Return the path of a file whose content an option sends."""
    if role == "upload":
        return text
    if role in {"data", "header"} and text.startswith("@"):
        return text[1:]
    if role == "cookie" and "=" not in text:
        return text
    if role == "data-named" and "@" in text and "=" not in text.partition("@")[0]:
        return text.partition("@")[2]
    if role == "form":
        value = text.partition("=")[2]
        if value[:1] in {"@", "<"}:
            return value[1:].partition(";")[0]
    return None


def download(case: CommandCase, invocation: Invocation, word: CommandWord) -> None:
    """Judge the file that a download makes, and remember it."""
    files.judge(case, invocation, "write", word)
    path = invocation.path(word.text)
    if path is not None:
        case.downloads.add(path)


def curl(case: CommandCase, invocation: Invocation, reading: Reading) -> None:
    """Judge a request: addresses, what is sent, and files that are made."""
    sent(case, invocation, reading)
    settings = reading.option("-K", "--config")
    if settings is not None and settings.text in {"-", "/dev/stdin"}:
        _settings(case, invocation)
    made = reading.has("-O", "--remote-name", "--remote-name-all") or (
        reading.path[0] == "wget"
        and not reading.has("-O", "--output-document", "--spider")
    )
    for word in reading.words("url"):
        name = word.text.partition("?")[0].rstrip("/").rpartition("/")[2]
        folder = reading.option("-P", "--directory-prefix", "--output-dir")
        if made and name and UNKNOWN not in name:
            download(
                case,
                invocation,
                CommandWord(f"{folder.text}/{name}" if folder else name),
            )


def _settings(case: CommandCase, invocation: Invocation) -> None:
    """Judge the options that ``curl -K -`` reads: ``data = "@file"``."""
    given = invocation.input.text
    if given is None:
        case.add("network/undecided", "curl -K -")
        return
    words = [CommandWord("curl")]
    for line in given.text.splitlines():
        name, _, value = line.strip().partition("=")
        name = name.strip()
        if name and name[0] != "#":
            words.append(CommandWord(name if name[0] == "-" else f"--{name}"))
            words += [CommandWord(value.strip().strip("\"'"))] if value else []
    case.command(replace(invocation, words=tuple(words), redirects=(), input=Input()))


def raw(case: CommandCase, invocation: Invocation, reading: Reading) -> None:
    """Judge ``nc`` and its like, which carry any bytes."""
    hosts = reading.words("host")
    outside = [word for word in hosts if not is_loopback(host_of(word.text))]
    if not outside:
        return
    if reading.has("-z"):
        return
    gives = invocation.input.kind in {"commands", "file"} or any(
        redirect.reads for redirect in invocation.redirects
    )
    control = "exfiltration/upload" if gives else "network/raw"
    case.add(control, outside[0].text)


def dns(case: CommandCase, word: CommandWord) -> None:
    """Judge a name that is looked up: a computed one carries data."""
    text = word.text
    if text.startswith("+") or text.upper() in _DNS_TYPES:
        return
    if text.startswith("@"):
        judge_host(case, host_of(text[1:]), text)
    elif UNKNOWN in text and text.count(UNKNOWN) > len(word.names):
        case.add("exfiltration/computed", text)
    else:
        judge_host(case, host_of(text), text, "network/lookup")


_DNS_TYPES = frozenset(
    ("A", "AAAA", "MX", "TXT", "NS", "SOA", "CNAME", "ANY", "PTR", "SRV", "CAA")
)


def remote(
    case: CommandCase, invocation: Invocation, word: CommandWord, *, sends: bool
) -> None:
    """Judge ``HOST:PATH`` of ``scp`` and ``rsync``; other words are local paths."""
    text = word.text
    is_remote = "://" in text or (":" in text and "/" not in text.partition(":")[0])
    if not is_remote or invocation.program == "docker":
        files.judge(case, invocation, "write" if sends else "copy", word)
        return
    host = host_of(text if "://" in text else text.partition(":")[0])
    if is_loopback(host):
        path = text.partition(":")[2]
        files.judge(
            case,
            replace(invocation, cwd=case.context.home),
            "write" if sends else "copy",
            CommandWord(path),
        )
        return
    if judge_host(case, host, text) and sends:
        case.add("exfiltration/copied", host)


def proxy(case: CommandCase, word: CommandWord) -> None:
    """Judge a proxy: it sees and changes what goes through it."""
    host = host_of(word.text)
    if word.text and not is_loopback(host):
        case.add("network/proxy", host)


def socat(case: CommandCase, invocation: Invocation, word: CommandWord) -> None:
    """Judge one address of ``socat``."""
    kind, _, rest = word.text.partition(":")
    name = kind.upper()
    if name in {"EXEC", "SYSTEM", "SHELL"}:
        case.add("run/remote-shell", word.text)
    elif "LISTEN" in name:
        case.add("network/listens", word.text)
    elif name.startswith(("TCP", "UDP", "OPENSSL", "SSL", "SOCKS", "PROXY")):
        if not is_loopback(host_of(rest)):
            case.add("network/raw", word.text)
    elif name.startswith(("UNIX", "ABSTRACT")):
        files.judge(case, invocation, "read", CommandWord(rest.partition(",")[0]))
    elif name in {"FILE", "OPEN", "CREATE", "GOPEN"}:
        files.judge(case, invocation, "write", CommandWord(rest.partition(",")[0]))


def httpie(case: CommandCase, invocation: Invocation, word: CommandWord) -> None:
    """Judge a word of HTTPie: an address, or an item that is sent."""
    text = word.text
    if text.isupper() and text.isalpha():
        return
    key, at, path = text.partition("@")
    is_item = "=" in key or ":" in key or "." not in key
    if at and is_item and "://" not in text:
        files.judge(case, invocation, "upload", CommandWord(path))
        case.add("exfiltration/upload", path)
    elif _is_httpie_item(text):
        if text.count(UNKNOWN) > len(word.names):
            case.add("exfiltration/computed", text)
    elif not text.startswith((":", "/")):
        url(case, invocation, word)


def _is_httpie_item(text: str) -> bool:
    if "=" in text:
        return True
    is_header = ":" in text and "://" not in text and "/" not in text
    return is_header and not text.startswith(":")


def is_all_addresses(host: str) -> bool:
    """Whether a server that listens there is open to other machines."""
    return host in {_ANY, "::", ""}
