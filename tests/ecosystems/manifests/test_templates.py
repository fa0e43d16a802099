"""Templates of manifests are listed, and the names that stand in them are read."""

from __future__ import annotations

from tests.support.bounded import finishes
from tests.support.changes import change_of
from tests.support.offenders import each_of
from zt_gate.scanners.dependencies.additions import difference

Found = tuple[list[str], list[str]]


def read(path: str, text: str, old: str = "") -> Found:
    before = {path: old} if old else {}
    found = difference(change_of({path: text}, before), lambda _: None)
    return (
        [one.dependency.key + one.constraint for one in found.added],
        [item.kind for item in found.not_inspected],
    )


PRE_COMMIT = (
    "repos:\n{% if cookiecutter.lint %}\n- repo: local\n  hooks:\n  - id: {{ id }}\n"
    "    language: python\n    additional_dependencies: [rich==1.0]\n{% endif %}\n"
)
PACKAGE = (
    '{\n  "name": "<%= name %>",\n  "dependencies": {\n'
    '    <% if (ts) { %>"typescript": "^5.0.0",<% } %>\n    "express": "^4.0.0"\n  }\n}\n'
)


@each_of(
    ("path", "text", "names"),
    [
        (
            "{{cookiecutter.slug}}/requirements.txt",
            '{%- if cookiecutter.celery == "y" %}\ncelery==5.4.0\n{%- endif %}\ndjango==5.0\n',
            ["celery==5.4.0", "django==5.0"],
        ),
        (
            "requirements.txt",
            "{# the web #}\ndjango=={{ version }}\n{{ extra }}\nrich\n{{ pre }}-kit==1\n",
            ["django", "rich"],
        ),
        ("templates/package.json", PACKAGE, ["typescript^5.0.0", "express^4.0.0"]),
        (
            "package.json",
            '{"dependencies": {\n"{{ kebabCase name }}": "1",\n"rich-kit": "{{ version }}"\n}}',
            ["rich-kit"],
        ),
        (
            "package.json",
            '{"dependencies": {\n{{#if ts}}\n"typescript": "5",\n{{/if}}\n{{#each d}}\n"{{this}}": "1",\n{{/each}}\n}}\n',  # noqa: E501 - a whole file
            ["typescript5"],
        ),
        ("a/.pre-commit-config.yaml", PRE_COMMIT, ["rich==1.0"]),
        (
            "pyproject.toml",
            '[project]\nname = "{{ name }}"\n{% if x %}\ndependencies = ["rich>=1"]\n{% endif %}\n',
            ["rich>=1"],
        ),
        (
            "pyproject.toml",
            '[project]\nname = "x"\ndependencies = [\n  "{{ first }}",\n  "rich>=1",\n]\n',
            ["rich>=1"],
        ),
        (
            "setup.py",
            'from setuptools import setup\nsetup(\n{% if x %}\n  install_requires=["rich"],\n{% endif %}\n)\n',  # noqa: E501 - a whole file
            ["rich"],
        ),
        (
            "Cargo.toml",
            '[package]\nname = "{{project-name}}"\n[dependencies]\n{% if log %}\nlog = "0.4"\n{% endif %}\n',  # noqa: E501 - a whole file
            ["log0.4"],
        ),
        (
            "pom.xml",
            "<project>\n<% if (x) { %>\n<dependencies><dependency><groupId>g</groupId>\n<artifactId>a</artifactId></dependency></dependencies>\n<% } %>\n</project>\n",  # noqa: E501 - a whole file
            ["g:a"],
        ),
        (
            "composer.json",
            '{"require": {\n{% if x %}\n"a/b": "^1.0",\n{% endif %}\n"c/d": "2.0"\n}}\n',
            ["a/b^1.0", "c/d2.0"],
        ),
        (
            "go.mod",
            "module {{ module }}\n\ngo 1.24\n{% if x %}\nrequire corp.test/a v1.0.0\n{% endif %}\n",
            ["corp.test/av1.0.0"],
        ),
    ],
)
def test_a_template_is_read_as_far_as_it_can_be(
    path: str, text: str, names: list[str]
) -> None:
    assert read(path, text) == (names, ["not_applicable"])


@each_of(
    ("path", "text"),
    [
        ("requirements.txt", "# {% if x %}\nrich ==\n"),
        ("requirements.txt", "{{ x }}\nrich ==\n"),
        ("package.json", '{"name": "{{ x }}",\n"dependencies": {"rich" "1"}}\n'),
        ("package.json", '{"description": "<% x %>",\n"dependencies": {"a b": "1"}}\n'),
        ("pyproject.toml", '# {{ x }}\n[project]\nname = "a"\nname = "b"\n'),
        ("{{ x }}/Cargo.toml", "[dependencies]\nlog = \n"),
    ],
)
def test_marks_elsewhere_make_nothing_readable(path: str, text: str) -> None:
    """A mark in a comment or a string does not let a broken manifest through."""
    assert read(path, text) == ([], ["unreadable"])


def test_only_what_a_template_adds_is_new() -> None:
    old = "{% if x %}\nrich==1\n{% endif %}\n"
    assert read("requirements.txt", old + "click\n", old) == (
        ["click"],
        ["not_applicable"],
    )


def test_hostile_marks_take_linear_time() -> None:
    def look(text: str) -> None:
        found = read("requirements.txt", text)
        assert not found[0]

    finishes(["{{" * 100_000, "{{x}}-\n" * 5_000, "<%\n" * 50_000], look)
