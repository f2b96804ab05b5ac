-- How far the live ledger has been folded into episodes; commits together with these and their notifications
-- (docs/design.md#d7). One row per cursor; there is one, live.
CREATE TABLE IF NOT EXISTS `{{ dataset }}.fold_cursor` (
  name STRING NOT NULL OPTIONS (description = 'live'),
  cycle TIMESTAMP NOT NULL OPTIONS (description = 'Last cycle folded, UTC'),
  cycle_minutes INT64 NOT NULL OPTIONS (description = 'Its length: what episodes go on by until then'),
  updated_at TIMESTAMP NOT NULL OPTIONS (description = 'Settings clock, UTC')
)
OPTIONS (description = 'Last cycle folded into live episodes');
