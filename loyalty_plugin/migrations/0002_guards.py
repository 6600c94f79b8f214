"""Guards the insert-only tables and the frozen columns by triggers: the ledger's laws, kept by the database."""

from django.db import migrations

INSERT_ONLY = (
    "loyalty_plugin_entry",
    "loyalty_plugin_posting",
    "loyalty_plugin_block",
    "loyalty_plugin_auditrecord",
)

REFUSE = """
CREATE FUNCTION loyalty_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'loyalty_plugin: % is not allowed on %', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation',
              HINT = 'These rows never change. Post a correcting entry instead.';
END $$;
"""

# A published version never changes, but a draft may; its rows may be removed only as drafts.
FREEZE = """
CREATE FUNCTION loyalty_freeze_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status = 'published' THEN
        IF TG_OP = 'UPDATE' AND NEW.author_id IS NULL
           AND (to_jsonb(NEW) - 'author_id') = (to_jsonb(OLD) - 'author_id') THEN
            RETURN NEW;  -- the author's account was deleted; nothing else changes
        END IF;
        RAISE EXCEPTION 'loyalty_plugin: a published version never changes'
            USING ERRCODE = 'restrict_violation', HINT = 'Make a new draft and publish that.';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER loyalty_freeze BEFORE UPDATE OR DELETE ON loyalty_plugin_programmeversion
    FOR EACH ROW EXECUTE FUNCTION loyalty_freeze_version();
"""


def _guards() -> str:
    statements = [REFUSE]
    statements += [
        f"CREATE TRIGGER loyalty_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION loyalty_refuse();"
        for table in INSERT_ONLY
    ]
    # A lot's terms are frozen, what is left of it is not. Fires only when one of these columns is named.
    statements.append(
        "CREATE TRIGGER loyalty_lot_terms BEFORE UPDATE OF id, member_id, unit, entry_id, origin_lot_id, amount, "
        "matures_at, expires_at, needs_verification ON loyalty_plugin_lot "
        "FOR EACH STATEMENT EXECUTE FUNCTION loyalty_refuse();"
    )
    statements.append(
        "CREATE TRIGGER loyalty_lot_stays BEFORE DELETE OR TRUNCATE ON loyalty_plugin_lot "
        "FOR EACH STATEMENT EXECUTE FUNCTION loyalty_refuse();"
    )
    statements.append(FREEZE)
    return "\n".join(statements)


def _unguard() -> str:
    statements = [f"DROP TRIGGER loyalty_insert_only ON {table};" for table in INSERT_ONLY]
    statements += [
        "DROP TRIGGER loyalty_lot_terms ON loyalty_plugin_lot;",
        "DROP TRIGGER loyalty_lot_stays ON loyalty_plugin_lot;",
        "DROP TRIGGER loyalty_freeze ON loyalty_plugin_programmeversion;",
        "DROP FUNCTION loyalty_freeze_version();",
        "DROP FUNCTION loyalty_refuse();",
    ]
    return "\n".join(statements)


class Migration(migrations.Migration):
    dependencies = [("loyalty_plugin", "0001_initial")]

    operations = [migrations.RunSQL(_guards(), _unguard())]
