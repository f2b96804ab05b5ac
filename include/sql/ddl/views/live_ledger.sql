-- What was judged live: first revision of live origin (DESIGN D7). Filter on cycle: the partition filter is required.
CREATE OR REPLACE VIEW `{{ dataset }}.live_ledger`
OPTIONS (description = 'First live revision of every verdict: what alerts were made of')
AS
SELECT *
FROM `{{ dataset }}.verdicts`
WHERE origin = 'live' AND cycle >= TIMESTAMP '1970-01-01 00:00:00+00'
QUALIFY ROW_NUMBER() OVER (PARTITION BY cycle, fingerprint ORDER BY revision) = 1
