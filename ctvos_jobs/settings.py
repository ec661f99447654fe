"""Settings of the API and the workers, read from `CTVOS_*` and checked at start."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    ByteSize,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

ENV_PREFIX = "CTVOS_"
_GIB = 1 << 30
_HIDDEN = "**********"
_REDIS_SCHEMES = ("redis://", "rediss://", "unix://", "redis+socket://")
_SECRET_OPTION = re.compile(r"secret|key|token|password", re.IGNORECASE)

Positive = Annotated[int, Field(gt=0)]
PositiveSeconds = Annotated[float, Field(gt=0)]
Size = Annotated[ByteSize, Field(gt=0)]
"""Bytes: a number, or text such as `2GiB`."""
Url = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]


class SettingsError(Exception):
    """The settings cannot be used; the text has one line for each setting that is wrong."""


class Settings(BaseSettings):
    """What an administrator can choose. Every field is also an environment variable.

    Field `data_dir` is `CTVOS_DATA_DIR`, and so on. After loading, `data_dir` is absolute, and
    `database_url` and `artifact_url` are never empty.
    """

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, frozen=True, env_ignore_empty=True, extra="forbid"
    )

    data_dir: Path = Path("ctvos-data")
    database_url: Url = ""
    """SQLAlchemy URL of SQLite or PostgreSQL; empty: `ctvos.db` in the data folder."""
    redis_url: SecretStr | None = None
    """`redis://`, `rediss://` or `unix://`; None: a private Redis in the data folder."""
    artifact_url: Url = ""
    """Folder or `s3://bucket/prefix`; empty: the data folder."""
    artifact_options: Annotated[dict[str, Any], NoDecode] = Field(default_factory=dict)
    """Options of the fsspec file system, such as `{"endpoint_url": "http://minio:9000"}`."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    api_key: SecretStr | None = None
    """An administrator's key, besides those in the database."""

    max_upload_bytes: Size = ByteSize(2 * _GIB)
    max_mask_bytes: Size = ByteSize(32 << 20)
    max_masks_per_job: Positive = 64
    max_frames: Positive = 20_000
    max_frame_pixels: Positive = 36_000_000
    max_video_pixels: Positive = 60_000_000_000
    """Pixels of a frame times number of frames."""
    max_queued_jobs_per_key: Positive = 100
    max_stored_bytes_per_key: Size = ByteSize(50 * _GIB)
    min_free_bytes: Annotated[ByteSize, Field(ge=0)] = ByteSize(_GIB)
    """Uploads are refused when the disk would have less than this left."""

    job_deadline_seconds: PositiveSeconds = 6 * 3600
    train_deadline_seconds: PositiveSeconds = 48 * 3600
    max_attempts: Positive = 3
    lease_seconds: PositiveSeconds = 60
    heartbeat_seconds: PositiveSeconds = 15
    reap_seconds: PositiveSeconds = 10
    retention_hours: PositiveSeconds = 168
    """How long the results of a finished job are kept."""
    probe_seconds: PositiveSeconds = 30
    probe_memory_bytes: Size = ByteSize(_GIB)

    device: str = Field(default="auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$")
    gpus: str = Field(default="auto", pattern=r"^(auto|all|none|\d+(,\d+)*)$")
    """`auto` or `all`: every GPU; `none`; or numbers such as `0,2`."""
    segment_workers: Annotated[int, Field(ge=0)] | None = None
    """Worker processes for segmentation; None: one per GPU, or one without a GPU."""
    train_workers: Annotated[int, Field(ge=0)] = 1

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "console"] = "json"
    webhook_allow_private: bool = False
    """Deliver webhooks to addresses that are not public, such as `127.0.0.1`."""
    webhook_secret: SecretStr | None = None
    """`whsec_` and base64; None: one made in the data folder at first use."""

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("artifact_options", mode="before")
    @classmethod
    def _json(cls, value: Any) -> Any:
        try:
            return json.loads(value) if isinstance(value, str) else value
        except ValueError as error:
            raise ValueError(f"expected a JSON object: {error}") from None

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    @field_validator("redis_url")
    @classmethod
    def _redis_scheme(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(_REDIS_SCHEMES):
            raise ValueError(f"expected an address that starts with {' or '.join(_REDIS_SCHEMES)}")
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _base64(cls, value: SecretStr | None) -> SecretStr | None:
        prefix, _, key = value.get_secret_value().partition("_") if value else ("whsec", "", "")
        try:
            base64.b64decode(key, validate=True)
        except ValueError:
            prefix = ""
        if prefix != "whsec":
            raise ValueError("expected whsec_ and base64")
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if not value:
            return value
        value = re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", value)
        try:
            driver = make_url(value).drivername
        except ArgumentError:
            driver = "something else"
        if driver not in ("sqlite", "postgresql+psycopg"):
            raise ValueError(f"expected sqlite:///FILE or postgresql://HOST/NAME, got {driver}")
        return value

    @field_validator("artifact_url")
    @classmethod
    def _known_store(cls, value: str) -> str:
        scheme = value.partition("://")[0] if "://" in value else "file"
        if scheme not in ("file", "s3"):
            raise ValueError(f"expected a folder or s3://BUCKET/PREFIX, got {scheme}://")
        return value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.heartbeat_seconds * 2 > self.lease_seconds:
            raise ValueError(
                "heartbeat_seconds: expected at most half of lease_seconds "
                f"({self.lease_seconds:g}), got {self.heartbeat_seconds:g}"
            )
        # The model is frozen for its users; here its defaults are still being filled in.
        if not self.database_url:
            object.__setattr__(self, "database_url", f"sqlite:///{self.data_dir / 'ctvos.db'}")
        if not self.artifact_url:
            object.__setattr__(self, "artifact_url", str(self.data_dir))
        return self

    def public(self) -> dict[str, str]:
        """Every setting as text, by field name, with secrets hidden: safe to print."""
        shown = {name: _text(getattr(self, name)) for name in type(self).model_fields}
        shown["database_url"] = make_url(self.database_url).render_as_string(hide_password=True)
        options = {
            name: _HIDDEN if _SECRET_OPTION.search(name) else value
            for name, value in self.artifact_options.items()
        }
        return {**shown, "artifact_options": _text(options)}


def load_settings(**overrides: Any) -> Settings:
    """Settings from the environment.

    Args:
        overrides: by field name; win over the environment. None leaves a field alone.

    Raises:
        SettingsError: with one readable line for each setting that is wrong.
    """
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        raise SettingsError("\n".join(_line(dict(e)) for e in error.errors())) from None


def _line(error: dict[str, Any]) -> str:
    message = error["msg"].removeprefix("Value error, ")
    if not error["loc"]:
        return message
    field = str(error["loc"][0])
    if error["type"] == "extra_forbidden":
        return f"{field}: no such setting"
    known = Settings.model_fields.get(field)
    secret = known is None or "Secret" in str(known.annotation) or field == "artifact_options"
    got = "" if secret or "got" in message else f", got {error['input']!r}"
    return f"{field} ({ENV_PREFIX}{field.upper()}): {message[0].lower()}{message[1:]}{got}"


def _text(value: Any) -> str:
    return "" if value is None else str(value)
