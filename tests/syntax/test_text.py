"""What is read as text, tried with the content that an attacker would use."""

from __future__ import annotations

import codecs
import gzip
import io
import os
import struct
import zipfile
import zlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.changes import Memory, blob, body, file_change
from tests.support.offenders import each_of
from tests.support.property_tests import examples
from zt_gate.model.change import (
    MODE_ABSENT,
    MODE_EXECUTABLE,
    MODE_FILE,
    MODE_SUBMODULE,
    MODE_SYMLINK,
    Blob,
    ContentUnavailableError,
    FileChange,
    Hunk,
    HunkLines,
)
from zt_gate.syntax.text import (
    MAX_BYTES,
    OVERLAP,
    WINDOW,
    TextLines,
    added_text,
    binary_kind,
    bom_codec,
    decode_lossy,
    windows,
)

CODE = b"import os\nos.system(input())\n"
CODECS = ("utf-16", "utf-32", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
MARKS = {
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
}


def encoded(text: str, codec: str) -> bytes:
    return MARKS.get(codec, b"") + text.encode(codec)


def read(text: TextLines) -> list[bytes]:
    assert text.skipped is None, text.skipped
    return [line.data for line in text.lines()]


def added(path: str, new: bytes, old: bytes | None = None, **fields: Any) -> TextLines:
    return added_text(file_change(path, new, old, **fields))


def why(text: TextLines) -> tuple[str, str]:
    assert text.skipped is not None, list(text.lines())[:5]
    assert text.skipped.path == text.file.path
    assert text.skipped.reason
    return text.skipped.kind, text.skipped.reason


def png(extra: bytes = b"") -> bytes:
    pixels = zlib.compress(os.urandom(64 * 64 * 3))
    chunk = struct.pack(">I", len(pixels)) + b"IDAT" + pixels + b"\0\0\0\0"
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0@\0\0\0@\x08\x02\0\0\0" + chunk + extra


def missing(reason: str = "the object is not here") -> Blob:
    def read_none(_limit: int) -> bytes:
        raise ContentUnavailableError(reason)

    return Blob("", read_none)


def lost(
    path: str, new: bytes, old: bytes | None, *, absent: bool = False
) -> TextLines:
    """What is said where the new blob cannot be read."""
    file = file_change(path, new, old)
    return added_text(replace(file, new=None if absent else missing()))


# Text


@pytest.mark.parametrize("name", ["a.py", "README", "x.bin", "logo.png"])
def test_plain_text_is_text_under_any_name(name: str) -> None:
    assert read(added(name, CODE)) == CODE.splitlines()


@each_of(
    "content",
    [
        "größe = 1\n".encode("latin-1"),
        "пароль = 1\n".encode("koi8-r"),
        "密码 = 1\n".encode("gbk"),
        b"colour \x1b[31mred\x1b[0m\x0c\n",
        b"\xef\xbb\xbfx = 1\n",
        b"x\rnot a line\r\n",
        b"# \x01\x02\x03\n" + CODE,
    ],
)
@each_of("name", ["a.py", "LICENSE", "data"])
def test_other_text_stays_as_it_is(content: bytes, name: str) -> None:
    assert b"\n".join(read(added(name, content))) + b"\n" == content


@each_of("codec", CODECS)
@each_of("name", ["a.ps1", "notes", "x.bin"])
def test_marked_text_is_decoded_whole(codec: str, name: str) -> None:
    text = "erste Zeile\n\nzweite = '密码'\r\n\U000e0041"
    lines = list(added(name, encoded(text, codec)).lines())
    assert [line.data.decode() for line in lines] == text.split("\n")
    assert [line.number for line in lines] == [1, 2, 3, 4]


@pytest.mark.parametrize("codec", CODECS)
def test_a_line_deep_inside_of_marked_text(codec: str) -> None:
    before = [f"line {number}" for number in range(1, 501)]
    after = [*before[:400], "the new one", *before[400:]]
    old, new = (encoded("\n".join(lines) + "\n", codec) for lines in (before, after))
    (line,) = added("a.txt", new, old).lines()
    assert (line.number, line.data) == (401, b"the new one")


@pytest.mark.parametrize("codec", CODECS)
def test_a_line_is_added_to_marked_text_that_begins_in_chinese(codec: str) -> None:
    # No NUL stands in the first pages of what was added.
    start = "密碼" * 9000
    old = encoded(start + "\n", codec)
    new = encoded(start + "密" * 5000 + "\n" + CODE.decode(), codec)
    lines = read(added("a.txt", new, old))
    assert [line for line in lines if line.isascii()] == CODE.splitlines()


def test_old_utf_8_and_new_utf_16() -> None:
    old, new = "one\ntwo\n", "one\ntwo\nthree\n"
    assert read(added("a.txt", new.encode("utf-16"), old.encode())) == [b"three"]
    assert read(added("a.txt", new.encode(), old.encode("utf-16"))) == [
        b"one",
        b"two",
        b"three",
    ]


def test_an_old_side_that_is_not_there_makes_every_line_new() -> None:
    file = file_change("a.txt", "one\ntwo\n".encode("utf-16"), "one\n".encode("utf-16"))
    assert read(added_text(replace(file, old=missing()))) == [b"one", b"two"]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["a.ps1", "notes", "x.bin", "Makefile"])
def test_utf_16_without_a_mark_is_decoded(codec: str, name: str) -> None:
    assert read(added(name, CODE.decode().encode(codec))) == CODE.splitlines()


@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF16_LE + b"a\0b",
        codecs.BOM_UTF16_LE + b"a\0\x00\xd8b\0",
        codecs.BOM_UTF32_LE + b"a\0b\0c\0d\0",
        codecs.BOM_UTF16_BE + CODE + b"!" * (len(CODE) % 2 + 1),
        ("x = 1\n" * 20).encode("utf-16-le") + b"\x00\xdc",
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "x.bin"])
def test_text_that_does_not_decode_as_it_says(content: bytes, name: str) -> None:
    assert why(added(name, content))[0] == "unreadable"


def test_marked_text_without_its_blob() -> None:
    content = "one\ntwo\n".encode("utf-16")
    hunk = Hunk(0, 1, body([]), HunkLines(Memory(content), 0, len(content), 3))
    file = FileChange(b"a.txt", "A", 0, MODE_FILE, hunks=(hunk,))
    assert read(added_text(file)) == [b"one", b"two"]
    old = "one\n".encode("utf-16")
    assert why(lost("a.txt", content, old, absent=True))[0] == "failed"
    assert why(lost("a.txt", content, old))[0] == "failed"


def test_an_8_bit_encoding_without_its_blob_is_read_as_bytes() -> None:
    old, new = b"one\ntwo\n", "one\ngröße\ntwo\n".encode("latin-1")
    assert read(lost("a.txt", new, old)) == ["größe".encode("latin-1")]


# Not text


KINDS = {
    "png": png(),
    "jpg": b"\xff\xd8\xff\xe0\0\x10JFIF\0" + os.urandom(3000),
    "gif": b"GIF89a\x10\0\x10\0\xf7\0\0" + os.urandom(3000),
    "webp": b"RIFF\0\1\0\0WEBPVP8 " + os.urandom(3000),
    "mp4": b"\0\0\0\x20ftypisom" + os.urandom(3000),
    "mp3": b"ID3\x04\0\0\0\0\x01\0" + os.urandom(3000),
    "ogg": b"OggS\0\2\0\0" + os.urandom(3000),
    "ttf": b"\0\1\0\0\0\x0f\0\x80" + os.urandom(3000),
    "woff2": b"wOF2\0\1\0\0" + os.urandom(3000),
    "zip": b"PK\x03\x04\x14\0" + os.urandom(3000),
    "gz": gzip.compress(os.urandom(3000)),
    "bz2": b"BZh91AY&SY" + os.urandom(3000),
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\nstream\n" + os.urandom(3000),
    "so": b"\x7fELF\2\1\1" + bytes(3000),
    "sqlite": b"SQLite format 3\0\x10\0\1\1" + bytes(3000),
    "dat": os.urandom(9000),
}


@each_of("extension", KINDS)
def test_a_binary_file_is_listed(extension: str) -> None:
    kind, reason = why(added(f"vendor/a.{extension}", KINDS[extension]))
    assert kind == "not_applicable"
    assert (reason == "binary data") == (extension == "dat")
    assert why(added("vendor/a", KINDS[extension]))[0] == "not_applicable"


@each_of("extension", KINDS)
@each_of("name", ["x.py", "X.PY", "Makefile", ".npmrc", "AGENTS", "a.b/c.md"])
def test_a_binary_file_that_is_named_like_text_blocks(
    extension: str, name: str
) -> None:
    kind, reason = why(added(name, KINDS[extension]))
    assert kind == "unreadable"
    assert "has the name of a text file" in reason


def test_a_picture_may_be_called_after_a_text() -> None:
    for name in ("build.png", "license.png", "readme.gif", "agents.ico"):
        assert why(added(name, png()))[0] == "not_applicable"


def test_a_change_in_the_middle_of_a_picture() -> None:
    old = png()
    assert (
        why(added("a.png", old + b"\n" + os.urandom(500), old + b"\n"))[0]
        == "not_applicable"
    )
    assert why(lost("a.png", old + b"\n" + b"\0" * 500, old + b"\n"))[0] == "failed"


# Ways past the gate

ASCII_MAGIC = [b"ID3", b"BZh", b"GIF87a", b"GIF89a", b"OggS", b"fLaC", b"%PDF-", b"wOFF", b"wOF2",
               b"the ftyp box ", b"RIFFxxxxWAVE", b"RIFFxxxxWEBP"]  # fmt: skip


@each_of("magic", ASCII_MAGIC)
@each_of("name", ["a.md", "notes", "a.mp3", "run.bin"])
def test_letters_of_a_magic_before_text(magic: bytes, name: str) -> None:
    assert binary_kind(magic + CODE) is None
    for rest in (CODE, "größe\n".encode("latin-1") + CODE):
        assert b"\n".join(read(added(name, magic + b" = 1\n" + rest))).endswith(
            CODE.strip()
        )


@each_of(
    "start",
    [
        b"MM\0*\n", b"II*\0\n", b"PK\x03\x04\n", b"MZ\x90\0\n", b"\x1f\x8b\n", b"\0asm\n",
        b"\x89PNG\r\n\x1a\n", b"\x7fELF\n", b"ID3\0\n", b"BZh\x01\n", b"%PDF-\0\n",
        b"#\x01\x02\x03\x04\x05\x06\n", b": '" + b"\x01" * 2000 + b"'\n", b"\0\0\1\0\n",
    ],
)  # fmt: skip
def test_a_magic_or_noise_before_code(start: bytes) -> None:
    """A shell, PHP or a model reads on after it: it is scanned, or it blocks."""
    content = start + CODE * 300
    assert read(added("run", content))[-1] == CODE.splitlines()[-1]
    text = added("run.sh", content)
    assert text.skipped is None or text.skipped.kind == "unreadable"


def test_noise_of_several_pages_before_more_code() -> None:
    noise = b": '" + os.urandom(20_000).replace(b"'", b"") + b"'\n"
    assert (
        read(added("logo.png", png() + noise + CODE * 2000))[-1]
        == CODE.splitlines()[-1]
    )


def test_a_script_that_is_mostly_noise_blocks() -> None:
    content = b"#!/bin/sh\n#" + b"\x01" * 9000 + b"\n" + CODE
    assert read(added("run", content)) == content.splitlines()
    content = content.replace(b"#\x01", b"#\x00")
    kind, reason = why(added("run", content, new_mode=MODE_EXECUTABLE))
    assert kind == "unreadable"
    assert "script" in reason
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("__main__.py", os.urandom(4000).hex())
        program = b"#!/usr/bin/env python3\n" + file.getvalue()
    assert why(added("tool.pyz", program))[0] == "unreadable"


@pytest.mark.parametrize("codec", CODECS)
def test_code_behind_a_mark_that_it_does_not_keep_to(codec: str) -> None:
    """A shell says that it knows no such command, and runs the next line."""
    for content in (
        encoded("", codec) + CODE * 40,
        encoded("# text\n" * 50, codec) + b"\n" + CODE * 40,
    ):
        text = added("run", content)
        if text.skipped is not None:
            assert text.skipped.kind == "unreadable"
        else:
            assert CODE.splitlines()[-1] in read(text)


def test_nul_in_source_is_scanned() -> None:
    assert read(added("new.py", b"x = 1  # \x00\n" + CODE)) == [
        b"x = 1  # \x00",
        *CODE.splitlines(),
    ]


def test_code_that_is_added_to_a_file_with_a_noisy_start() -> None:
    old = b"\x01\x02\x03\x04" * 2500 + b"\n"
    assert read(added("run", old + CODE, old)) == CODE.splitlines()
    assert read(added("run", old + CODE + b"\0\n", old))[:2] == CODE.splitlines()


def test_the_seventeenth_hunk_counts_too() -> None:
    lines = [b"x"] * 100
    new = [line for pair in zip(lines, [b"y"] * 100, strict=True) for line in pair]
    new[-1] = b"\xff\xfe then \0"
    text = added("a.txt", b"\n".join(new) + b"\n", b"\n".join(lines) + b"\n")
    assert read(text)[-1] == new[-1]


# Sizes


def big(size: int, piece: bytes = b"", **fields: Any) -> FileChange:
    data = (piece * (size // max(1, len(piece)) + 1))[:size] if piece else b"x" * size
    lines = data.count(b"\n") + (not data.endswith(b"\n"))
    hunk = Hunk(0, 1, body([]), HunkLines(Memory(data), 0, size, lines))
    values = {"path": b"a.txt", "status": "A", "old_mode": 0, "new_mode": MODE_FILE,
              "hunks": (hunk,), **fields}  # fmt: skip
    return FileChange(**values)


def test_at_the_limit_everything_is_read() -> None:
    assert [len(line) for line in read(added_text(big(MAX_BYTES)))] == [MAX_BYTES]
    assert (
        sum(len(line) + 1 for line in read(added_text(big(MAX_BYTES, b"a = 1\n"))))
        >= MAX_BYTES
    )


@pytest.mark.parametrize("piece", [b"", b"a = 1\n", b"a = '\xe9'\0\n"])
def test_over_the_limit_it_blocks(piece: bytes) -> None:
    kind, reason = why(added_text(big(MAX_BYTES + 1, piece)))
    assert kind == "unreadable"
    assert ("10,485,761 added bytes, the limit is 10 MB" in reason) == (
        b"\0" not in piece
    )


def test_several_hunks_make_one_size() -> None:
    half = big(MAX_BYTES // 2 + 1, b"a = 1\n").hunks[0]
    hunks = (half, Hunk(10**7, 10**7, body([]), half.added))
    file = FileChange(b"a.txt", "M", MODE_FILE, MODE_FILE, b"a.txt", hunks=hunks)
    assert why(added_text(file))[0] == "unreadable"


def test_a_large_picture_is_no_text_and_a_large_fake_blocks() -> None:
    assert (
        why(added_text(big(MAX_BYTES + 1, png(), path=b"a.png")))[0] == "not_applicable"
    )
    fake = big(MAX_BYTES + 1, CODE, path=b"a.png")
    data = b"PK\x03\x04\n" + fake.hunks[0].added.head(MAX_BYTES + 1)
    hunk = Hunk(
        0, 1, body([]), HunkLines(Memory(data), 0, len(data), data.count(b"\n"))
    )
    polyglot = FileChange(b"a.zip", "A", 0, MODE_FILE, hunks=(hunk,))
    assert why(added_text(polyglot))[0] == "unreadable"


def test_large_marked_text_blocks() -> None:
    content = "a = 1\n".encode("utf-16-le") * (MAX_BYTES // 12 + 1)
    assert why(added("a.txt", codecs.BOM_UTF16_LE + content))[0] == "unreadable"


# Other kinds of files


def test_what_has_no_added_lines_has_no_reason() -> None:
    deleted = file_change("a.py", None, CODE)
    module = FileChange(
        b"m", "A", 0, MODE_SUBMODULE, hunks=file_change("m", "0\n").hunks
    )
    chmod = file_change("a.sh", CODE, CODE, new_mode=MODE_EXECUTABLE)
    cut = file_change("a.py", b"a\n", b"a\nb\n")
    empty = file_change("a.py", b"")
    for file in (deleted, chmod, cut, empty):
        assert read(added_text(file)) == []
    skipped = added_text(module).skipped
    assert skipped is not None
    assert skipped.kind == "not_applicable"


def test_a_picture_that_only_shrinks_has_no_reason() -> None:
    assert read(added("a.py", b"\0\n", b"\0\nb\n")) == []


@pytest.mark.parametrize(
    "target", [b"../x", b"ID3", b"\x89PNG\r\n\x1a\n", b"\xff\xfe\0a", b"\1\2"]
)
def test_a_link_target_is_always_read(target: bytes) -> None:
    text = added("link.py", target, new_mode=MODE_SYMLINK)
    assert b"\n".join(read(text)).rstrip(b"\n") == target.rstrip(b"\n")


def test_incomplete_is_a_failure_that_says_why() -> None:
    text = added("a.py", CODE, incomplete="a merge conflict that is not resolved")
    assert why(text) == ("failed", "a merge conflict that is not resolved")


# Pieces


@pytest.mark.parametrize(
    ("data", "codec"),
    [
        (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE + b"x", "utf-16"),
        (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF8, None), (b"", None), (b"\xff", None), (b"\xff\xff", None),
    ],
)  # fmt: skip
def test_marks(data: bytes, codec: str | None) -> None:
    assert bom_codec(data) == codec


@settings(max_examples=examples(60))
@given(
    st.integers(0, 4 * WINDOW), st.integers(0, 4 * WINDOW), st.integers(1, OVERLAP)
)  # fmt: skip
@example(WINDOW, WINDOW - 1, 1)
@example(WINDOW + 1, WINDOW - 1, 2)
def test_windows_cover_and_cut_nothing_short(
    length: int, start: int, size: int
) -> None:
    data = os.urandom(length)
    pieces = list(windows(data))
    assert pieces[0][0] == 0
    assert pieces[-1][0] + len(pieces[-1][1]) == length
    assert all(data[offset : offset + len(piece)] == piece for offset, piece in pieces)
    assert all(len(piece) <= WINDOW for _, piece in pieces)
    start = min(start, length)
    end = min(start + size, length)
    assert any(
        offset <= start and end <= offset + len(piece) for offset, piece in pieces
    )


@given(st.binary(max_size=300))
def test_lossy_text_gives_its_bytes_back(data: bytes) -> None:
    assert decode_lossy(data).encode("utf-8", "surrogateescape") == data


# Nothing is lost, whatever it is

STARTS = st.sampled_from(
    [b"", b"#!/bin/sh\n", *ASCII_MAGIC, *MARKS.values(), codecs.BOM_UTF8, b"\x89PNG\r\n\x1a\n",
     b"PK\x03\x04", b"MM\0*", b"\0" * 40, b"\1" * 40, b"a\0" * 40, b"\0a" * 40]
)  # fmt: skip
CONTENT = st.builds(
    lambda *parts: b"".join(parts),
    STARTS,
    st.binary(max_size=80)
    | st.text(max_size=40).map(lambda t: t.encode("utf-8", "replace")),
    st.sampled_from(
        [b"", CODE, CODE * 20, b"\n", b"\n\n", "x\n".encode("utf-16-le") * 9]
    ),
)
NAMES = st.sampled_from(["a.py", "a.png", "run", "Makefile", "a.", ".env", "ü.txt"])


@settings(max_examples=examples(400))
@given(NAMES, CONTENT, st.none() | CONTENT, st.sampled_from(["", "lost", "absent"]))
def test_every_added_byte_is_given_or_a_reason(
    name: str, new: bytes, old: bytes | None, store: str
) -> None:
    file = file_change(name, new, old)
    if store:
        file = replace(file, new=missing() if store == "lost" else None)
    text = added_text(file)
    if text.skipped is not None:
        assert list(file.added_lines())
        assert text.skipped.reason
        assert text.skipped.path == name.encode()
        assert text.skipped.kind in {"not_applicable", "unreadable", "failed"}
        return
    lines = list(text.lines())
    if text.encoding == "utf-8":
        plain = list(file.added_lines())
        assert lines[: len(plain)] == plain
        # Behind them stand those with NULs between letters, without these.
        assert {line.number for line in lines[len(plain) :]} <= {
            line.number for line in plain
        }
        assert all(b"\x00" not in line.data for line in lines[len(plain) :])
        return
    if store == "absent" and not new.endswith(b"\n"):
        new += b"\n"  # as the hunks of the tests have it
    before = set[str]()
    for codec in (*CODECS, "utf-8"):
        before |= set((old or b"").decode(codec, "replace").split("\n"))
    said = {(line.number, line.data.decode("utf-8", "surrogatepass")) for line in lines}
    for number, one in enumerate(new.decode(text.encoding).split("\n"), 1):
        assert not one or (number, one) in said or one in before


@settings(max_examples=examples(100))
@given(st.binary(max_size=40))
def test_binary_kind_never_raises_and_needs_more_than_letters(head: bytes) -> None:
    kind = binary_kind(head)
    assert kind is None or any(byte < 32 for byte in head)


def test_only_the_lines_that_changed_are_decoded_again() -> None:
    assert blob(b"x").read() == b"x"
    assert read(
        added("a.txt", "a\nb\na\n".encode("utf-16"), "a\n".encode("utf-16"))
    ) == [b"b"]


def test_letters_with_nul_between_them_are_read_as_words_too() -> None:
    """UTF-16 in the middle of a file, say: a terminal shows the word."""
    content = b"a = 1\n" * 2000 + "hidden\n".encode("utf-16-le")
    for name in ("notes.txt", "a.py"):
        lines = read(added(name, content))
        assert lines[:2000] == [b"a = 1"] * 2000
        assert b"hidden" in lines


def test_a_submodule_is_listed_and_a_disguised_one_is_not_inspected() -> None:
    submodule = FileChange(b"lib", "A", MODE_ABSENT, MODE_SUBMODULE)
    skipped = added_text(submodule).skipped
    assert skipped is not None
    assert skipped.kind == "not_applicable"
    skipped = added_text(replace(submodule, incomplete="no submodule")).skipped
    assert skipped is not None
    assert skipped.kind == "failed"
