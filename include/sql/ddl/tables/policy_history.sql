-- All that weakens detection in include/config/pedwatch.yaml, versioned like limits (docs/design.md#d10). One version is a
-- set of rows: the defaults (team_id and api_id NULL) and one per team or API that overrides them, already merged with
-- the defaults. The first version ever holds from the beginning of time, because nothing else could have.
-- One row per version and team or API that has settings of its own, and one for the defaults.
CREATE TABLE IF NOT EXISTS `{{ dataset }}.policy_history` (
  policy_version STRING NOT NULL OPTIONS (description = 'First 12 hex digits of the hash of the policy'),
  valid_from TIMESTAMP NOT NULL OPTIONS (description = 'First moment the version held, UTC, inclusive'),
  valid_to TIMESTAMP NOT NULL OPTIONS (description = 'First moment it no longer held, UTC, exclusive'),
  team_id STRING OPTIONS (description = 'Team the row is for; NULL is every team'),
  api_id STRING OPTIONS (description = 'API the row is for; NULL is every API of the team'),
  tolerance_count INT64 NOT NULL OPTIONS (description = 'Pods allowed above the limit'),
  tolerance_ratio FLOAT64 NOT NULL OPTIONS (description = 'Share of the limit allowed above it'),
  grace_minutes INT64 NOT NULL OPTIONS (description = 'Minutes a new workload is in grace, in data time'),
  surge_budget_minutes INT64 NOT NULL OPTIONS (description = 'Minutes of rollout surge forgiven per workload in any six hours'),
  for_observations INT64 NOT NULL OPTIONS (description = 'Over-observations of the last window_observations that fire'),
  window_observations INT64 NOT NULL OPTIONS (description = 'Complete observations looked back on'),
  clear_observations INT64 NOT NULL OPTIONS (description = 'Clean observations in a row that resolve'),
  gross_ratio FLOAT64 NOT NULL OPTIONS (description = 'Times the limit that fires at once'),
  gross_count INT64 NOT NULL OPTIONS (description = 'Pods above the limit an at-once alert needs besides gross_ratio'),
  critical_ratio FLOAT64 NOT NULL OPTIONS (description = 'Times the limit from which an episode is critical'),
  approvers ARRAY<STRUCT<
    approver STRING OPTIONS (description = 'Identity as written in PED files'),
    team_id STRING OPTIONS (description = 'Team the approver belongs to')
  >> OPTIONS (description = 'Who may approve exemptions; never one of their own team'),
  advisories ARRAY<STRING> OPTIONS (description = 'Advisory rules that the digest reports'),
  retired_clusters ARRAY<STRING> OPTIONS (description = 'Clusters that are expected no longer'),
  suppressed_teams ARRAY<STRING> OPTIONS (description = 'Teams that are told nothing'),
  commits ARRAY<STRUCT<
    commit STRING OPTIONS (description = 'Commit of pedwatch.yaml'),
    author STRING OPTIONS (description = 'Who wrote it, as git has it'),
    committed_at TIMESTAMP OPTIONS (description = 'When, UTC'),
    ticket STRING OPTIONS (description = 'Ticket that its message names; NULL where it names none')
  >> OPTIONS (description = 'What made this version of the one before, newest first; none where no commit of git did')
)
OPTIONS (description = 'Versions of the detection policy; each verdict names the version it was judged by');
