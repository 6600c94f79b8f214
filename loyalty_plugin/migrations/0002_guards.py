"""Guards the insert-only tables and the frozen columns by triggers: the ledger's laws, kept by the database.

Names the rows that the ledger and the orders are written by, too: an array of one such type is read several
times faster than nineteen arrays side by side.
"""

from django.db import migrations

INSERT_ONLY = (
    "loyalty_plugin_entry",
    "loyalty_plugin_posting",
    "loyalty_plugin_block",
    "loyalty_plugin_auditrecord",
    "loyalty_plugin_consent",
    "loyalty_plugin_consentwording",
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

ROWS = """
CREATE TYPE loyalty_new_entry AS (
    id bigint, business_key text, input_hash bytea, kind text, programme_id bigint, version_id bigint,
    member_id bigint, occurred_at timestamptz, channel text, issuing_shop text, acting_shop text, order_ref text,
    reverses_id bigint, batch text, actor text, source text, note_digest bytea, active_until timestamptz,
    explanation jsonb
);
CREATE TYPE loyalty_new_lot AS (
    id bigint, member_id bigint, unit text, entry_id bigint, origin_lot_id bigint, amount bigint,
    matures_at timestamptz, expires_at timestamptz, needs_verification boolean, pending bigint, available bigint,
    held bigint
);
CREATE TYPE loyalty_new_posting AS (
    entry_id bigint, position smallint, member_id bigint, unit text, source text, destination text, amount bigint,
    source_lot_id bigint, destination_lot_id bigint
);
CREATE TYPE loyalty_left_lot AS (id bigint, pending bigint, available bigint, held bigint);
CREATE TYPE loyalty_new_balance AS (
    member_id bigint, unit text, pending bigint, available bigint, held bigint, owed bigint, earned bigint,
    active_until timestamptz
);
CREATE TYPE loyalty_order AS (
    id bigint, realm_id bigint, order_id text, created_at timestamptz, revision integer, programme_id bigint,
    member_id bigint, version_id bigint, earn_entry bigint, counted bigint, points bigint, qualifying bigint,
    first_counted bigint, first_points bigint, first_qualifying bigint, first_paid bigint,
    fact_updated_at timestamptz, paid_at timestamptz, window_ends_at timestamptz, past boolean, number text,
    contact text, outcome text, fact jsonb
);
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
    statements += [FREEZE, ROWS]
    return "\n".join(statements)


def _unguard() -> str:
    statements = [f"DROP TRIGGER loyalty_insert_only ON {table};" for table in INSERT_ONLY]
    statements += [
        "DROP TRIGGER loyalty_lot_terms ON loyalty_plugin_lot;",
        "DROP TRIGGER loyalty_lot_stays ON loyalty_plugin_lot;",
        "DROP TRIGGER loyalty_freeze ON loyalty_plugin_programmeversion;",
        "DROP FUNCTION loyalty_freeze_version();",
        "DROP FUNCTION loyalty_refuse();",
        "DROP TYPE loyalty_new_entry, loyalty_new_lot, loyalty_new_posting, loyalty_left_lot, loyalty_new_balance, "
        "loyalty_order;",
    ]
    return "\n".join(statements)


class Migration(migrations.Migration):
    dependencies = [("loyalty_plugin", "0001_initial")]

    operations = [migrations.RunSQL(_guards(), _unguard())]
