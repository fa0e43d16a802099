"""Scores of CVSS vectors; the expected ones are those of the specifications' examples."""

from __future__ import annotations

import subprocess
import sys

from tests.support.bounded import finishes
from tests.support.offenders import each_of
from zt_gate.ecosystems.registries.cvss import base_score

NETWORK = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N"


@each_of(
    ("vector", "score"),
    [
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
        ("CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
        ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4),
        ("CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:U/RL:O", 9.8),
        (f"{NETWORK}/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 9.3),
        (f"{NETWORK}/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 10.0),
        (f"{NETWORK}/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 0.0),
        ("CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N", 2.0),
        (" CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/ ", 9.8),
    ],
)
def test_scores(vector: str, score: float) -> None:
    assert base_score(vector) == score


@each_of(
    "vector",
    [
        "", "x", "7.5", "CVSS:3.1", "CVSS:3.1/AV:N", "CVSS:4.0/AV:N/AV:N",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:Q", "CVSS:5.0/AV:N",
        "AV:N/AC:L/Au:N/C:P/I:P/A:P", f"{NETWORK}/VC:H" + "/X:Y" * 10_000,
    ],
)  # fmt: skip
def test_other_text_has_no_score(vector: str) -> None:
    assert base_score(vector) is None


def test_hostile_vectors_end() -> None:
    long = ["CVSS:4.0/" * 50, "CVSS:3.1/" + "AV:N/" * 90, "CVSS:3.1" + "/" * 10**6]
    finishes(long, base_score)


def test_the_library_is_imported_for_a_vector_only() -> None:
    """A hook that meets no vector does not pay for it."""
    code = (
        "import sys; from zt_gate.ecosystems.registries.cvss import base_score;"
        "base_score('x'); assert 'cvss' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
