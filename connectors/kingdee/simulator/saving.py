"""Save: what comes in, what is missing, which lines stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.kingdee.simulator.amounts import COMPLETE
from connectors.kingdee.simulator.books import AUDITED, DRAFT, NAMES, OPEN, SAVED, Bill, Books
from connectors.kingdee.simulator.forms import FORMS, Field, Form
from connectors.kingdee.simulator.refusals import INVALID, NOT_FOUND, BillRefused, Complaint
from connectors.kingdee.simulator.values import EMPTY, read_id, read_number_of, read_value

Model = Mapping[str, Any]
CUSTOMER_DIMENSION = "FFLEX6"
"""In the code of an account: it is kept by customer."""


def save_bill(
    books: Books, form: Form, options: Mapping[str, Any], model: Model, by: str, *, draft: bool = False
) -> Bill:
    """A new document, or changes of one whose id is named. Lines that are not sent are DELETED unless
    ``IsDeleteEntry`` is false."""
    with books.lock:
        sent = flatten(form, model)
        id = read_id(sent.get(form.id_key.lower()))
        old = books.get(form, id) if id else None
        if id and old is None:
            raise BillRefused(NOT_FOUND, f"{form.label}“{id}”不存在")
        if old is not None:
            _check_open(form, old)
        new = dict(old) if old is not None else _start(books, form, by)
        wanted = {str(key).lower() for key in options.get("NeedUpDateFields") or ()} if old is not None else set()
        _take_head(books, form, new, sent, wanted, draft=draft)
        for entity, id_key in form.entities.items():
            new[entity] = _take_lines(books, form, entity, id_key, new, sent, options)
        _check(books, form, new, draft=draft)
        books.check_period(form, *(bill for bill in (old, new) if bill is not None))
        return _store(books, form, new, by, fresh=old is None, draft=draft)


def flatten(form: Form, model: Model) -> dict[str, Any]:
    """Keys in lower case; the named parts of the head laid into it."""
    sent = {str(key).lower(): value for key, value in model.items()}
    for group in form.groups:
        inner = sent.pop(group.lower(), None)
        if isinstance(inner, Mapping):
            sent |= {str(key).lower(): value for key, value in inner.items()}
    return sent


def _check_open(form: Form, bill: Bill) -> None:
    number = bill[form.number_key]
    if bill.get("FCancelStatus") == "B":
        raise BillRefused(INVALID, f"编码为“{number}”的{form.label}已作废，不允许修改")
    if bill["FDocumentStatus"] not in OPEN:
        raise BillRefused(INVALID, f"编码为“{number}”的{form.label}{NAMES[bill['FDocumentStatus']]}，不允许修改")


def _start(books: Books, form: Form, by: str) -> Bill:
    bill: Bill = {item.key: _default(item) for item in form.of("")}
    now, user = books.now_text(), books.find_user(by)
    bill |= {"FDocumentStatus": SAVED, "FCreatorId": user, "FCreateDate": now, "FApproverId": 0}
    if books.settings.custom_field:
        bill[books.settings.custom_field] = ""
    return bill | {entity: [] for entity in form.entities}


def _default(item: Field) -> Any:
    return read_value(item, item.default) if item.default is not None else read_value(item, None)


def _take_head(books: Books, form: Form, bill: Bill, sent: Model, wanted: set[str], *, draft: bool) -> None:
    custom = books.settings.custom_field
    if custom and custom.lower() in sent and (not wanted or custom.lower() in wanted):
        bill[custom] = str(sent[custom.lower()] or "").strip()
    org_key = form.org_key.lower()
    ordered = sorted(form.of(""), key=lambda item: item.key.lower() != org_key)
    for item in ordered:
        key = item.key.lower()
        if key in sent and not item.computed and item.kind != "id" and (not wanted or key in wanted):
            bill[item.key] = _read(books, form, item, sent[key], bill)
        if key == org_key and item.required and not bill[item.key] and not draft:
            raise BillRefused(INVALID, [_missing(item)])  # without it nothing else can be looked up


def _read(books: Books, form: Form, item: Field, raw: Any, bill: Bill) -> Any:
    return _look_up(books, item, raw, bill.get(form.org_key, 0)) if item.kind == "ref" else read_value(item, raw)


def _look_up(books: Books, item: Field, raw: Any, org: int) -> int:
    """The id behind a number. What another organisation uses, or is not audited, or is forbidden, is not there."""
    number, target = read_number_of(raw), FORMS[item.form]
    for row in books.find_number(target, number) if number else ():
        usable = not target.master or (
            row[target.org_key] == org
            and row["FForbidStatus"] == "A"
            and (row["FDocumentStatus"] == AUDITED or not books.settings.strict_masters)
        )
        if usable:
            return int(row[target.id_key])
    if number:
        words = f"字段“{item.label}”的值“{number}”不存在、未审核、已禁用或未分配到当前组织"
        raise BillRefused(INVALID, [Complaint(words, item.key)])
    return 0


def _take_lines(
    books: Books, form: Form, entity: str, id_key: str, bill: Bill, sent: Model, options: Mapping[str, Any]
) -> list[Bill]:
    old = {row[id_key]: row for row in bill[entity]}
    given = sent.get(entity.lower())
    rows: Sequence[Any] = given if isinstance(given, list | tuple) else ()
    kept: dict[int, Bill] = {}
    fresh: list[Bill] = []
    for raw in rows:
        line = {str(key).lower(): value for key, value in raw.items()}
        id = read_id(line.get(id_key.lower()))
        if id and id not in old:
            raise BillRefused(NOT_FOUND, [Complaint(f"分录{id}不存在", entity)])
        base = old[id] if id else {item.key: _default(item) for item in form.of(entity)}
        made = dict(base)
        if isinstance(dimensions := line.pop("fdetailid", None), Mapping):
            line |= {str(key).lower(): value for key, value in dimensions.items()}
        for item in form.of(entity):
            if item.key.lower() in line and not item.computed and item.kind != "id":
                made[item.key] = _read(books, form, item, line[item.key.lower()], bill)
        if id:
            kept[id] = made
        else:
            fresh.append({**made, id_key: books.next_id(f"{form.name}.{entity}")})
    deletes = options.get("IsDeleteEntry", True) not in (False, "false", "False")
    stay = [kept.get(id, row) for id, row in old.items() if id in kept or not deletes]
    return [*stay, *fresh]


def _check(books: Books, form: Form, bill: Bill, *, draft: bool) -> None:
    if not draft:
        complaints = [_missing(item) for item in form.of("") if _lacks(books, item, bill)]
        for entity in form.entities:
            if not bill[entity]:
                complaints.append(Complaint("单据体没有录入数据", entity))
            complaints += [
                _missing(item) for row in bill[entity] for item in form.of(entity) if _lacks(books, item, row)
            ]
        if complaints:
            raise BillRefused(INVALID, complaints)
    number = bill[form.number_key] if form.counted else ""
    twin = [row for row in books.find_number(form, number) if row[form.id_key] != bill[form.id_key]] if number else []
    same_org = [row for row in twin if not form.master or row[form.org_key] == bill[form.org_key]]
    if same_org:
        words = f"违反字段唯一性要求：{form.number_key}。[{number}]在当前系统中已经被使用。"
        raise BillRefused(INVALID, [Complaint(words, form.number_key)])


def _look_at_accounts(books: Books, bill: Bill) -> None:
    """Which lines stand on an account that wants to know the customer."""
    for row in bill["FEntity"]:
        account = books.get(FORMS["BD_Account"], row["FACCOUNTID"]) or {}
        row["needs_customer"] = account.get("FCODE") == CUSTOMER_DIMENSION


def _lacks(books: Books, item: Field, holder: Bill) -> bool:
    if not item.required or (item.key == "FSalerId" and not books.settings.saler_required):
        return False
    return holder[item.key] in (EMPTY.get(item.kind), 0)


def _missing(item: Field) -> Complaint:
    return Complaint(f"字段“{item.label}”是必填项", item.key)


def _store(books: Books, form: Form, bill: Bill, by: str, *, fresh: bool, draft: bool) -> Bill:
    if fresh:
        bill[form.id_key] = books.next_id(form.name)
        bill["FDocumentStatus"] = DRAFT if draft else SAVED
    elif bill["FDocumentStatus"] == DRAFT and not draft:
        bill["FDocumentStatus"] = SAVED
    bill[form.number_key] = bill[form.number_key] or books.next_number(form, bill)
    if complete := COMPLETE.get(form.name):
        for entity in form.entities:
            bill[entity] = [dict(row) for row in bill[entity]]
        if form.name == "GL_VOUCHER":
            _look_at_accounts(books, bill)
        complete(bill)
    now = bill["FCreateDate"] if fresh else books.now_text()
    stored = books.put(form, {**bill, "FModifyDate": now, "FModifierId": books.find_user(by)})
    if form.master and fresh and books.settings.clerk:
        books.act(form, stored[form.id_key], "Submit", "王文员")
        return books.act(form, stored[form.id_key], "Audit", "王文员")
    return stored
