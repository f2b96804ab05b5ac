{#- Scalar: why there was a message, or none, of a row of verdicts/_explained.sql AS j. One value per row. -#}
CASE
    WHEN j.told_cycle = j.cycle AND j.told_status = 'sent' THEN CONCAT('told: ', j.told_reason)
    WHEN j.told_cycle = j.cycle AND j.told_status = 'suppressed' THEN 'not sent: the team is in shadow mode'
    WHEN j.told_cycle = j.cycle AND j.told_status = 'grouped' THEN 'told in the thread of a storm'
    WHEN j.told_cycle = j.cycle AND j.told_status = 'dead' THEN CONCAT('could not be sent: ', COALESCE(j.told_error, '?'))
    WHEN j.told_cycle = j.cycle THEN 'in the outbox, waiting to be sent'
    WHEN j.origin != 'live' THEN 'judged by a backfill, which tells nobody'
    WHEN j.verdict = 'exempt' AND j.told_cycle IS NULL THEN 'nothing to tell: an exemption allows it'
    WHEN j.episode_phase = 'firing' AND j.told_cycle IS NOT NULL
      THEN CONCAT('told before (', j.told_reason, '), and nothing has changed since')
    WHEN j.episode_phase = 'firing' THEN 'not told: its cluster was blind, or the run was not allowed to tell'
    WHEN j.episode_phase = 'pending' AND j.verdict = 'over_limit' THEN 'not yet told: it does not fire at the first over'
    WHEN j.episode_phase = 'resolved' THEN 'it had ended, and that had been told'
    WHEN j.verdict = 'over_limit' THEN 'over, and not folded yet: no run has come that far'
    WHEN j.verdict = 'within_limit' THEN 'nothing to tell: within the limit'
    WHEN j.verdict = 'in_grace' THEN 'nothing to tell: a new workload is in grace'
    WHEN j.verdict = 'exempt' THEN 'nothing to tell: an exemption allows it'
    WHEN j.verdict = 'unknown' THEN 'nothing to tell: it could not be seen'
    WHEN j.verdict = 'invalid_limit' THEN 'nothing to tell: its document does not validate, which the digest lists'
    ELSE CONCAT('nothing to tell: ', REPLACE(j.verdict, '_', ' '), ', which the digest lists')
  END
