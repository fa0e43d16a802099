"""Other readings of a line: what it says after one level of decoding.

A reading counts only where it is language: letters that somebody took the
trouble to write as entities, escapes, base64, hex or bits.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Whitespace-free runs from this length on are tried as base64, base32 and hex.
LONG = 32
_MOST = 8 * 1024
_TRIES = 32

_SOLID_CHARS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-="
_ENTITY = r"(?:&#(?:[xX][0-9A-Fa-f]{2,6}|[0-9]{2,7});?[ ]?){6,}"
_ESCAPE = (
    r"(?:\\{1,2}(?:u00[2-7][0-9A-Fa-f]|x[2-7][0-9A-Fa-f]|u\{[0-9A-Fa-f]{2,3}\}"
    r"|U000000[2-7][0-9A-Fa-f])){6,}"
)
# Of addresses, of them twice, of old scripts, of mail (quoted-printable).
_PERCENT = r"(?:%(?:25|u00)?[2-7][0-9A-Fa-f]){6,}|(?:=[2-7][0-9A-F]){8,}"
_BITS = r"(?:[01]{7,8} ?){8,}"
_SOLID = r"[A-Za-z0-9+/_-]{32,}={0,6}"
_HEX = r"(?:[0-9A-Fa-f]{2})+"
_BASE32 = r"[A-Z2-7]+=*"
# Lists of character codes: a sentence has blanks, which is what makes the search cheap.
_NUMBERS = r"(?:(?:0x[2-7][0-9A-Fa-f]|1?[0-9]{2}), {0,2}){12,}(?:0x[2-7][0-9A-Fa-f]|1?[0-9]{2})"
_SPACED_HEX = r"(?:(?:0x)?[2-7][0-9A-Fa-f][ :]){15,}(?:0x)?[2-7][0-9A-Fa-f]"
_SPACED_NUMBERS = r"(?:1?[0-9]{2} ){15,}1?[0-9]{2}"
_OCTAL = r"(?:\\{1,2}[01][0-7]{2}){12,}"
_MORSE = r"(?:[.-]{1,5} {1,3}(?:[/|] {1,3})?){12,}[.-]{1,5}"
_MORSE_LETTERS = (
    "a.- b-... c-.-. d-.. e. f..-. g--. h.... i.. j.--- k-.- l.-.. m-- n-. o--- p.--. q--.- r.-."
    " s... t- u..- v...- w.-- x-..- y-.-- z--.."
)
# Base85 in its two alphabets; a token of it holds signs that base64 has not.
_RICH = r"[!-&(-~]{40,}"
_B85 = r"[0-9A-Za-z!#$%&()*+;<=>?@^_`{|}~-]+"
_A85 = r"[!-uz]+"
_DEPTH = 2
_PACKED = (
    ("01", _BITS),
    ("32,", _NUMBERS),
    ("0x20,", _NUMBERS),
    ("20", _SPACED_HEX),
    (" 32 ", _SPACED_NUMBERS),
    ("", _SOLID),
    ("", _RICH),
)
_CODE = r"[xX]?([0-9A-Fa-f]{2,7})"
_MARKED = (
    (b"&#", _ENTITY),
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
_HEAD = 32
_CONTROLS = bytes((*range(9), 11, 12, *range(14, 32), 127))
_HEX_RUN = re.compile(rb"[0-9a-f]{32}")
_SOLID_BYTES = bytes(b if chr(b) in _SOLID_CHARS else 0x20 for b in range(256))
_LANGUAGE = r"[A-Za-z]{2,}"
_INVISIBLE = (
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\ue000-\uf8ff\ufe00-\ufe0f\ufeff\uffa0\u3164\ufff9-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e01ef]"
    # Marks that stand on every letter, and pictures between letters.
    "|[\u0300-\u036f]|(?<=[A-Za-z])[\u2600-\u27bf\U0001f300-\U0001f64f\U0001f680-\U0001faff]"
    "(?=[A-Za-z])"
)
_OVERTYPED = r"[^\x08\n]\x08"
_STRAY = dict.fromkeys((*range(9), *range(14, 27), *range(28, 32), 127))
_STRAY_BYTES = bytes(_STRAY)


class Reading(NamedTuple):
    """A line as decoded.

    ``letters``: the decoded parts, where ASCII letters were written as codes one
    by one, which no honest encoder does.  ``packed``: the parts that were base64,
    base32, hex or bits.
    """

    text: str
    letters: tuple[str, ...] = ()
    packed: tuple[str, ...] = ()


def is_sentence(text: str, words: int = 4) -> bool:
    """Whether ``text`` looks like at least this many words of a language in Latin letters."""
    return text.count(" ") >= words - 1 and len(re.findall(_LANGUAGE, text)) >= words


def is_prose(text: str) -> bool:
    """Whether a text is written for readers: letters and blanks, few of the signs of data."""
    return sum(char.isalpha() or char == " " for char in text) >= 0.8 * len(text)


def letters(text: str) -> int:
    """Return how many ASCII letters stand in ``text``."""
    return len(re.findall(r"[A-Za-z]", text))


def may_be_coded(data: bytes) -> bool:
    """Whether it is worth decoding any line of this block; cheap."""
    text = None
    for mark, pattern in _MARKED:
        if mark in data:
            text = text or data.decode("latin-1")
            if re.search(pattern, text):
                return True
    pieces = [piece for piece in data.split() if len(piece) >= LONG]
    # Names and paths; what is packed has capitals, or is hex.
    joined = b" ".join(
        [one for one in pieces if not one.islower() or _HEX_RUN.search(one)]
    )
    if not joined:
        return False
    tokens = [t for t in joined.translate(_SOLID_BYTES).split() if len(t) >= LONG]
    if any(_unpack(token.decode("ascii")) is not None for token in tokens):
        return True
    found = re.findall(_RICH, joined.decode("latin-1"))
    return any(_unrich(token) is not None for token in found)


def read(line: str, depth: int = 1) -> Reading | None:
    """Return the decoded reading of a line, or None where nothing is coded."""
    letters: list[str] = []
    packed: list[str] = []

    def coded(decode: Callable[[str], str]) -> Callable[[re.Match[str]], str]:
        def replace(match: re.Match[str]) -> str:
            plain = decode(match[0])
            letters.append(plain)
            return plain

        return replace

    text = line
    for mark, pattern, how in (
        ("&#", _ENTITY, _from_entities),
        ("\\", _ESCAPE, _from_escapes),
        ("\\", _OCTAL, _from_octal),
        ("%", _PERCENT, _from_percent),
        ("=", _PERCENT, _from_percent),
        ("- ", _MORSE, _from_morse),
    ):
        if mark in text:
            text = re.sub(pattern, coded(how), text)
    tries = 0

    def unpack(match: re.Match[str]) -> str:
        nonlocal tries
        tries += 1
        plain = (_unpack(match[0]) or _unrich(match[0])) if tries <= _TRIES else None
        if plain is None:
            return match[0]
        packed.append(plain)
        return f" {plain} "

    for mark, pattern in _PACKED:
        if mark in text and len(text) >= LONG:
            text = re.sub(pattern, unpack, text)
    if not letters and not packed:
        return None
    if depth < _DEPTH:  # the codes of codes
        again = read(text, depth + 1)
        if again is not None:
            return Reading(
                again.text, (*letters, *again.letters), (*packed, *again.packed)
            )
    return Reading(text.replace("\n", " "), tuple(letters), tuple(packed))


def has_strays(data: bytes) -> bool:
    """Whether control characters stand in it that no text has; cheap."""
    return len(data.translate(None, _STRAY_BYTES)) < len(data)


def without_strays(line: str) -> str:
    """Return a line as a terminal shows it: overtyped letters and control characters gone."""
    return re.sub(_OVERTYPED, "", line).translate(_STRAY)


def fold(line: str, table: Mapping[int, str]) -> str:
    """Return a line without invisible characters, in compatibility form, look-alikes folded."""
    import unicodedata

    plain = unicodedata.normalize("NFKC", re.sub(_INVISIBLE, "", line))
    return plain.translate(table).replace("\n", " ")


def _from_entities(text: str) -> str:
    def char(part: str) -> str:
        match = re.match(_CODE, part)
        if match is None:
            return ""
        code = int(match[1], 16) if part[0] in "xX" else int(re.match(r"\d+", part)[0])  # type: ignore[index]
        return (
            chr(code) if 31 < code < 0x110000 and not 0xD800 <= code < 0xE000 else " "
        )

    return "".join(
        char(part) for part in text.replace(" ", "").replace(";", "").split("&#")[1:]
    )


def _from_escapes(text: str) -> str:
    parts = re.findall(r"\\(?:u\{|u|x|U0000)([0-9A-Fa-f]{2,4})", text)
    return "".join(chr(int(part, 16)) for part in parts)


def _from_percent(text: str) -> str:
    return bytes.fromhex(re.sub(r"%25|%u00|[%=]", "", text)).decode("ascii", "replace")


def _from_octal(text: str) -> str:
    return "".join(chr(int(part, 8)) for part in re.findall(r"[0-7]{3}", text))


def _from_morse(text: str) -> str:
    known = {part[1:]: part[0] for part in _MORSE_LETTERS.split()}
    spelt = "".join(
        " " if sign in "/|" else known.get(sign, "?") for sign in _signs(text)
    )
    return spelt if is_sentence(spelt, 3) and "?" not in spelt else text


def _signs(text: str) -> list[str]:
    """Return the signs of a Morse text; three blanks part words as a stroke does."""
    return re.sub(r" {3,}", " / ", text).split()


def _unpack(text: str, depth: int = 1) -> str | None:
    """Return the sentence that is packed in ``text``, up to twice, or None."""
    import binascii

    text = text[:_MOST]
    try:
        data = _bytes_of(text)
    except (ValueError, binascii.Error):
        return None
    return _sentence(data, depth)


def _unrich(text: str) -> str | None:
    """Return the sentence that is packed in base85, or None."""
    import base64

    if text.isalnum():
        return None
    bare = text[:_MOST].removeprefix("<~").removesuffix("~>")
    for alphabet, decode in ((_B85, base64.b85decode), (_A85, base64.a85decode)):
        if re.fullmatch(alphabet, bare):
            try:
                if _is_noise(decode(bare[:20].encode("ascii"))):
                    continue
                plain = _sentence(decode(bare.encode("ascii")), 1)
            except ValueError:
                continue
            if plain is not None:
                return plain
    return None


def _is_noise(data: bytes) -> bool:
    """Whether the first bytes of what was unpacked hold what no sentence holds; cheap."""
    return len(data.translate(None, _CONTROLS)) < len(data)


def _sentence(data: bytes, depth: int) -> str | None:
    if _is_noise(data[:_HEAD]):
        return None
    try:
        plain = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if depth < _DEPTH and re.fullmatch(_SOLID, plain.strip()):
        return _unpack(plain.strip(), depth + 1)
    drawn = sum(char.isprintable() or char in "\n\t\r" for char in plain)
    return plain if drawn == len(plain) and is_sentence(plain, 3) else None


def _bytes_of(text: str) -> bytes:
    """Return what is packed in bits, hex, a list of numbers, base32 or base64.

    Raises ValueError (binascii.Error is one) where it is none of them.
    """
    import base64

    if text[0] in "01" and not text.replace(" ", "").strip("01"):
        size = len(text.split(" ", 1)[0])
        bits = text.replace(" ", "")
        size = size if size in {7, 8} else 8
        return bytes(
            int(bits[i : i + size], 2) for i in range(0, len(bits) // size * size, size)
        )
    if re.fullmatch(_SPACED_NUMBERS, text):
        return bytes(int(part) for part in text.split(" "))
    if re.fullmatch(_SPACED_HEX, text):
        return bytes(int(part, 16) for part in re.split("[ :]", text))
    if "," in text:
        return bytes(
            int(part, 0) for part in text.replace(" ", "").strip(",").split(",")
        )
    if re.fullmatch(_HEX, text):
        return bytes.fromhex(text)
    bare = text.rstrip("=")
    if re.fullmatch(_BASE32, text):
        return base64.b32decode(bare + "=" * (-len(bare) % 8))
    bare = bare.translate({ord("-"): "+", ord("_"): "/"})
    head = base64.b64decode(bare[:_HEAD])
    if _is_noise(head):
        return head  # no need to unpack all of it to see that it is data
    whole = len(bare) - (len(bare) % 4 == 1)
    return base64.b64decode(bare[:whole] + "==")
