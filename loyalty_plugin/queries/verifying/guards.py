"""Looks whether the database still guards the ledger: triggers, constraints, grants; changes none of them."""

from __future__ import annotations

from typing import Final

from django.db import connection

from loyalty_plugin.queries.verifying.findings import Finding

INSERT_ONLY: Final = (
    "loyalty_plugin_entry",
    "loyalty_plugin_posting",
    "loyalty_plugin_block",
    "loyalty_plugin_auditrecord",
    "loyalty_plugin_consent",
    "loyalty_plugin_consentwording",
)
TRIGGERS: Final = {
    **{(table, "loyalty_insert_only"): "loyalty_refuse" for table in INSERT_ONLY},
    ("loyalty_plugin_lot", "loyalty_lot_terms"): "loyalty_refuse",
    ("loyalty_plugin_lot", "loyalty_lot_stays"): "loyalty_refuse",
    ("loyalty_plugin_programmeversion", "loyalty_freeze"): "loyalty_freeze_version",
}
CONSTRAINTS: Final = (
    "lp_posting_positive",
    "lp_posting_moves",
    "lp_balance_signs",
    "lp_lot_not_negative",
    "lp_four_eyes",
    "lp_decision_has_a_person",
    "lp_budget_kept",
)

_TRIGGERS: Final = """
SELECT c.relname, t.tgname, t.tgenabled::text, f.proname, f.prosrc
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc f ON f.oid = t.tgfoid
 WHERE c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'loyalty_plugin_entry'::regclass)
   AND c.relname LIKE 'loyalty\\_plugin\\_%%' AND NOT t.tgisinternal
"""
_RIGHTS: Final = """
SELECT g.grantee, g.table_name, string_agg(g.privilege_type, ', ' ORDER BY g.privilege_type)
  FROM information_schema.role_table_grants g
  JOIN pg_tables t ON t.schemaname = g.table_schema AND t.tablename = g.table_name
 WHERE g.table_name = ANY(%s) AND g.privilege_type IN ('UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER')
   AND g.grantee <> t.tableowner
 GROUP BY 1, 2 ORDER BY 1, 2
"""


def check() -> list[Finding]:
    """Differences where a guard is gone, warnings where the database role could take it away."""
    with connection.cursor() as cursor:
        cursor.execute(_TRIGGERS, [])
        found = {(table, name): (enabled, function, body) for table, name, enabled, function, body in cursor}
        cursor.execute(
            "SELECT conname, convalidated FROM pg_constraint WHERE conname = ANY(%s)", [list(CONSTRAINTS)]
        )
        constraints = dict(cursor.fetchall())
        cursor.execute(_RIGHTS, [list(INSERT_ONLY)])
        rights = cursor.fetchall()
        cursor.execute(
            "SELECT current_user, pg_has_role(c.relowner, 'USAGE'), has_table_privilege(c.oid, 'UPDATE, DELETE')"
            "  FROM pg_class c WHERE c.oid = 'loyalty_plugin_entry'::regclass"
        )
        role, owner, may_change = cursor.fetchone()
    findings = []
    for (table, name), function in TRIGGERS.items():
        where = f"trigger {name} on {table}"
        if (table, name) not in found:
            findings.append(Finding("trigger_missing", where, "a trigger", "none"))
            continue
        enabled, calls, body = found[table, name]
        if enabled not in ("O", "A"):
            findings.append(Finding("trigger_disabled", where, "enabled", enabled))
        if calls != function or "RAISE EXCEPTION" not in body:
            findings.append(Finding("trigger_changed", where, function, calls))
        elif function == "loyalty_refuse" and "RETURN" in body.upper().replace("RETURNS", ""):
            findings.append(Finding("trigger_changed", where, "refuses always", "a way out"))
    findings.extend(
        Finding("constraint_missing", name, "a valid constraint", "none")
        for name in CONSTRAINTS
        if not constraints.get(name)
    )
    for grantee, table, privileges in rights:
        findings.append(
            Finding("grant_too_wide", f"{table} to {grantee}", "INSERT, SELECT", privileges, warning=True)
        )
    if owner or may_change:
        found_right = "owner" if owner else "UPDATE or DELETE"
        findings.append(
            Finding("role_too_strong", f"role {role}", "INSERT and SELECT only", found_right, warning=True)
        )
    return findings
