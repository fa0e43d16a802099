"""Selects the files that can hold a payload, before anything expensive is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.change import ContentUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zt_gate.model.change import FileChange

NEW_HOST = "agent_config/download-from-new-host"

# A payload needs a word that gets a text, and a word that runs it; in lower case.
_SOURCES = tuple(
    word.encode()
    for word in (
        "curl", "wget", "/dev/tcp", "/dev/udp", "/inet/", "nc ", "ncat", "netcat", "socat",
        "telnet", "ztcp",
        "fetch", "iwr ", "irm ", "xxd", "|rev", "| rev", "aria2c", "lynx", "xterm", "base64",
        "b64", "base32",
        "b85", "a85", "atob", "fromhex", "hexlify", "rot13", "rot_13", "n-za-m",
        "fromcharcode", "fromcodepoint",
        "hex2bin", "uudecode", "marshal.loads", "decompress", "inflate", "pack", "chr(",
        "chr,", "[char]",
        "bytes([", "bytearray([", "unescape", "urlopen", "urlretrieve", "requests", "httpx",
        "aiohttp", "axios",
        "http.get", "https.get", "urllib", "webclient", "webrequest", "restmethod",
        "net::http", "file_get_contents",
        "socket", "fsockopen", "dial(", "tcpclient", "tcpstream", "openssl", "\\x", "\\0",
        "\\1", "-enc", "-ec ", "-e ",
        "codecs", "getdecoder", "decodestring", "'hex'", '"hex"', "download", "http::", "lwp",
        "openstream", 'nc"', "nc'", "nc\n", "nc<",
        "certutil", "bitsadmin", "mshta", "regsvr32", "msiexec", "rundll32", "connect(", "createconnection", "add http", "open_connection",  # noqa: E501
        ".accept(", "$_post", "$_get", "$_request", "$_cookie", "$_server", "getparameter", "[::-1]",  # noqa: E501
        ".reverse(", ".pth", "go:generate", "#cgo", "git clone", "dig ", "nslookup", "aws s3",
        "gsutil", "gcloud", "scp ", "rsync ", "rclone", "docker ", "podman ", "bash_env",
        "node_options", "ld_preload", "pythonstartup", "dyld_insert", "rubyopt", "perl5opt",
    )
)  # fmt: skip
_RUNNERS = tuple(
    word.encode()
    for word in (
        "exec", "eval", "iex", "invoke-", "function(", "function (", "functiontype", "system",
        "popen", "spawn",
        "subprocess", "child_process", "passthru", "proc_open", "assert(", "load(",
        "loadstring", "runin",
        "dup2", "getline", "create_function", "defineclass", "settimeout(", "constructor",
        "scriptblock",
        "processbuilder", "process.start", "process.run", "command::new", "command(",
        "createprocess", ".run(",
        "sh ", "sh\n", 'sh"', "sh'", "sh<", "sh)", "sh;", "sh|", "sh&", "sh -", "source ",
        ". <", "python", "node ", "perl", "ruby", "php",
        "pwsh", "powershell", "$(", "`", "./", "xargs", "chmod", "nc -", "ncat", "socat",
        "xterm", "crontab", "| sh", "cmd", "sh\\", "sh\r", "certutil", "bitsadmin", "mshta",
        "docker", "podman", "_env", "_options", "ld_preload", "startup", "opt:", "make", "$s",
        "regsvr32", "msiexec", "rundll32", "<&", "sh]", "sh`", "sh}", "sh,",
    )
)  # fmt: skip
#: What runs a text in source code: fewer words than in shell text.
_CODE_RUNNERS = tuple(
    word.encode()
    for word in (
        "exec", "eval", "iex", "invoke-expression", "functiontype", "system", "popen", "spawn",
        "subprocess",
        "child_process", "passthru", "proc_open", "assert(", "assert ", "load(", "loadstring",
        "runin", "dup2",
        "getline", "create_function", "defineclass", "settimeout(", "constructor",
        "scriptblock", "processbuilder",
        "process.start", "process.run", "command::new", "createprocess", "new function",
        "function(", "sh '", 'sh "',
        "ctx.run", "session.run", "getoutput", "check_output", "check_call", "process::", "`",
        "assembly", "command", "run_path", "import_module", ".write", "go:generate", "-fplugin",
        ".exec",
    )
)  # fmt: skip
_SOURCE_SUFFIXES = (
    b".py", b".pyi", b".pyx", b".js", b".jsx", b".mjs", b".cjs", b".ts", b".tsx", b".mts",
    b".cts", b".go", b".rs",
    b".java", b".kt", b".c", b".h", b".cc", b".cpp", b".hpp", b".cs", b".rb", b".php",
    b".scala", b".swift", b".dart",
)  # fmt: skip
_CHUNK = 1 << 20
_OVERLAP = 256
_HEAD = 8000
#: Text and data that nothing runs.
_PROSE = (
    b".md", b".mdx", b".markdown", b".rst", b".txt", b".adoc", b".html", b".htm", b".css", b".svg",
    b".csv", b".lock", b".po", b".pot", b".map", b".snap",
)  # fmt: skip


def of(file: FileChange) -> str | None:
    """Return the new content of a file that may hold a payload, otherwise None.

    What is not available or no text is reported by other checks and scanners.
    """
    is_renamed = file.old_path is not None and file.old_path != file.path
    if file.path.lower().endswith(_PROSE) and not file.path.lower().endswith(
        b"cmakelists.txt"
    ):
        return None
    if not is_renamed and not _adds_half(file):
        return None
    try:
        data = file.new.read() if file.new is not None else b""
    except ContentUnavailableError:
        return None
    text = text_of(data)
    if text is None:
        return None
    # What lint-staged runs stands in its settings as text.
    is_source = (
        file.path.lower().endswith(_SOURCE_SUFFIXES)
        and b"lint" not in file.path.rpartition(b"/")[2].lower()
    )
    if not may_hold(text.encode("utf-8", "surrogatepass"), is_source=is_source):
        return None
    return text


def may_hold(data: bytes, *, is_source: bool) -> bool:
    """Whether a content has both halves of a payload: most files do not."""
    lowered = data.lower()
    runners = _CODE_RUNNERS if is_source else _RUNNERS
    return _has_any(lowered, _SOURCES) and _has_any(lowered, runners)


def _has_any(lowered: bytes, words: Iterable[bytes]) -> bool:
    return any(word in lowered for word in words)


def _adds_half(file: FileChange) -> bool:
    """Whether the added bytes have one half; the other one may stand there already."""
    for hunk in file.hunks:
        body = hunk.added
        for offset in range(0, body.length, _CHUNK):
            size = min(_CHUNK + _OVERLAP, body.length - offset)
            chunk = body.store.read(body.offset + offset, size)
            lowered = chunk.lower()
            has_half = _has_any(lowered, _SOURCES) or _has_any(lowered, _RUNNERS)
            if has_half or b"\0" in chunk[:_HEAD]:
                return True
    return False


def text_of(data: bytes) -> str | None:
    """Return the text of a file, None for binary content."""
    from zt_gate.syntax.text import binary_kind, bom_codec

    codec = bom_codec(data)
    if codec is not None:
        return data.decode(codec, "replace")
    if b"\0" in data[:_HEAD] or binary_kind(data[:_HEAD]):
        return None
    return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
