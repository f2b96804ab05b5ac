-- The rows of the policy version in force at a moment: the defaults (team_id and api_id NULL) and those of teams and
-- APIs that override them, each complete. A plain SELECT to be the body of a CTE.
-- Parameters:
--   @cycle TIMESTAMP: the moment the policy must have held
SELECT
  policy.*
FROM
  `{{ dataset }}.policy_history` AS policy
WHERE
  policy.valid_from <= @cycle
  AND @cycle < policy.valid_to
