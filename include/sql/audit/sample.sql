-- Subject-cycles of a period, drawn by a seed: those whose hash with it is least, so that who draws again draws the same,
-- whatever was appended to the ledger for other cycles. One row per subject-cycle that was drawn.
-- Parameters: @period_start, @period_end TIMESTAMP: half-open; @seed STRING; @size INT64: how many.
SELECT
  v.cycle,
  v.fingerprint,
  TO_HEX(SHA256(CONCAT(@seed, '|', FORMAT_TIMESTAMP('%Y%m%dT%H%M%SZ', v.cycle), '|', v.fingerprint))) AS draw
FROM `{{ dataset }}.verdicts` AS v
WHERE v.cycle >= @period_start AND v.cycle < @period_end
GROUP BY v.cycle, v.fingerprint
ORDER BY draw
LIMIT @size
