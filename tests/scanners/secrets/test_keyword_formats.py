"""Values near a provider's name: assigned to a name for a secret, they block."""

from __future__ import annotations

from tests.scanners.secrets.one_file import findings_in
from tests.scanners.secrets.templates import expand
from tests.support.offenders import each_of
from zt_gate.model.finding import Level

HEX40, PLAIN32 = expand("{40*a-f0-9}"), expand("{32*A-Za-z0-9}")


def levels(text: str, path: str = "app.cfg") -> list[tuple[str, Level | None]]:
    return [(f.rule, f.level) for f in findings_in(text, path)]


@each_of(
    "text",
    [
        f"WANDB_API_KEY={HEX40}",
        f'var wandbToken string = "{HEX40}"',
        f"<wandbToken>\n    {HEX40}\n</wandbToken>",
        f'"wandb_api_key" => "{HEX40}"',
        f"wandb_secret ::= '{HEX40}'",
    ],
)
@each_of("path", ["app.cfg", ".env", "src/main.go"])
def test_issuer_purpose_and_form_together_block(text: str, path: str) -> None:
    assert levels(text, path) == [("secrets/wandb-api-key", Level.BLOCK)]


def test_the_name_of_the_issuer_alone_warns() -> None:
    assert levels(f"wandb run {HEX40}") == [("secrets/wandb-api-key", Level.WARN)]
    assert levels(f"wandb_run_id: {HEX40}") == [("secrets/wandb-api-key", Level.WARN)]
    assert levels(f"WANDB_API_KEY = '{HEX40}'", "tests/test_a.py") == [
        ("secrets/wandb-api-key", Level.WARN)
    ]


def test_another_length_is_another_format() -> None:
    assert ("secrets/wandb-api-key", Level.BLOCK) not in levels(
        f"WANDB_API_KEY={HEX40}ab"
    )
    assert levels(f"MISTRAL_API_KEY={PLAIN32}") == [
        ("secrets/mistral-api-key", Level.BLOCK)
    ]
