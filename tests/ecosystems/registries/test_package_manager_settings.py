"""The configured registries: the order of settings, and what is sent to no other host."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.changes import change_of, context
from tests.support.registry import Registry
from zt_gate import rulebook
from zt_gate.ecosystems.registries import npm_settings, pypi_settings
from zt_gate.ecosystems.registries.package_manager_settings import SettingsSources
from zt_gate.scanners.dependencies import SCANNER

if TYPE_CHECKING:
    from pathlib import Path

RULES = rulebook.load("dependencies")
NOWHERE: dict[str, tuple[str, ...]] = {"pypi": (), "npm": ()}


def sources(home: Path, **fields: Any) -> SettingsSources:
    files: dict[bytes, bytes] = fields.pop("files", {})
    environ = {"HOME": str(home), **fields.pop("environ", {})}
    values = {"policy": {}, "system": NOWHERE, "trusted": files.get, **fields}
    return SettingsSources(environ, **values)


def write(home: Path, name: str, text: str) -> None:
    target = home / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


def pypi(home: Path, **fields: Any) -> list[str]:
    return [
        index.url for index in pypi_settings.endpoints(sources(home, **fields)).indexes
    ]


def npm(home: Path, **fields: Any) -> str:
    return npm_settings.endpoints(sources(home, **fields)).indexes[0].url


UV = b'[[tool.uv.index]]\nname = "x"\nurl = "https://project.example/simple/"\ndefault = true\n'


def test_pypi_settings_have_their_priority(tmp_path: Path) -> None:
    constant = pypi(tmp_path)
    assert len(constant) == 1
    assert constant[0].endswith("/simple")
    write(
        tmp_path,
        ".config/pip/pip.conf",
        "[global]\nindex-url = https://user.example/simple\n",
    )
    assert pypi(tmp_path) == ["https://user.example/simple"]
    fields: dict[str, Any] = {"files": {b"pyproject.toml": UV}}
    assert pypi(tmp_path, **fields) == ["https://project.example/simple"]
    fields["policy"] = {"pypi": "https://policy.example/simple"}
    assert pypi(tmp_path, **fields) == ["https://policy.example/simple"]
    fields["environ"] = {"UV_DEFAULT_INDEX": "name=https://uv.example/simple"}
    assert pypi(tmp_path, **fields) == ["https://uv.example/simple"]
    fields["environ"]["PIP_INDEX_URL"] = "https://pip.example/simple/"
    assert pypi(tmp_path, **fields) == ["https://pip.example/simple"]


def test_npm_settings_have_their_priority(tmp_path: Path) -> None:
    assert npm(tmp_path).startswith("https://registry.")
    write(tmp_path, ".npmrc", "registry=https://user.example/")
    assert npm(tmp_path) == "https://user.example"
    fields: dict[str, Any] = {
        "files": {b".npmrc": b"registry = https://project.example/"}
    }
    assert npm(tmp_path, **fields) == "https://project.example"
    fields["policy"] = {"npm": "https://policy.example"}
    assert npm(tmp_path, **fields) == "https://policy.example"
    fields["environ"] = {"NPM_CONFIG_REGISTRY": "https://env.example/"}
    assert npm(tmp_path, **fields) == "https://env.example"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[tool.uv]\nindex-url = 'https://a.example'\n", ["https://a.example"]),
        (
            "[[tool.poetry.source]]\nname='p'\nurl='https://a.example'\n",
            ["https://a.example"],
        ),
        (
            "[[tool.pdm.source]]\nname='pypi'\nurl='https://a.example'\n",
            ["https://a.example"],
        ),
    ],
)
def test_project_settings_of_each_tool(
    tmp_path: Path, text: str, expected: list[str]
) -> None:
    assert pypi(tmp_path, files={b"pyproject.toml": text.encode()}) == expected


def test_extra_indexes_count_beside_the_one_that_names_the_index(
    tmp_path: Path,
) -> None:
    write(
        tmp_path,
        ".config/pip/pip.conf",
        "[global]\nindex-url = https://u.example\nextra-index-url =\n  https://v.example\n",
    )
    assert pypi(tmp_path) == ["https://u.example", "https://v.example"]
    environ = {
        "PIP_INDEX_URL": "https://e.example",
        "PIP_EXTRA_INDEX_URL": "https://f.example",
    }
    assert pypi(tmp_path, environ=environ) == ["https://e.example", "https://f.example"]


def test_settings_beside_the_manifest_come_before_the_root(tmp_path: Path) -> None:
    files = {
        b".npmrc": b"registry=https://root.example",
        b"web/.npmrc": b"registry=https://w.example",
    }
    assert npm(tmp_path, files=files, folder=b"web") == "https://w.example"
    assert npm(tmp_path, files=files) == "https://root.example"


def test_scopes_have_their_registry(tmp_path: Path) -> None:
    files = {b".npmrc": b"@corp:registry=https://corp.example/npm/\n"}
    endpoints = npm_settings.endpoints(sources(tmp_path, files=files))
    assert endpoints.for_name("@corp/x")[0].url == "https://corp.example/npm"
    assert endpoints.for_name("x")[0].default


def test_variables_are_expanded_in_the_users_files_only(tmp_path: Path) -> None:
    secret = "tok" + "en-of-a-test"
    environ = {"TOKEN": secret}
    write(
        tmp_path,
        ".npmrc",
        "registry=https://user.example/\n//user.example/:_authToken=${TOKEN}",
    )
    endpoints = npm_settings.endpoints(sources(tmp_path, environ=environ))
    assert endpoints.indexes[0].authorization == f"Bearer {secret}"
    assert secret not in repr(endpoints)
    files = {
        b".npmrc": b"registry=https://evil.example/${TOKEN}/\n//evil.example/:_authToken=x"
    }
    (index,) = npm_settings.endpoints(
        sources(tmp_path, environ=environ, files=files)
    ).indexes
    assert (index.url, index.authorization) == ("https://evil.example/${TOKEN}", "")


def test_a_token_goes_to_its_own_address_only(tmp_path: Path) -> None:
    write(tmp_path, ".npmrc", "//h.example/team/:_authToken=abc\n@a:registry=https://h.example/team/x\n"
          "@b:registry=https://h.example/teams\n@c:registry=https://g.example/team")  # fmt: skip
    scopes = npm_settings.endpoints(sources(tmp_path)).scopes
    headers = {name: index.authorization for name, index in scopes.items()}
    assert headers == {"@a": "Bearer abc", "@b": "", "@c": ""}


def test_credentials_in_addresses_and_netrc(tmp_path: Path) -> None:
    environ = {"PIP_INDEX_URL": "https://ada:pw@h.example/simple"}
    (index,) = pypi_settings.endpoints(sources(tmp_path, environ=environ)).indexes
    assert (index.url, index.authorization) == (
        "https://h.example/simple",
        "Basic YWRhOnB3",
    )
    write(tmp_path, ".netrc", "machine n.example login ada password pw\n")
    (tmp_path / ".netrc").chmod(0o600)
    environ = {"PIP_INDEX_URL": "https://n.example/simple"}
    (index,) = pypi_settings.endpoints(sources(tmp_path, environ=environ)).indexes
    assert index.authorization == "Basic YWRhOnB3"


def test_variables_that_npm_sets_for_its_scripts_are_ignored(tmp_path: Path) -> None:
    environ = {
        "npm_config_registry": "https://evil.example",
        "npm_lifecycle_event": "commit",
    }
    assert npm(tmp_path, environ=environ) == npm(tmp_path)


def test_downloads_are_counted_for_the_default_index_or_where_a_service_is_set(
    tmp_path: Path,
) -> None:
    for module, env, variable in (
        (pypi_settings, "PIP_INDEX_URL", "ZT_GATE_PYPISTATS_URL"),
        (npm_settings, "npm_config_registry", "ZT_GATE_NPM_DOWNLOADS_URL"),
    ):
        assert module.endpoints(sources(tmp_path)).service is not None
        environ = {env: "https://private.example/simple"}
        own = module.endpoints(sources(tmp_path, environ=environ)).service
        # A registry of npm's kind may count its own downloads; no other host is asked.
        assert own is None or (own.optional and own.url == environ[env])
        assert (own is None) == (module is pypi_settings)
        environ[variable] = "https://counts.example/"
        service = module.endpoints(sources(tmp_path, environ=environ)).service
        assert service is not None
        assert service.url == "https://counts.example"
    policy = {
        "npm": "https://p.example",
        "npm-downloads": "https://c.example/downloads",
    }
    service = npm_settings.endpoints(sources(tmp_path, policy=policy)).service
    assert service is not None
    assert service.url == "https://c.example"


def test_invalid_settings_are_ignored(tmp_path: Path) -> None:
    write(tmp_path, ".config/pip/pip.conf", "no section\n[[[")
    write(tmp_path, ".config/uv/uv.toml", "index = 3\nindex-url = [")
    files = {
        b"pyproject.toml": b"[tool]\nuv = 3\npoetry.source = 'x'\npdm = []",
        b"uv.toml": b"\xff",
    }
    assert pypi(tmp_path, files=files) == pypi(tmp_path)


def scan(
    tmp_path: Path, new: dict[str, str | bytes | None], **fields: Any
) -> list[str]:
    values = {"environ": {"HOME": str(tmp_path)}, **fields}
    run = SCANNER.scan(change_of(new), context(RULES, tmp_path, **values))
    return [finding.message for finding in run.findings]


def test_nothing_is_sent_to_a_host_that_the_change_adds(tmp_path: Path) -> None:
    """The change adds a registry with a variable in it, beside a new dependency."""
    with Registry() as evil, Registry() as own:
        own.npm("tidepool-box")
        own.pypi("tidepool-kit")
        npmrc = (
            f"registry={evil.url}/npm/${{TOKEN}}/\n//127.0.0.1/:_authToken=${{TOKEN}}\n"
        )
        uv = f'[[tool.uv.index]]\nname = "e"\nurl = "{evil.pypi_url}"\ndefault = true\n'
        environ = {"HOME": str(tmp_path), "TOKEN": "abc", **own.environment()}
        messages = scan(
            tmp_path,
            {
                ".npmrc": npmrc,
                "package.json": '{"dependencies": {"tidepool-box": "1"}}',
                "requirements.txt": f"--index-url {evil.pypi_url}\ntidepool-kit\n",
                "pyproject.toml": uv + '[project]\ndependencies = ["tidepool-kit"]\n'
                '[tool.uv.sources]\ntidepool-kit = { index = "e" }\n',
            },
            environ=environ,
        )
        assert evil.requests == []
        assert not any("abc" in path for path in own.asked())
        assert sum("another index" in message for message in messages) == 4


def test_the_trusted_projects_variables_are_not_expanded_either(tmp_path: Path) -> None:
    with Registry() as registry:
        registry.npm("tidepool-box")
        trusted = {b".npmrc": f"registry={registry.url}/npm/${{TOKEN}}/\n".encode()}
        (message,) = scan(
            tmp_path,
            {"package.json": '{"dependencies": {"tidepool-box": "1"}}'},
            environ={"HOME": str(tmp_path), "TOKEN": "abc"},
            trusted_file=trusted.get,
        )
        assert "variable" in message
        assert registry.requests == []


def test_a_file_keeps_the_index_that_it_had_on_the_trusted_side(tmp_path: Path) -> None:
    """A private index in requirements.txt: its names go there and nowhere else."""
    with Registry() as private, Registry() as public:
        private.pypi("inhouse", weekly=None)
        line = f"--index-url {private.pypi_url}\n"
        messages = scan(
            tmp_path,
            {"requirements.txt": f"{line}inhouse\n"},
            environ=public.environment(),
            trusted_file={b"requirements.txt": line.encode()}.get,
        )
        assert messages == []
        assert private.asked() == ["/simple/inhouse/"]
        assert public.requests == []


def test_plain_http_is_for_loopback_or_for_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "name not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    trusted = {b".npmrc": b"registry=http://registry.invalid/\n"}
    new: dict[str, str | bytes | None] = {
        "package.json": '{"dependencies": {"tidepool-box": "1"}}'
    }
    (message,) = scan(tmp_path, new, trusted_file=trusted.get)
    assert "plain http" in message
    environ = {"HOME": str(tmp_path), "npm_config_registry": "http://registry.invalid/"}
    (message,) = scan(tmp_path, new, environ=environ)
    assert "does not resolve" in message


def test_credentials_go_to_their_own_server_and_not_into_the_cache(
    tmp_path: Path,
) -> None:
    with Registry() as registry:
        registry.pypi("tidepool-kit")
        host = registry.pypi_url.replace("http://", "http://ada:pw-of-a-test@")
        environ = {**registry.environment(), "PIP_INDEX_URL": host}
        new: dict[str, str | bytes | None] = {"requirements.txt": "tidepool-kit\n"}
        assert scan(tmp_path, new, environ=environ, cache_dir=tmp_path) == []
        sent = {request.path: request.headers for request in registry.requests}
        assert "authorization" in sent["/simple/tidepool-kit/"]
        assert "authorization" not in sent["/stats/api/packages/tidepool-kit/recent"]
        (cache,) = tmp_path.glob("*.sqlite3")
        assert b"pw-of-a-test" not in cache.read_bytes()
