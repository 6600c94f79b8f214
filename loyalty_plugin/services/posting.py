

def open_accounts(member_id: int, units: Iterable[str]) -> None:
    """Make a new member's balances, so that the first earning finds them."""
    pairs = [(member_id, unit) for unit in units]
    _cursor().execute(sql.CREATE_BALANCES, [[m for m, _ in pairs], [unit for _, unit in pairs]])


def replay_of(plan: Plan) -> int | None:
    """The entry this plan was posted as before, None if it never was. Raises KeyConflict."""
    known = _prepare([plan])[0].get(plan.key)
    return _replay(plan, *known).entry_id if known else None


def with_note(plan: Plan, digest: bytes | None) -> Plan:
    """The plan with the digest of words kept elsewhere."""
    return replace(plan, note_digest=digest)
