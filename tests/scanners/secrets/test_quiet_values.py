"""Names, texts, versions, sums, ciphertext and plain settings are no secrets."""

from __future__ import annotations

import base64

from tests.scanners.secrets.one_file import RULES, findings_in
from tests.scanners.secrets.templates import expand
from tests.support.offenders import each_of
from zt_gate import rulebook
from zt_gate.model.finding import Level
from zt_gate.scanners.secrets.value_classifier import ValueClassifier

CLASSIFIER = ValueClassifier.of(
    rulebook.load("secrets")["secrets/keyword-assignment"].data
)
HEX40 = expand("{40*a-f0-9}")
UUID = expand("{8*a-f0-9}-{4*a-f0-9}-4{3*a-f0-9}-a{3*a-f0-9}-{12*a-f0-9}")
SECRET = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nstringData:\n"


def reported(text: str, path: str) -> list[str]:
    return [
        finding.rule
        for finding in findings_in(text, path)
        if (finding.level or RULES[finding.rule].level) is not Level.INFO
    ]


@each_of(
    ("path", "text"),
    [
        ("src/A.java", "private Saml2MetadataResponseResolver token;"),
        ("src/A.java", "OAuth2AuthorizedClientProvider accessToken = make();"),
        ("src/a.ts", "token: Saml2MetadataResponseResolver,"),
        ("src/a.go", 'B2bInbound CrossTenantAccessPolicyB2BSetting `json:"b2bInbound"`'),
        ("src/a.go", "privateKey := x25519.NewPrivateKey(publicKey)"),
        ("src/a.go", 'scopes := []string{"access_token", "saml2_token"}'),
        ("m_de.properties", "a.badCredentials=Ung\\u00FCltige Anmeldedaten"),
        ("m_ja.properties", "a.emptyPassword=\\u30e6\\u30fc\\u30b6\\u540d\\u304b"),
        ("m_sv.properties", "Confirm\\ Password=Bekr\u00e4fta l\u00f6senord"),
        ("package.json", '"passport-jwt": ">=4.0.1 <5.0.0 || ^6.1.0-rc.2",'),
        ("go.sum.txt", "x/client_model v0.0.0-20190129233127-fd36f4220a90/go.mod h1:xMI15A0="),
        ("app.csproj", f"<UserSecretsId>{UUID}</UserSecretsId>"),
        ("app.yml", "token_fingerprint: 3a:5b:0c:9f:77:21:aa:42:19:de:03:5c:8e:77:f0:12"),
        ("app.yml", "password: ENC(" + expand("{44*A-Za-z0-9+/}") + ")"),
        ("app.yml", "password: '{cipher}" + expand("{64*a-f0-9}") + "'"),
        ("app.yml", "secret: AQICAH" + expand("{200*A-Za-z0-9+/}")),
        ("app.yml", "client_secret: prefix-$CLIENT_SECRET"),
        ("app.yml", "api_key: %API_KEY%-suffix"),
        ("app.conf", "# database_url = postgres://user:secret@db.corp.internal/app"),
        ("ci.yml", f"uses: SonarSource/sonarqube-scan-action@{HEX40} # v8"),
        ("gitea.json", f'"gitea": {{"sha": "{HEX40}"}}'),
        ("src/a.go", "ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},"),
        ("src/a.go", "clientCache *cache.Cache[esv1.SecretsClient]"),
        ("src/a.go", 'extSecretManagedTag = "k8s-external-secrets"'),
        ("src/a.go", 'ProviderOnePasswordSDK = "1Password/SDK"'),
        ("a.properties", "sonar.ignore.resourceKey=apis/externalsecrets/v1beta1/**"),
        ("src/a.ts", 'accessToken: `at_${crypto.randomBytes(24).toString("hex")}`,'),
        ("src/a.py", "log(f'for session {cdp_session.session_id[-8:]}')"),
        ("ci.yml", 'run: echo "PFX_PASSWORD=$env:PFX_PASSWORD" >> $env:GITHUB_ENV'),
        ("Dockerfile", "RUN apt-get purge -y libsecret-1-dev libkrb5-dev"),
        ("app.json", f'"sessionId": "{UUID}",'),
        ("src/a.ts", 'idempotency_key: "refund-cus_LqT4v8-20260709",'),
        ("src/a.py", "KEY = 'phc_" + expand("{43*A-Za-z0-9}") + "'"),
        ("src/a.py", "OPENAI_API_KEY = 'sk-proj-1234567890'"),
    ],
)  # fmt: skip
def test_what_only_looks_like_a_secret_is_not_reported(path: str, text: str) -> None:
    assert reported(text + "\n", path) == []


@each_of(
    "entry",
    [
        "username: postgres", "host: db.corp.internal", 'port: "5432"', "type: mysql",
        "provider: oidc", "url: https://grafana.corp.internal", "extra: bar",
        "ca.crt: |\n    -----BEGIN CERTIFICATE-----\n    " + expand("{64*A-Za-z0-9}"),
        "config.yaml: |\n    global:\n      access: proxy\n      name: prometheus",
        "email: ops@corp.internal",
    ],
)  # fmt: skip
def test_plain_settings_of_a_kubernetes_secret_are_not_reported(entry: str) -> None:
    assert reported(f"{SECRET}  {entry}\n", "deploy/secret.yaml") == []


@each_of(
    "entry",
    [
        "password: tri" + "color9", "value: hello " + expand("{10*A-Za-z0-9}"),
        "config.yaml: |\n    smtp:\n      password: " + expand("{14*A-Za-z0-9}"),
        "token: " + base64.b64encode(expand("{24*A-Za-z0-9}").encode()).decode(),
    ],
)  # fmt: skip
def test_secrets_of_a_kubernetes_secret_block(entry: str) -> None:
    text = f"{SECRET}  {entry}\n"
    assert "secrets/kubernetes-secret" in reported(text, "deploy/secret.yaml")


def test_base64_of_an_image_holds_no_token() -> None:
    head = expand("{70*A-Za-z0-9}")
    token = "EAA" + expand("{80*A-Za-z0-9}")
    data_url = f'src="data:image/png;base64,{head}/{token}"\n'
    wrapped = f"{head}aaaa\n{token[:74]}\n"
    assert reported(data_url, "a.html") == []
    assert "secrets/facebook-token" not in reported(wrapped, "a.txt")
    assert reported(f'fb = "{token}"\n', "a.py") == ["secrets/facebook-token"]


def test_a_short_placeholder_inside_a_random_key_is_chance() -> None:
    start, end = expand("{14*A-Za-z0-9}"), expand("{18*A-Za-z0-9}")
    for part in ("fake", "todo", "xxxx", "mock"):
        assert not CLASSIFIER.is_sample_key(start + part + end), part
    assert CLASSIFIER.is_sample_key("your-" + "x" * 30)
    assert CLASSIFIER.is_sample_key("abcdef1234567890" * 2)


def test_a_password_with_brackets_in_a_url_is_found() -> None:
    password = expand("{6*A-Z}{4*0-9}({3*a-z}{2*0-9})[{4*A-Z}")
    url = f"postgres://app:{password}@db.corp.internal/app\n"
    assert reported("url: " + url, "a.yml") == ["secrets/url-credentials"]
    assert reported("r'://[^:]+:([^@]+)@host'\n", "a.py") == []


@each_of(
    ("path", "text", "rule"),
    [
        ("setup.sh", "echo machine git.corp.internal login ada password {12*A-Za-z0-9}", "netrc"),
        ("a.py", "sid = 'AC{32*a-f0-9}'\nother = '{32*a-f0-9}'", "twilio-auth-token"),
        ("README.md", "Azure OpenAI key: {32*a-f0-9}", "azure-ai-key-hex"),
        ("up.ps1", "Set-It -StorageKey {86*A-Za-z0-9+/}==", "azure-account-key"),
        ("notes.txt", "Unseal Key 2: {43*A-Za-z0-9+/}=", "vault-unseal-key"),
        (".env.production", "DB_PASSWORD=postgres", "production-env-password"),
        ("jenkins/credentials.xml", "<password>{1*{}AQAAABAAAAAQ{40*A-Za-z0-9+/}={1*}}</password>",
         "jenkins-credentials"),
        ("a.sh", "curl -u '{24*A-Za-z0-9}:' https://api.corp.internal", "command-credentials"),
    ],
)  # fmt: skip
def test_secrets_beside_their_name_are_found(path: str, text: str, rule: str) -> None:
    assert f"secrets/{rule}" in reported(expand(text) + "\n", path)
