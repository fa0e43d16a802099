"""Decodes encoded text in a line: entities, escapes, base64, base85, hex, bits, Morse.

A decoded text counts only where it looks like natural language.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from zt_gate import lazy_re

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Runs without whitespace from this length on are decoded as base64, base32 and hex.
MIN_TOKEN = 32
_MAX_TOKEN = 8 * 1024
#: Tokens of one line that are decoded.
_MAX_TOKENS = 32

_PACKED_CHARS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-="
_ENTITY = r"(?:&#(?:[xX][0-9A-Fa-f]{2,6}|[0-9]{2,7});?[ ]?){6,}"
_ESCAPE = (
    r"(?:\\{1,2}(?:u00[2-7][0-9A-Fa-f]|x[2-7][0-9A-Fa-f]|u\{[0-9A-Fa-f]{2,3}\}"
    r"|U000000[2-7][0-9A-Fa-f])){6,}"
)
# Letters in UTF-7: base64 of UTF-16, of which every third byte or so is zero.
_UTF7 = r"\+(?:A[A-Z0-9a-z+/]{7,}|B[A-F][A-Z0-9a-z+/]{4,})-?"
# URL encoding, double URL encoding, %u escapes of JavaScript, quoted-printable.
_PERCENT = r"(?:%(?:25|u00)?[2-7][0-9A-Fa-f]){6,}|(?:=[2-7][0-9A-F]){8,}"
_BITS = r"(?:[01]{7,8} ?){8,}"
_PACKED = r"[A-Za-z0-9+/_-]{32,}={0,6}"
_HEX = r"(?:[0-9A-Fa-f]{2})+"
_BASE32 = r"[A-Z2-7]+=*"
# Lists of character codes.  A sentence contains spaces (32, 0x20): a fast first test.
_NUMBERS = r"(?:(?:0x[2-7][0-9A-Fa-f]|1?[0-9]{2}), {0,2}){12,}(?:0x[2-7][0-9A-Fa-f]|1?[0-9]{2})"
_SPACED_HEX = r"(?:(?:0x)?[2-7][0-9A-Fa-f][ :]){15,}(?:0x)?[2-7][0-9A-Fa-f]"
_SPACED_NUMBERS = r"(?:1?[0-9]{2} ){15,}1?[0-9]{2}"
_OCTAL = r"(?:\\{1,2}[01][0-7]{2}){12,}"
_MORSE = r"(?:[.-]{1,5} {1,3}(?:[/|] {1,3})?){12,}[.-]{1,5}"
_MORSE_LETTERS = (
    "a.- b-... c-.-. d-.. e. f..-. g--. h.... i.. j.--- k-.- l.-.. m-- n-. o--- p.--. q--.- r.-."
    " s... t- u..- v...- w.-- x-..- y-.-- z--.."
)
# Base85 in its two alphabets; tokens contain signs that base64 does not use.
_BASE85 = r"[!-&(-~]{40,}"
_B85 = r"[0-9A-Za-z!#$%&()*+;<=>?@^_`{|}~-]+"
_A85 = r"[!-uz]+"
#: Levels of encoding that are decoded.
_MAX_DEPTH = 2
_PACKED_PATTERNS = (
    ("01", _BITS),
    ("32,", _NUMBERS),
    ("0x20,", _NUMBERS),
    ("20", _SPACED_HEX),
    (" 32 ", _SPACED_NUMBERS),
    ("", _PACKED),
    ("", _BASE85),
)
_CHARACTER_CODE = r"[xX]?([0-9A-Fa-f]{2,7})"
# A cheap substring test, and the pattern that it precedes.
_MARKED_PATTERNS = (
    (b"&#", _ENTITY),
    (b"+A", _UTF7),
    (b"+B", _UTF7),
    (b"\\u", _ESCAPE),
    (b"\\x", _ESCAPE),
    (b"\\U0", _ESCAPE),
    (b"%6", _PERCENT),
    (b"%u00", _PERCENT),
    (b"%25", _PERCENT),
    (b"=6", _PERCENT),
    (b"0110", _BITS),
    (b" 20 ", _SPACED_HEX),
    (b":20:", _SPACED_HEX),
    (b"0x20 ", _SPACED_HEX),
    (b" 32 ", _SPACED_NUMBERS),
    (b"32,", _NUMBERS),
    (b"0x20,", _NUMBERS),
    (b"\\040", _OCTAL),
    (b"... ", _MORSE),
    (b"-. ", _MORSE),
)
_JSON_ESCAPES = lazy_re.compile(rb"(?<!\\)(?:\\u[0-9A-Fa-f]{4})+")
_CJK_SIGNS = (
    "\u3000\u3001\u3002\uff0c\uff1a\uff1b\uff01\uff1f\uff08\uff09"
    "\u300c\u300d\u201c\u201d\u2019\u2014"
)
_HEAD_BYTES = 32
_CONTROLS = bytes((*range(9), 11, 12, *range(14, 32), 127))
_HEX_RUN = lazy_re.compile(rb"[0-9a-f]{32}")
_LONG_RUN = lazy_re.compile(rb"\S{32,}")
_PACKED_BYTES = bytes(b if chr(b) in _PACKED_CHARS else 0x20 for b in range(256))
_LETTERS = lazy_re.compile(r"[^\W\d_]{2,}")
_CJK_RUN = lazy_re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_LATIN_WORD = r"[A-Za-z]{2,}"
_INVISIBLE = (
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\ue000-\uf8ff\ufe00-\ufe0f\ufeff\uffa0\u3164\ufff9-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e01ef]"
    # Combining marks, and pictographs between letters.
    "|[\u0300-\u036f]|(?<=[A-Za-z])[\u2600-\u27bf\U0001f300-\U0001f64f\U0001f680-\U0001faff]"
    "(?=[A-Za-z])"
)
_OVERTYPED = r"[^\x08\n]\x08"
_CONTROL_TABLE = dict.fromkeys((*range(9), *range(14, 27), *range(28, 32), 127))
_CONTROL_BYTES = bytes(_CONTROL_TABLE)


class DecodedLine(NamedTuple):
    """A line after decoding.

    ``spelled`` are the parts whose ASCII letters were written as codes one by one,
    which no ordinary encoder does.  ``unpacked`` are the parts that were base64,
    base32, base85, hex, bits or lists of numbers.
    """

    text: str
    spelled: tuple[str, ...] = ()
    unpacked: tuple[str, ...] = ()


def is_sentence(text: str, words: int = 4) -> bool:
    """Whether ``text`` looks like at least this many words; two CJK characters are one."""
    if not text.isascii():
        characters = len(_CJK_RUN.findall(text))
        if characters >= 2 * words:
            return True
        count = len(_LETTERS.findall(text)) + characters // 2
        return count >= words and (characters > 0 or text.count(" ") >= words - 1)
    if text.count(" ") < words - 1:
        return False
    return len(re.findall(_LATIN_WORD, text)) >= words


def is_prose(text: str) -> bool:
    """Whether at least 80 % of the characters are letters and spaces."""
    return sum(char.isalpha() or char == " " for char in text) >= 0.8 * len(text)


def is_mostly_cyrillic(text: str) -> bool:
    """Whether a third or more of the letters of ``text`` are Cyrillic."""
    cyrillic = sum("\u0400" <= char <= "\u04ff" for char in text)
    return 3 * cyrillic > sum(map(str.isalpha, text))


def count_letters(text: str) -> int:
    """Return the number of ASCII letters in ``text``."""
    return len(re.findall(r"[A-Za-z]", text))


def unescape_letters(line: bytes) -> bytes:
    """Return a line with JSON's escapes of letters beyond ASCII decoded.

    Other characters stay escaped: they would hide or reorder text.
    """
    if b"\\u" not in line:
        return line
    return _JSON_ESCAPES.sub(_letters_of_escapes, line)


def _letters_of_escapes(match: re.Match[bytes]) -> bytes:
    codes = [int(code, 16) for code in match[0].split(b"\\u")[1:]]
    data = b"".join(code.to_bytes(2, "big") for code in codes)
    text = data.decode("utf-16-be", "replace")
    if all(char > "\x7f" and (char.isalnum() or char in _CJK_SIGNS) for char in text):
        return text.encode("utf-8")
    return match[0]


def may_be_encoded(data: bytes) -> bool:
    """Whether a block can contain encoded text; cheap."""
    text = None
    for mark, pattern in _MARKED_PATTERNS:
        if mark not in data:
            continue
        text = text or data.decode("latin-1")
        if re.search(pattern, text):
            return True
    return _has_packed_sentence(data)


def _has_packed_sentence(data: bytes) -> bool:
    joined = b" ".join([run for run in _LONG_RUN.findall(data) if _may_be_packed(run)])
    if not joined:
        return False
    for token in joined.translate(_PACKED_BYTES).split():
        if len(token) >= MIN_TOKEN and _unpack(token.decode("ascii")) is not None:
            return True
    base85_tokens = re.findall(_BASE85, joined.decode("latin-1"))
    return any(_unpack_base85(token) is not None for token in base85_tokens)


def _may_be_packed(run: bytes) -> bool:
    """Whether a run without whitespace is more than a long name or path.

    Packed data contains capitals, or is hexadecimal.
    """
    return not run.islower() or _HEX_RUN.search(run) is not None


def decode_line(line: str, depth: int = 1) -> DecodedLine | None:
    """Return a line decoded, or None where it contains nothing encoded."""
    text, spelled = _decode_spelled(line)
    text, unpacked = _unpack_tokens(text)
    if not spelled and not unpacked:
        return None
    if depth < _MAX_DEPTH:
        inner = decode_line(text, depth + 1)
        if inner is not None:
            return DecodedLine(
                inner.text,
                (*spelled, *inner.spelled),
                (*unpacked, *inner.unpacked),
            )
    return DecodedLine(text.replace("\n", " "), tuple(spelled), tuple(unpacked))


def _decode_spelled(text: str) -> tuple[str, list[str]]:
    """Decode letters written as codes; also return the decoded parts."""
    parts: list[str] = []

    def replacement(decode: Callable[[str], str]) -> Callable[[re.Match[str]], str]:
        def replace(match: re.Match[str]) -> str:
            part = decode(match[0])
            parts.append(part)
            return part

        return replace

    for mark, pattern, decode in (
        ("&#", _ENTITY, _decode_entities),
        ("+A", _UTF7, _decode_utf7),
        ("+B", _UTF7, _decode_utf7),
        ("\\", _ESCAPE, _decode_escapes),
        ("\\", _OCTAL, _decode_octal),
        ("%", _PERCENT, _decode_percent),
        ("=", _PERCENT, _decode_percent),
        ("- ", _MORSE, _decode_morse),
    ):
        if mark in text:
            text = re.sub(pattern, replacement(decode), text)
    return text, parts


def _unpack_tokens(text: str) -> tuple[str, list[str]]:
    """Unpack packed tokens; also return the unpacked parts."""
    parts: list[str] = []
    tried = 0

    def replace(match: re.Match[str]) -> str:
        nonlocal tried
        tried += 1
        if tried > _MAX_TOKENS:
            return match[0]
        part = _unpack(match[0]) or _unpack_base85(match[0])
        if part is None:
            return match[0]
        parts.append(part)
        return f" {part} "

    for mark, pattern in _PACKED_PATTERNS:
        if mark in text:
            text = re.sub(pattern, replace, text)
    return text, parts


def has_control_characters(data: bytes) -> bool:
    """Whether data contains control characters that text does not use; cheap."""
    return len(data.translate(None, _CONTROL_BYTES)) < len(data)


def without_control_characters(line: str) -> str:
    """Return a line as a terminal shows it: overtyped letters and control characters removed."""
    return re.sub(_OVERTYPED, "", line).translate(_CONTROL_TABLE)


def fold(line: str, table: Mapping[int, str]) -> str:
    """Return a line in NFKC without invisible characters, with confusables folded to ASCII."""
    import unicodedata

    visible = re.sub(_INVISIBLE, "", line)
    normalized = unicodedata.normalize("NFKC", visible)
    return normalized.translate(table).replace("\n", " ")


def _decode_entities(text: str) -> str:
    codes = text.replace(" ", "").replace(";", "").split("&#")[1:]
    return "".join(_character(code) for code in codes)


def _character(code: str) -> str:
    """Return the character of a numeric entity: ``65`` or ``x41``."""
    match = re.match(_CHARACTER_CODE, code)
    if match is None:
        return ""
    if code[0] in "xX":
        return _printable(int(match[1], 16))
    decimal = re.match(r"\d+", code)
    assert decimal is not None
    return _printable(int(decimal[0]))


def _printable(number: int) -> str:
    """Return the character of a code point, a space for controls and surrogates."""
    is_surrogate = 0xD800 <= number < 0xE000
    if 31 < number < 0x110000 and not is_surrogate:
        return chr(number)
    return " "


def _decode_utf7(text: str) -> str:
    import base64

    digits = text[1:].rstrip("-")
    complete = len(digits) - (len(digits) % 4 == 1)
    data = base64.b64decode(digits[:complete] + "==")
    letters = data[: len(data) // 2 * 2].decode("utf-16-be", "replace")
    is_cyrillic = all("\u0400" <= letter <= "\u04ff" for letter in letters)
    if letters.isprintable() and (letters.isascii() or is_cyrillic):
        return letters
    return text


def _decode_escapes(text: str) -> str:
    codes = re.findall(r"\\(?:u\{|u|x|U0000)([0-9A-Fa-f]{2,4})", text)
    return "".join(chr(int(code, 16)) for code in codes)


def _decode_percent(text: str) -> str:
    digits = re.sub(r"%25|%u00|[%=]", "", text)
    return bytes.fromhex(digits).decode("ascii", "replace")


def _decode_octal(text: str) -> str:
    return "".join(chr(int(code, 8)) for code in re.findall(r"[0-7]{3}", text))


def _decode_morse(text: str) -> str:
    letters = {entry[1:]: entry[0] for entry in _MORSE_LETTERS.split()}
    # Three spaces separate words, as a slash does.
    signs = re.sub(r" {3,}", " / ", text).split()
    decoded = "".join(" " if sign in "/|" else letters.get(sign, "?") for sign in signs)
    if "?" in decoded or not is_sentence(decoded, 3):
        return text
    return decoded


def _unpack(text: str, depth: int = 1) -> str | None:
    """Return the sentence packed in ``text``, in up to two levels, or None."""
    import binascii

    try:
        data = _packed_bytes(text[:_MAX_TOKEN])
    except (ValueError, binascii.Error):
        return None
    return _sentence(data, depth)


def _unpack_base85(text: str) -> str | None:
    """Return the sentence packed in base85, or None."""
    import base64

    if text.isalnum():
        return None
    token = text[:_MAX_TOKEN].removeprefix("<~").removesuffix("~>")
    for alphabet, decode in ((_B85, base64.b85decode), (_A85, base64.a85decode)):
        if not re.fullmatch(alphabet, token):
            continue
        try:
            if _is_binary(decode(token[:20].encode("ascii"))):
                continue
            sentence = _sentence(decode(token.encode("ascii")), 1)
        except ValueError:
            continue
        if sentence is not None:
            return sentence
    return None


def _is_binary(data: bytes) -> bool:
    """Whether data contains control characters; cheap."""
    return len(data.translate(None, _CONTROLS)) < len(data)


def _sentence(data: bytes, depth: int) -> str | None:
    """Return unpacked data as a sentence, unpacked once more if possible, or None."""
    if _is_binary(data[:_HEAD_BYTES]):
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if depth < _MAX_DEPTH and re.fullmatch(_PACKED, text.strip()):
        return _unpack(text.strip(), depth + 1)
    is_printable = all(char.isprintable() or char in "\n\t\r" for char in text)
    return text if is_printable and is_sentence(text, 3) else None


def _packed_bytes(text: str) -> bytes:
    """Return the bytes packed as bits, hex, a list of numbers, base32 or base64.

    Raises ValueError (or its subclass binascii.Error) for anything else.
    """
    if text[0] in "01" and not text.replace(" ", "").strip("01"):
        return _bytes_of_bits(text)
    if re.fullmatch(_SPACED_NUMBERS, text):
        return bytes(int(number) for number in text.split(" "))
    if re.fullmatch(_SPACED_HEX, text):
        return bytes(int(number, 16) for number in re.split("[ :]", text))
    if "," in text:
        numbers = text.replace(" ", "").strip(",").split(",")
        return bytes(int(number, 0) for number in numbers)
    if re.fullmatch(_HEX, text):
        return bytes.fromhex(text)
    return _bytes_of_base_n(text)


def _bytes_of_bits(text: str) -> bytes:
    bits = text.replace(" ", "")
    size = len(text.split(" ", 1)[0])
    if size not in {7, 8}:
        size = 8
    end = len(bits) // size * size
    return bytes(int(bits[start : start + size], 2) for start in range(0, end, size))


def _bytes_of_base_n(text: str) -> bytes:
    """Decode base32 or base64 with or without padding."""
    import base64

    digits = text.rstrip("=")
    if re.fullmatch(_BASE32, text):
        return base64.b32decode(digits + "=" * (-len(digits) % 8))
    digits = digits.translate({ord("-"): "+", ord("_"): "/"})
    head = base64.b64decode(digits[:_HEAD_BYTES])
    if _is_binary(head):
        return head  # enough to reject it as binary data
    complete = len(digits) - (len(digits) % 4 == 1)
    return base64.b64decode(digits[:complete] + "==")
