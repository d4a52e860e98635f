"""Decides what the environment asks for, with every default in one place; refuses to open or start anything."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from limits import parse
from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from adapters.sales_channels.signing import key_of
from nurture.errors import NurtureError

HUBSPOT_API = "https://api.hubapi.com"
"""Where HubSpot's API is unless a host is given."""
SENDGRID_API = "https://api.sendgrid.com"
"""Where mail goes with `NURTURE_MAIL=sendgrid` unless a host is given."""
_DOMAIN = re.compile(
    r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])", re.IGNORECASE
)


class SettingsRefused(NurtureError):
    """At least one environment variable has a value that cannot be used; names all of them, shows no secret."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        """`problems`: variable name → what is wrong with it and what it should be."""
        super().__init__(
            "; ".join(f"{name} {problem}" for name, problem in problems.items()),
            where="in the environment",
            do=f"set {' and '.join(problems)} as said, or unset {'it' if len(problems) == 1 else 'them'}",
        )
        self.problems = dict(problems)


def _host_and_port(address: str, *, fallback_port: int) -> tuple[str, int]:
    parts = urlsplit(f"//{address}")
    return parts.hostname or "127.0.0.1", parts.port or fallback_port


def _an_address(value: str) -> str:
    try:
        parts = urlsplit(f"//{value}")
        usable = bool(parts.hostname) and bool(parts.port) and parts.netloc == value and "@" not in value
    except ValueError:
        usable = False
    if not usable:
        raise PydanticCustomError("address", "should be HOST:PORT, for example 127.0.0.1:8080")
    return value


def _a_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise PydanticCustomError("url", "should be an http or https URL, for example https://mail.example.co.jp")
    return value.rstrip("/")


def _a_secret_url(value: SecretStr) -> SecretStr:
    _a_url(value.get_secret_value())
    return value


def _a_database(value: str) -> str:
    kind = value.partition("://")[0].partition("+")[0]
    if "://" not in value or kind not in {"sqlite", "postgresql"}:
        raise PydanticCustomError("database", "should begin with sqlite:/// or postgresql:// (SQLAlchemy's URL form)")
    return value


def _a_public_key(value: str) -> str:
    try:
        key = load_der_public_key(base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, EllipticCurvePublicKey):
        raise PydanticCustomError(
            "public_key",
            "should list ECDSA public keys as base64 SPKI, comma-separated, as the provider's webhook page shows them",
        )
    return value


def _a_domain(value: str) -> str:
    if not _DOMAIN.fullmatch(value):
        raise PydanticCustomError(
            "domain", "should be a domain of its own for replies, for example reply.example.co.jp"
        )
    return value.lower()


def _a_secret(value: SecretStr) -> SecretStr:
    try:
        key_of(value.get_secret_value())
    except ValueError:
        raise PydanticCustomError(
            "secret",
            "should list secrets, comma-separated: `whsec_` and at least 24 random bytes as base64, as "
            "`echo whsec_$(openssl rand -base64 32)` makes one",
        ) from None
    return value


def _a_rate(value: str) -> str:
    try:
        parse(value)
    except ValueError:
        raise PydanticCustomError("rate", "should be a number of requests in a time, for example 100/second") from None
    return value


def _an_origin(value: str) -> str:
    try:
        parts = urlsplit(value)
        port, host = parts.port, _as_browsers_name_it(parts.hostname or "")
    except ValueError:
        parts, port, host = urlsplit(""), None, ""
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"} or "@" in value:
        raise PydanticCustomError(
            "origin", "should list origins, comma-separated and without a path, for example https://www.example.co.jp"
        )
    name = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{name}" + (f":{port}" if port not in (None, usual) else "")


def _as_browsers_name_it(host: str) -> str:
    """`例え.jp` is `xn--r8jz45g.jp` in what browsers send. Raises ValueError."""
    return host if host.isascii() else host.encode("idna").decode()


def _a_network(value: str) -> str:
    try:
        ipaddress.ip_network(value)
    except ValueError:
        raise PydanticCustomError(
            "network", "should list addresses or networks, comma-separated, for example 10.0.0.0/8"
        ) from None
    return value


def _comma_separated(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


Address = Annotated[str, AfterValidator(_an_address)]
Url = Annotated[str, AfterValidator(_a_url)]
Port = Annotated[int, Field(ge=1, le=65535)]
Rate = Annotated[str, AfterValidator(_a_rate)]
Network = Annotated[str, AfterValidator(_a_network)]
Domain = Annotated[str, AfterValidator(_a_domain)]
Origin = Annotated[str, AfterValidator(_an_origin)]
Secret = Annotated[SecretStr, AfterValidator(_a_secret)]
PublicKey = Annotated[str, AfterValidator(_a_public_key)]


def is_loopback(url_or_host: str) -> bool:
    """True where a URL or host can only be this machine, judged by its text (no lookup)."""
    host = urlsplit(url_or_host).hostname if "://" in url_or_host else url_or_host
    if host is None:
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _loopback_of(address: str) -> str:
    """`address` as a client on this machine reaches it: a server bound to every interface is at 127.0.0.1 too."""
    host, port = _host_and_port(address, fallback_port=8080)
    try:
        everywhere = ipaddress.ip_address(host).is_unspecified
    except ValueError:
        everywhere = False
    if everywhere:
        host = "127.0.0.1"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _default_database(data: dict[str, Any]) -> str:
    return f"sqlite:///{data['home'] / 'nurture.db'}"


def _default_public_url(data: dict[str, Any]) -> str:
    return f"http://{_loopback_of(data['web'])}"


def _default_mail_host(data: dict[str, Any]) -> str:
    return SENDGRID_API if data["mail"] == "sendgrid" else f"http://{_loopback_of(data['web'])}/sink"


class Settings(BaseSettings):
    """Everything a process may be told from outside; read once, at its entry point, and handed on.

    `reply_domain`: whose mail the provider hands in (Inbound Parse), so that leads can answer; None: they cannot.
    `sales_secrets`: with which webhooks to and from sales are signed; of several, each is good. `slack_url`,
    `hubspot_token`: how those channels are reached, None: they are not.
    `rate_…`: how often each key, and each client address without one, may ask; `posts` are forms sent and logins tried;
    `logins`: how often one login name may be tried from one address; see web/rates.py for all together.
    `mail_rate`: how many mails a second all workers together hand to the provider, None: as many as they can.
    `trusted_proxies`: who may say in `X-Forwarded-For` whose request it passes on. `sites`: the web sites whose pages
    may tell of page views. `page_view_days`: how long those of nobody are kept. `sample_site`: show that of the demo.
    `demo`: pages say what to try first.
    """

    model_config = SettingsConfigDict(
        env_prefix="NURTURE_", env_ignore_empty=True, extra="ignore", frozen=True, populate_by_name=True
    )

    home: Path = Path("var")
    web: Address = "127.0.0.1:8080"
    database_url: Annotated[str, AfterValidator(_a_database)] = Field(default_factory=_default_database, repr=False)
    public_url: Url = Field(default_factory=_default_public_url)
    api_key: SecretStr | None = None
    mail: Literal["sink", "sendgrid"] = "sink"
    mail_rate: Annotated[float, Field(gt=0, le=100_000)] | None = None
    sendgrid_api_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("SENDGRID_API_KEY", "sendgrid_api_key")
    )
    sendgrid_host: Url = Field(default_factory=_default_mail_host)
    sendgrid_webhook_keys: Annotated[tuple[PublicKey, ...], NoDecode, BeforeValidator(_comma_separated)] = ()
    rate_key: Rate = "200/second"
    rate_public: Rate = "600/minute"
    rate_posts: Rate = "120/minute"
    rate_logins: Rate = "10/minute"
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_comma_separated)] = ("127.0.0.1", "::1")
    sites: Annotated[tuple[Origin, ...], NoDecode, BeforeValidator(_comma_separated)] = ()
    page_view_days: Annotated[int, Field(ge=1, le=400)] = 90
    sample_site: bool = False
    demo: bool = False
    metrics: Address | None = None
    temporal_cli: Path | None = None
    temporal_port: Port = 7233
    temporal_ui_port: Port = 8233
    external_temporal: str | None = Field(
        default=None, validation_alias=AliasChoices("TEMPORAL_ADDRESS", "external_temporal")
    )
    speed: Annotated[int, Field(ge=1)] = 1
    notify_url: Url | None = None
    sales_secrets: Annotated[tuple[Secret, ...], NoDecode, BeforeValidator(_comma_separated)] = ()
    slack_url: Annotated[SecretStr, AfterValidator(_a_secret_url)] | None = None
    hubspot_token: SecretStr | None = None
    hubspot_host: Url = HUBSPOT_API
    reply_domain: Domain | None = None

    @field_validator("home", "temporal_cli")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        # Children may run in another directory; a relative path would mean another place there.
        return value.expanduser().absolute() if value is not None else None

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.sends_for_real and self.speed != 1:
            raise PydanticCustomError(
                "NURTURE_SPEED", "should be 1 with a real mail provider, since its mail reaches people in real time"
            )
        if self.sends_for_real and urlsplit(self.sendgrid_host).scheme != "https":
            raise PydanticCustomError(
                "NURTURE_SENDGRID_HOST", "should be https, since the key would cross the network readable"
            )
        if urlsplit(self.hubspot_host).scheme != "https" and not is_loopback(self.hubspot_host):
            raise PydanticCustomError(
                "NURTURE_HUBSPOT_HOST", "should be https, since the token would cross the network readable"
            )
        if self.mail == "sendgrid" and self.sends_for_real and self.sendgrid_api_key is None:
            raise PydanticCustomError("SENDGRID_API_KEY", "should be set with NURTURE_MAIL=sendgrid")
        return self

    @property
    def sends_for_real(self) -> bool:
        """True where mail leaves this machine; the built-in sink and a provider at a loopback address are not real."""
        own_sink = self.mail == "sink" and urlsplit(self.sendgrid_host).path == "/sink"
        return not own_sink and not is_loopback(self.sendgrid_host)

    @property
    def origins(self) -> frozenset[str]:
        """The sites whose page views are taken in, as browsers name them; the sample site stands where Nurture does."""
        own = {_an_origin("://".join(urlsplit(self.public_url)[:2]))} if self.sample_site else set()
        return frozenset(self.sites) | own

    @property
    def web_url(self) -> str:
        """The base URL at which a process on this machine reaches the web process."""
        return f"http://{_loopback_of(self.web)}"

    @property
    def web_host(self) -> str:
        """The interface the web process binds."""
        return _host_and_port(self.web, fallback_port=8080)[0]

    @property
    def web_port(self) -> int:
        """The port the web process binds."""
        return _host_and_port(self.web, fallback_port=8080)[1]

    @property
    def embeds_temporal(self) -> bool:
        """True where `up` starts a Temporal server of its own: no address was given."""
        return self.external_temporal is None

    @property
    def temporal_address(self) -> str:
        """HOST:PORT of the Temporal server that every process talks to."""
        return self.external_temporal or f"127.0.0.1:{self.temporal_port}"

    @property
    def temporal_ui(self) -> str | None:
        """The base URL of the embedded server's UI; None with a server of one's own, whose UI is not known here."""
        return f"http://127.0.0.1:{self.temporal_ui_port}" if self.embeds_temporal else None

    @cached_property
    def run_directory(self) -> Path:
        """Where `<name>.pid` of each child lies."""
        return self.home / "run"

    @cached_property
    def log_directory(self) -> Path:
        """Where `<name>.log` of each child lies."""
        return self.home / "log"

    @property
    def own_database(self) -> bool:
        """True of the SQLite file of the data folder, which nobody has put there for another purpose."""
        return self.database_url == _default_database({"home": self.home})

    def environment(self) -> dict[str, str]:
        """What a child process must find in its environment to read the same settings, whatever its directory."""
        given: dict[str, str | None] = {
            "NURTURE_HOME": str(self.home),
            "NURTURE_DATABASE_URL": self.database_url,
            "NURTURE_WEB": self.web,
            "NURTURE_PUBLIC_URL": self.public_url,
            "NURTURE_API_KEY": self.api_key.get_secret_value() if self.api_key else None,
            "NURTURE_MAIL": self.mail,
            "NURTURE_MAIL_RATE": str(self.mail_rate) if self.mail_rate is not None else None,
            "SENDGRID_API_KEY": self.sendgrid_api_key.get_secret_value() if self.sendgrid_api_key else None,
            "NURTURE_SENDGRID_HOST": self.sendgrid_host,
            "NURTURE_SENDGRID_WEBHOOK_KEYS": ",".join(self.sendgrid_webhook_keys),
            "NURTURE_RATE_KEY": self.rate_key,
            "NURTURE_RATE_PUBLIC": self.rate_public,
            "NURTURE_RATE_POSTS": self.rate_posts,
            "NURTURE_RATE_LOGINS": self.rate_logins,
            "NURTURE_TRUSTED_PROXIES": ",".join(self.trusted_proxies),
            "NURTURE_SITES": ",".join(self.sites),
            "NURTURE_PAGE_VIEW_DAYS": str(self.page_view_days),
            "NURTURE_SAMPLE_SITE": "1" if self.sample_site else None,
            "NURTURE_DEMO": "1" if self.demo else None,
            "NURTURE_METRICS": self.metrics,
            "NURTURE_TEMPORAL_CLI": str(self.temporal_cli) if self.temporal_cli else None,
            "NURTURE_TEMPORAL_PORT": str(self.temporal_port),
            "NURTURE_TEMPORAL_UI_PORT": str(self.temporal_ui_port),
            "NURTURE_SPEED": str(self.speed),
            "NURTURE_NOTIFY_URL": self.notify_url,
            "NURTURE_SALES_SECRETS": ",".join(each.get_secret_value() for each in self.sales_secrets),
            "NURTURE_SLACK_URL": self.slack_url.get_secret_value() if self.slack_url else None,
            "NURTURE_HUBSPOT_TOKEN": self.hubspot_token.get_secret_value() if self.hubspot_token else None,
            "NURTURE_HUBSPOT_HOST": self.hubspot_host,
            "NURTURE_REPLY_DOMAIN": self.reply_domain,
            "TEMPORAL_ADDRESS": self.external_temporal,
        }
        return {name: value for name, value in given.items() if value}


def read_settings() -> Settings:
    """The settings of this process, from its environment.

    Raises:
        SettingsRefused: a value cannot be used; all such values are named at once.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsRefused(_problems(error)) from error


def _variable(field: str) -> str:
    """The variable's name of a field; a rule about several variables is raised under the name of the one to mend."""
    if field not in Settings.model_fields:
        return field
    alias = Settings.model_fields[field].validation_alias
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"NURTURE_{field.upper()}"


def _problems(error: ValidationError) -> dict[str, str]:
    problems: dict[str, str] = {}
    for detail in error.errors(include_url=False, include_context=False):
        if detail["type"] == "default_factory_not_called":
            continue  # the default hangs on another value that is reported itself
        place = str(detail["loc"][0]) if detail["loc"] else detail["type"]
        problems.setdefault(_variable(place), _said(place, detail))
    return problems


def _said(place: str, detail: ErrorDetails) -> str:
    wanted = detail["msg"].removeprefix("Input ")
    secret = {
        "api_key", "sendgrid_api_key", "SENDGRID_API_KEY", "database_url", "sales_secrets", "slack_url",
        "hubspot_token",
    }  # fmt: skip
    if not detail["loc"] or place in secret or not isinstance(detail["input"], str):
        return wanted
    return f"is {detail['input']!r}: {wanted}"
