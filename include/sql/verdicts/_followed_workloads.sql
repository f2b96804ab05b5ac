{#- Statement: say of each measured workload by what the last cycle counted it, where something was over. That cycle is read
    only where it says so of any, and only those rows are changed. Needs `measured_workloads` and v_has_members.
    One row per cycle and workload. -#}
IF v_has_members THEN
  MERGE measured_workloads AS w
  USING (
    WITH
    {% include 'verdicts/_former_limits.sql' %}

    SELECT f.*
    FROM former_limits AS f
  ) AS f
    ON
      w.cluster = f.cluster
      AND w.namespace = f.namespace
      AND w.workload_kind = f.workload_kind
      AND w.workload_name = f.workload_name
  WHEN MATCHED THEN
    UPDATE SET
      former_limit_id = f.limit_id,
      former_team_id = f.team_id,
      former_api_id = f.api_id,
      former_owner = f.owner,
      is_past_known = w.is_past_known AND f.limit_id IS NOT NULL;
END IF;
