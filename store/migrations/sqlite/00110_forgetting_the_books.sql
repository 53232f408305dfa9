-- +goose Up

-- What the law wants to see for ten years can be deleted after them, and not before, whoever is at the keyboard. The clock is the
-- machine's. The ledger is never deleted.
-- +goose StatementBegin
CREATE TRIGGER orders_kept BEFORE DELETE ON orders WHEN OLD.created_at > (unixepoch() - 3653 * 86400) * 1000000
BEGIN
    SELECT RAISE(ABORT, 'orders is kept for 10 years');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER order_history_kept BEFORE DELETE ON order_history WHEN OLD.ordered_at > (unixepoch() - 3653 * 86400) * 1000000
BEGIN
    SELECT RAISE(ABORT, 'order_history is kept for 10 years');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER attempts_kept BEFORE DELETE ON attempts WHEN OLD.ordered_at > (unixepoch() - 3653 * 86400) * 1000000
BEGIN
    SELECT RAISE(ABORT, 'attempts is kept for 10 years');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER charges_kept BEFORE DELETE ON charges WHEN OLD.changed_at > (unixepoch() - 3653 * 86400) * 1000000
BEGIN
    SELECT RAISE(ABORT, 'charges is kept for 10 years');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER developer_sales_kept BEFORE DELETE ON developer_sales WHEN OLD.created_at > (unixepoch() - 3653 * 86400) * 1000000
BEGIN
    SELECT RAISE(ABORT, 'developer_sales is kept for 10 years');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER mandates_kept BEFORE DELETE ON mandates WHEN OLD.agreed_at > (unixepoch() - 3653 * 86400) * 1000000
BEGIN
    SELECT RAISE(ABORT, 'mandates is kept for 10 years');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER payment_setups_kept BEFORE DELETE ON payment_setups WHEN OLD.created_at > (unixepoch() - 3653 * 86400) * 1000000
BEGIN
    SELECT RAISE(ABORT, 'payment_setups is kept for 10 years');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER interventions_kept BEFORE DELETE ON interventions WHEN OLD.at > (unixepoch() - 3653 * 86400) * 1000000
BEGIN
    SELECT RAISE(ABORT, 'interventions is kept for 10 years');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER channel_switch_history_kept BEFORE DELETE ON channel_switch_history WHEN OLD.changed_at > (unixepoch() - 3653 * 86400) * 1000000
BEGIN
    SELECT RAISE(ABORT, 'channel_switch_history is kept for 10 years');
END;
-- +goose StatementEnd

DROP TRIGGER developer_deeds_no_delete;
-- +goose StatementBegin
CREATE TRIGGER developer_deeds_kept BEFORE DELETE ON developer_deeds WHEN OLD.at > (unixepoch() - 3653 * 86400) * 1000000
BEGIN
    SELECT RAISE(ABORT, 'developer_deeds is kept for 10 years');
END;
-- +goose StatementEnd

DROP TRIGGER card_audit_no_delete;
-- +goose StatementBegin
CREATE TRIGGER card_audit_kept BEFORE DELETE ON card_audit WHEN OLD.at > (unixepoch() - 3653 * 86400) * 1000000
BEGIN
    SELECT RAISE(ABORT, 'card_audit is kept for 10 years');
END;
-- +goose StatementEnd

-- How what is old is found.
CREATE INDEX mandates_old ON mandates (brand, agreed_at);
CREATE INDEX interventions_old ON interventions (brand, at);
CREATE INDEX developer_deeds_old ON developer_deeds (brand, at);
CREATE INDEX card_audit_old ON card_audit (brand, at);
