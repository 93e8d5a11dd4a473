"""What an admin answers for one Tryton connection."""

from __future__ import annotations

from pydantic import Field, SecretStr

from hub.sdk import ConnectorConfig


class TrytonConfig(ConnectorConfig):
    """Address, database and technical user; the rest has defaults that fit most companies."""

    url: str = Field(
        description="Address of the Tryton server, without the database, such as https://erp.example.com",
        json_schema_extra={"zh": "Tryton 服务器地址，不含数据库名，例如 https://erp.example.com"},
    )
    database: str = Field(
        description="Name of the database",
        json_schema_extra={"zh": "数据库名称"},
    )
    login: str = Field(
        "isthmus",
        description="Login of the technical user; it must not be a person's",
        json_schema_extra={"zh": "技术用户的登录名，不能与人员共用"},
    )
    password: SecretStr = Field(
        description="Password of the technical user",
        json_schema_extra={"zh": "技术用户的密码"},
    )
    company: str = Field(
        "",
        description="Name of the company whose sales are synchronised; empty: the technical user's own",
        json_schema_extra={"zh": "要同步其销售单的公司名称；留空表示技术用户的默认公司"},
    )
    product_category: str = Field(
        "",
        description="Accounting category of new products; empty: the only one with the product's tax rate",
        json_schema_extra={"zh": "新建产品的会计类别；留空表示与产品税率唯一对应的类别"},
    )
    product_type: str = Field(
        "goods",
        pattern="^(goods|service)$",
        description="Type of new products: goods or service",
        json_schema_extra={"zh": "新建产品的类型：goods（商品）或 service（服务）"},
    )
    codes_as_reference: bool = Field(
        False,
        description="Let the hub put its reference into the code of the customers and products it creates",
        json_schema_extra={"zh": "允许中枢把自己的参考号写入其新建客户和产品的编码"},
    )
    server_timeout_s: float = Field(
        60.0,
        ge=1,
        description="Longest time after which the server, or a proxy before it, gives up a request, in seconds",
        json_schema_extra={"zh": "服务器或其前端代理最长多少秒后放弃一个请求"},
    )
