"""Names of variables that probably hold a credential."""

from __future__ import annotations

from zt_gate import lazy_re

_SECRET_NAME = lazy_re.compile(
    r"(?:^|_)(?:TOKEN|SECRET|SECRETS|PASSWORD|PASSWD|PASSPHRASE|APIKEY|CREDENTIALS?)(?:$|_)|(?:API|ACCESS|PRIVATE|SECRET|AUTH|ENCRYPTION|SIGNING|SERVICE|SSH|LICENSE|ANTHROPIC|OPENAI|STRIPE|MASTER|DEPLOY)_?KEY(?:$|_)|^(?:PGPASSWORD|MYSQL_PWD|GH_PAT|KUBECONFIG_DATA|SSH_KEY)$|_PAT$"
)
_OIDC_NAMES = frozenset(
    (
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_URL",
        "ACTIONS_RUNTIME_TOKEN",
        "CI_JOB_JWT",
        "CI_JOB_JWT_V2",
        "CI_JOB_TOKEN",
        "SYSTEM_ACCESSTOKEN",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "BUILDKITE_AGENT_ACCESS_TOKEN",
    )
)


def is_secret_name(name: str) -> bool:
    """Whether a variable of the environment probably holds a credential."""
    upper = name.upper()
    return upper in _OIDC_NAMES or bool(_SECRET_NAME.search(upper))


def is_ci_token(name: str) -> bool:
    """Whether a variable is one with which a CI job gets a token."""
    return name.upper() in _OIDC_NAMES
