-- Judge every subject of every cycle of a period anew, from stored observations; reads only. Each cycle by the limits
-- that held at it: as they were known then (what the ledger says it was judged by, else the sync of that time), or as
-- known at @known_at. The same parts as compare.sql, so that what is recomputed is judged by the same rules.
-- One row per cycle and subject.
-- Parameters: @period_start, @period_end TIMESTAMP: half-open, UTC; @known_at TIMESTAMP: NULL for "as known then".
{% include 'verdicts/_judged_period.sql' %}
SELECT
  j.*,
  TO_HEX(SHA256(j.subject)) AS fingerprint
FROM judged_period AS j
WHERE j.cycle >= @period_start
