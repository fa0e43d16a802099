"""Write docs/ecosystems.md from the records of the ecosystems.

    python bench/ecosystem_page.py [--check]

With ``--check``, nothing is written and the exit code is 1 if the page is not up to date.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.ecosystems import all_ecosystems, registry_keys
from zt_gate.ecosystems.shared_manifest_formats import FORMATS as SHARED_FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zt_gate.ecosystems.base import Ecosystem, ManifestFormat

PAGE = Path(__file__).resolve().parents[1] / "docs" / "ecosystems.md"
HEAD = """# Package ecosystems

Made from `zt_gate/ecosystems/` by `bench/ecosystem_page.py`; do not change it here.
What is read in each file and what is checked is in [dependencies](dependencies.md).

`name` is the type in package URLs (`pkg:NAME/…`). With a registry (the rows that check
existence) it is also the key of the policy's `[registries]`, and what
`zt-gate snapshot check --ecosystem` takes.

| name | packages | files | checks | snapshot of names |
|---|---|---|---|---|
"""


def page() -> str:
    """Return the whole page."""
    rows = [row(ecosystem) for ecosystem in all_ecosystems()]
    tail = (
        "\nFormats that name packages of several ecosystems: "
        f"{', '.join(f'`{shared.name}`' for shared in SHARED_FORMATS)}.\n\n"
        f"Keys of `[registries]`: {', '.join(f'`{key}`' for key in registry_keys())}.\n"
    )
    return HEAD + "\n".join(rows) + "\n" + tail


def row(ecosystem: Ecosystem) -> str:
    """Return the table row of one ecosystem."""
    files = files_of(ecosystem.formats) or "–"
    checks = ", ".join(checks_of(ecosystem))
    has_snapshot = "yes" if ecosystem.snapshot else "no"
    cells = (f"`{ecosystem.name}`", ecosystem.title, files, checks, has_snapshot)
    return f"| {' | '.join(cells)} |"


def files_of(formats: Iterable[ManifestFormat]) -> str:
    """Return the file names and suffixes of formats, in lower case."""
    names: list[str] = []
    for manifest in formats:
        names += [f"`{file.decode()}`" for file in manifest.files]
        names += [f"`*.{suffix.decode()}`" for suffix in manifest.suffixes]
        if not manifest.files and not manifest.suffixes:
            names.append(f"{manifest.name} files")
    return ", ".join(names)


def checks_of(ecosystem: Ecosystem) -> Iterator[str]:
    """Yield the checks of a package."""
    if ecosystem.registry is not None:
        yield "existence"
        yield "age"
    if ecosystem.download_service:
        yield "downloads"
    if ecosystem.osv_name:
        yield "advisories"
    if ecosystem.pin_pattern or ecosystem.floating_pattern:
        yield "pinning"
    if ecosystem.publisher is not None:
        yield "publisher"
    if ecosystem.noun:
        yield "spelling"


def main() -> int:
    """Write or compare the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    if options.check:
        return 0 if PAGE.read_text("utf-8") == page() else 1
    PAGE.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
