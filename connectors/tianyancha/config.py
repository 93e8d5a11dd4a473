"""What a connection to 天眼查 needs."""

from __future__ import annotations

from pydantic import Field, SecretStr, field_validator

from hub.sdk.registry import RegistryConfig


class TianyanchaConfig(RegistryConfig):
    """One token of open.tianyancha.com."""

    url: str = Field(
        "https://open.api.tianyancha.com/services/open",
        description="Address of the interface",
        json_schema_extra={"zh": "接口地址"},
    )
    token: SecretStr = Field(
        description="The token of the account at open.tianyancha.com",
        json_schema_extra={"zh": "天眼查开放平台的 token"},
    )
    search_path: str = Field(
        "search/2.0",
        description="Path of the search that your contract includes",
        json_schema_extra={"zh": "合同包含的搜索接口路径"},
    )
    detail_path: str = Field(
        "ic/baseinfo/normal",
        description="Path of the details that your contract includes",
        json_schema_extra={"zh": "合同包含的工商信息接口路径"},
    )

    @field_validator("url")
    @classmethod
    def _cut_slash(cls, url: str) -> str:
        return url.rstrip("/")
