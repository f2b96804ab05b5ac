-- The newest pack of a label's chain: its manifest's hash proves all packs before it. The digest posts it.
-- One row per label, which is asked for.
-- Parameters: @label STRING. No row when there is no pack.
SELECT
  label,
  location,
  manifest_sha256,
  from_cycle,
  to_cycle
FROM `{{ dataset }}.audit_reports`
-- A pack of one cycle, written by a backfilled ped_replica_watch, is no link of a chain.
WHERE label = @label AND from_cycle < to_cycle
-- As the chain orders its folders: by first day, a longer period after the day it begins with.
ORDER BY from_cycle DESC, to_cycle DESC
LIMIT 1
