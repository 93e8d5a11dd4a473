"""Records in the form in which they are compared: frozen, without anything that only looks different."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from hub.identity import codes as kinds
from hub.identity.address import NOWHERE, Address, parse_address
from hub.identity.codes import Code, organisation_of, read_code
from hub.identity.company import EMPTY, CompanyName, parse_company_name
from hub.identity.divisions import clean_division
from hub.identity.mail import Mail, parse_mail, parse_site
from hub.identity.person import NOBODY, PersonName, parse_person_name
from hub.identity.phone import Phone, parse_phones


@dataclass(frozen=True)
class AccountProfile:
    """A company as it is compared.

    ``uscc``: its own valid code, empty for none; ``parent_uscc``: a branch's code that is its parent's, told by the
    place it was given in. ``code_text``: a code that is not valid. ``domain``: of its own site or mailbox, never that
    of a provider. ``place``: division code of its seat as far as it is known (2 to 6 digits): by the name, the address
    or the code, in this order.
    """

    name: CompanyName = EMPTY
    codes: tuple[Code, ...] = ()
    phones: tuple[Phone, ...] = ()
    mails: tuple[Mail, ...] = ()
    domain: str = ""
    address: Address = NOWHERE
    person: PersonName = NOBODY
    uscc: str = ""
    parent_uscc: str = ""
    registration: str = ""
    organisation: str = ""
    code_text: str = ""
    place: str = ""

    @cached_property
    def numbers(self) -> frozenset[str]:
        """Telephone numbers, E.164."""
        return frozenset(phone.number for phone in self.phones if phone.number)


@dataclass(frozen=True)
class ContactProfile:
    """A person as it is compared. ``external_id``: one that a messenger gave (企业微信). ``domain``: of the mailbox,
    never that of a provider."""

    name: PersonName = NOBODY
    phones: tuple[Phone, ...] = ()
    mails: tuple[Mail, ...] = ()
    external_id: str = ""
    company: CompanyName = EMPTY
    domain: str = ""

    @cached_property
    def numbers(self) -> frozenset[str]:
        """Telephone numbers, E.164."""
        return frozenset(phone.number for phone in self.phones if phone.number)


Profile = AccountProfile | ContactProfile


def normalise_account(  # noqa: PLR0913 - one for each thing that a company is known by
    *,
    name: str = "",
    codes: Sequence[str] = (),
    phones: Sequence[str] = (),
    mails: Sequence[str] = (),
    website: str = "",
    address: str = "",
    province: str = "",
    city: str = "",
    legal_person: str = "",
) -> AccountProfile:
    """From the texts as people typed them; several codes, numbers and addresses are allowed in each. Never raises."""
    company = parse_company_name(name)
    found = tuple(code for text in codes if text and (code := read_code(text)) is not None)
    boxes = tuple(mail for text in mails if text and (mail := parse_mail(text)) is not None)
    domain = (parse_site(website) if website else "") or next((box.domain for box in boxes if not box.generic), "")
    seat = parse_address(address, province, city) if address or province or city else NOWHERE
    uscc = next((code for code in found if code.kind == kinds.USCC and code.valid), None)
    borrowed = uscc is not None and is_borrowed(company, uscc)
    own = uscc if not borrowed else None
    return AccountProfile(
        name=company,
        codes=found,
        phones=tuple(dict.fromkeys(phone for text in phones if text for phone in parse_phones(text))),
        mails=boxes,
        domain=domain,
        address=seat,
        person=parse_person_name(legal_person) if legal_person else NOBODY,
        uscc=own.value if own is not None else "",
        parent_uscc=uscc.value if uscc is not None and borrowed else "",
        registration=next((code.value for code in found if code.kind == kinds.REGISTRATION and code.valid), ""),
        organisation=next((part for code in found if not borrowed and (part := organisation_of(code))), ""),
        code_text=next((code.value for code in found if code.kind == kinds.USCC and not code.valid), ""),
        place=find_seat(company, seat, own),
    )


def is_borrowed(name: CompanyName, code: Code) -> bool:
    """Whether a branch carries its parent's code: the code was given elsewhere than the branch is."""
    if not name.branch or not name.branch_codes:
        return False
    division = code.division
    return not any(division[:4] == place[:4] or division.startswith(place) for place in name.branch_codes)


def find_seat(name: CompanyName, address: Address, code: Code | None) -> str:
    """Where the company is, as a division code of 2 to 6 digits; empty where nothing tells."""
    division = clean_division(code.division) if code is not None else ""
    known = [item for item in (address.code, division) if item]
    choices = name.branch_codes if name.branch else name.codes
    if choices:
        # A name of several places (中山, 吉林) means the one that the rest of the record points to.
        hinted = [item for item in choices if any(item[:2] == other[:2] for other in known)]
        meant = hinted or (choices if len(choices) == 1 or len(choices[0]) < 6 else ())
        if meant:
            finer = [item for item in known if item.startswith(meant[0])]
            return max([meant[0], *finer], key=len)
    return max(known, key=len) if known and all(item[:2] == known[0][:2] for item in known) else (known or [""])[0]


def normalise_contact(
    *,
    name: str = "",
    phones: Sequence[str] = (),
    mails: Sequence[str] = (),
    external_id: str = "",
    company: str = "",
) -> ContactProfile:
    """From the texts as people typed them. Never raises."""
    boxes = tuple(mail for text in mails if text and (mail := parse_mail(text)) is not None)
    return ContactProfile(
        name=parse_person_name(name) if name else NOBODY,
        phones=tuple(dict.fromkeys(phone for text in phones if text for phone in parse_phones(text))),
        mails=boxes,
        external_id=external_id.strip(),
        company=parse_company_name(company) if company else EMPTY,
        domain=next((box.domain for box in boxes if not box.generic), ""),
    )
