"""The connector keeps what it declares, on accounts with different habits."""

from __future__ import annotations

import pytest

from connectors.kingdee.connector import KingdeeConnector
from hub.testkit.conformance import SimulatorBench, make_suite
from tests.connectors.kingdee.bench import GIVEN, ZONE, KingdeeBench

pytestmark = pytest.mark.slow
MASTERS, DOCUMENTS = ("account", "product"), ("order", "payment", "delivery", "invoice")

TestMasters = make_suite(KingdeeBench(), kinds=MASTERS)
TestDocuments = make_suite(KingdeeBench(clerk=True), kinds=DOCUMENTS)
TestVouchers = make_suite(KingdeeBench({"vouchers": "true"}, clerk=True), kinds=("voucher",))
TestVouchers.test_authors = pytest.mark.skip("what people book themselves is not read")(TestVouchers.test_authors)
TestReopen = make_suite(KingdeeBench({"amend": "reopen"}, clerk=True, moves_date=True), kinds=("order",))
TestOurNumbers = make_suite(KingdeeBench({"reference_field": "FBillNo"}, clerk=True), kinds=("order",))
TestLogin = make_suite(KingdeeBench({"login": "login_by_sign", "page_rows": 100}, clerk=True), kinds=("order",))


class PortBench(SimulatorBench):
    """On a real port, as ``isthmus simulate kingdee`` starts it."""

    zone = ZONE


TestOnAPort = make_suite(
    PortBench(KingdeeConnector, {"customers": "3", "orders": "3", "clerk": "true"}, given=GIVEN), kinds=("order",)
)
