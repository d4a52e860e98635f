"""What the environment may say, and what it is told when it says something else."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.settings import Settings, SettingsRefused, is_loopback, read_settings


def public_key(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    """Base64 SPKI, as the provider's page shows it."""
    return base64.b64encode(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that says nothing of ours."""
    for name in os.environ:
        if name.startswith(("NURTURE_", "SENDGRID_", "TEMPORAL_")):
            monkeypatch.delenv(name)
    return monkeypatch


def test_without_any_variable_everything_has_its_default(environment: pytest.MonkeyPatch) -> None:
    """One machine, the built-in sink, a database in ./var, real time, an embedded Temporal server."""
    settings = read_settings()
    assert settings.home == Path.cwd() / "var"
    assert settings.database_url == f"sqlite:///{Path.cwd()}/var/nurture.db"
    assert (settings.web, settings.public_url) == ("127.0.0.1:8080", "http://127.0.0.1:8080")
    assert (settings.mail, settings.sendgrid_host) == ("sink", "http://127.0.0.1:8080/sink")
    assert (settings.speed, settings.api_key, settings.notify_url) == (1, None, None)
    assert (settings.embeds_temporal, settings.temporal_address) == (True, "127.0.0.1:7233")
    assert settings.temporal_ui == "http://127.0.0.1:8233"


def test_an_empty_variable_counts_as_unset(environment: pytest.MonkeyPatch) -> None:
    """A compose file that passes variables through gives empty ones."""
    environment.setenv("NURTURE_API_KEY", "")
    environment.setenv("TEMPORAL_ADDRESS", "")
    assert read_settings().api_key is None
    assert read_settings().embeds_temporal


def test_a_given_temporal_address_means_no_embedded_server(environment: pytest.MonkeyPatch) -> None:
    """Its UI is not known then."""
    environment.setenv("TEMPORAL_ADDRESS", "temporal.example.co.jp:7233")
    settings = read_settings()
    assert not settings.embeds_temporal
    assert (settings.temporal_address, settings.temporal_ui) == ("temporal.example.co.jp:7233", None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NURTURE_SPEED", "fast"),
        ("NURTURE_SPEED", "0"),
        ("NURTURE_WEB", "8080"),
        ("NURTURE_WEB", "127.0.0.1:port"),
        ("NURTURE_WEB", "http://127.0.0.1:8080"),
        ("NURTURE_MAIL", "smtp"),
        ("NURTURE_MAIL_RATE", "0"),
        ("NURTURE_MAIL_RATE", "10/second"),
        ("NURTURE_TEMPORAL_PORT", "70000"),
        ("NURTURE_PUBLIC_URL", "nurture.example.co.jp"),
        ("NURTURE_NOTIFY_URL", "ftp://example.co.jp"),
        ("NURTURE_SLACK_URL", "hooks.slack.com/services/x"),
        ("NURTURE_SALES_SECRETS", "whsec_dG9vIHNob3J0"),
        ("NURTURE_SALES_SECRETS", "a secret that is no base64"),
        ("NURTURE_HUBSPOT_HOST", "http://api.example.co.jp"),
        ("NURTURE_DATABASE_URL", "mysql://example.co.jp/nurture"),
        ("NURTURE_SENDGRID_WEBHOOK_KEYS", "abc"),
        ("NURTURE_REPLY_DOMAIN", "https://reply.example.co.jp"),
        ("NURTURE_REPLY_DOMAIN", "reply@example.co.jp"),
        ("NURTURE_RATE_KEY", "often"),
        ("NURTURE_RATE_PUBLIC", "10 per blink"),
        ("NURTURE_TRUSTED_PROXIES", "10.0.0.5/8"),
        ("NURTURE_SITES", "www.example.co.jp"),
        ("NURTURE_SITES", "https://www.example.co.jp,https://www.example.co.jp/shop"),
        ("NURTURE_SITES", "https://www.example.co.jp:port"),
        ("NURTURE_PAGE_VIEW_DAYS", "0"),
        ("NURTURE_TRUSTED_PROXIES", "proxy.example.co.jp"),
        ("NURTURE_SENDGRID_WEBHOOK_KEYS", public_key(ed25519.Ed25519PrivateKey.generate())),
    ],
)
def test_a_bad_value_is_named_with_what_it_should_be(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    """The error carries the variable and says what would be right."""
    environment.setenv(name, value)
    with pytest.raises(SettingsRefused) as refused:
        read_settings()
    assert list(refused.value.problems) == [name]
    assert "should" in refused.value.problems[name]


def test_all_bad_values_are_named_at_once_and_no_secret_is_shown(environment: pytest.MonkeyPatch) -> None:
    """Nobody has to start again for each."""
    environment.setenv("NURTURE_WEB", "nonsense")
    environment.setenv("NURTURE_HOME", "")
    environment.setenv("NURTURE_SPEED", "x")
    environment.setenv("NURTURE_DATABASE_URL", "mysql://user:hunter2@example.co.jp/db")
    environment.setenv("NURTURE_SLACK_URL", "hunter2")
    environment.setenv("NURTURE_SALES_SECRETS", "whsec_hunter2")
    with pytest.raises(SettingsRefused) as refused:
        read_settings()
    assert set(refused.value.problems) == {
        "NURTURE_WEB", "NURTURE_SPEED", "NURTURE_DATABASE_URL", "NURTURE_SLACK_URL", "NURTURE_SALES_SECRETS",
    }  # fmt: skip
    assert "hunter2" not in str(refused.value)


def test_settings_show_no_secret() -> None:
    """A settings object that lands in a log or traceback gives nothing away."""
    settings = Settings(
        api_key="key-1", sendgrid_api_key="key-2", database_url="postgresql://user:key-3@example.co.jp/nurture"
    )
    assert "key-" not in repr(settings)


def test_accelerated_time_is_refused_with_a_real_mail_provider(environment: pytest.MonkeyPatch) -> None:
    """A month of mails in a minute must not reach people; a test double on this machine is no provider."""
    environment.setenv("NURTURE_MAIL", "sendgrid")
    environment.setenv("SENDGRID_API_KEY", "key")
    assert read_settings().sendgrid_host == "https://api.sendgrid.com"
    environment.setenv("NURTURE_SPEED", "43200")
    with pytest.raises(SettingsRefused, match="NURTURE_SPEED"):
        read_settings()
    environment.setenv("NURTURE_SENDGRID_HOST", "https://mail.example.co.jp")
    with pytest.raises(SettingsRefused, match="NURTURE_SPEED"):
        read_settings()
    environment.setenv("NURTURE_SENDGRID_HOST", "http://127.0.0.1:9999")
    assert read_settings().speed == 43200
    environment.setenv("NURTURE_MAIL", "sink")
    environment.setenv("NURTURE_SENDGRID_HOST", "https://mail.example.co.jp")
    with pytest.raises(SettingsRefused, match="NURTURE_SPEED"):
        read_settings()


def test_a_real_provider_wants_a_key_and_an_encrypted_connection(environment: pytest.MonkeyPatch) -> None:
    """Both are said before the first mail, not at it."""
    environment.setenv("NURTURE_MAIL", "sendgrid")
    with pytest.raises(SettingsRefused, match="SENDGRID_API_KEY"):
        read_settings()
    environment.setenv("SENDGRID_API_KEY", "key")
    environment.setenv("NURTURE_SENDGRID_HOST", "http://mail.example.co.jp")
    with pytest.raises(SettingsRefused, match="https"):
        read_settings()


def test_the_sink_of_a_server_bound_everywhere_is_reached_on_loopback(environment: pytest.MonkeyPatch) -> None:
    """0.0.0.0 is a place to listen, not one to call."""
    environment.setenv("NURTURE_WEB", "0.0.0.0:9000")
    environment.setenv("NURTURE_SPEED", "60")
    settings = read_settings()
    assert settings.sendgrid_host == "http://127.0.0.1:9000/sink"
    assert (settings.web_host, settings.web_port, settings.web_url) == ("0.0.0.0", 9000, "http://127.0.0.1:9000")
    environment.setenv("NURTURE_WEB", "[::1]:9000")
    assert (read_settings().web_host, read_settings().web_url) == ("::1", "http://[::1]:9000")


def test_a_child_reads_the_same_settings_in_another_directory(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`environment` round-trips, keys included, with absolute paths."""
    keys = (public_key(ec.generate_private_key(ec.SECP256R1())), public_key(ec.generate_private_key(ec.SECP256R1())))
    environment.setenv("NURTURE_HOME", "here")
    environment.setenv("NURTURE_API_KEY", "key")
    environment.setenv("NURTURE_MAIL_RATE", "2.5")
    environment.setenv("NURTURE_SENDGRID_WEBHOOK_KEYS", " , ".join(keys))
    environment.setenv("NURTURE_SITES", "https://WWW.example.co.jp:443/, http://127.0.0.1:3000, https://例え.jp")
    environment.setenv("NURTURE_SAMPLE_SITE", "1")
    settings = read_settings()
    assert settings.sendgrid_webhook_keys == keys
    assert settings.sites == ("https://www.example.co.jp", "http://127.0.0.1:3000", "https://xn--r8jz45g.jp")
    assert settings.origins == {*settings.sites, "http://127.0.0.1:8080"}
    for name, value in settings.environment().items():
        environment.setenv(name, value)
    environment.chdir(tmp_path)
    assert read_settings() == settings


def test_the_error_of_a_bad_value_ends_a_script_with_one(environment: pytest.MonkeyPatch) -> None:
    """The input is wrong: exit code 1 and the words on stderr, no traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "adapters.temporal_cli"],
        env={**os.environ, "NURTURE_SPEED": "fast"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("NURTURE_SPEED is 'fast': should be a valid integer")


@pytest.mark.parametrize(
    ("place", "here"),
    [
        ("http://127.0.0.1:8080", True),
        ("http://127.8.0.1", True),
        ("http://localhost:3000/x", True),
        ("http://[::1]:80", True),
        ("https://api.sendgrid.com", False),
        ("https://127.0.0.1.example.com", False),
        ("https://localhost.example.com", False),
        ("http://127.0.0.1@example.com", False),
    ],
)
def test_loopback_is_judged_by_the_host_alone(place: str, here: bool) -> None:
    """A name that only resembles a loopback address is another machine."""
    assert is_loopback(place) is here
