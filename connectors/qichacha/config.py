"""What a connection to 企查查 needs."""

from __future__ import annotations

from pydantic import Field, SecretStr, field_validator

from hub.sdk.registry import RegistryConfig


class QichachaConfig(RegistryConfig):
    """One key of openapi.qcc.com."""

    url: str = Field(
        "https://api.qichacha.com",
        description="Address of the interface",
        json_schema_extra={"zh": "接口地址"},
    )
    app_key: str = Field(
        description="The key (AppKey) of the account at openapi.qcc.com",
        json_schema_extra={"zh": "企查查开放平台的 AppKey"},
    )
    secret_key: SecretStr = Field(
        description="The secret (SecretKey) that belongs to it",
        json_schema_extra={"zh": "企查查开放平台的 SecretKey"},
    )
    search_path: str = Field(
        "FuzzySearch/GetList",
        description="Path of the search that your contract includes",
        json_schema_extra={"zh": "合同包含的模糊搜索接口路径"},
    )
    detail_path: str = Field(
        "ECIV4/GetBasicDetailsByName",
        description="Path of the details that your contract includes",
        json_schema_extra={"zh": "合同包含的工商详情接口路径"},
    )

    @field_validator("url")
    @classmethod
    def _cut_slash(cls, url: str) -> str:
        return url.rstrip("/")
