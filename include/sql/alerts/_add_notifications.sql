{#- Macro: how rows, told, get into the outbox, known, each once; the end of a MERGE.
    Writes one row per notification that is not there yet. -#}
{%- macro add_notifications(created_at) -%}
WHEN NOT MATCHED THEN
  INSERT (
    notification_id, episode_id, sequence, team_id, cycle, reason, destination, channel, told_state, message, status,
    told_by, attempts, created_at, run_id
  )
  VALUES (
    told.notification_id, told.episode_id, told.sequence, told.team_id, told.cycle, told.reason, told.destination,
    told.channel, told.told_state, told.message, told.status, told.told_by, 0, {{ created_at }}, @run_id
  )
{%- endmacro -%}
