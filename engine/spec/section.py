"""What every section of the configuration is made of: strict, frozen models whose fields have a meaning, a unit and bounds."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """One section of the configuration."""

    # strict: `updates = true` or `lr = "0.1"` is a slip, not a number.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)


def described(default: Any, description: str, *, unit: str = "", **bounds: Any) -> Any:
    """A field with its default, its meaning for people, its unit and its bounds."""
    return Field(default, description=description, json_schema_extra={"unit": unit}, **bounds)
