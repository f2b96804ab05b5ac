-- What was judged live: the first revision of live origin. Filter on cycle: it is required, since nothing in here stands
-- for one, and it reaches the table, since the window is partitioned by it. One row per cycle and subject.
CREATE OR REPLACE VIEW `{{ dataset }}.live_ledger`
OPTIONS (description = 'First live revision of every verdict: what alerts were made of')
AS
SELECT *
FROM `{{ dataset }}.verdicts`
WHERE origin = 'live'
QUALIFY ROW_NUMBER() OVER (PARTITION BY cycle, fingerprint ORDER BY revision) = 1
