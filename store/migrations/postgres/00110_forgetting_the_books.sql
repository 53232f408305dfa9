-- +goose Up

-- What the law wants to see for ten years can be deleted after them, and not before, whoever is at the keyboard. The clock is the
-- database's. The argument is the column of the row's age, in microseconds.
-- +goose StatementBegin
CREATE FUNCTION kept_for_ten_years() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (to_jsonb(OLD) ->> TG_ARGV[0])::BIGINT > (EXTRACT(EPOCH FROM clock_timestamp())::BIGINT - 3653 * 86400) * 1000000 THEN
        RAISE EXCEPTION '% is kept for 10 years', TG_TABLE_NAME;
    END IF;
    RETURN OLD;
END $$;
-- +goose StatementEnd

CREATE TRIGGER orders_kept BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION kept_for_ten_years('created_at');
CREATE TRIGGER order_history_kept BEFORE DELETE ON order_history FOR EACH ROW EXECUTE FUNCTION kept_for_ten_years('ordered_at');
CREATE TRIGGER attempts_kept BEFORE DELETE ON attempts FOR EACH ROW EXECUTE FUNCTION kept_for_ten_years('ordered_at');
CREATE TRIGGER charges_kept BEFORE DELETE ON charges FOR EACH ROW EXECUTE FUNCTION kept_for_ten_years('changed_at');
CREATE TRIGGER developer_sales_kept BEFORE DELETE ON developer_sales FOR EACH ROW EXECUTE FUNCTION kept_for_ten_years('created_at');
CREATE TRIGGER mandates_kept BEFORE DELETE ON mandates FOR EACH ROW EXECUTE FUNCTION kept_for_ten_years('agreed_at');
CREATE TRIGGER payment_setups_kept BEFORE DELETE ON payment_setups FOR EACH ROW EXECUTE FUNCTION kept_for_ten_years('created_at');
CREATE TRIGGER interventions_kept BEFORE DELETE ON interventions FOR EACH ROW EXECUTE FUNCTION kept_for_ten_years('at');
CREATE TRIGGER channel_switch_history_kept BEFORE DELETE ON channel_switch_history FOR EACH ROW EXECUTE FUNCTION kept_for_ten_years('changed_at');

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION developer_deeds_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN -- kept_for_ten_years decides
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the record of deeds is append-only';
END $$;
-- +goose StatementEnd
CREATE TRIGGER developer_deeds_kept BEFORE DELETE ON developer_deeds FOR EACH ROW EXECUTE FUNCTION kept_for_ten_years('at');
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION card_audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN -- kept_for_ten_years decides
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the record of card work is append-only';
END $$;
-- +goose StatementEnd
CREATE TRIGGER card_audit_kept BEFORE DELETE ON card_audit FOR EACH ROW EXECUTE FUNCTION kept_for_ten_years('at');

-- The ledger has a kind of its own, because a brand may keep it longer than its orders.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION partition_rule(parent TEXT, OUT kind TEXT, OUT days BIGINT, OUT by_column TEXT) LANGUAGE plpgsql AS $$
BEGIN
    by_column := 'ordered_at';
    CASE parent
        WHEN 'ledger_entries', 'ledger_postings' THEN kind := 'ledger'; days := 3653;
        WHEN 'order_history', 'attempts' THEN kind := 'orders'; days := 3653;
        WHEN 'notices', 'developer_deliveries' THEN kind := 'news'; days := 400; -- a debit may come back for 13 months, which is news
        WHEN 'outbox_archive' THEN kind := 'messages'; days := 7; by_column := 'ended_at';
        WHEN 'transcripts_archive' THEN kind := 'transcripts'; days := 7; by_column := 'at';
        WHEN 'pin_tries_archive', 'card_try_keys_archive' THEN kind := 'tries'; days := 7; by_column := 'tried_at';
        WHEN 'one_time_code_requests_archive' THEN kind := 'codes'; days := 7; by_column := 'created_at';
        ELSE RAISE EXCEPTION 'table % is not partitioned', parent;
    END CASE;
END $$;
-- +goose StatementEnd

-- Takes the month of a time out of the ledger, once nobody needs it there. What each account held then is carried forward by an entry of
-- today, so that balances stay as they are. The month is left as detached_ledger_entries_ and detached_ledger_postings_ and its name.
-- Reports whether there was one.
-- +goose StatementBegin
CREATE FUNCTION detach_ledger_month(at BIGINT) RETURNS BOOLEAN LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    m RECORD;
    today BIGINT := (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT;
    carried TEXT;
    held TEXT;
BEGIN
    SELECT * INTO m FROM partition_month('ledger_postings', at);
    PERFORM pg_advisory_xact_lock(hashtext('pulsa partitions'), hashtext(current_schema()));
    IF to_regclass(format('%I.%I', current_schema(), m.name)) IS NULL THEN
        RETURN FALSE;
    END IF;
    IF to_regclass(format('%I.%I', current_schema(), 'detached_' || m.name)) IS NOT NULL THEN
        RAISE EXCEPTION '% was set aside before: keep or drop detached_% first', m.name, m.name;
    END IF;
    carried := 'carried forward from ' || replace(right(m.name, 7), '_', '-');
    held := format('SELECT brand, account, currency, SUM(minor)::BIGINT AS minor FROM %I GROUP BY brand, account, currency HAVING SUM(minor) <> 0', m.name);
    EXECUTE format('INSERT INTO ledger_entries (brand, order_id, ordered_at, kind, at)
        SELECT DISTINCT brand, %L, $1, %L, $1 FROM (%s) held', '', carried, held) USING today;
    EXECUTE format('INSERT INTO ledger_postings (brand, order_id, ordered_at, kind, number, account, currency, minor)
        SELECT brand, %L, $1, %L, row_number() OVER (PARTITION BY brand ORDER BY account, currency), account, currency, minor
        FROM (%s) held', '', carried, held) USING today;
    PERFORM detach_partition('ledger_postings', at);
    PERFORM detach_partition('ledger_entries', at);
    RETURN TRUE;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION detach_ledger_month(BIGINT) SET search_path = %I, pg_temp', current_schema());
    ALTER FUNCTION detach_ledger_month(BIGINT) SET lock_timeout = '3s';
    REVOKE ALL ON FUNCTION detach_ledger_month(BIGINT) FROM PUBLIC;
END $$;
-- +goose StatementEnd

-- How what is old is found.
CREATE INDEX mandates_old ON mandates (brand, agreed_at);
CREATE INDEX interventions_old ON interventions (brand, at);
CREATE INDEX developer_deeds_old ON developer_deeds (brand, at);
CREATE INDEX card_audit_old ON card_audit (brand, at);
