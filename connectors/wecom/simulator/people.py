"""People of the company at work in the client: they win customers, note things about them, and answer invitations.
What they do is called back; what the API does is not."""

from __future__ import annotations

from typing import Any

from connectors.wecom.simulator.corp import CANCELLED, Corp, Customer, Follow, Refused

ACTIONS = ("meet", "note", "label", "part", "rename", "leave", "answer", "move", "cancel")
CUSTOMER_EVENT, MEMBER_EVENT = "change_external_contact", "change_contact"


class Person:
    """Whoever does it: every method names the member."""

    def __init__(self, corp: Corp) -> None:
        self._corp = corp

    def meet(self, userid: str, name: str, external_userid: str = "", **more: Any) -> Customer:
        """A member adds a customer; ``external_userid`` names one whom a colleague has already."""
        corp = self._corp
        customer = corp.customers.get(external_userid)
        if customer is None:
            kind = int(more.pop("type", 1))
            made = external_userid or corp.make_id("wm" if kind == 1 else "wo")
            about = {field: more.pop(field) for field in ("position", "corp_name", "corp_full_name") if field in more}
            customer = corp.customers[made] = Customer(made, name, kind, **about)
        member = corp.member(userid)
        member.sells = True  # nobody without the right can add a customer
        tags = [self._take_tag(tag) for tag in more.pop("tags", ())]
        follow = Follow(member.userid, int(more.pop("createtime", corp.now_s())), tags=tags, **more)
        customer.follows[member.userid] = follow
        self._tell(userid, customer, "add_external_contact", State=follow.state, WelcomeCode="W1")
        return customer

    def note(self, userid: str, external_userid: str, **values: Any) -> None:
        """Change remark, description, company or mobiles. A change of the mobiles alone is called back to nobody."""
        follow = self._corp.follow(userid, external_userid)
        for name, value in values.items():
            setattr(follow, name, value)
        if set(values) - {"remark_mobiles"}:
            self._tell(userid, self._corp.customer(external_userid), "edit_external_contact")

    def label(self, userid: str, external_userid: str, *tags: str) -> None:
        """Exactly these tags of the company from now on."""
        self._corp.follow(userid, external_userid).tags = [self._take_tag(tag) for tag in tags]
        self._tell(userid, self._corp.customer(external_userid), "edit_external_contact")

    def part(self, userid: str, external_userid: str, by: str = "member") -> None:
        """One of the two removes the other."""
        customer = self._corp.customer(external_userid)
        self._corp.follow(userid, external_userid)
        del customer.follows[self._corp.member(userid).userid]
        self._tell(userid, customer, "del_external_contact" if by == "member" else "del_follow_user")

    def rename(self, userid: str, new_userid: str) -> None:
        """A member's id is changed, which is possible once."""
        corp = self._corp
        member = corp.member(userid)
        for customer in corp.list_followed(member.userid):
            follow = customer.follows.pop(member.userid)
            follow.userid = new_userid
            customer.follows[new_userid] = follow
        del corp.members[userid.lower()]
        member.userid = new_userid
        corp.members[new_userid.lower()] = member
        corp.tell({"Event": MEMBER_EVENT, "ChangeType": "update_user", "UserID": userid, "NewUserID": new_userid})

    def leave(self, userid: str) -> None:
        """Somebody leaves the company; the customers wait to be taken over."""
        corp = self._corp
        gone = corp.member(userid)
        for customer in corp.list_followed(gone.userid):
            del customer.follows[gone.userid]
        del corp.members[userid.lower()]
        corp.tell({"Event": MEMBER_EVENT, "ChangeType": "delete_user", "UserID": gone.userid})

    def answer(self, userid: str, schedule_id: str, status: int) -> None:
        """Accept (2), decline (3) or leave open (0, 1) an invitation."""
        self._schedule(schedule_id).answers[self._corp.member(userid).userid] = status
        self._tell_schedule(schedule_id, "modify_schedule")

    def move(self, schedule_id: str, **values: Any) -> None:
        """The organiser changes an appointment in the client."""
        found = self._schedule(schedule_id)
        found.values = {**found.values, **values}
        self._tell_schedule(schedule_id, "modify_schedule")

    def cancel(self, schedule_id: str) -> None:
        self._schedule(schedule_id).status = CANCELLED
        self._tell_schedule(schedule_id, "delete_schedule")

    def do(self, action: str, **values: Any) -> None:
        """One of ``ACTIONS`` by name; tags as a list."""
        if action not in ACTIONS:
            raise ValueError(f"people have no action {action!r}; known: {', '.join(ACTIONS)}")
        if action == "label":
            self.label(values["userid"], values["external_userid"], *values.get("tags", ()))
        else:
            getattr(self, action)(**values)

    def _take_tag(self, name: str) -> str:
        found = self._corp.find_tag(name)
        if found is None:
            raise Refused(40068, f"invalid tag {name}")
        return found

    def _schedule(self, schedule_id: str) -> Any:
        found = self._corp.schedules.get(schedule_id)
        if found is None:
            raise Refused(90463, "schedule not found")
        return found

    def _tell_schedule(self, schedule_id: str, event: str) -> None:
        cal_id = self._corp.schedules[schedule_id].cal_id
        self._corp.tell({"Event": event, "CalId": cal_id, "ScheduleId": schedule_id})

    def _tell(self, userid: str, customer: Customer, change: str, **more: str) -> None:
        told = {"Event": CUSTOMER_EVENT, "ChangeType": change, "UserID": self._corp.member(userid).userid,
                "ExternalUserID": customer.external_userid}  # fmt: skip
        self._corp.tell({**told, **{name: value for name, value in more.items() if value}})
