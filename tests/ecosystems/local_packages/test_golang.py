"""Go: replaced modules, members of go.work, modules of the repository."""

from __future__ import annotations

from tests.ecosystems.local_packages.cases import Case, check


def go(module: str, *lines: str) -> str:
    return f"module {module}\n\ngo 1.24\n\n" + "".join(f"{line}\n" for line in lines)


LIB = {"lib/go.mod": go("corp.test/lib")}
NEEDS_LIB = "require corp.test/lib v0.1.0"


def test_go() -> None:
    check(
        {
            "replaced by a folder": Case(
                {},
                {
                    **LIB,
                    "svc/go.mod": go(
                        "corp.test/svc", NEEDS_LIB, "replace corp.test/lib => ../lib"
                    ),
                },
            ),
            "replaced in a block, with a comment": Case(
                {},
                {
                    **LIB,
                    "svc/go.mod": go(
                        "corp.test/svc",
                        "require (",
                        NEEDS_LIB[8:],
                        ")",
                        "replace (",
                        "corp.test/lib => ../lib // here",
                        ")",
                    ),
                },
            ),
            "another version of it": Case(
                {
                    **LIB,
                    "svc/go.mod": go(
                        "corp.test/svc", NEEDS_LIB, "replace corp.test/lib => ../lib"
                    ),
                },
                {
                    "svc/go.mod": go(
                        "corp.test/svc",
                        "require corp.test/lib v0.2.0",
                        "replace corp.test/lib => ../lib",
                    )
                },
            ),
            "replaced by a folder that is not there": Case(
                {},
                {
                    "go.mod": go(
                        "corp.test/svc", NEEDS_LIB, "replace corp.test/lib => ./lib"
                    )
                },
                ("corp.test/lib",),
            ),
            "replaced by a folder outside of the repository": Case(
                {},
                {
                    "go.mod": go(
                        "corp.test/svc", NEEDS_LIB, "replace corp.test/lib => ../../lib"
                    )
                },
                ("corp.test/lib",),
            ),
            "another version is replaced": Case(
                {},
                {
                    **LIB,
                    "go.mod": go(
                        "corp.test/svc",
                        NEEDS_LIB,
                        "replace corp.test/lib v9.0.0 => ./lib",
                    ),
                },
                ("corp.test/lib",),
            ),
            "this version is replaced": Case(
                {},
                {
                    **LIB,
                    "go.mod": go(
                        "corp.test/svc",
                        NEEDS_LIB,
                        "replace corp.test/lib v0.1.0 => ./lib",
                    ),
                },
            ),
            "replaced by a fork": Case(
                {},
                {
                    "go.mod": go(
                        "corp.test/svc",
                        "require gone.test/old v1.0.0",
                        "replace gone.test/old => fork.test/new v1.2.3",
                    )
                },
                ("fork.test/new",),
            ),
            "used by go.work": Case(
                {
                    "go.work": "go 1.24\nuse (\n\t./svc\n\t./lib\n)\n",
                    **LIB,
                    "svc/go.mod": go("corp.test/svc"),
                },
                {"svc/go.mod": go("corp.test/svc", NEEDS_LIB)},
            ),
            "used by a new go.work": Case(
                {},
                {
                    "go.work": "go 1.24\nuse ./svc\nuse ./lib\n",
                    **LIB,
                    "svc/go.mod": go("corp.test/svc", NEEDS_LIB),
                },
            ),
            "go.work does not use the module that needs it": Case(
                {},
                {
                    "go.work": "go 1.24\nuse ./lib\n",
                    **LIB,
                    "svc/go.mod": go("corp.test/svc", NEEDS_LIB),
                },
                ("corp.test/lib",),
            ),
            "go.work uses a folder without a module": Case(
                {},
                {
                    "go.work": "go 1.24\nuse (\n./svc\n./lib\n)\n",
                    "svc/go.mod": go("corp.test/svc", NEEDS_LIB),
                },
                ("corp.test/lib",),
            ),
            "go.work replaces for all": Case(
                {},
                {
                    "go.work": "go 1.24\nuse ./svc\nreplace corp.test/lib => ./lib\n",
                    **LIB,
                    "svc/go.mod": go("corp.test/svc", NEEDS_LIB),
                },
            ),
            "go.work brings a fork": Case(
                {"svc/go.mod": go("corp.test/svc")},
                {
                    "go.work": "go 1.24\nuse ./svc\nreplace a.test/b => fork.test/b v1.0.0\n"
                },
                ("fork.test/b",),
            ),
            "a module of the trusted side": Case(
                LIB, {"svc/go.mod": go("corp.test/svc", NEEDS_LIB)}
            ),
            "a command of such a module": Case(
                LIB, {"Makefile": "x:\n\tgo install corp.test/lib/cmd/x@v0.1.0\n"}
            ),
            "a copy among the vendored": Case(
                {"third_party/lib/go.mod": go("corp.test/lib")},
                {"go.mod": go("corp.test/svc", NEEDS_LIB)},
                ("corp.test/lib",),
            ),
            "the change names a public module as its own": Case(
                {"go.mod": go("corp.test/svc")},
                {
                    "x/go.mod": go("corp.test/lib"),
                    "go.mod": go("corp.test/svc", NEEDS_LIB),
                },
                ("corp.test/lib",),
            ),
        }
    )
